"""Findings as a frame that a notebook shows by what to do, rather than by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from feedeval.feed.checks.findings import COLUMNS, Severity, catalogue, shorten
from feedeval.feed.consequences import Consequence
from feedeval.feed.rules import Target
from feedeval.html import Markup, escape, foreign, link, section, table

MOST_CHECKS = 30
"""Kinds of finding that are shown."""
FIRST_ROWS = 20
"""Findings that are shown one by one."""
SEVERITY_WORDS = {
    Severity.ERROR: "✖\ufe0e error",
    Severity.WARNING: "▲ warning",
    Severity.INFO: "ℹ\ufe0e info",
}
"""How a severity is shown, the gravest first: a glyph and its word, never a colour alone."""
_CONSEQUENCES = {consequence.value: consequence.words for consequence in Consequence}
_ID_CHARS = 60
_FIRST = COLUMNS.index("target")
"""Number of the columns that every version had."""


class Findings(pd.DataFrame):
    """What `check_feed` found: a frame with a row a finding, which a notebook shows grouped by what to do.

    Whatever is made of it (a slice, a copy, a group) is an ordinary frame and shows its rows.
    """

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str | None:
        # It may have been changed in place since, and then only its rows say what it is.
        whole = "feedeval" in self.attrs and set(COLUMNS[:_FIRST]) <= set(self.columns)
        if whole and pd.get_option("display.notebook_repr_html") and set(self["severity"]) <= set(SEVERITY_WORDS):
            return findings_html(self)
        return super()._repr_html_()  # type: ignore[misc, no-any-return]


def findings_html(findings: pd.DataFrame) -> Markup:
    """Return findings as static HTML: how many, of what kind and what to do, then the first of them one by one."""
    checked = findings.attrs["feedeval"]
    title = f"{_many(int(checked['products']), 'product')} checked against the rules of {destinations(checked)}"
    if findings.empty:
        return section(f"{title}: nothing found")
    return section(
        f"{title}: {_many(len(findings), 'finding')}", _counts(findings), _by_check(findings), _rows(findings)
    )


def destinations(checked: Mapping[str, Any]) -> str:
    """Return the names of the destinations that were checked, from what `attrs["feedeval"]` says."""
    names = [Target(target).display_name for target in checked.get("targets") or [checked["target"]]]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def by_check(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings by check, the gravest first, then the most frequent.

    Columns: severity (the gravest), product_id and message of the first that has it (str), findings (int64), fields
    (str, at most four names), where (str, the destinations whose rule it is), consequences (str, what those do), fix
    (str), rank (int64); the index is the check.
    """
    ranks = {severity.value: n for n, severity in enumerate(SEVERITY_WORDS)}
    findings = _with_consequences(findings)
    findings = _whose(findings)
    # What a destination only advises is no example of what another one refuses.
    ordered = findings.assign(rank=findings["severity"].map(ranks)).sort_values("rank", kind="stable")
    grouped = ordered.groupby("check", sort=False).agg(
        severity=("severity", "first"),
        product_id=("product_id", "first"),
        message=("message", "first"),
        findings=("check", "size"),
        fields=("field", _names),
        where=("where", _all),
        consequences=("consequences", partial(_all, between="; ")),
        rank=("rank", "first"),
    )
    grouped = grouped.join(catalogue().set_index("check")["fix"])
    return grouped.sort_values(["rank", "findings"], ascending=[True, False], kind="stable")


def severity_html(severity: str) -> Markup:
    """Return a severity as glyph and word on one line."""
    return Markup(SEVERITY_WORDS[Severity(severity)].replace(" ", "&nbsp;"))


def _counts(findings: pd.DataFrame) -> Markup:
    counts = findings["severity"].value_counts()
    kinds = [(shown.split(" ")[0], name.value, int(counts.get(name, 0))) for name, shown in SEVERITY_WORDS.items()]
    said = [f"{glyph} {_many(count, word)}" for glyph, word, count in kinds if count]
    affected = findings.loc[findings["product_id"] != "", "product_id"].nunique()
    return Markup(f"<p>{' · '.join(said)} · in {_many(affected, 'product')}</p>")


