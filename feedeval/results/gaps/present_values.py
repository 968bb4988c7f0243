"""What a feed says now where an action asks for more: placeholders stand out when they are seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from feedeval.formatting import plain
from feedeval.jobs.rejudge import context_of
from feedeval.results.frames.results import RowStatus
from feedeval.results.gaps.actions import Action, Actions

_LOOKED_AT = 300
"""Products of an action of which it is read what they say."""
_VALUES = 2
_SEPARATOR = ", "


def field_values(text: object, names: object) -> dict[str, str]:
    """Return the fields that a judge saw of a product, with their values; empty where they cannot be told apart.

    Args:
        text: The product's `name_plus_context`.
        names: Its `context_fields`.
    """
    if not (isinstance(text, str) and isinstance(names, str) and names):
        return {}
    try:
        return {field.name: field.text for field in context_of(text, names.split(_SEPARATOR), "").fields}
    except ValueError:
        return {}


def present_value(attribute: str, values: Mapping[str, str]) -> str:
    """Return what a product says about an attribute, as an action names it; empty where it says nothing.

    Args:
        attribute: Such as `color`, `product_detail (care)` or `product_length, product_width`.
        values: The product's fields.
    """
    name, _, entry = attribute.partition(" (")
    if not entry:
        return _SEPARATOR.join(filter(None, (plain(values.get(each, "")) for each in attribute.split(_SEPARATOR))))
    wanted = entry.removesuffix(")").casefold()
    for line in values.get(name, "").splitlines():
        heading, _, value = line.partition(": ")
        if heading.rpartition(" / ")[2].casefold() == wanted:
            return plain(value)
    return ""


def with_present(actions: Actions, results: pd.DataFrame) -> Actions:
    """Return actions that show what the feed says now where it says too little.

    Args:
        actions: What to do.
        results: The session's results; they are only read where an action asks to say more.
    """
    if not any(action.extends for action in actions):
        return actions
    reader = _Reader(results)
    made = tuple(replace(action, present=reader.present(action)) if action.extends else action for action in actions)
    return replace(actions, actions=made)


class _Reader:
    """Reads each product once, however many actions it has."""

    def __init__(self, results: pd.DataFrame) -> None:
        self._done = np.flatnonzero(results["status"].eq(RowStatus.DONE.value).to_numpy(dtype=bool))
        self._texts, self._names = results["name_plus_context"], results["context_fields"]
        self._known: dict[int, dict[str, str]] = {}

    def present(self, action: Action) -> tuple[tuple[str, int], ...]:
        counts = Counter(self._said(action))
        # Of a part of the products, nothing can be said of how many say the same.
        whole = len(action.positions) <= _LOOKED_AT and not action.estimated
        return tuple((value, count if whole else 0) for value, count in counts.most_common(_VALUES))

    def _said(self, action: Action) -> Iterator[str]:
        for position in action.positions[:_LOOKED_AT].tolist():
            if value := present_value(action.attribute, self._values(position)):
                yield value

    def _values(self, position: int) -> dict[str, str]:
        if position not in self._known:
            row = self._done[position]
            self._known[position] = field_values(self._texts.iloc[row], self._names.iloc[row])
        return self._known[position]
