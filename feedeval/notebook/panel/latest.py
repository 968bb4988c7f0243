"""The latest products of a run, as they are done: what they are, how much they answer, what they leave open first."""

from __future__ import annotations

from feedeval.formatting import clip
from feedeval.html import Markup, escape, foreign
from feedeval.records import Result, Verdict
from feedeval.records.kinds import kind_words
from feedeval.run.progress import Snapshot

_TITLE_CHARS = 70
_QUESTION_CHARS = 110
_QUIET = "opacity:.72"


def latest(snapshot: Snapshot) -> Markup:
    """Return the latest records that were done, newest first; nothing where there are none."""
    rows = "".join(_row(result) for result in snapshot.latest_results)
    if not rows:
        return Markup(f'<div style="{_QUIET}">None yet.</div>')
    return Markup(
        '<div style="display:grid;grid-template-columns:minmax(0,2fr) minmax(3.5em,auto) minmax(0,3fr);gap:2px 1em;'
        f'overflow-wrap:anywhere">{rows}</div>'
    )


def latest_title(snapshot: Snapshot) -> str:
    """Return what stands above them."""
    return f"Latest {kind_words(snapshot.kind).units}"


def _row(result: Result) -> Markup:
    title = str(result.meta.get("title") or result.meta.get("product_id") or result.key)
    cells = (foreign(clip(" ".join(title.split()), _TITLE_CHARS)), *_found(result))
    return Markup("".join(f"<span>{cell}</span>" for cell in cells))


def _found(result: Result) -> tuple[Markup, Markup]:
    """Return the figure of a record and what to know of it, as far as its kind of job has such."""
    value = result.value
    judgements = value.get("judgements")
    if isinstance(judgements, list):
        coverage = value.get("coverage_pct")
        figure = f"{coverage:.1f} %" if isinstance(coverage, int | float) else "–"
        return escape(figure), _open_question(judgements)
    said = value.get("predicted_class")
    return Markup(""), foreign(said) if isinstance(said, str) else Markup("")


def _open_question(judgements: list[object]) -> Markup:
    """Return the first question that is open, a required one before the others."""
    rows = [row for row in judgements if isinstance(row, dict) and row.get("verdict") in (Verdict.NO, Verdict.PARTIAL)]
    rows.sort(key=lambda row: (row.get("verdict") != Verdict.NO, not row.get("required")))
    if not rows:
        return Markup(f'<span style="{_QUIET}">nothing is open</span>')
    asked = clip(" ".join(str(rows[0].get("question", "")).split()), _QUESTION_CHARS)
    return Markup(f'<span style="{_QUIET}">open:</span> {foreign(asked)}')
