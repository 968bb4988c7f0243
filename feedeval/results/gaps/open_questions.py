"""The questions that a feed leaves open: where each answer would stand, and how likely filling that in answers it.

A judge that says *no* names the attribute that should hold the answer. One that says *partial* names what holds half of
it, so such a question belongs where the judge put it for products of the same category that say nothing at all, or
where those have the answer that have one.

Filling an attribute does not always answer the question: values may be too short, or be read as half an answer. How
often it does is learnt from the products that fill the attribute already: the share of points that they get for these
questions. Whole answers that stand elsewhere say nothing about the attribute and do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
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
    names: Codes
    """Of each of the rates, what it is called in all parts of a feed."""


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


Parts = Callable[[], Iterable[JudgementArrays]]
"""Returns the judgements of a feed once more: all of them, or part by part with the same numbers for the same words."""


def find_open_questions(judged: JudgementArrays) -> OpenQuestions:
    """Return the open questions of an audit."""
    return learn(lambda: [judged]).open_in(judged)


@dataclass(frozen=True)
class Learnt:
    """What a whole feed says: where answers would stand, and how likely filling that in answers the question."""

    places: list[AnswerPlace]
    of_attribute: Codes
    """The place of each attribute."""
    homes: tuple[_Home, ...]
    facts: _Facts

    def open_in(self, judged: JudgementArrays) -> OpenQuestions:
        """Return the open questions of the feed, or of a part of it."""
        places = self.places
        named = self.of_attribute[judged.attribute]
        home = _homes(judged, self.homes)
        rows = np.flatnonzero(judged.score < 1)
        nothing = judged.score[rows] == 0
        place = np.where(nothing | (home[rows] < 0), named[rows], home[rows])
        fills = _filled(judged, places, place, judged.product[rows])
        container = np.array([p.is_container for p in places] or [False])
        more = np.array([p.takes_more for p in places] or [False])
        extends = fills & ~more[place]
        cell = judged.category[judged.product[rows]] * len(places) + place
        rates = _rates(self.facts, cell, place, known=~(extends | container[place]))
        return OpenQuestions(judged, rows, place, places, extends, rates)


def learn(parts: Parts) -> Learnt:
    """Return what a feed says as a whole, in two passes over its parts."""
    counted = list(map(_counted, parts()))
    last = counted[-1]
    own = frozenset[str]().union(*last.field_sets)
    numbers: dict[AnswerPlace, int] = {}
    of_name = [numbers.setdefault(answer_place(name, own), len(numbers)) for name in last.attributes]
    places, of_attribute = list(numbers), np.array(of_name, dtype=np.int64)
    homes = _home_tables(summed([each.votes for each in counted], list(_VOTE)), of_attribute)
    container = np.array([p.is_container for p in places] or [False])

    def facts(judged: JudgementArrays) -> pd.DataFrame:
        return _facts(judged, places, _Homes(of_attribute[judged.attribute], _homes(judged, homes), container))

    found = summed(list(map(facts, parts())), ["cell"])
    cells = found["cell"].to_numpy()
    tops, bottoms = found["top"].to_numpy(), found["bottom"].to_numpy()
    products = found["products"].to_numpy(dtype=np.int64)
    return Learnt(places, of_attribute, homes, _Facts(cells, cells % max(len(places), 1), tops / bottoms, products))


_VOTE = ("question", "category", "attribute", "score")


class _Counted(NamedTuple):
    votes: pd.DataFrame
    """How many judgements of a question in a category name an attribute and have a score."""
    field_sets: Sequence[frozenset[str]]
    attributes: Sequence[str]


def _counted(judged: JudgementArrays) -> _Counted:
    columns = (judged.question, judged.category[judged.product], judged.attribute, judged.score)
    votes = pd.DataFrame(dict(zip(_VOTE, columns, strict=True))).groupby(list(_VOTE)).size().reset_index(name="votes")
    return _Counted(votes, judged.field_sets, judged.attributes)


def summed(tables: Sequence[pd.DataFrame], by: list[str]) -> pd.DataFrame:
    """Return tables of parts as one: figures of the same row are added up."""
    return tables[0] if len(tables) == 1 else pd.concat(tables).groupby(by).sum().reset_index()


class _Home(NamedTuple):
    """The place that most name, by question, in a category or in the whole feed."""

    width: int
    """Number of categories; 0 where all are one."""
    groups: Codes
    """Sorted."""
    places: Codes

    def of(self, judged: JudgementArrays) -> Codes:
        """Return the place of each judgement; -1 where nothing tells."""
        group = judged.question
        if self.width:
            group = group * self.width + judged.category[judged.product]
        if not len(self.groups):
            return np.full(len(group), -1)
        at = np.searchsorted(self.groups, group).clip(max=len(self.groups) - 1)
        return np.where(self.groups[at] == group, self.places[at], -1)


def _home_tables(votes: pd.DataFrame, of_attribute: Codes) -> tuple[_Home, ...]:
    """Return the tables in which a question's place is looked up, the first that knows it.

    It is what most say who find nothing on it, in the category or else in the whole feed; where nobody finds nothing,
    where most find the answer.
    """
    question, category, attribute, score = (votes[name].to_numpy() for name in _VOTE)
    width = int(category.max(initial=0)) + 1
    named, count = of_attribute[attribute], votes["votes"].to_numpy()
    tables = []
    for counts in (score == 0, score == 1):
        for each, group in ((width, question * width + category), (0, question)):
            tables.append(_Home(each, *_most_named(group[counts], named[counts], count[counts])))
    return tuple(tables)


def _most_named(group: Codes, named: Codes, count: Codes) -> tuple[Codes, Codes]:
    """Return the groups, and the place that most votes of each name."""
    width = int(named.max(initial=0)) + 1
    pairs, member = np.unique(group * width + named, return_inverse=True)
    votes = np.bincount(member, count, len(pairs))
    # The last of a group stays: most votes, and of equal ones the first that was met.
    order = np.lexsort((-(pairs % width), votes))
    groups, at = np.unique(pairs // width, return_inverse=True)
    best = np.full(len(groups), -1)
    best[at[order]] = pairs[order] % width
    return groups, best


def _homes(judged: JudgementArrays, tables: Sequence[_Home]) -> Codes:
    """Return where each judgement's question belongs; -1 where nothing tells."""
    home = np.full(len(judged.question), -1)
    for table in tables:
        if not (home < 0).any():
            break
        home = np.where(home < 0, table.of(judged), home)
    return home


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


def _facts(judged: JudgementArrays, places: list[AnswerPlace], homes: _Homes) -> pd.DataFrame:
    """Return the points, the weights and the products of each cell of a part of the feed, by cell."""
    home = homes.home
    there = np.flatnonzero((home >= 0) & ~homes.container[home])
    there = there[_filled(judged, places, home[there], judged.product[there])]
    same = _overlap(places, homes.named[there], home[there])
    there = there[same | (judged.score[there] < 1)]
    product, place, weight = judged.product[there], home[there], judged.weight[there]
    cells, member = np.unique(judged.category[product] * len(places) + place, return_inverse=True)
    tops, bottoms = (np.bincount(member, each, len(cells)) for each in (weight * judged.score[there], weight))
    pairs = np.unique(member * max(len(judged), 1) + product) // max(len(judged), 1)
    products = np.bincount(pairs, minlength=len(cells))
    return pd.DataFrame({"cell": cells, "top": tops, "bottom": bottoms, "products": products})


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
    return Rates(table[:, 0], table[:, 1], table[:, 2], member, products[member], cells)
