"""Which products an action is for, in words: by the groups of the feed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from feedeval.formatting import clip, plain

NAMED = 4
"""Groups that are named."""
_NAME_CHARS = 60


class Group(NamedTuple):
    """A category of the feed, and how many of its products are meant."""

    name: str
    products: int
    of: int
    """Its products in all."""


def short_names(categories: Sequence[str]) -> list[str]:
    """Return the last part of each path; with the part before it where two categories end alike."""
    paths = [[part for part in (p.strip() for p in plain(path).split(">")) if part] for path in categories]
    ends = Counter(path[-1] for path in paths if path)
    names = []
    for path in paths:
        shown = path[-1:] if path and ends[path[-1]] == 1 else path[-2:]
        names.append(clip(" > ".join(shown), _NAME_CHARS) or "no category")
    return names


def groups_in_words(groups: Sequence[Group]) -> str:
    """Return the products that are meant, such as *150 of Shirts, 3 of Blankets*.

    What is left out is named instead where that is shorter; it is empty where the feed has one group.
    """
    if len(groups) < 2:
        return ""
    total = sum(group.of for group in groups)
    meant = [(group.products, group.name) for group in groups if group.products]
    others = [(group.of - group.products, group.name) for group in groups if group.of > group.products]
    if not others:
        return f"all {total:,} products"
    if len(others) < min(len(meant), NAMED):
        return f"all {total:,} products except {_listed(sorted(others, key=lambda item: (-item[0], item[1])))}"
    return _listed(meant)


def _listed(groups: Sequence[tuple[int, str]]) -> str:
    shown = [f"{count:,} of {name}" for count, name in groups[:NAMED]]
    rest = groups[NAMED:]
    if len(rest) == 1:
        shown.append("{:,} of {}".format(*rest[0]))
    elif rest:
        shown.append(f"{sum(count for count, _ in rest):,} in {len(rest):,} other groups")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
