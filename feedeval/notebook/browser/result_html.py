"""The blocks of a result that are text, in the order in which every page shows them: headline, findings, lists."""

from __future__ import annotations

from dataclasses import dataclass

from feedeval.formatting import clip
from feedeval.html import Markup, bar, escape
from feedeval.notebook.report.findings import Checked
from feedeval.notebook.report.findings import section as findings_section
from feedeval.records import Status
from feedeval.results.session import Session
from feedeval.results.summary import Summary


@dataclass(frozen=True, slots=True)
class Told:
    """A heading with what stands below it."""

    title: str
    body: Markup

    def html(self) -> Markup:
        """Return it as HTML; nothing where there is nothing to say."""
        if not self.body:
            return Markup("")
        heading = (
            f'<div class="fe-title" role="heading" aria-level="3" style="margin-top:10px">{escape(self.title)}</div>'
        )
        return Markup(f"{heading}{self.body}")


def headline_html(summary: Summary) -> Markup:
    """Return the result in one line with what it stands on, and what has to be said of the engine."""
    if not summary.headline:
        return Markup("")
    figure = summary.coverage_pct is not None and not summary.failed
    result = f"{summary.facts['Coverage']}." if figure else summary.headline
    lead = f'<div class="fe-result" style="font-size:16px;font-weight:600">{escape(result)}</div>'
    cover = "" if summary.coverage_pct is None else bar(summary.coverage_pct / 100, f"{summary.coverage_pct:.1f} %")
    required = summary.facts.get("Required", "")
    said = f"<div>{escape(required[0].upper() + required[1:])}.</div>" if required else ""
    notes = "".join(f'<div style="opacity:.72">{escape(clip(note, 600))}</div>' for note in summary.notes)
    return Markup(f"{lead}{cover}{said}{notes}")


def findings_html(checked: Checked) -> Markup:
    """Return what the destination would refuse, the gravest first."""
    return Told(checked.heading, findings_section(checked)).html()


def lists_html(summary: Summary) -> Markup:
    """Return the lists of questions, topics, fields and failures."""
    wanted = [block for block in summary.blocks if block.title not in ("What to do first", "Products to work on first")]
    return Markup("".join(f'<div class="fe-scroll">{block.html()}</div>' for block in wanted))


def may_be_checked(session: Session) -> str:
    """Say why a stored session's feed is not read again for this page; empty where it is."""
    if session.status is Status.RUNNING:
        return "The feed is checked when the audit has ended."
    source = session.progress.settings.get("source")
    if not isinstance(source, dict) or "path" not in source:
        return (
            "What would be refused is not shown, as the feed is not a file on this machine: fe.check_feed(feed) tells."
        )
    if not session.is_small:
        return "What would be refused is not shown, as the feed is long: fe.check_feed(feed) tells."
    return ""
