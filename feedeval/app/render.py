"""What the app shows, as static HTML: sentences, the preview, the estimate, the results."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

from feedeval.app.feeds import Preview
from feedeval.errors import FeedevalError
from feedeval.evaluator.launching import OFFLINE
from feedeval.feed.parsing.formats import FORMATS, Format
from feedeval.feed.text import category_of, field_text
from feedeval.formatting import clip, counted, duration, money
from feedeval.html import Markup, escape, section, table
from feedeval.notebook.browser.result_html import headline_html, lists_html
from feedeval.notebook.plots import gallery as plots
from feedeval.notebook.plots import pictures
from feedeval.notebook.report.parts import figures_of
from feedeval.results.compare.comparison import Comparison
from feedeval.results.estimate import Estimate, Range
from feedeval.results.session import Session
from feedeval.results.summary import Summary

_FONT = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.5;"
    "color:var(--jp-ui-font-color1,inherit);overflow-wrap:anywhere"
)
_CATEGORIES_SHOWN = 6
_CELL_CHARS = 60
_SHOWN_FIRST = ("id", "title", "brand", "price", "availability")
# Plots are drawn once for light pages and once for dark ones; JupyterLab and Voilà mark the body with the theme.
_THEMES = Markup(
    "<style>.feedeval-plots figure{margin:12px 0}.feedeval-on-light,.feedeval-on-dark{max-width:100%;height:auto}"
    'body[data-jp-theme-light="false"] .feedeval-on-light{display:none}'
    'body[data-jp-theme-light="false"] .feedeval-on-dark{display:inline!important}</style>'
)


class Tone(StrEnum):
    """What a sentence is about."""

    WORKING = "working"
    DONE = "done"
    HINT = "hint"
    PROBLEM = "problem"


_MARKS = {
    Tone.WORKING: ("◔", "var(--jp-brand-color1,#1976d2)"),
    Tone.DONE: ("✔\ufe0e", "var(--jp-success-color1,#388e3c)"),
    Tone.HINT: ("", ""),
    Tone.PROBLEM: ("✖\ufe0e", "var(--jp-error-color1,#d32f2f)"),
}


def block(*body: Markup) -> Markup:
    """Return text in the page's own font, which MathJax leaves alone."""
    return Markup(f'<div class="tex2jax_ignore mathjax_ignore" style="{_FONT}">{"".join(body)}</div>')


def said(tone: Tone, text: str) -> Markup:
    """Return a sentence about how things stand, as glyph and words."""
    if not text:
        return Markup("")
    glyph, colour = _MARKS[tone]
    if tone is Tone.HINT:
        return block(Markup(f'<span style="opacity:.72">{escape(text)}</span>'))
    role, lead = ("alert", "<b>That did not work:</b> ") if tone is Tone.PROBLEM else ("status", "")
    return block(
        Markup(
            f'<div role="{role}"><span aria-hidden="true" style="color:{colour}">{glyph}</span> '
            f"{lead}{escape(text)}</div>"
        )
    )


def fault_in_words(exc: BaseException) -> str:
    """Return what went wrong; the errors of feedeval are sentences, any other one is named by its type."""
    return str(exc) if isinstance(exc, FeedevalError) else f"{type(exc).__name__}: {exc}"


def heading(number: int, title: str) -> Markup:
    """Return the heading of a step."""
    return block(
        Markup(
            '<div role="heading" aria-level="3" style="font-size:16px;font-weight:600;margin-top:14px;'
            'border-top:1px solid var(--jp-border-color2,#8884);padding-top:10px">'
            f"{number} · {escape(title)}</div>"
        )
    )


def understood(preview: Preview) -> Markup:
    """Return what the reader understood of a feed."""
    count = f"{preview.products:,}{'' if preview.whole else ' and more'} product{'' if preview.products == 1 else 's'}"
    kinds = len([name for name, _ in preview.categories if name])
    facts = [
        FORMATS[Format(preview.format)].label,
        count,
        counted(kinds, "category", "categories"),
        counted(len(preview.fields), "field"),
    ]
    more = "" if preview.whole else f" This preview covers the first {preview.products:,} products; an audit reads all."
    return block(
        Markup(f"<div><b>{escape(preview.name)}</b> was read as {escape(' · '.join(facts))}.{escape(more)}</div>"),
        _warnings(preview),
        _scrolling(section("First products", _rows(preview))),
        _categories(preview),
    )


