"""Findings that need no model: what destinations would refuse, and what a buyer would stumble over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from babel import Locale, UnknownLocaleError

from feedeval.errors import InputError
from feedeval.feed.checks.attribute_checks import Asked, Column
from feedeval.feed.checks.cells import Cells, cells_of
from feedeval.feed.checks.countries import countries, country_of, country_of_feed
from feedeval.feed.checks.destinations import DESTINATION_CHECKS
from feedeval.feed.checks.finding_rows import Products, frame_of
from feedeval.feed.checks.findings import Finding, Setting, Severity, catalogue
from feedeval.feed.checks.findings_frame import Findings
from feedeval.feed.checks.images import images
from feedeval.feed.checks.inventory import of_inventory, place_of
from feedeval.feed.checks.language import language_of_feed
from feedeval.feed.checks.missing import Needs, missing
from feedeval.feed.checks.products import PRODUCT_CHECKS, ZERO_IS_A_PRICE, ProductCheck, zero_price
from feedeval.feed.checks.supplemental import SUPPLEMENTS_ANOTHER, answered, is_at_fault, is_bare
from feedeval.feed.checks.unread import as_read
from feedeval.feed.checks.variants import variants
from feedeval.feed.checks.whole_feed import FEED_CHECKS
from feedeval.feed.parsing.frames.kinds import TableLike
from feedeval.feed.picture_sizes import ImageLimits
from feedeval.feed.rules import AttributeRule, Target, rule_for, rules, target_of

__all__ = ["ImageLimits", "Severity", "catalogue", "check_feed"]


def check_feed(
    feed: pd.DataFrame | Iterable[Mapping[str, Any]] | TableLike,
    *,
    target: Target | str | None = None,
    targets: Sequence[Target | str] | None = None,
    country: str | None = None,
    locale: str | None = None,
    now: datetime | None = None,
    supplemental: bool = False,
    check_images: bool | ImageLimits = False,
) -> Findings:
    """Check every product of a feed against the rules of destinations and for what a buyer would stumble over.

    Args:
        feed: What `read_feed` returns, any frame with a row a product, an iterable of products, or a table of polars,
            Arrow or DuckDB.
        target: Whose rules count, as `targets()` lists them: `"google"`, which None stands for, `"openai"`, …
        targets: Several destinations, which are checked in one pass; instead of `target`.
        country: Where the feed is meant for, such as `"DE"`; None takes that of `locale`, or else what the feed says:
            the country that it ships to, where that is one, or whose currency its prices are in. What a destination
            asks for in some countries only is an error there; where the country stays unknown, one finding names them.
        locale: Language of the feed, such as `"de"` or `"en-GB"`; None takes the language of most descriptions.
        now: The moment that dates are compared with, and as of which rules hold; None takes the present.
        supplemental: It is a supplemental feed, which lacks by nature what the feed that it is laid over has, such as a
            file to fill in; questions that wait for their answer are no fault of it. A feed of an id and attributes
            for the platform alone is taken for one in any case, and a finding says so.
        check_images: Also look at the pictures themselves, over the network: True goes as far as `ImageLimits` does by
            itself, and an `ImageLimits` as far as it says.

    Returns:
        A row a finding and destination, all text: `product_id, product_url, field, check, severity, message, value,
        target, consequence, since`. Findings about the whole feed come first and have no product. `severity` is error,
        warning or info; `value` is an excerpt. `target` is the destination whose rule it is; what is no destination's
        rule but good practice stands once and has none. `consequence` is what the destination does (disapproved,
        limited, ignored, warning; empty: it does not say), `since` the ISO date from which; where that is to come, it
        is no error yet, and the message says so. `catalogue()` holds the fix and the source of each `check`.
        `attrs["feedeval"]` says what was checked: `targets` (and `target`, the first), `country` and `language` (empty
        where not certain), `as_of`, `products`, and the number of findings by severity. A notebook shows this frame by
        kind of finding, with what to do; what is made of it is an ordinary frame.

    Raises:
        InputError: The feed has no products or is none, `target` and `targets` are both given, or one of them,
            `country` or `locale` is not known.
    """
    destinations = _destinations(target, targets)
    language, region = _language(locale)
    meant_for = country_of(country) if country is not None else region
    cells = answered(cells_of(feed)) if supplemental else cells_of(feed)
    if locale is None:
        language = language_of_feed(cells.texts("description", "structured_description"))
    moment = _with_zone(now)
    setting = Setting(destinations[0], language, moment, meant_for or country_of_feed(cells))
    settings = {destination: replace(setting, target=destination) for destination in destinations}
    sources = (of_inventory,) if place_of(cells) else (_of_feed, _of_columns, _of_products)
    found = [finding for source in sources for finding in source(cells, settings)]
    if check_images:
        found += images(cells, settings, ImageLimits() if check_images is True else check_images)
    bare = not supplemental and is_bare(cells)
    if supplemental or bare:
        found = [*([SUPPLEMENTS_ANOTHER] if bare else []), *filter(is_at_fault, found)]
    found = as_read(found, feed, cells)
    products = Products(cells.texts("id", "item_id"), cells.texts("link", "url"))
    day = moment.date().isoformat()
    frame = Findings(frame_of(found, products, destinations, day))
    counts = frame["severity"].value_counts()
    frame.attrs["feedeval"] = {
        "target": destinations[0].value,
        "targets": [destination.value for destination in destinations],
        "country": setting.country,
        "as_of": day,
        "language": language,
        "products": cells.count,
        **{severity.value: int(counts.get(severity.value, 0)) for severity in Severity},
    }
    return frame


def _destinations(target: Target | str | None, targets: Sequence[Target | str] | None) -> tuple[Target, ...]:
    if targets is None:
        return (target_of(target if target is not None else Target.GOOGLE),)
    if target is not None:
        raise InputError(f"target={str(target)!r} and targets={targets!r} are both given; name all of them in targets")
    named = [targets] if isinstance(targets, str) else list(targets)
    if not named:
        raise InputError('targets=[] names no destination; give some, such as ["google", "openai"]')
    return tuple(dict.fromkeys(map(target_of, named)))


def _language(locale: str | None) -> tuple[str, str]:
    """Return language and country of a locale; the country is empty where it names none."""
    if locale is None:
        return "", ""
    try:
        parsed = Locale.parse(str(locale).replace("-", "_"))
    except (ValueError, UnknownLocaleError) as error:
        raise InputError(f'locale={locale!r} is not known; give a language such as "de" or "en-GB"') from error
    region = str(parsed.territory or "")
    return str(parsed.language), region if region in countries() else ""


def _with_zone(now: datetime | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    return now if now.tzinfo else now.replace(tzinfo=UTC)


Settings = Mapping[Target, Setting]


def _of_feed(cells: Cells, settings: Settings) -> Iterator[Finding]:
    for check in FEED_CHECKS:
        yield from check(cells, next(iter(settings.values())))
    # Which products are one group is not the same everywhere.
    for google in (True, False):
        alike = [setting for target, setting in settings.items() if (target is Target.GOOGLE) is google]
        for found in variants(cells, alike[0]) if alike else ():
            targets = (setting.target for setting in alike if rule_for(setting.target, found.field))
            yield found._replace(targets=tuple(targets))


def _of_columns(cells: Cells, settings: Settings) -> Iterator[Finding]:
    asked: dict[tuple[str, bool], list[Asked]] = defaultdict(list)
    parts: dict[tuple[str, bool], list[Asked]] = defaultdict(list)
    for target, setting in settings.items():
        destination = rules(target)
        for rule in destination.values():
            field = "" if "." in rule.attribute else _called(rule, cells, destination)
            if not field:
                continue
            one = Asked(rule, setting)
            key = (field, one.holds_several)
            asked[key].append(one)
            inner = (part for name, part in destination.items() if name.startswith(f"{rule.attribute}."))
            parts[key].extend(Asked(part, setting) for part in inner)
    for (field, several), alike in asked.items():
        yield from Column(alike, parts[field, several]).findings(field, cells.columns[field])


def _called(rule: AttributeRule, cells: Cells, destination: Mapping[str, AttributeRule]) -> str:
    """Return the name that the feed has for an attribute; one that stands in for it has a rule of its own."""
    names = (name for name in (rule.attribute, *rule.also) if name == rule.attribute or name not in destination)
    return next((name for name in names if name in cells.columns), "")


def _of_products(cells: Cells, settings: Settings) -> Iterator[Finding]:
    needs = Needs(cells)
    for setting in settings.values():
        yield from missing(needs, setting)
    active = list(_active(cells, settings))
    # Most feeds fill few of the attributes that checks look at, so most checks need not run at all.
    names = list(cells.columns) if active else []
    for row, values in enumerate(zip(*(cells.columns[name] for name in names), strict=True)):
        product = dict(zip(names, values, strict=True))
        for check, wanted, setting, targets in active:
            if any(product[name] is not None for name in wanted):
                for field, issue in check(product, setting):
                    yield Finding(row, field, issue, _having(field, targets))


def _having(field: str, targets: tuple[Target, ...] | None) -> tuple[Target, ...] | None:
    return targets and tuple(target for target in targets if rule_for(target, field))


_Active = tuple[ProductCheck, list[str], Setting, tuple[Target, ...] | None]


def _active(cells: Cells, settings: Settings) -> Iterator[_Active]:
    """Return the checks of a product that may find something in this feed."""
    for check, names in PRODUCT_CHECKS:
        if wanted := [name for name in names if name in cells.columns]:
            others = tuple(target for target in settings if target not in ZERO_IS_A_PRICE)
            concerned = others if check is zero_price and len(others) < len(settings) else None
            yield check, wanted, next(iter(settings.values())), concerned
    for entry in DESTINATION_CHECKS:
        if wanted := [name for name in entry.wanted if name in cells.columns]:
            for target in filter(settings.__contains__, entry.targets):
                yield entry.check, wanted, settings[target], (target,)
