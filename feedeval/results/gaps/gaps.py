"""Which attribute to add first, and what it would gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.results.frames.judgement_arrays import Codes, Floats
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.gaps.open_questions import Action, OpenQuestions
from feedeval.results.stats import quantile

MOST_ROWS = 10_000
"""Longest table: questions that were written for each product alone would give a row each."""
EXAMPLES = 3
LEAST_COPY_PCT = 0.1
"""Points of the feed's coverage from which on what can be copied from pages comes first."""
QUESTIONS_SHOWN = 4
"""Open questions of one example."""

_COUNTS = ("of_products", "products", "open_questions", "required_open", "missing_core", "learnt_from", "on_page")


class By(StrEnum):
    """What open questions are summed up by."""

    ATTRIBUTE = "attribute"
    TAXONOMY = "taxonomy"
    QUESTION = "question"


def gap_table(found: OpenQuestions, by: str = "attribute", within: str | None = None) -> pd.DataFrame:
    """Return a row a gap, as `Session.gaps` describes it.

    Raises:
        InputError: `by` or `within` is none of those there are.
    """
    what = next((each for each in By if each == by), None)
    if what is None:
        raise InputError(f"by={by!r}: gaps are summed up by one of {', '.join(By)}")
    if within not in (None, "category"):
        raise InputError(f"within={within!r}: give 'category' for a row a category, or None for the whole feed")
    keys = Keys(found, what, each_category=within is not None)
    cells = sums(found, keys)
    columns = _lacking_only(found, keys, cells) if what is By.ATTRIBUTE else cells
    frame = pd.DataFrame(columns)
    # What stands on a page comes first: it costs a copy and no research.
    order = frame.sort_values(
        ["copy_gain", "gain_of_feed", "missing_core", "products"], ascending=False, kind="stable"
    ).index[:MOST_ROWS]
    left_out = len(frame) - len(order)
    frame = frame.loc[order].reset_index(drop=True).drop(columns="copy_gain")
    frame["examples"] = _examples(found, keys, frame.pop("cell").to_numpy())
    judged = found.judged
    estimated = bool(len(judged)) and round(keys.of_products.sum()) != len(judged)
    frame.attrs["feedeval"] = {
        "products": len(judged),
        "covered": int(judged.covered.sum()),
        "estimated": estimated,
        "left_out": left_out,
    }
    return _shaped(frame, what, each_category=within is not None)


class Keys:
    """What the open questions are grouped by: a code each, and the names behind the codes."""

    def __init__(self, found: OpenQuestions, by: By | None, *, each_category: bool) -> None:
        """Group the open questions.

        Args:
            found: The open questions.
            by: None groups by attribute, whatever is to be done about it.
            each_category: Each category is a group of its own; else the whole feed is.
        """
        judged = found.judged
        self.by = by
        self.group = judged.category if each_category else np.zeros(len(judged), dtype=np.int64)
        """Of each product."""
        self.categories = judged.categories if each_category else [""]
        count, each = len(self.categories), judged.stands_for
        self.of_products = np.bincount(self.group, each, count).astype(float)
        """Of each group."""
        counted = each * judged.covered
        self.covered = np.bincount(self.group, counted, count).astype(float)
        """Of each group, its products with a coverage: the others have no open questions, and gain nothing known."""
        scored = np.bincount(self.group, counted * np.nan_to_num(judged.coverage_pct), count)
        self.coverage_pct = np.divide(scored, self.covered, out=np.full(count, np.nan), where=self.covered > 0)
        codes, self.names = self._codes(found)
        self._width = max(len(self.names), 1)
        self.cells, self.member = np.unique(self.group[found.product] * self._width + codes, return_inverse=True)
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

    def name(self, cell: int) -> tuple[str, str]:
        """Return what a cell is called, and what is to be done."""
        return self.names[cell % self._width]

    def group_of(self, cells: Codes) -> Codes:
        """Return the group of each cell."""
        return cells // self._width