def _warnings(preview: Preview) -> Markup:
    if not preview.warnings:
        return Markup("")
    items = "".join(f"<li>{escape(clip(text, 400))}</li>" for text in preview.warnings)
    return Markup(
        '<div role="note" style="border-left:3px solid var(--jp-warn-color0,#b26a00);padding-left:.6em;margin:6px 0">'
        f"<b>▲ The feed has faults; it was read all the same:</b>"
        f'<ul style="margin:2px 0;padding-left:1.4em">{items}</ul></div>'
    )


def _rows(preview: Preview) -> Markup:
    names = [name for name in _SHOWN_FIRST if any(name in row for row in preview.rows)]
    rows = [
        [
            *(clip(field_text(name, row[name]) if name in row else "", _CELL_CHARS) for name in names),
            clip(category_of(row), _CELL_CHARS),
        ]
        for row in preview.rows
    ]
    return table(rows, [*names, "category"])


def _categories(preview: Preview) -> Markup:
    shown = preview.categories[:_CATEGORIES_SHOWN]
    words = ", ".join(f"{clip(name, 80) or '(none stated)'} ({products:,})" for name, products in shown)
    left = len(preview.categories) - len(shown)
    more = f" and {left:,} more" if left else ""
    return Markup(f"<div><b>Categories:</b> {escape(words)}{more}. Each gets its own questions.</div>")


def _scrolling(body: Markup) -> Markup:
    """Return a wide table that scrolls by itself, so that the page does not."""
    # Without `contain`, the widget around it would be as wide as the table.
    return Markup(f'<div style="overflow-x:auto;contain:inline-size;overflow-wrap:break-word">{body}</div>')


def estimated(estimate: Estimate) -> Markup:
    """Return an estimate in words, with its figures and what they mean."""
    products = counted(estimate.survey.products, "product")
    if estimate.engine == OFFLINE:
        # A pilot of the embedded engine times how it warms up.
        return block(
            Markup(
                f"<div>All {products} would <b>cost nothing</b>: the embedded engine asks nobody, and judges hundreds "
                "of products a second.</div>"
            )
        )
    cost = "cost an unknown amount" if estimate.cost_usd is None else f"cost {_between(estimate.cost_usd, money)}"
    time = f" and take {_between(estimate.seconds, duration)}" if estimate.seconds is not None else ""
    note = (
        f"Judged by {estimate.pilot} of the products. In 95 of 100 such estimates the true figure lies within the "
        "bounds. What these products cost is part of it: an audit with the same settings takes their results over."
    )
    figures = _scrolling(Markup(estimate._repr_html_()))
    return block(
        Markup(f"<div>All {products} would <b>{escape(cost)}</b>{escape(time)}.</div>"),
        _by_batch(estimate),
        Markup(f"<details><summary>Figures</summary>{figures}</details>"),
        Markup(f'<div style="opacity:.72;font-size:12px">{escape(note)}</div>'),
    )


def _by_batch(estimate: Estimate) -> Markup:
    """Return what the same takes and costs where it may wait; nothing where no price is known."""
    if estimate.batch_cost_usd is None:
        return Markup("")
    cost = escape(f"cost {_between(estimate.batch_cost_usd, money)}")
    return Markup(f"<div>Answered within a day, where the endpoint has batches, they would <b>{cost}</b>.</div>")


def _between(value: Range, words: Callable[[float | None], str]) -> str:
    low, high = words(value.low), words(value.high) if math.isfinite(value.high) else "unknown"
    return f"about {words(value.expected)} ({low} to {high})"


def found(summary: Summary) -> Markup:
    """Return what an audit found, in a few lines: the result with what it stands on comes first."""
    return block(headline_html(summary)) if summary.headline else Markup("")


def compared(comparison: Comparison) -> Markup:
    """Return before and after, in a line and behind it in full."""
    full = _scrolling(Markup(comparison._repr_html_()))
    return block(
        Markup(
            '<div role="status" style="font-size:15px;margin:6px 0"><b>Before → after:</b> '
            f"{escape(comparison.headline)}</div>"
        ),
        Markup(f"<details><summary>What changed</summary>{full}</details>"),
    )


def details(summary: Summary) -> Markup:
    """Return the lists of products, questions, topics and fields to work on."""
    return block(_scrolling(lists_html(summary)))


def plotted(session: Session) -> Markup:
    """Return the plots of a session's results."""
    results = figures_of(session)
    shown = [
        pictures.themed_figure(lambda ax: plots.coverage(results, ax=ax)),
        pictures.themed_figure(lambda ax: plots.coverage_by_category(results, ax=ax)),
    ]
    if session.is_small:
        judgements = session.judgements
        shown.append(pictures.themed_figure(lambda ax: plots.most_missed(judgements, ax=ax)))
    return block(_THEMES, Markup(f'<div class="feedeval-plots">{"".join(shown)}</div>'))
