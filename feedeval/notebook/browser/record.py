"""One record of a session, opened: for a product its questions, verdicts and quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from feedeval.formatting import clip, moment_words, money
from feedeval.html import Markup, escape, link
from feedeval.notebook.browser.rows import meter, quiet
from feedeval.notebook.browser.shapes import name_of
from feedeval.notebook.panel.render import figures
from feedeval.notebook.report.parts import foreign, text_of
from feedeval.records import COUNTED, Judgement, Verdict
from feedeval.results.frames.results import RowStatus
from feedeval.results.naming import engine_words
from feedeval.results.product import verdict_mark
from feedeval.run.telling.words import fault_in_words

_LONG_CHARS = 20_000
_VALUE_CHARS = 2_000
_SAID_CHARS = 600
_UNQUOTED = {
    Verdict.NO: "The feed does not say.",
    Verdict.NOT_APPLICABLE: "The question does not apply to this product.",
    Verdict.NOT_JUDGED: "Not judged: whether the feed says it is not known.",
}
"""What stands where no words of the feed were quoted."""


def product_html(values: Mapping[str, Any], asked: Sequence[Judgement], failure: Mapping[Any, Any] | None) -> Markup:
    """Return a product of an audit: what it is, its questions with verdicts and quotes, or why it failed.

    Args:
        values: Its row of the results.
        asked: Its judgements, in the order in which the questions were asked.
        failure: Its row of the failures; None where it did not fail.
    """
    parts = [_head(values), _facts(values)]
    if failure is not None:
        parts.append(failure_html(failure))
    if asked:
        rows = "".join(_judgement(number, judgement) for number, judgement in enumerate(asked, 1))
        parts.append(Markup(f'<div class="fe-asked">{rows}</div>'))
        parts.append(_fold("The text that was judged", text_of(values["name_plus_context"])))
    return Markup(f'<div class="fe-record">{"".join(parts)}</div>')


def record_html(values: Mapping[str, Any], failure: Mapping[Any, Any] | None) -> Markup:
    """Return a record of any other session: all that stands in its row, and why it failed where it did."""
    known = {name: value for name, value in values.items() if not _is_missing(value)}
    rows = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{_value(value)}</dd>" for name, value in known.items()
    )
    told = failure_html(failure) if failure is not None else ""
    return Markup(f'<div class="fe-record">{_title(values, "filename")}{told}<dl class="fe-fields">{rows}</dl></div>')


def failure_html(failure: Mapping[Any, Any]) -> Markup:
    """Return why a record failed: the error, and what is known of its circumstances behind a fold."""
    words = fault_in_words(str(failure["error_type"]))
    error = f"<b>{escape(words[:1].upper() + words[1:])}</b>: {foreign(failure['message'], _SAID_CHARS)}"
    circumstances = [
        ("Context", text_of(failure["context"])),
        ("Traceback", text_of(failure["traceback"])),
    ]
    folds = "".join(_fold(title, text) for title, text in circumstances if text and text != "{}")
    when = f" {quiet(moment_words(text_of(failure['timestamp'])))}"
    return Markup(f'<div class="fe-failure">{error}{when}{folds}</div>')


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value))) or value == ""


def _value(value: Any) -> Markup:
    said = value if isinstance(value, str) else str(value)
    if said.lower().startswith(("http://", "https://")):
        return link(said, clip(said, 200))
    return Markup(f'<span class="fe-said">{foreign(said, _VALUE_CHARS)}</span>')


def _title(values: Mapping[str, Any], source: str) -> Markup:
    name = clip(name_of(values, source), 300)
    return Markup(f'<h3><bdi dir="auto">{escape(name)}</bdi></h3>')


def _head(values: Mapping[str, Any]) -> Markup:
    address = text_of(values["product_url"])
    shown = Markup(f'<p class="fe-address">{link(address, clip(address, 200))}</p>') if address else Markup("")
    path = foreign(text_of(values["category"]) or "no category", 200)
    return Markup(
        f'{_title(values, "title")}<p class="fe-quiet">{foreign(values["product_id"], 120)} · {path}</p>{shown}'
    )


def _facts(values: Mapping[str, Any]) -> Markup:
    lacking = text_of(values["missing_core_fields"])
    fields = text_of(values["context_fields"])
    facts = [("Missing required fields", lacking or "none")]
    bar = Markup("")
    if values["status"] == RowStatus.DONE.value:
        bar = _covered(values)
        unverified = int(values["unverified_count"])
        facts += [("Quotes not found in the feed", f"{unverified:,}")] if unverified else []
    facts += [("Judged by", engine_words(text_of(values["engine"]))), ("Cost", money(values["cost_usd"]))]
    judged = quiet(f"Fields that were judged: {fields or 'none'}")
    return Markup(f"{bar}{figures(facts)}<p>{judged}</p>")


def _covered(values: Mapping[str, Any]) -> Markup:
    coverage_pct, left = float(values["coverage_pct"]), int(values.get("not_judged_count", 0))
    judged = sum(int(values[f"{verdict}_count"]) for verdict in COUNTED)
    of_what = f"{judged:,} of {judged + left:,} questions judged" if left else ""
    if coverage_pct != coverage_pct:
        said = f"No coverage: {of_what}" if left else "No coverage: no question applies"
        return Markup(f"<p><b>{escape(said)}.</b></p>")
    said = ", ".join(filter(None, (f"{coverage_pct:.1f} % of what a buyer would ask is answered", of_what)))
    return Markup(f"<p>{meter(coverage_pct / 100, said)}</p>")


def _judgement(number: int, judgement: Judgement) -> Markup:
    required = ' <span class="fe-tag">required</span>' if judgement.required else ""
    about = quiet(" · ".join(filter(None, (judgement.taxonomy.words, judgement.attribute))))
    # The rules' own reason for an open question says no more than what stands above it.
    why = "" if judgement.reason == "nothing said" and not judgement.evidence else judgement.reason
    reason = f'<div class="fe-quiet">{foreign(why, _SAID_CHARS)}</div>' if why else ""
    return Markup(
        f'<div class="fe-verdict">{verdict_mark(judgement.verdict)}</div>'
        f"<div><b>{number}. {foreign(judgement.question, _SAID_CHARS)}</b>{required}<div>{about}</div></div>"
        f"<div>{_quote(judgement)}{reason}</div>"
    )


def _quote(judgement: Judgement) -> Markup:
    if not judgement.evidence:
        return quiet(_UNQUOTED.get(judgement.verdict, "No words were quoted."))
    quoted = f"<q>{foreign(judgement.evidence, _SAID_CHARS)}</q>"
    if judgement.verified:
        return Markup(quoted)
    return Markup(f"{quoted}<div>▲ These words are not in the feed, so the answer counts as one in part.</div>")


def _fold(title: str, text: str) -> Markup:
    return Markup(
        f'<details><summary>{escape(title)}</summary><pre dir="auto">{escape(clip(text, _LONG_CHARS))}</pre></details>'
    )