def sums(found: OpenQuestions, keys: Keys) -> dict[str, Any]:
    """Return the columns of the table, a row a cell."""
    judged, cells, member = found.judged, keys.cells, keys.member
    group = keys.group_of(cells)
    size = keys.covered[group]
    each = judged.stands_for[found.product]

    def summed(values: Floats | NDArray[np.bool_]) -> Floats:
        return np.bincount(member, each * values, len(cells)).astype(float)

    lost, rates = found.lost, found.rates
    products = np.bincount(keys.pair_cell, judged.stands_for[keys.pair_product], len(cells))
    nothing = judged.score[found.rows] == 0
    required = np.array([q.required for q in judged.questions] or [False])[found.question]
    gain = summed(lost * rates.rate) / size
    low, high = _bounds(found, keys, gain, size)
    now = keys.coverage_pct[group]
    return {
        "cell": cells,
        "name": [keys.name(cell)[0] for cell in cells],
        "action": [keys.name(cell)[1] for cell in cells],
        "category": [keys.categories[at] for at in group],
        "of_products": keys.of_products[group],
        "products": products,
        "open_questions": summed(np.ones(len(member))),
        "required_open": summed(required & nothing),
        "missing_core": np.zeros(len(cells)),
        "coverage_pct": now,
        "coverage_if_filled_pct": (now + gain).clip(max=100.0),
        "gain": gain,
        "gain_low": low,
        "gain_high": np.minimum(high, 100 - now),
        "gain_per_product": gain * size / products,
        "answers_per_product": summed(rates.rate) / products,
        "gain_of_feed": gain * size / max(keys.covered.sum(), 1),
        "answer_rate": summed(lost * rates.rate) / summed(lost),
        "learnt_from": _learnt_from(found, keys),
        "on_page": _on_page(found, keys),
        "copy_gain": _worth_a_copy(summed(lost * rates.rate * found.copied) / max(keys.covered.sum(), 1)),
    }


def _on_page(found: OpenQuestions, keys: Keys) -> Floats:
    """Return for how many products of each cell an answer stands on their page."""
    there = np.bincount(keys.pair, found.copied, len(keys.pairs)) > 0
    return np.bincount(keys.pair_cell, found.judged.stands_for[keys.pair_product] * there, len(keys.cells)).astype(
        float
    )


def _worth_a_copy(gain: Floats) -> Floats:
    """Return what copying gains, 0 where that is next to nothing: no reason to be done first."""
    return np.where(gain >= LEAST_COPY_PCT, gain, 0.0)


