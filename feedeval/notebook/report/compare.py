"""The report of a comparison: what became better, what became worse, and how sure that is."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from feedeval.formatting import clip, moment_words
from feedeval.html import Markup, escape, link
from feedeval.notebook.plots.compare import before_and_after
from feedeval.notebook.plots.pictures import figure
from feedeval.notebook.report.page import document
from feedeval.notebook.report.parts import foreign, question_html, table, text_of
from feedeval.notebook.report.sections import source_name
from feedeval.records import Verdict
from feedeval.results.compare.comparison import Comparison, alone_coverage, between, facts, share_of, signed
from feedeval.results.finding import session_labels
from feedeval.results.session import Session

QUESTIONS = 10
PRODUCTS = 8
ALONE = 20
_TITLE_CHARS = 160


def comparison_page(comparison: Comparison, *, now: datetime) -> str:
    """Return the report of a comparison as an HTML document.

    Args:
        comparison: What to tell of.
        now: The moment that stands under the report.
    """
    blocks = [
        ("where", "Where it changed", _where(comparison)),
        ("questions", "Which questions", _questions(comparison)),
        ("better", "Products that got better", _products(comparison, comparison.better)),
        ("worse", "Products that got worse", _products(comparison, comparison.worse)),
        ("new", "New products", _alone(comparison.new)),
        ("gone", "Products that are gone", _alone(comparison.gone)),
        ("reading", "How to read the figures", _how_to_read()),
    ]
    sessions = f"sessions {' and '.join(session_labels((comparison.before, comparison.after)))}"
    version = comparison.after.progress.feedeval_version
    footer = f"Made with feedeval {version} from {sessions} on {now:%d %B %Y, %H:%M} UTC."
    return document(_title(comparison), (_head(comparison), _summary(comparison)), blocks, footer)


def _title(comparison: Comparison) -> str:
    name = source_name(comparison.after)
    return f"What changed: {name}" if name else f"What changed since {comparison.before.id}"


def _head(comparison: Comparison) -> Markup:
    audits = [f"{_told(session)}" for session in (comparison.before, comparison.after)]
    parts = [
        f"<header><h1>{foreign(_title(comparison))}</h1>",
        f'<p class="quiet">Two audits that asked the same questions: {escape(audits[0])}, and {escape(audits[1])}.</p>',
    ]
    parts += [f'<p class="note">{escape(note)}</p>' for note in comparison.notes]
    return Markup("".join([*parts, f"<p><b>{escape(comparison.headline)}</b></p></header>"]))


def _told(session: Session) -> str:
    progress = session.progress
    return f"{moment_words(progress.started)} with {session.engine_name}"


def _summary(comparison: Comparison) -> Markup:
    tiles = [
        *_coverage_tiles(comparison),
        (f"{comparison.gained:,}", "questions answered that were open before"),
        (f"{comparison.lost:,}", "questions open that were answered before"),
        (f"{len(comparison.better):,} / {len(comparison.worse):,}", "products that got better / worse"),
    ]
    shown = "".join(f'<div class="tile"><b>{escape(n)}</b><span>{escape(words)}</span></div>' for n, words in tiles)
    rows = [
        (name, value) for name, value in facts(comparison).items() if name in ("Answered", "New, gone", "Counted apart")
    ]
    points = "".join(f"<li>{escape(name)}: {escape(value)}.</li>" for name, value in rows)
    return Markup(f'<div class="tiles">{shown}</div><ul>{points}</ul>')


def _coverage_tiles(comparison: Comparison) -> list[tuple[str, str]]:
    if comparison.coverage_after_pct != comparison.coverage_after_pct:
        return []
    return [
        (f"{comparison.coverage_after_pct:.1f} %", f"covered now, {comparison.coverage_before_pct:.1f} % before"),
        (signed(comparison.change.estimate), _points(comparison)),
    ]


def _points(comparison: Comparison) -> str:
    bounds = between(comparison.change.low, comparison.change.high)
    return f"points of coverage{f'; 95 % interval {bounds}' if bounds else ''}"


def _where(comparison: Comparison) -> Markup:
    parts = []
    if len(comparison.categories) > 1:
        parts.append(figure(lambda ax: before_and_after(comparison.categories, ax)))
    parts.append(figure(lambda ax: before_and_after(comparison.taxonomies, ax)))
    return Markup("".join(parts))


def _questions(comparison: Comparison) -> Markup:
    parts = []
    kinds = (
        ("better", "Better verdicts"),
        ("worse", "Worse verdicts"),
        ("apart", "Judged or applying in one audit only"),
    )
    for direction, words in kinds:
        frame = comparison.questions
        changed = frame[frame[direction] > 0].sort_values(direction, ascending=False, kind="stable").head(QUESTIONS)
        names = ["question", "required", "answered_before_pct", "answered_after_pct", direction, "products"]
        rows = [
            (question_html(question, required), share_of(was), share_of(now), int(count), int(asked))
            for question, required, was, now, count, asked in changed[names].itertuples(index=False, name=None)
        ]
        header = (words, "Answered before", "After", f"{direction.capitalize()} in", "Asked of")
        parts += [table(header, rows)] if rows else []
    return Markup("".join(parts))


def _products(comparison: Comparison, frame: pd.DataFrame) -> Markup:
    if frame.empty:
        return Markup("")
    shown = frame.head(PRODUCTS)
    changes = comparison.changes[comparison.changes["key"].isin(list(shown["key"]))]
    by_key = dict(iter(changes.groupby("key", sort=False)))
    articles = "".join(_product(row, by_key[row["key"]]) for _, row in shown.iterrows())
    left = len(frame) - len(shown)
    more = f'<p class="quiet">And {left:,} more.</p>' if left else ""
    return Markup(f"{articles}{more}")


def _product(row: pd.Series, changes: pd.DataFrame) -> Markup:
    name = clip(text_of(row["title"]) or text_of(row["product_id"]) or "(no title)", _TITLE_CHARS)
    now = float(row["coverage_after_pct"])
    covered = f"{row['coverage_before_pct']:.1f} → {now:.1f} % covered ({signed(row['change'])})"
    quiet = " · ".join([foreign(row["product_id"], 80), foreign(row["category"] or "(no category)", 120)])
    wanted = changes[["before", "after", "question", "required"]].itertuples(index=False, name=None)
    items = "".join(
        f"<li>{Verdict(was).words} → <b>{Verdict(then).words}</b>: {question_html(question, required)}</li>"
        for was, then, question, required in wanted
    )
    return Markup(
        f'<article><h3><bdi dir="auto">{link(row["product_url"], name)}</bdi></h3>'
        f'<p class="small"><span class="meter" aria-hidden="true"><i style="width:{now:.0f}%"></i></span>'
        f'{escape(covered)} <span class="quiet">· {quiet}</span></p><ul class="open">{items}</ul></article>'
    )


def _alone(frame: pd.DataFrame) -> Markup:
    if frame.empty:
        return Markup("")
    names = ["title", "product_id", "category", "coverage_pct"]
    rows = [
        (
            *(foreign(name or product_id, _TITLE_CHARS), foreign(product_id, 80), foreign(category, 120)),
            alone_coverage(coverage, category),
        )
        for name, product_id, category, coverage in frame[names].head(ALONE).itertuples(index=False, name=None)
    ]
    left = len(frame) - len(rows)
    more = f'<p class="quiet">And {left:,} more.</p>' if left else ""
    return Markup(f"{table(('Product', 'Id', 'Category', 'Coverage'), rows)}{more}")


def _how_to_read() -> Markup:
    points = [
        "<b>Compared</b> are the products that both audits have and that were asked the same questions; new products "
        "and those that are gone change no figure.",
        "<b>Coverage</b> is the share of buyers’ questions that the feed answers: an answer counts 1, one in part ½, "
        "none 0, and a question that a buyer needs answered before buying weighs 2, others 1. Questions that do not "
        "apply or were not judged in one of the two are neither better nor worse.",
        "<b>The interval</b> says how far the change of the mean could be chance: drawn again and again from products "
        "like these, it would lie within it 95 times in 100. Where it holds zero, nothing is shown to have changed.",
        "<b>McNemar’s test</b> asks whether as many questions became open as became answered. It takes questions for "
        "independent, which those of one product are not; where the two disagree, trust the interval.",
    ]
    return Markup(f"<ul>{''.join(f'<li>{point}</li>' for point in points)}</ul>")
