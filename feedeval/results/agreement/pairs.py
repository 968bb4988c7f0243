"""Two columns of labels as pairs that can be counted: spelling evened out, what is missing left out and counted."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError

VERDICT_ORDER = ("no", "partial", "yes")
"""The order of a judge's verdicts, which is taken where exactly these are the labels."""

MOST_LABELS = 1000
"""More different labels than this are no classes."""

_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0"})


@dataclass(frozen=True)
class Pairs:
    """The rows that have both a label and a prediction, as numbers of labels."""

    labels: tuple[str, ...]
    """Every label of either column, from lowest to highest where they have an order, else the most frequent first."""
    ordered: bool
    abstain: str | None
    """The prediction that stands for no answer; its number is `len(labels)`."""
    truth: NDArray[np.int64]
    said: NDArray[np.int64]
    rows: NDArray[np.int64]
    """Positions in the frame."""
    left_out: Mapping[str, int]
    """Rows of the frame that are not among these, by what they lack."""

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which rows agree."""
        return np.equal(self.truth, self.said)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which rows do not abstain."""
        return np.less(self.said, len(self.labels))

    def only(self, mask: NDArray[np.bool_]) -> Pairs:
        """Return the pairs that a mask chooses."""
        return replace(self, truth=self.truth[mask], said=self.said[mask], rows=self.rows[mask])


def pairs_of(
    frame: pd.DataFrame, truth: str, prediction: str, *, abstain: str | None, order: Sequence[str] | None
) -> Pairs:
    """Return the pairs of two columns.

    Raises:
        InputError: A column is missing, no row has both, there are far too many labels, or one is not in `order`.
    """
    if truth == prediction:
        raise InputError(f"truth and prediction are both {truth!r}: name two columns")
    people, model = _keys(column(frame, truth)), _keys(column(frame, prediction))
    silent = _key(abstain) if abstain is not None else None
    # A person who was not sure said nothing that a prediction could be held against.
    labelled = np.array([key is not None and key != silent for key in people.keys], dtype=bool)
    predicted = np.array([key is not None for key in model.keys], dtype=bool)
    left_out = {
        "no prediction": int((labelled & ~predicted).sum()),
        "no label": int((~labelled & predicted).sum()),
        "neither": int((~labelled & ~predicted).sum()),
    }
    there = np.flatnonzero(labelled & predicted)
    if not len(there):
        lacking = ", ".join(f"{count:,} with {what}" for what, count in left_out.items() if count)
        raise InputError(
            f"no row of {len(frame):,} has both {truth!r} and {prediction!r}{f' ({lacking})' if lacking else ''}: "
            "there is nothing to compare"
        )
    meant, said = ([str(keys[n]) for n in there] for keys in (people.keys, model.keys))
    found = Counter(meant)
    found.update({key: 0 for key in said if key != silent})
    ranked = [key for key, _ in sorted(found.items(), key=lambda item: (-item[1], item[0]))]
    if len(ranked) > MOST_LABELS:
        raise InputError(f"{truth!r} and {prediction!r} hold {len(ranked):,} different labels: these are no classes")
    spelled = {**model.spelled, **people.spelled}
    chosen, names = _in_order(ranked, spelled, order, truth)
    number = {key: n for n, key in enumerate(chosen)} | ({silent: len(chosen)} if silent is not None else {})
    return Pairs(
        labels=names,
        ordered=order is not None or chosen == VERDICT_ORDER,
        abstain=abstain,
        truth=np.array([number[key] for key in meant], dtype=np.int64),
        said=np.array([number[key] for key in said], dtype=np.int64),
        rows=there,
        left_out={what: count for what, count in left_out.items() if count},
    )


def _in_order(
    ranked: list[str], spelled: Mapping[str, str], order: Sequence[str] | None, truth: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the labels' keys and their spelling in the order in which they are shown."""
    if order is None:
        keys = VERDICT_ORDER if sorted(ranked) == sorted(VERDICT_ORDER) else tuple(ranked)
        return keys, tuple(spelled[key] for key in keys)
    keys = tuple(_key(name) for name in order)
    if strange := [spelled[key] for key in ranked if key not in keys]:
        raise InputError(
            f"order= does not have {', '.join(map(repr, strange[:5]))}, which {truth!r} or its prediction has"
        )
    if len(set(keys)) < max(2, len(keys)):
        raise InputError(f"order={list(order)!r}: give at least two different labels, from lowest to highest")
    return keys, tuple(str(name) for name in order)


def column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a column of a frame.

    Raises:
        InputError: It is no frame or has no such column; the message names those that are there.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"give a DataFrame, such as the results of a session, not a {type(frame).__name__}")
    if name not in frame.columns:
        there = ", ".join(map(str, frame.columns[:20])) or "none"
        raise InputError(f"the frame has no column {name!r}; its columns are: {there}")
    found = frame[name]
    if isinstance(found, pd.DataFrame):
        raise InputError(f"the frame has {found.shape[1]} columns called {name!r}: rename all but one")
    return found


@dataclass(frozen=True)
class _Keys:
    keys: list[str | None]
    """What each label is compared by; None where it is missing."""
    spelled: dict[str, str]
    """A key as it was first spelled."""


def _keys(values: pd.Series[Any]) -> _Keys:
    found = list(texts(values))
    # Rows are many and labels few.
    key_of = {text: _key(text) for text in dict.fromkeys(found) if text is not None}
    spelled: dict[str, str] = {}
    for text, key in key_of.items():
        spelled.setdefault(key, text)
    return _Keys([None if text is None else key_of[text] for text in found], spelled)


def texts(values: pd.Series[Any]) -> Iterable[str | None]:
    """Yield each value as one line of text, as it would be read; None where it is missing or blank."""
    for value, missing in zip(values.astype(object), values.isna(), strict=True):
        # A column of whole numbers with gaps is one of floats to pandas: 1.0 was 1.
        whole = isinstance(value, float) and not missing and value.is_integer()
        yield None if missing else " ".join(str(int(value) if whole else value).split()) or None


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(text)).split()).casefold()


def yes_or_no(values: pd.Series[Any]) -> NDArray[np.float64]:
    """Return 1 and 0 for what says yes and no in any of the usual ways, NaN where nothing is said.

    Raises:
        InputError: A value is none of these.
    """
    found = []
    for text in texts(values):
        word = (text or "").casefold()
        if word and word not in _TRUE | _FALSE:
            raise InputError(f"column {values.name!r} has the value {text!r}: give true or false, yes or no, 1 or 0")
        found.append(float(word in _TRUE) if word else np.nan)
    return np.array(found, dtype=float)
