"""Findings that need no model: what a destination would refuse, and what a buyer would stumble over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from babel import Locale, UnknownLocaleError

from feedeval.errors import InputError
from feedeval.feed.checks.attribute_checks import Column
from feedeval.feed.checks.cells import Cell, Cells, cells_of
from feedeval.feed.checks.findings import Finding, Setting, Severity, catalogue, frame_of
from feedeval.feed.checks.findings_frame import Findings
from feedeval.feed.checks.language import language_of_feed
from feedeval.feed.checks.products import PRODUCT_CHECKS
from feedeval.feed.checks.supplemental import answered, is_at_fault
from feedeval.feed.checks.whole_feed import FEED_CHECKS
from feedeval.feed.parsing.frames.kinds import TableLike
from feedeval.feed.spec import AttributeRule, Target, rules, target_of

__all__ = ["Severity", "catalogue", "check_feed"]


def check_feed(
    feed: pd.DataFrame | Iterable[Mapping[str, Any]] | TableLike,
    *,
    target: Target | str = Target.GOOGLE,
    locale: str | None = None,
    now: datetime | None = None,
    supplemental: bool = False,
) -> Findings:
    """Check every product of a feed against the rules of a destination and for what a buyer would stumble over.

    Args:
        feed: What `read_feed` returns, any frame with a row a product, an iterable of products, or a table of polars,
            Arrow or DuckDB.
        target: Whose rules count: `"google"`, `"openai"` or `"meta"`.
        locale: Language of the feed, such as `"de"` or `"en-GB"`; None takes the language of most descriptions.
        now: The moment that dates are compared with; None takes the present.
        supplemental: It is a supplemental feed, which lacks by nature what the feed that it is laid over has, such as a
            file to fill in; questions that wait for their answer are no fault of it.

    Returns:
        A row a finding, all text: `product_id, product_url, field, check, severity, message, value`. Findings about the
        whole feed come first and have no product. `severity` is error, warning or info; `value` is an excerpt.
        `catalogue()` holds the fix and the source of each `check`. `attrs["feedeval"]` says what was checked: `target`,
        `language` (empty where it is not certain), `products`, and the number of findings by severity. A notebook shows
        this frame by kind of finding, with what to do; what is made of it is an ordinary frame.

    Raises:
        InputError: The feed has no products or is none, or `target` or `locale` is not known.
    """
    destination = target_of(target)
    language = _language(locale)
    cells = answered(cells_of(feed)) if supplemental else cells_of(feed)
    if locale is None:
        language = language_of_feed(cells.texts("description"))
    setting = Setting(destination, language, _with_zone(now))
    found = [finding for source in (_of_feed, _of_columns, _of_products) for finding in source(cells, setting)]
    if supplemental:
        found = list(filter(is_at_fault, found))
    frame = Findings(frame_of(_once(found), cells.texts("id", "item_id"), cells.texts("link", "url")))
    counts = frame["severity"].value_counts()
    frame.attrs["feedeval"] = {
        "target": destination.value,
        "language": language,
        "products": cells.count,
        **{severity.value: int(counts.get(severity.value, 0)) for severity in Severity},
    }
    return frame


def _language(locale: str | None) -> str:
    if locale is None:
        return ""
    try:
        return str(Locale.parse(str(locale).replace("-", "_")).language)
    except (ValueError, UnknownLocaleError) as error:
        raise InputError(f'locale={locale!r} is not known; give a language such as "de" or "en-GB"') from error


def _with_zone(now: datetime | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    return now if now.tzinfo else now.replace(tzinfo=UTC)


def _of_feed(cells: Cells, setting: Setting) -> Iterator[Finding]:
    for check in FEED_CHECKS:
        yield from check(cells, setting)


def _of_columns(cells: Cells, setting: Setting) -> Iterator[Finding]:
    destination = rules(setting.target)
    for rule in destination.values():
        if "." in rule.attribute:
            continue
        field = _called(rule, cells, destination)
        if field:
            parts = {name: part for name, part in destination.items() if name.startswith(f"{rule.attribute}.")}
            yield from Column(rule, parts, setting).findings(field, cells.columns[field])


def _called(rule: AttributeRule, cells: Cells, destination: Mapping[str, AttributeRule]) -> str:
    """Return the name that the feed has for an attribute; one that stands in for it has a rule of its own."""
    names = (name for name in (rule.attribute, *rule.also) if name == rule.attribute or name not in destination)
    return next((name for name in names if name in cells.columns), "")


def _of_products(cells: Cells, setting: Setting) -> Iterator[Finding]:
    names = list(cells.columns)
    rows: Iterable[tuple[Cell | None, ...]] = zip(*cells.columns.values(), strict=True) if names else [()] * cells.count
    # Most feeds fill few of the attributes that checks look at, so most checks need not run at all.
    active = [
        (check, [name for name in wanted if name in cells.columns])
        for check, wanted in PRODUCT_CHECKS
        if not wanted or any(name in cells.columns for name in wanted)
    ]
    for row, values in enumerate(rows):
        product = dict(zip(names, values, strict=True))
        for check, wanted in active:
            if not wanted or any(product[name] is not None for name in wanted):
                for field, issue in check(product, setting):
                    yield Finding(row, field, issue)


def _once(found: Iterable[Finding]) -> Iterator[Finding]:
    """Return each finding once a product: the reader and a check may both have seen the same thing."""
    seen: set[tuple[int, str, str]] = set()
    for finding in found:
        key = (finding.row, finding.field, finding.issue.check)
        if key not in seen:
            seen.add(key)
            yield finding
