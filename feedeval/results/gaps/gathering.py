"""What actions name of a whole feed: their products with what each gains, and their questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.results.frames.judgement_arrays import AskedQuestion, Codes, Floats
from feedeval.results.gaps.answer_places import AnswerPlace
from feedeval.results.gaps.open_questions import OpenQuestions, summed
from feedeval.results.gaps.summing import OpenFeed


class Opened(NamedTuple):
    """The products with open questions in a place."""

    positions: Codes
    """Ascending."""
    gains: Floats
    """What each would gain."""
    extends: NDArray[np.bool_]
    """Whether it fills the place already."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """A number or two of each product that is done, and of each product and place with open questions."""

    category: Codes
    categories: list[str]
    stands_for: Floats
    lacking: Codes
    lacks: list[tuple[str, ...]]
    ids: Sequence[str]
    titles: Sequence[str]
    places: list[AnswerPlace]
    gained: Floats
    """Of each place, the points of all products that filling it brings."""
    _starts: Codes
    _opened: Opened
    """By place, then by position."""
    _questions: list[AskedQuestion]
    _asked: pd.DataFrame

    def opened(self, place: int) -> Opened:
        """Return the products with open questions in a place."""
        rows, found = slice(self._starts[place], self._starts[place + 1]), self._opened
        return Opened(found.positions[rows], found.gains[rows], found.extends[rows])

    def asked(self, place: int) -> Iterator[tuple[AskedQuestion, float, float, float]]:
        """Yield the open questions of a place with what they lose, of how many products, and how many answer half."""
        width = max(len(self._questions), 1)
        first, last = np.searchsorted(self._asked["key"], [place * width, (place + 1) * width])
        for key, *figures in self._asked.iloc[first:last].itertuples(index=False, name=None):
            yield self._questions[int(key) % width], *figures


class _Words(NamedTuple):
    """What the numbers mean, in all parts."""

    categories: list[str]
    lacks: list[tuple[str, ...]]
    places: list[AnswerPlace]
    questions: list[AskedQuestion]


class _Part(NamedTuple):
    words: _Words
    position: Codes
    category: NDArray[np.int32]
    stands_for: Floats
    lacking: NDArray[np.int32]
    place: NDArray[np.int32]
    """Of each pair of a place and a product with open questions in it."""
    positions: NDArray[np.int32]
    gains: Floats
    extends: NDArray[np.bool_]
    asked: pd.DataFrame
    gained: Floats


def gather(feed: OpenFeed) -> Gathered:
    """Return what actions name, in one pass; of a feed in parts, a few bytes of each open question are kept."""
    parts = list(map(_part, feed.parts()))
    words = parts[-1].words

    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    order = np.argsort(all_of("position"), kind="stable")
    place = all_of("place")
    ranked = np.lexsort((all_of("positions"), place))
    ids, titles = feed.names()
    return Gathered(
        category=all_of("category")[order],
        categories=words.categories,
        stands_for=all_of("stands_for")[order],
        lacking=all_of("lacking")[order],
        lacks=words.lacks,
        ids=ids,
        titles=titles,
        places=words.places,
        gained=np.sum([part.gained for part in parts], axis=0),
        _starts=np.searchsorted(place[ranked], np.arange(len(words.places) + 1)),
        _opened=Opened(*(all_of(name)[ranked] for name in Opened._fields)),
        _questions=words.questions,
        _asked=summed([part.asked for part in parts], ["key"]),
    )


def _part(found: OpenQuestions) -> _Part:
    judged, product = found.judged, found.product
    width = max(len(judged), 1)
    worth = found.lost * found.rates.rate
    pairs, pair = np.unique(found.place * width + product, return_inverse=True)
    return _Part(
        words=_Words(judged.categories, judged.lacks, found.places, judged.questions),
        position=judged.position,
        category=judged.category.astype(np.int32),
        stands_for=judged.stands_for,
        lacking=judged.lacking.astype(np.int32),
        place=(pairs // width).astype(np.int32),
        positions=judged.position[pairs % width].astype(np.int32),
        gains=np.bincount(pair, worth, len(pairs)).astype(float),
        extends=np.bincount(pair, found.extends, len(pairs)) > 0,
        asked=_asked(found, worth),
        gained=np.bincount(found.place, worth * judged.stands_for[product], len(found.places)).astype(float),
    )


def _asked(found: OpenQuestions, worth: Floats) -> pd.DataFrame:
    """Return a row a place and question: what it loses, of how many products, and how many of them answer half."""
    judged = found.judged
    keys, at = np.unique(found.place * max(len(judged.questions), 1) + found.question, return_inverse=True)
    each = judged.stands_for[found.product]
    columns: dict[str, NDArray[Any]] = {
        "worth": worth,
        "products": np.ones(len(each)),
        "partial": judged.score[found.rows] > 0,
    }
    return pd.DataFrame({"key": keys, **{n: np.bincount(at, each * part, len(keys)) for n, part in columns.items()}})
