"""A case, the progress and what was said last, as static HTML; the judge's quote marked in the text."""

from __future__ import annotations

from collections.abc import Sequence

from feedeval.formatting import clip
from feedeval.html import Markup, bar, escape, foreign
from feedeval.jobs.evidence import quote_spans
from feedeval.results.labelling.book import Case, Label, LabelBook

ROOT = "feedeval-label"
"""CSS class of the whole widget."""

_TITLE_CHARS = 160
_QUOTE_CHARS = 400
_QUESTION_CHARS = 600

_SHEET = """
.ROOT{max-width:860px;font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.5;
 color:var(--jp-ui-font-color1,inherit);border:1px solid var(--jp-border-color2,#8884);padding:8px 12px;
 overflow:visible}
.ROOT .widget-html,.ROOT .widget-html-content{height:auto;margin:0;width:100%;line-height:1.5;font-size:13px;
 overflow-wrap:anywhere}
.ROOT .fe-question{font-size:17px;font-weight:600;margin:6px 0 2px}
.ROOT .fe-quiet{opacity:.75;font-size:12px}
.ROOT ul{margin:2px 0;padding-left:1.6em}
.ROOT summary{cursor:pointer}
.ROOT .fe-text{max-height:26em;overflow:auto;padding:6px 10px;background:var(--jp-layout-color2,#8881);margin:4px 0}
.ROOT .fe-text p{margin:2px 0;white-space:pre-wrap}
.ROOT mark{background:#ffe27a;color:#222;padding:0 1px;text-decoration:underline}
.ROOT .fe-bad{border-left:3px solid var(--jp-error-color1,#d32f2f);padding-left:.6em}
"""


def sheet() -> Markup:
    """Return the style sheet as an element of the page."""
    return Markup(f"<style>{_SHEET.replace('ROOT', ROOT)}</style>")


RULES = Markup(
    '<details class="fe-quiet"><summary>What counts as what</summary><ul>'
    "<li><b>yes</b>: the text answers all that is asked; a question in two parts needs both</li>"
    "<li><b>partial</b>: it answers a named part of it, gives a value without its unit, or only a vague claim</li>"
    "<li><b>no</b>: it does not; placeholders and measures of another part are no answer</li>"
    "<li><b>does not apply</b>: nobody could ask this about this product</li></ul>"
    "Whether the answer is true does not matter, only whether it is there.</details>"
)
"""What people are told, so that two of them label alike."""


def progress_html(book: LabelBook) -> Markup:
    """Return how far the labelling is."""
    return bar(book.done / book.total, f"{book.done:,} of {book.total:,} labelled")


def asked_html(case: Case | None, *, show_verdict: bool) -> Markup:
    """Return what is asked now; where nothing is left, what to do with the labels."""
    if case is None:
        return Markup(
            '<div class="fe-question">All cases are labelled.</div><div class="fe-quiet">'
            "Their labels are what <code>.labels</code> returns.</div>"
        )
    title = clip(" ".join((case.title or case.product_id).split()), _TITLE_CHARS)
    verdict = f"<div>The judge says <b>{escape(_said(case.prediction))}</b>.</div>" if show_verdict else ""
    return Markup(
        f'<div class="fe-quiet">{foreign(title)}</div>'
        f'<div class="fe-question">{foreign(clip(case.question, _QUESTION_CHARS))}</div>'
        f"<div>Does the text below answer it?</div>{verdict}"
    )


def text_html(case: Case | None) -> Markup:
    """Return the text that was judged, with the judge's quote marked, and the quote where it is not in the text."""
    if case is None:
        return Markup("")
    spans = quote_spans(case.evidence, case.context) if case.evidence.strip() else []
    quote = foreign(clip(" ".join(case.evidence.split()), _QUOTE_CHARS))
    said = ""
    if case.evidence.strip():
        said = f'<div class="fe-quiet">The judge quotes “{quote}”{"" if spans else ", which is not in the text"}.</div>'
    lines = "".join(f"<p>{line}</p>" for line in _marked_lines(case.context, spans))
    return Markup(f'{said}<div class="fe-text" tabindex="0">{lines}</div>')


def last_html(last: tuple[Case, Label] | None) -> Markup:
    """Return what was said last, beside what the judge had said of it."""
    if last is None:
        return Markup("")
    case, label = last
    judge = "so did the judge" if label == case.prediction else f"the judge said {_said(case.prediction)}"
    question = foreign(clip(case.question, 80))
    return Markup(f'<div class="fe-quiet">Last: you said <b>{label.words}</b>, {escape(judge)} ({question}).</div>')


def fault_html(words: str) -> Markup:
    """Return what went wrong."""
    return Markup(f'<div class="fe-bad" role="alert">{escape(words)}</div>')


def _said(prediction: str) -> str:
    return Label(prediction).words if prediction in tuple(Label) else prediction.replace("_", " ")


def _marked_lines(text: str, spans: Sequence[tuple[int, int]]) -> list[Markup]:
    """Return the lines of a text, escaped, with the words at `spans` marked."""
    lines, start = [], 0
    for line in text.split("\n"):
        pieces, at = [], start
        for first, last in spans:
            first, last = max(first, start), min(last, start + len(line))
            if first < last:
                pieces += [escape(text[at:first]), f"<mark>{escape(text[first:last])}</mark>"]
                at = last
        pieces.append(escape(text[at : start + len(line)]))
        lines.append(Markup(f'<bdi dir="auto">{"".join(pieces)}</bdi>'))
        start += len(line) + 1
    return lines
