"""What the other sheets say: summary, actions, products and answers, as plain rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from feedeval.feed.filled import SHEET
from feedeval.records import Verdict
from feedeval.records.audit import topic_words
from feedeval.results.export import MOST_ROWS, plain_columns, sliced
from feedeval.results.gaps.actions import Action, Actions
from feedeval.results.large.ranked import Ranked
from feedeval.results.large.reader import LargeReader
from feedeval.results.merging import with_errors_in_words
from feedeval.results.stored import StoredSession
from feedeval.results.summary import summarise

NARROW, MIDDLE, WIDE = 12, 28, 60
"""Widths of columns, in characters."""
_ROWS_AT_ONCE = 2_000

HOW_TO = (
    f"Fill in the sheet “{SHEET}”: a row a product, those that gain most first; a column an action, the one that gains "
    "most first. Coloured cells are asked for; an empty cell changes nothing.",
    "Several texts of one attribute, such as highlights, have a line each in their cell (Alt and Enter).",
    'Then upload this workbook in the app where the feed was, or give it to fe.apply_fixes(feed, "this.xlsx"), and '
    "audit again: only the products that changed are asked about.",
)


class Heading(NamedTuple):
    """A column of a sheet."""

    name: str
    width: int


@dataclass(frozen=True)
class Sheet:
    """A sheet of plain values."""

    name: str
    columns: Sequence[Heading]
    rows: Iterator[Sequence[Any]]
    left_out: int = 0
    """Rows for which a worksheet has no room."""


def summary_rows(session: StoredSession, more: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the lines of the first sheet: what was found, what it stands on, and how to go on."""
    summary = summarise(session)
    lead = [("Result", summary.headline)] if summary.headline else []
    facts = [(name, value) for name, value in summary.facts.items() if name != "Coverage" or not summary.headline]
    notes = [("Note", note) for note in summary.notes]
    how = [("How to" if not n else "", line) for n, line in enumerate(HOW_TO)]
    return [*lead, *facts, *notes, *more, *how]


def actions_sheet(actions: Actions) -> Sheet:
    """Return the actions, the one that gains most first."""
    columns = (
        Heading("What to do", WIDE),
        Heading("Attribute", MIDDLE),
        Heading("Products", NARROW),
        Heading("On their page already", NARROW),
        Heading("Gain, in points of coverage", NARROW),
        Heading("Gain at least", NARROW),
        Heading("Gain at most", NARROW),
        Heading("Coverage now, in %", NARROW),
        Heading("Coverage then, in %", NARROW),
        Heading("Required by the destination, products", NARROW),
        Heading("Questions that it answers", WIDE),
        Heading("For example", WIDE),
        Heading("In categories", MIDDLE),
    )
    return Sheet("Actions", columns, map(_action, actions))


def _action(action: Action) -> tuple[Any, ...]:
    gains = (action.gain_pct, action.gain_low_pct, action.gain_high_pct)
    more = [f"and {action.more_questions:,} more"] if action.more_questions else []
    categories = [f"{share.category or 'no category'} ({share.products:,})" for share in action.categories]
    return (
        action.what.replace("`", ""),
        action.attribute,
        action.products,
        action.on_page,
        *(round(figure, 1) for figure in (*gains, action.before_pct, action.after_pct)),
        action.missing_core,
        "\n".join([*(question.text for question in action.questions), *more]),
        "\n".join(f"{example.product_id}: {example.title}" for example in action.examples),
        "\n".join(categories),
    )


_PRODUCTS = {
    "product_id": Heading("Id", MIDDLE),
    "title": Heading("Title", WIDE),
    "product_url": Heading("Link", MIDDLE),
    "category": Heading("Category", MIDDLE),
    "coverage_pct": Heading("Coverage, in %", NARROW),
    "yes_count": Heading("Questions answered", NARROW),
    "partial_count": Heading("Answered in part", NARROW),
    "no_count": Heading("Open", NARROW),
    "unanswered_required_count": Heading("Open, needed before buying", NARROW),
    "not_applicable_count": Heading("Does not apply", NARROW),
    "not_judged_count": Heading("Not judged", NARROW),
    "missing_core_fields": Heading("Required fields that are missing", MIDDLE),
    "status": Heading("State", NARROW),
    "error": Heading("What went wrong", MIDDLE),
}
_ANSWERS = {
    "product_id": Heading("Id", MIDDLE),
    "title": Heading("Title", WIDE),
    "question": Heading("Question", WIDE),
    "taxonomy": Heading("Topic", NARROW),
    "required": Heading("Needed before buying", NARROW),
    "verdict": Heading("Answer", NARROW),
    "evidence": Heading("Words of the feed", WIDE),
    "attribute": Heading("Attribute", MIDDLE),
    "reason": Heading("Reason", WIDE),
}


