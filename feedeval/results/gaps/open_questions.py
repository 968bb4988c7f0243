"""The questions that a feed leaves open: where each answer would stand, and how likely filling that in answers it.

A judge that says *no* names the attribute that should hold the answer. One that says *partial* names what holds half of
it, so such a question belongs where the judge put it for products of the same category that say nothing at all, or
where those have the answer that have one.

Filling an attribute does not always answer the question: values may be too short, or be read as half an answer. How
often it does is learnt from the products that fill the attribute already: the share of points that they get for these
questions. Whole answers that stand elsewhere say nothing about the attribute and do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedeval.results.frames.judgement_arrays import Codes, Floats, JudgementArrays
from feedeval.results.gaps.answer_places import AnswerPlace, answer_place
from feedeval.results.stats import wilson

PRIOR_PRODUCTS = 4
"""What is known beforehand counts as so many products: of a category, what its attribute does in the whole feed; of an
attribute, what all attributes do; of a feed in which nothing can be learnt, that what is filled in is an answer."""


class Action(StrEnum):
    """What is to be done about an attribute."""

    ADD = "add"
    """The product lacks it."""
    EXTEND = "extend"
    """The product fills it, and the answer is not in it."""


@dataclass(frozen=True)
class Rates:
    """Of each open question: how much of what it lost filling the attribute brings back, as a share in [0, 1]."""

    rate: Floats
    low: Floats
    high: Floats
    cell: Codes
    """Which of the rates it is."""
    products: Codes
    """From how many products of the category it was learnt."""


@dataclass(frozen=True)
class OpenQuestions:
    """The open questions of an audit: no answer, or half of one.

    What does not apply to a product is not open, and of what was not judged nobody knows.
    """

    judged: JudgementArrays
    rows: Codes
    """Which judgements they are."""
    place: Codes
    places: list[AnswerPlace]
    extends: NDArray[np.bool_]
    """Whether the product fills the place already."""
    rates: Rates
    on_page: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """Whether the product's landing page answers it; empty where no page was asked."""

    @property
    def copied(self) -> Floats:
        """Of each open question, 1 where its answer can be copied from the page, else 0."""
        return self.on_page.astype(float) if len(self.on_page) else np.zeros(len(self.rows))

    @property
    def product(self) -> Codes:
        """Of each open question, its product's position."""
        return self.judged.product[self.rows]

    @property
    def question(self) -> Codes:
        """Of each open question, its code."""
        return self.judged.question[self.rows]

    @property
    def lost(self) -> Floats:
        """Of each open question, the points that its product lost by it."""
        return self.judged.lost[self.rows]


def find_open_questions(judged: JudgementArrays) -> OpenQuestions:
    """Return the open questions of an audit."""
    places, named = _places(judged)
    category = judged.category[judged.product]
    home = _homes(judged, named, category)
    rows = np.flatnonzero(judged.score < 1)
    nothing = judged.score[rows] == 0
    place = np.where(nothing | (home[rows] < 0), named[rows], home[rows])
    fills = _filled(judged, places, place, judged.product[rows])
    container = np.array([p.is_container for p in places] or [False])
    more = np.array([p.takes_more for p in places] or [False])
    extends = fills & ~more[place]
    facts = _facts(judged, places, _Homes(named, home, container))
    cell = category[rows] * len(places) + place
    rates = _rates(facts, cell, place, known=~(extends | container[place]))
    return OpenQuestions(judged, rows, place, places, extends, rates)


def _places(judged: JudgementArrays) -> tuple[list[AnswerPlace], Codes]:
    """Return the places that are named, and which one each judgement names."""
    own = frozenset[str]().union(*judged.field_sets)
    numbers: dict[AnswerPlace, int] = {}
    of_name = [numbers.setdefault(answer_place(name, own), len(numbers)) for name in judged.attributes]
    return list(numbers), np.array(of_name, dtype=np.int64)[judged.attribute]


def _homes(judged: JudgementArrays, named: Codes, category: Codes) -> Codes:
    """Return where each judgement's question belongs; -1 where nothing tells.

    It is what most say who find nothing on it, in the category or else in the whole feed; where nobody finds nothing,
    where most find the answer.
    """
    width = int(judged.category.max(initial=0)) + 1
    home = np.full(len(named), -1)
    for counts in (judged.score == 0, judged.score == 1):
        for group in (judged.question * width + category, judged.question):
            home = np.where(home < 0, _most_named(group, named, counts), home)
    return home