def _with_consequences(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings with `where` and `consequences` in words; frames of older versions know neither."""
    checked = findings.attrs.get("feedeval", {})
    day = str(checked.get("as_of", ""))
    if "consequence" not in findings or "target" not in findings:
        return findings.assign(where="", consequences="")
    # A column has many rows and few different values.
    names = {target: Target(target).display_name if target else "" for target in findings["target"].unique()}
    pairs = findings["consequence"] + " " + findings["since"]
    words = {pair: _consequence(pair, day) for pair in pairs.unique()}
    return findings.assign(where=findings["target"].map(names), consequences=pairs.map(words))


def _whose(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings whose `consequences` say which destination it is, where others do not say the same of a check."""
    said = findings[["check", "where", "consequences"]].drop_duplicates()
    several = said["where"].ne("").groupby(said["check"]).sum() > 1
    differing = said.groupby("check")["consequences"].nunique() > 1
    named = findings["check"].isin(several.index[several & differing]) & (findings["consequences"] != "")
    return findings.assign(
        consequences=findings["consequences"].where(~named, findings["where"] + ": " + findings["consequences"])
    )


def _consequence(pair: str, day: str) -> str:
    consequence, _, since = pair.partition(" ")
    if not consequence:
        return ""
    words = _CONSEQUENCES.get(consequence, consequence)
    return f"{words} {'from' if since > day else 'since'} {since}" if since else words


def _more(findings: pd.DataFrame, grouped: pd.DataFrame) -> dict[str, str]:
    """Return the columns that are worth showing beside the usual ones, with their headings."""
    several = len(findings.attrs["feedeval"].get("targets", ())) > 1
    said = bool((grouped["consequences"] != "").any())
    return ({"where": "Destination"} if several else {}) | ({"consequences": "Consequence"} if said else {})


def _by_check(findings: pd.DataFrame) -> Markup:
    grouped = by_check(findings)
    more = _more(findings, grouped)
    names = ["severity", "fields", "findings", "product_id", "message", "fix", *more]
    rows = [
        (
            *(severity_html(severity), foreign(shorten(fields)), f"{count:,}", _example(product_id, message), fix),
            *others,
        )
        for severity, fields, count, product_id, message, fix, *others in _tuples(grouped.head(MOST_CHECKS)[names])
    ]
    left = len(grouped) - len(rows)
    rest = f"<p>And {left:,} more kinds of finding.</p>" if left else ""
    heads = ("Severity", "Field", "Findings", "For example", "What to do", *more.values())
    return Markup(f"{table(rows, heads)}{rest}")


def _tuples(frame: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
    return frame.itertuples(index=False, name=None)


def _example(product_id: str, message: str) -> Markup:
    return Markup(f"{foreign(shorten(product_id, _ID_CHARS))}: {foreign(message)}") if product_id else foreign(message)


def _rows(findings: pd.DataFrame) -> Markup:
    shown = _with_consequences(findings.head(FIRST_ROWS))
    more = _more(findings, shown)
    rows = [
        (
            severity_html(severity),
            Markup(f"<bdi>{link(url, shorten(product_id, _ID_CHARS))}</bdi>") if product_id else "the whole feed",
            *(foreign(shorten(field)), foreign(message), foreign(value)),
            *others,
        )
        for severity, product_id, url, field, message, value, *others in _tuples(
            shown[["severity", "product_id", "product_url", "field", "message", "value", *more]]
        )
    ]
    which = f"The first {len(rows)} of {len(findings):,} findings" if len(rows) < len(findings) else "All findings"
    listing = table(rows, ("Severity", "Product", "Field", "What was found", "Value", *more.values()))
    return Markup(
        f"<details><summary>{escape(which)}, one by one</summary>{listing}</details>"
        "<p>This is a frame with a row a finding: filter it, sort it, or see its rows with <code>.head(50)</code>.</p>"
    )


def _names(fields: pd.Series) -> str:
    return ", ".join(str(name) for name in fields.value_counts().index[:4] if name)


def _all(words: pd.Series, between: str = ", ") -> str:
    return between.join(str(word) for word in words.unique() if word)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what if count == 1 else what + 's'}"