def products_sheet(session: StoredSession) -> Sheet:
    """Return the products, the worst first; those without a coverage stand at the end."""
    if session.large is not None:
        count = len(session.large.figures)
        return _sheet("Products", _ranked(session.large), _PRODUCTS, rows=count)
    order = ["coverage_pct", "unanswered_required_count"]
    frame = session.results.sort_values(order, ascending=[True, False], kind="stable")
    return _sheet("Products", sliced(with_errors_in_words(frame)), _PRODUCTS, rows=len(frame))


def _ranked(large: LargeReader) -> Iterator[pd.DataFrame]:
    """Yield the same of a session that cannot be held: each shard is put in order, and all of them on disk."""
    ranked: Ranked[tuple[Any, ...]] = Ranked()
    for frame in large.products_by_shard(list(_PRODUCTS)):
        coverage, required = (
            frame[name].to_numpy(dtype=float, na_value=np.nan) for name in ("coverage_pct", "unanswered_required_count")
        )
        keys = (np.nan_to_num(each, nan=np.inf).tolist() for each in (coverage, -required, frame.index))
        rows = frame.itertuples(index=False, name=None)
        ranked.add(zip(zip(*keys, strict=True), rows, strict=True))
        kinds = frame.dtypes
    rows_left = (row for _, row in ranked)
    while chunk := list(islice(rows_left, _ROWS_AT_ONCE)):
        yield with_errors_in_words(pd.DataFrame(chunk, columns=list(_PRODUCTS)).astype(kinds))


def answers_sheet(session: StoredSession) -> Sheet:
    """Return a row a question and product, in the order of the feed; where there are too many, those that are open."""
    large = session.large
    if large is None:
        judgements = session.judgements
        frames: Iterator[pd.DataFrame] = sliced(judgements)
        found = judgements["verdict"].value_counts()
        counts = {verdict: int(found.get(verdict.value, 0)) for verdict in Verdict}
    else:
        frames = (part for frame in large.judgements() for part in sliced(frame))
        counts = {verdict: int(large.figures[f"{verdict}_count"].sum()) for verdict in Verdict}
    room = which_fit(counts)
    shown = map(_in_words, _within(frames, room))
    sheet = _sheet("Answers", shown, _ANSWERS, rows=sum(room.values()))
    return replace(sheet, left_out=sum(counts.values()) - sum(room.values()))


def which_fit(counts: Mapping[Verdict, int], most: int = MOST_ROWS) -> dict[Verdict, int]:
    """Return how many answers of each kind a worksheet takes: first those that are open, as they are to be worked on.

    Args:
        counts: How many there are.
        most: Rows of a worksheet.
    """
    found = {}
    for verdict in _WORTH_A_ROW:
        found[verdict] = min(counts.get(verdict, 0), most)
        most -= found[verdict]
    return found


_WORTH_A_ROW = (Verdict.NO, Verdict.PARTIAL, Verdict.YES, Verdict.NOT_JUDGED, Verdict.NOT_APPLICABLE)


def _within(frames: Iterator[pd.DataFrame], room: Mapping[Verdict, int]) -> Iterator[pd.DataFrame]:
    """Yield the rows for which there is room, by their verdict."""
    left = {verdict.value: count for verdict, count in room.items()}
    for frame in frames:
        verdicts = frame["verdict"].astype(object)
        kept = verdicts.groupby(verdicts).cumcount() < verdicts.map(left).fillna(0)
        for verdict in left:
            left[verdict] = max(left[verdict] - int((verdicts == verdict).sum()), 0)
        yield frame if kept.all() else frame[kept]


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    words = {verdict.value: verdict.words for verdict in Verdict}
    return frame.assign(
        verdict=frame["verdict"].astype(object).map(lambda verdict: words.get(verdict, verdict)),
        taxonomy=frame["taxonomy"].astype(object).map(topic_words),
        required=frame["required"].map({True: "yes", False: ""}),
    )


def _sheet(name: str, frames: Iterator[pd.DataFrame], columns: dict[str, Heading], *, rows: int) -> Sheet:
    cells = (row for frame in frames for row in zip(*plain_columns(frame[list(columns)]), strict=True))
    return Sheet(name, tuple(columns.values()), islice(cells, MOST_ROWS), max(rows - MOST_ROWS, 0))