def _most_named(group: Codes, named: Codes, counts: NDArray[np.bool_]) -> Codes:
    """Return for each row what most of the rows that count name in its group; -1 where none counts."""
    groups, member = np.unique(group, return_inverse=True)
    best = np.full(len(groups), -1)
    width = int(named.max(initial=0)) + 1
    pairs, votes = np.unique(member[counts] * width + named[counts], return_counts=True)
    # The last of a group stays: most votes, and of equal ones the first that was met.
    order = np.lexsort((-(pairs % width), votes))
    best[pairs[order] // width] = pairs[order] % width
    return best[member]


def _filled(judged: JudgementArrays, places: list[AnswerPlace], place: Codes, product: Codes) -> NDArray[np.bool_]:
    """Return for pairs of a place and a product whether the product fills all fields of the place."""
    sets = judged.field_sets
    pairs, member = np.unique(place * len(sets) + judged.fields[product], return_inverse=True)
    answers = [sets[pair % len(sets)].issuperset(places[pair // len(sets)].fields) for pair in pairs.tolist()]
    return np.array(answers, dtype=bool)[member]


class _Homes(NamedTuple):
    named: Codes
    home: Codes
    container: NDArray[np.bool_]
    """Of each place."""


class _Facts(NamedTuple):
    """What products that fill an attribute get for the questions that belong there, by category and attribute."""

    cell: Codes
    """Category times the number of places, plus place; sorted."""
    place: Codes
    share: Floats
    """Of their points."""
    products: Codes


def _facts(judged: JudgementArrays, places: list[AnswerPlace], homes: _Homes) -> _Facts:
    home = homes.home
    there = np.flatnonzero((home >= 0) & ~homes.container[home])
    there = there[_filled(judged, places, home[there], judged.product[there])]
    same = _overlap(places, homes.named[there], home[there])
    there = there[same | (judged.score[there] < 1)]
    product, place, weight = judged.product[there], home[there], judged.weight[there]
    cells, member = np.unique(judged.category[product] * len(places) + place, return_inverse=True)
    tops = np.bincount(member, weight * judged.score[there], len(cells))
    share = tops / np.bincount(member, weight, len(cells))
    pairs = np.unique(member * max(len(judged), 1) + product) // max(len(judged), 1)
    return _Facts(cells, cells % max(len(places), 1), share, np.bincount(pairs, minlength=len(cells)))


def _overlap(places: list[AnswerPlace], one: Codes, other: Codes) -> NDArray[np.bool_]:
    """Return whether two places share a field, pair by pair."""
    width = max(len(places), 1)
    pairs, member = np.unique(one * width + other, return_inverse=True)
    met = [not set(places[p // width].fields).isdisjoint(places[p % width].fields) for p in pairs.tolist()]
    return np.array(met, dtype=bool)[member]


def _rates(facts: _Facts, cell: Codes, place: Codes, *, known: NDArray[np.bool_]) -> Rates:
    """Return the rate of each open question; where its own attribute tells nothing, what all attributes do."""
    won = facts.share * facts.products
    overall = (won.sum() + PRIOR_PRODUCTS) / (facts.products.sum() + PRIOR_PRODUCTS)
    size = int(max(place.max(initial=0), facts.place.max(initial=0))) + 1
    of_place = np.bincount(facts.place, won, size) + PRIOR_PRODUCTS * overall
    of_place = of_place / (np.bincount(facts.place, facts.products, size) + PRIOR_PRODUCTS)
    cells, member = np.unique(np.where(known, cell, -1 - place), return_inverse=True)
    at = np.searchsorted(facts.cell, cells).clip(max=max(len(facts.cell) - 1, 0))
    found = facts.cell[at] == cells if len(facts.cell) else np.zeros(len(cells), dtype=bool)
    products = np.where(found, facts.products[at], 0) if len(facts.cell) else np.zeros(len(cells), dtype=np.int64)
    first = np.zeros(len(cells), dtype=np.int64)
    first[member] = place
    before = np.where(cells < 0, overall, of_place[first])
    total = products + PRIOR_PRODUCTS
    wins = np.where(found, won[at] if len(won) else 0.0, 0.0) + PRIOR_PRODUCTS * before
    bounds = [wilson(w, n) for w, n in zip(wins.tolist(), total.tolist(), strict=True)]
    table = np.array(bounds, dtype=float).reshape(-1, 3)[member]
    return Rates(table[:, 0], table[:, 1], table[:, 2], member, products[member])
