"""Open questions summed up by attribute, topic or question, over the whole feed or by category.

A feed may come in parts: what is added up of each are sums that add up themselves, so no part is held for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.results.frames.judgement_arrays import Codes, Floats
from feedeval.results.gaps.open_questions import Action, OpenQuestions, summed
from feedeval.results.stats import quantile

LEAST_COPY_PCT = 0.1
"""Points of the feed's coverage from which on what can be copied from pages comes first."""


class By(StrEnum):
    """What open questions are summed up by."""

    ATTRIBUTE = "attribute"
    TAXONOMY = "taxonomy"
    QUESTION = "question"


@dataclass(frozen=True)
class OpenFeed:
    """The open questions of a feed, as often as they are wanted: all at once, or part by part.

    Parts number places, questions and categories alike.
    """

    parts: Callable[[], Iterable[OpenQuestions]]
    names: Callable[[], tuple[Sequence[str], Sequence[str]]]
    """Returns the ids and titles of all products that are done, in the order of the feed."""

    @classmethod
    def whole(cls, found: OpenQuestions) -> OpenFeed:
        """Return a feed in one part."""
        return cls(lambda: [found], lambda: (found.judged.ids, found.judged.titles))


class Grouping(NamedTuple):
    """What open questions are grouped by."""

    by: By | None
    """None groups by attribute, whatever is to be done about it."""
    each_category: bool
    """Each category is a group of its own; else the whole feed is."""


class Keys:
    """What the open questions of a part are grouped by: a code each, and the names behind the codes."""

    def __init__(self, found: OpenQuestions, grouping: Grouping) -> None:
        judged = found.judged
        self.by = grouping.by
        each = grouping.each_category
        self.group = judged.category if each else np.zeros(len(judged), dtype=np.int64)
        """Of each product."""
        self.categories = judged.categories if each else [""]
        codes, self.names = self._codes(found)
        self.width = max(len(self.names), 1)
        self.cells, self.member = np.unique(self.group[found.product] * self.width + codes, return_inverse=True)
        pairs = self.member * max(len(judged), 1) + found.product
        self.pairs, self.pair = np.unique(pairs, return_inverse=True)
        """Of each cell and product that has open questions in it; and of each question, which of them."""
        self.pair_cell, self.pair_product = self.pairs // max(len(judged), 1), self.pairs % max(len(judged), 1)

    def _codes(self, found: OpenQuestions) -> tuple[Codes, list[tuple[str, str]]]:
        questions = found.judged.questions
        if self.by is None:
            return found.place, [(place.label, "") for place in found.places]
        if self.by is By.ATTRIBUTE:
            names = [(place.label, action.value) for place in found.places for action in Action]
            return 2 * found.place + found.extends, names
        texts = [q.taxonomy if self.by is By.TAXONOMY else q.text for q in questions]
        numbers = {text: n for n, text in enumerate(dict.fromkeys(texts))}
        of_question = np.array([numbers[text] for text in texts], dtype=np.int64)
        return of_question[found.question], [(text, "") for text in numbers]


@dataclass(frozen=True)
class Sums:
    """What open questions add up to, a row a cell: what is grouped by, in a group of products."""

    grouping: Grouping
    names: list[tuple[str, str]]
    """Of what is grouped by, and what is to be done."""
    categories: list[str]
    of_products: Floats
    """Of each group."""
    covered: Floats
    """Of each group, its products with a coverage: the others have no open questions, and gain nothing known."""
    coverage_pct: Floats
    cells: Codes
    figures: dict[str, Any]
    lacking: dict[tuple[int, str], float]
    """How many products of each group lack each field that the destination requires of them."""
    products: int
    """That the figures rest on."""
    with_coverage: int

    @property
    def estimated(self) -> bool:
        """Whether a sample was audited."""
        return bool(self.products) and round(self.of_products.sum()) != self.products

    def group_of(self, cells: Codes) -> Codes:
        """Return the group of each cell."""
        return cells // max(len(self.names), 1)


class _Part(NamedTuple):
    names: list[tuple[str, str]]
    categories: list[str]
    groups: pd.DataFrame
    cells: pd.DataFrame
    learnt: pd.DataFrame
    """From how many products each rate of a cell was learnt."""
    lacking: pd.DataFrame
    """How many products of each group lack what."""
    lacks: list[tuple[str, ...]]
    products: int
    with_coverage: int