def _learnt_from(found: OpenQuestions, keys: Keys) -> Codes:
    """Return from how many products the rates of each cell were learnt."""
    width = max(int(found.rates.cell.max(initial=0)) + 1, 1)
    pairs, first = np.unique(keys.member * width + found.rates.cell, return_index=True)
    return np.bincount(pairs // width, found.rates.products[first], len(keys.cells)).astype(np.int64)


def _bounds(found: OpenQuestions, keys: Keys, gain: Floats, size: Codes) -> tuple[Floats, Floats]:
    """Return the bounds of the gains: what other products of the kind would show, and how sure the rates are.

    The two are put together by their distances from the estimate (G. Zou, A. Donner, Statistics in Medicine 27, 2008,
    1693-1702). Rates of one attribute hang together, so their bounds are taken all at once.
    """
    lost, rates, count = found.lost, found.rates, len(keys.cells)
    each, group = found.judged.stands_for, keys.group_of(keys.cells)
    seen = found.judged.covered
    audited, squares = np.bincount(keys.group, seen), np.bincount(keys.group, seen * each**2)
    own = each[keys.pair_product] * np.bincount(keys.pair, lost * rates.rate, len(keys.pairs))
    # The linearised variance of a weighted mean. Products without an open question here gain nothing, and count.
    own_squares, crossed = (np.bincount(keys.pair_cell, own * other, count) for other in (own, each[keys.pair_product]))
    deviations = np.maximum(own_squares - 2 * gain * crossed + gain**2 * squares[group], 0)
    audited = audited[group]
    spread = np.sqrt(deviations * audited / np.maximum(audited - 1, 1)) / size
    spread = np.where(audited > 1, quantile(0.95) * spread, np.nan)
    mine = each[found.product] * lost
    below, above = (np.bincount(keys.member, mine * bound, count) / size for bound in (rates.low, rates.high))
    return np.maximum(gain - np.hypot(spread, gain - below), 0), gain + np.hypot(spread, above - gain)


def _lacking_only(found: OpenQuestions, keys: Keys, cells: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns with what the destination requires: a figure beside each gap, and rows of their own."""
    columns = {name: list(values) for name, values in cells.items()}
    lacking = lacking_fields(found, keys)
    rows = {
        (at, name): row
        for row, (at, name, action) in enumerate(
            zip(keys.group_of(keys.cells).tolist(), columns["name"], columns["action"], strict=True)
        )
        if action == Action.ADD
    }
    now = keys.coverage_pct
    for (at, name), count in lacking.items():
        row = rows.get((at, name))
        if row is not None:
            columns["missing_core"][row] = count
            continue
        known = {"cell": -1, "name": name, "action": Action.ADD.value, "category": keys.categories[at]}
        known |= {"of_products": keys.of_products[at], "missing_core": count}
        known |= {"coverage_pct": float(now[at]), "coverage_if_filled_pct": float(now[at]), "answer_rate": float("nan")}
        for column, values in columns.items():
            values.append(known.get(column, 0))
    return columns


def lacking_fields(found: OpenQuestions, keys: Keys) -> dict[tuple[int, str], float]:
    """Return how many products of each group lack each field that the destination requires of them."""
    judged = found.judged
    width = max(len(judged.lacks), 1)
    pairs, member = np.unique(keys.group * width + judged.lacking, return_inverse=True)
    counts = np.bincount(member, judged.stands_for, len(pairs))
    lacking: dict[tuple[int, str], float] = {}
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        for name in judged.lacks[pair % width]:
            lacking[pair // width, name] = lacking.get((pair // width, name), 0.0) + count
    return lacking


class _Example(NamedTuple):
    product: int
    questions: list[str]

    def text(self, ids: Sequence[str], titles: Sequence[str]) -> str:
        asked = self.questions[:QUESTIONS_SHOWN]
        more = f" (+{len(self.questions) - len(asked)})" if len(self.questions) > len(asked) else ""
        name = ids[self.product] or titles[self.product]
        return f"{name}: {' '.join(asked)}{more}"


def _examples(found: OpenQuestions, keys: Keys, cells: Codes) -> list[str]:
    """Return the products of each cell that would gain most, a line each."""
    judged = found.judged
    worth = np.bincount(keys.pair, found.lost * found.rates.rate, len(keys.pairs))
    ranked = np.lexsort((keys.pair_product, -worth, keys.pair_cell))
    starts = np.searchsorted(keys.pair_cell[ranked], np.arange(len(keys.cells) + 1))
    by_pair = np.argsort(keys.pair, kind="stable")
    ends = np.searchsorted(keys.pair[by_pair], np.arange(len(keys.pairs) + 1))
    question = found.question
    texts = []
    # Where nothing is open but a required field lacks, there is no cell.
    places = np.where(cells < 0, len(keys.cells), np.searchsorted(keys.cells, cells))
    starts = np.append(starts, starts[-1])
    for cell in places.tolist():
        shown = []
        for pair in ranked[starts[cell] : min(starts[cell] + EXAMPLES, starts[cell + 1])].tolist():
            rows = by_pair[ends[pair] : ends[pair + 1]]
            asked = [judged.questions[code].text for code in question[rows].tolist()]
            shown.append(_Example(int(keys.pair_product[pair]), asked).text(judged.ids, judged.titles))
        texts.append("\n".join(shown))
    return texts


def _shaped(frame: pd.DataFrame, by: By, *, each_category: bool) -> pd.DataFrame:
    """Return the table with its public columns and types."""
    first = [by.value, *(["action"] if by is By.ATTRIBUTE else []), *(["category"] if each_category else [])]
    if by is not By.ATTRIBUTE:
        frame = frame.drop(columns="missing_core")
    frame = frame.rename(columns={"name": by.value})
    figures = [name for name in frame.columns if name not in {*first, "action", "category", "examples"}]
    frame = frame[[*first, *figures, "examples"]]
    # Counts that a sample stands for are estimates, and no whole numbers.
    frame = frame.assign(**{name: frame[name].astype(float).round() for name in _COUNTS if name in frame.columns})
    kinds: dict[str, Any] = dict.fromkeys([*first, "examples"], TEXT)
    kinds |= {name: "Int64" if name in _COUNTS else "float64" for name in figures}
    return frame.astype(kinds)
