"""What the other sheets say: summary, actions, products and answers, as plain rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from feedeval.feed.filled import SHEET
from feedeval.records import Verdict
from feedeval.records.audit import topic_words
from feedeval.results.export import MOST_ROWS, plain_columns, sliced
from feedeval.results.gaps.actions import Action, Actions
from feedeval.results.merging import with_errors_in_words
from feedeval.results.stored import StoredSession
from feedeval.results.summary import summarise

NARROW, MIDDLE, WIDE = 12, 28, 60
"""Widths of columns, in characters."""

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
    order = ["coverage_pct", "unanswered_required_count"]
    frame = session.results.sort_values(order, ascending=[True, False], kind="stable")
    return _sheet("Products", with_errors_in_words(frame), _PRODUCTS)


def answers_sheet(session: StoredSession) -> Sheet:
    """Return a row a question and product, in the order of the feed."""
    words = {verdict.value: verdict.words for verdict in Verdict}
    frame = session.judgements
    return _sheet(
        "Answers",
        frame.assign(
            verdict=frame["verdict"].astype(object).map(lambda verdict: words.get(verdict, verdict)),
            taxonomy=frame["taxonomy"].astype(object).map(topic_words),
            required=frame["required"].map({True: "yes", False: ""}),
        ),
        _ANSWERS,
    )


def _sheet(name: str, frame: pd.DataFrame, columns: dict[str, Heading]) -> Sheet:
    part = frame[list(columns)].head(MOST_ROWS)
    rows = (row for chunk in sliced(part) for row in zip(*plain_columns(chunk), strict=True))
    return Sheet(name, tuple(columns.values()), rows, len(frame) - len(part))