def sums(feed: OpenFeed, groupings: Sequence[Grouping]) -> list[Sums]:
    """Return the sums by each of some groupings, in one pass."""
    parts = list(map(partial(_parts, groupings=groupings), feed.parts()))
    return [_together(grouping, each) for grouping, each in zip(groupings, zip(*parts, strict=True), strict=True)]


def _parts(found: OpenQuestions, groupings: Sequence[Grouping]) -> list[_Part]:
    return [_part(found, Keys(found, grouping)) for grouping in groupings]


def _part(found: OpenQuestions, keys: Keys) -> _Part:
    judged = found.judged
    return _Part(
        names=keys.names,
        categories=keys.categories,
        groups=_group_sums(found, keys),
        cells=_cell_sums(found, keys),
        learnt=_learnt(found, keys),
        lacking=_lacking(found, keys),
        lacks=judged.lacks,
        products=len(judged),
        with_coverage=int(judged.covered.sum()),
    )


def _group_sums(found: OpenQuestions, keys: Keys) -> pd.DataFrame:
    judged = found.judged
    count, each, seen = len(keys.categories), judged.stands_for, judged.covered
    counted = each * seen
    columns = {
        "of_products": each,
        "covered": counted,
        "scored": counted * np.nan_to_num(judged.coverage_pct),
        "audited": seen,
        "squares": seen * each**2,
    }
    return pd.DataFrame(
        {"group": np.arange(count), **{n: np.bincount(keys.group, c, count) for n, c in columns.items()}}
    )


def _cell_sums(found: OpenQuestions, keys: Keys) -> pd.DataFrame:
    judged, rates, lost = found.judged, found.rates, found.lost
    count, each = len(keys.cells), judged.stands_for[found.product]
    required = np.array([q.required for q in judged.questions] or [False])[found.question]
    mine = each * lost
    of_rows: dict[str, Floats | NDArray[np.bool_]] = {
        "open_questions": np.ones(len(each)),
        "required_open": required & (judged.score[found.rows] == 0),
        "worth": lost * rates.rate,
        "answers": rates.rate,
        "lost": lost,
        "copied": lost * rates.rate * found.copied,
    }
    columns = {name: np.bincount(keys.member, each * values, count) for name, values in of_rows.items()}
    for name, bound in (("below", rates.low), ("above", rates.high)):
        columns[name] = np.bincount(keys.member, mine * bound, count)
    # Of each product in a cell: what it gains there, and whether an answer stands on its page.
    stands = judged.stands_for[keys.pair_product]
    own = stands * np.bincount(keys.pair, lost * rates.rate, len(keys.pairs))
    on_page = np.bincount(keys.pair, found.copied, len(keys.pairs)) > 0
    of_pairs = {"products": stands, "on_page": stands * on_page, "own_squares": own * own, "crossed": own * stands}
    columns |= {name: np.bincount(keys.pair_cell, values, count) for name, values in of_pairs.items()}
    return pd.DataFrame({"cell": keys.cells, **columns})


