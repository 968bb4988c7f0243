"""The part of a report that needs no model: the feed is read again and checked."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pandas as pd

from feedeval.errors import FeedevalError
from feedeval.feed.checks.check_feed import Severity, check_feed
from feedeval.feed.checks.findings_frame import MOST_CHECKS, by_check, destinations, severity_html
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.feed.sample import audited_again
from feedeval.feed.source import FeedSource
from feedeval.html import Markup, escape
from feedeval.notebook.report.parts import foreign, table
from feedeval.results.session import Session

_SHOWN = ["severity", "fields", "message", "fix", "consequences", "findings"]

_DESCRIPTIONS = {
    "missing_description": ("is missing", "are missing"),
    "description_equals_title": ("repeats the title", "repeat the title"),
    "description_too_short": ("is too short", "are too short"),
}
"""What is said of descriptions, of one and of several."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a feed found, or why there is nothing."""

    findings: pd.DataFrame | None
    """As `check_feed` returns it; None where the feed was not checked."""
    note: str = ""
    """What has to be said of it."""

    @property
    def destinations(self) -> str:
        """Names of those whose rules were checked; empty where the feed was not."""
        return "" if self.findings is None else destinations(self.findings.attrs["feedeval"])

    @property
    def in_short(self) -> str:
        """How many products would be refused, and how many kinds of warning there are; empty where there is nothing."""
        if self.findings is None or self.findings.empty:
            return ""
        severities = self.findings["severity"]
        errors = self.findings[severities.eq(Severity.ERROR.value)]
        kinds = self.findings.loc[severities.eq(Severity.WARNING.value), "check"].nunique()
        first = f"{_refused(errors)} would be refused" if len(errors) else "No product would be refused"
        return f"{first}; {_kinds(kinds)}."

    @property
    def of_descriptions(self) -> str:
        """What is wrong with descriptions, which no action counts; empty where nothing is."""
        if self.findings is None or self.findings.empty:
            return ""
        about = self.findings[self.findings["field"].eq("description")].drop_duplicates(["product_id", "check"])
        counts = {str(check): int(count) for check, count in about["check"].value_counts().items()}
        told = [
            f"{counts[check]:,} description{'s' * (counts[check] != 1)} {words[counts[check] != 1]}"
            for check, words in _DESCRIPTIONS.items()
            if check in counts
        ]
        return f"Not counted here: {', '.join(told)}; see “{self.heading}”." if told else ""

    @property
    def heading(self) -> str:
        """What the findings are called."""
        return f"What {self.destinations or 'a destination'} would refuse or object to"


def check_again(session: Session, feed: Any = None, *, warns: bool = True) -> Checked:
    """Read the feed of a session again, or take the one given, and check it without a model.

    Args:
        session: The session.
        feed: Its feed; None reads it again from where it came.
        warns: Whether a feed that cannot be read is a warning as well as a note.
    """
    source = session.progress.settings.get("source")
    source = source if isinstance(source, dict) else {}
    try:
        given = audited_again(source) if feed is None else feed
        products = list(FeedSource.of(given, source.get("limit")).products())
        findings = check_feed(products)
    except (FeedevalError, OSError) as exc:
        # The reason may name folders of this machine: it is for whoever makes the report, not for who gets it.
        if warns:
            warnings.warn(f"the report has no findings: {exc}", FeedWarning, stacklevel=3)
        return Checked(None, "Findings are left out, because the feed could not be read again.")
    audited = session.progress.counts.total
    if len(products) == audited:
        return Checked(findings)
    return Checked(findings, f"The feed has changed since the audit: {audited:,} products then, {len(products):,} now.")


def section(checked: Checked) -> Markup:
    """Return the findings, a row a check, the gravest first."""
    note = f'<p class="note">{foreign(checked.note, 600)}</p>' if checked.note else ""
    if checked.findings is None:
        return Markup(note)
    frame = checked.findings
    if frame.empty:
        return Markup(f"{note}<p>Nothing: the feed keeps every rule that was checked.</p>")
    names = escape(destinations(frame.attrs["feedeval"]))
    intro = (
        f"{checked.in_short} These are the rules of {names}, and what would mislead a buyer. "
        "An error may keep a product from being shown, a warning makes it harder to find."
    )
    grouped = by_check(frame)
    shown = grouped.head(MOST_CHECKS)
    rows = [
        (
            severity_html(severity),
            foreign(fields, 60),
            Markup(f"{foreign(message)}<br><span class='quiet'>{escape(fix)}{_said(consequences)}</span>"),
            int(count),
        )
        for severity, fields, message, fix, consequences, count in shown[_SHOWN].itertuples(index=False, name=None)
    ]
    left = len(grouped) - len(rows)
    more = f"<p class='quiet'>And {left:,} more kinds of finding.</p>" if left > 0 else ""
    header = ("Severity", "Field", "For example, and what to do", "Findings")
    return Markup(f"{note}<p>{intro}</p>{table(header, rows)}{more}")


def _refused(errors: pd.DataFrame) -> str:
    ids = errors.loc[errors["product_id"] != "", "product_id"].nunique()
    # What has no id cannot be counted, and may concern the whole feed.
    return f"{ids:,} product{'s' * (ids != 1)}" if ids else "Products"


def _kinds(count: int) -> str:
    return f"{count:,} {'kind' if count == 1 else 'kinds'} of warning" if count else "no warning"


def _said(consequences: str) -> str:
    return f" What happens: {escape(consequences)}." if consequences else ""
