"""Which attribute to add first, and what it would gain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.results.frames.judgement_arrays import Codes
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.gaps.open_questions import Action, OpenQuestions
from feedeval.results.gaps.summing import By, Grouping, Keys, OpenFeed, Sums, sums

MOST_ROWS = 10_000
"""Longest table: questions that were written for each product alone would give a row each."""
EXAMPLES = 3
QUESTIONS_SHOWN = 4
"""Open questions of one example."""

_COUNTS = ("of_products", "products", "open_questions", "required_open", "missing_core", "learnt_from", "on_page")


def gap_table(feed: OpenFeed, by: str = "attribute", within: str | None = None) -> pd.DataFrame:
    """Return a row a gap, as `Session.gaps` describes it.

    Raises:
        InputError: `by` or `within` is none of those there are.
    """
    what = next((each for each in By if each == by), None)
    if what is None:
        raise InputError(f"by={by!r}: gaps are summed up by one of {', '.join(By)}")
    if within not in (None, "category"):
        raise InputError(f"within={within!r}: give 'category' for a row a category, or None for the whole feed")
    grouping = Grouping(what, each_category=within is not None)
    found = sums(feed, [grouping])[0]
    columns = _lacking_only(found) if what is By.ATTRIBUTE else found.figures
    frame = pd.DataFrame(columns)
    # What stands on a page comes first: it costs a copy and no research.
    order = frame.sort_values(
        ["copy_gain", "gain_of_feed", "missing_core", "products"], ascending=False, kind="stable"
    ).index[:MOST_ROWS]
    left_out = len(frame) - len(order)
    frame = frame.loc[order].reset_index(drop=True).drop(columns="copy_gain")
    frame["examples"] = _examples(feed, grouping, frame.pop("cell").to_numpy())
    frame.attrs["feedeval"] = {
        "products": found.products,
        "covered": found.with_coverage,
        "estimated": found.estimated,
        "left_out": left_out,
    }
    return _shaped(frame, what, each_category=within is not None)


def _lacking_only(found: Sums) -> dict[str, Any]:
    """Return the columns with what the destination requires: a figure beside each gap, and rows of their own."""
    columns = {name: list(values) for name, values in found.figures.items()}
    rows = {
        (at, name): row
        for row, (at, name, action) in enumerate(
            zip(found.group_of(found.cells).tolist(), columns["name"], columns["action"], strict=True)
        )
        if action == Action.ADD
    }
    now = found.coverage_pct
    for (at, name), count in found.lacking.items():
        row = rows.get((at, name))
        if row is not None:
            columns["missing_core"][row] = count
            continue
        known = {"cell": -1, "name": name, "action": Action.ADD.value, "category": found.categories[at]}
        known |= {"of_products": found.of_products[at], "missing_core": count}
        known |= {"coverage_pct": float(now[at]), "coverage_if_filled_pct": float(now[at]), "answer_rate": float("nan")}
        for column, values in columns.items():
            values.append(known.get(column, 0))
    return columns


class _Example(NamedTuple):
    product: int
    questions: list[str]

    def text(self, ids: Sequence[str], titles: Sequence[str]) -> str:
        asked = self.questions[:QUESTIONS_SHOWN]
        more = f" (+{len(self.questions) - len(asked)})" if len(self.questions) > len(asked) else ""
        name = ids[self.product] or titles[self.product]
        return f"{name}: {' '.join(asked)}{more}"


_Candidate = tuple[float, int, str]
"""What a product loses by its open questions, as a negative number; its position; and its line."""


def _examples(feed: OpenFeed, grouping: Grouping, cells: Codes) -> list[str]:
    """Return the products of each cell that would gain most, a line each."""
    wanted = np.unique(cells[cells >= 0])
    best: dict[int, list[_Candidate]] = {}
    for part in map(partial(_candidates, grouping=grouping, wanted=wanted), feed.parts()):
        for cell, found in part.items():
            best[cell] = sorted([*best.get(cell, ()), *found])[:EXAMPLES]
    # Where nothing is open but a required field lacks, there is no cell.
    return ["\n".join(line for _, _, line in best.get(cell, ())) for cell in cells.tolist()]


def _candidates(found: OpenQuestions, grouping: Grouping, wanted: Codes) -> dict[int, list[_Candidate]]:
    """Return the products of a part of the feed that would gain most in each cell."""
    judged, keys = found.judged, Keys(found, grouping)
    worth = np.bincount(keys.pair, found.lost * found.rates.rate, len(keys.pairs))
    ranked = np.lexsort((keys.pair_product, -worth, keys.pair_cell))
    starts = np.searchsorted(keys.pair_cell[ranked], np.arange(len(keys.cells) + 1))
    by_pair = np.argsort(keys.pair, kind="stable")
    ends = np.searchsorted(keys.pair[by_pair], np.arange(len(keys.pairs) + 1))
    question, position = found.question, judged.position
    there = np.flatnonzero(np.isin(keys.cells, wanted)).tolist()
    candidates: dict[int, list[_Candidate]] = {}
    for cell in there:
        shown = candidates[int(keys.cells[cell])] = []
        for pair in ranked[starts[cell] : min(starts[cell] + EXAMPLES, starts[cell + 1])].tolist():
            rows = by_pair[ends[pair] : ends[pair + 1]]
            asked = [judged.questions[code].text for code in question[rows].tolist()]
            product = int(keys.pair_product[pair])
            line = _Example(product, asked).text(judged.ids, judged.titles)
            shown.append((-float(worth[pair]), int(position[product]), line))
    return candidates


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