def _learnt(found: OpenQuestions, keys: Keys) -> pd.DataFrame:
    rates = found.rates
    width = max(int(rates.cell.max(initial=0)) + 1, 1)
    pairs, first = np.unique(keys.member * width + rates.cell, return_index=True)
    rate = rates.names[pairs % width] if len(rates.names) else pairs
    return pd.DataFrame({"cell": keys.cells[pairs // width], "rate": rate, "products": rates.products[first]})


def _lacking(found: OpenQuestions, keys: Keys) -> pd.DataFrame:
    judged = found.judged
    pairs, member = np.unique(keys.group * max(len(judged.lacks), 1) + judged.lacking, return_inverse=True)
    return pd.DataFrame({"pair": pairs, "count": np.bincount(member, judged.stands_for, len(pairs))})


def _by_field(pairs: pd.DataFrame, lacks: Sequence[tuple[str, ...]]) -> dict[tuple[int, str], float]:
    """Return how many products of each group lack each field."""
    width = max(len(lacks), 1)
    lacking: dict[tuple[int, str], float] = {}
    for pair, count in zip(pairs["pair"].tolist(), pairs["count"].tolist(), strict=True):
        for name in lacks[pair % width]:
            lacking[pair // width, name] = lacking.get((pair // width, name), 0.0) + count
    return lacking


def _together(grouping: Grouping, parts: Sequence[_Part]) -> Sums:
    last = parts[-1]
    groups = summed([part.groups for part in parts], ["group"])
    cells = summed([part.cells for part in parts], ["cell"])
    learnt = pd.concat([part.learnt for part in parts]).drop_duplicates(["cell", "rate"])
    covered = groups["covered"].to_numpy()
    coverage = np.divide(groups["scored"], covered, out=np.full(len(covered), np.nan), where=covered > 0)
    of_cell, width = cells["cell"].to_numpy(), max(len(last.names), 1)
    made = Sums(
        grouping=grouping,
        names=last.names,
        categories=last.categories,
        of_products=groups["of_products"].to_numpy(),
        covered=covered,
        coverage_pct=np.asarray(coverage),
        cells=of_cell,
        figures={},
        lacking=_by_field(summed([part.lacking for part in parts], ["pair"]), last.lacks),
        products=sum(part.products for part in parts),
        with_coverage=sum(part.with_coverage for part in parts),
    )
    found = {name: cells[name].to_numpy() for name in cells.columns}
    found["learnt_from"] = np.bincount(
        np.searchsorted(of_cell, learnt["cell"]), learnt["products"], len(of_cell)
    ).astype(np.int64)
    made.figures.update(_figures(made, found, groups.iloc[of_cell // width]))
    return made


def _figures(made: Sums, found: dict[str, Any], groups: pd.DataFrame) -> dict[str, Any]:
    """Return the columns of the table, a row a cell.

    Args:
        made: Names and groups.
        found: The sums of each cell.
        groups: The sums of the group of each cell.
    """
    cells, width = made.cells, max(len(made.names), 1)
    group = made.group_of(cells)
    size, everyone = made.covered[group], max(made.covered.sum(), 1)
    gain = found["worth"] / size
    low, high = _bounds(found, groups, gain, size)
    now = made.coverage_pct[group]
    return {
        "cell": cells,
        "name": [made.names[cell % width][0] for cell in cells.tolist()],
        "action": [made.names[cell % width][1] for cell in cells.tolist()],
        "category": [made.categories[at] for at in group.tolist()],
        "of_products": made.of_products[group],
        "products": found["products"],
        "open_questions": found["open_questions"],
        "required_open": found["required_open"],
        "missing_core": np.zeros(len(cells)),
        "coverage_pct": now,
        "coverage_if_filled_pct": (now + gain).clip(max=100.0),
        "gain": gain,
        "gain_low": low,
        "gain_high": np.minimum(high, 100 - now),
        "gain_per_product": gain * size / found["products"],
        "answers_per_product": found["answers"] / found["products"],
        "gain_of_feed": gain * size / everyone,
        "answer_rate": found["worth"] / found["lost"],
        "learnt_from": found["learnt_from"],
        "on_page": found["on_page"],
        "copy_gain": _worth_a_copy(found["copied"] / everyone),
    }


def _worth_a_copy(gain: Floats) -> Floats:
    """Return what copying gains, 0 where that is next to nothing: no reason to be done first."""
    return np.where(gain >= LEAST_COPY_PCT, gain, 0.0)


def _bounds(found: dict[str, Any], groups: pd.DataFrame, gain: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of the gains: what other products of the kind would show, and how sure the rates are.

    The two are put together by their distances from the estimate (G. Zou, A. Donner, Statistics in Medicine 27, 2008,
    1693-1702). Rates of one attribute hang together, so their bounds are taken all at once.
    """
    squares, audited = groups["squares"].to_numpy(), groups["audited"].to_numpy()
    # The linearised variance of a weighted mean. Products without an open question here gain nothing, and count.
    deviations = np.maximum(found["own_squares"] - 2 * gain * found["crossed"] + gain**2 * squares, 0)
    spread = np.sqrt(deviations * audited / np.maximum(audited - 1, 1)) / size
    spread = np.where(audited > 1, quantile(0.95) * spread, np.nan)
    below, above = found["below"] / size, found["above"] / size
    return np.maximum(gain - np.hypot(spread, gain - below), 0), gain + np.hypot(spread, above - gain)
