"""Contradictions as a frame that a notebook shows side by side: the feed, the page's data, the page's text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from feedeval.feed.checks.findings import Severity, catalogue, shorten
from feedeval.feed.checks.findings_frame import severity_html
from feedeval.html import Markup, escape, foreign, link, section, table

SAYS = ("feed_says", "data_says", "text_says")
SHOWN = 50
"""Contradictions that are shown one by one."""


class Contradictions(pd.DataFrame):
    """What `check_pages` found: a frame with a row a contradiction, which a notebook shows side by side.

    Whatever is made of it (a slice, a copy, a group) is an ordinary frame and shows its rows.
    """

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str | None:
        whole = "feedeval" in self.attrs and {*SAYS, "severity", "check"} <= set(self.columns)
        if whole and pd.get_option("display.notebook_repr_html") and set(self["severity"]) <= set(Severity):
            return contradictions_html(self)
        return super()._repr_html_()  # type: ignore[misc, no-any-return]


def headline(found: pd.DataFrame) -> str:
    """Return in one sentence how many contradictions there are and what that stands on."""
    told = found.attrs["feedeval"]
    read = f"{told['pages']:,} of {told['products']:,} products have a page that was read"
    if found.empty:
        return f"{read}: none contradicts the feed"
    counts = [f"{told[name.value]:,} {name.value}" for name in Severity if told[name.value]]
    return f"{read}: {len(found):,} contradictions in {found['product_id'].nunique():,} products ({', '.join(counts)})"


def left_open(found: pd.DataFrame) -> list[str]:
    """Return in sentences what could not be compared, and why."""
    told = found.attrs["feedeval"]
    said = [f"{count:,} without a page: {reason}" for reason, count in told["no_page"].items()]
    names = sorted(told["not_compared"].items(), key=lambda item: -item[1])
    if names:
        counts = ", ".join(f"{name} of {count:,}" for name, count in names)
        said.append(f"the feed states it and the page leaves it open: {counts}")
    return said


def ordered(found: pd.DataFrame) -> pd.DataFrame:
    """Return contradictions, the gravest first, then those of a kind together."""
    ranks = {severity.value: place for place, severity in enumerate(Severity)}
    return found.assign(rank=found["severity"].map(ranks)).sort_values(["rank", "check"], kind="stable")


def contradictions_html(found: pd.DataFrame) -> Markup:
    """Return contradictions as static HTML."""
    fixes = catalogue().set_index("check")["fix"]
    shown = ordered(found).head(SHOWN).to_dict("records")
    rows: list[tuple[Any, ...]] = [
        (
            severity_html(str(row["severity"])),
            Markup(f"<bdi>{link(row['product_url'], shorten(str(row['product_id']), 60))}</bdi>"),
            foreign(row["field"]),
            *(foreign(shorten(str(row[name]), 120)) for name in SAYS),
            foreign(row["message"]),
            fixes.get(row["check"], ""),
        )
        for row in shown
    ]
    heads = ("Severity", "Product", "Field", "The feed", "The page's data", "The page's text", "What", "What to do")
    more = f"<p>And {len(found) - len(rows):,} more: this is a frame with a row each.</p>" if len(found) > SHOWN else ""
    open_ones = "".join(f"<li>{escape(sentence)}</li>" for sentence in left_open(found))
    counted = (
        f"<details><summary>What could not be compared</summary><ul>{open_ones}</ul></details>" if open_ones else ""
    )
    return section(headline(found), Markup(f"{table(rows, heads) if rows else ''}{more}{counted}"))
