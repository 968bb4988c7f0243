"""Contradictions between a feed and its landing pages: what each of them says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from feedeval.feed.checks.cells import Cells, cells_of
from feedeval.feed.checks.countries import country_of, country_of_feed
from feedeval.feed.checks.finding_rows import Products, judged, row_of
from feedeval.feed.checks.findings import COLUMNS as FINDING_COLUMNS
from feedeval.feed.checks.findings import Finding, Issue, Severity, shorten
from feedeval.feed.pages.another import is_another
from feedeval.feed.pages.compare_facts import COMPARISONS
from feedeval.feed.pages.compare_prices import prices
from feedeval.feed.pages.contradictions import SAYS, Contradictions
from feedeval.feed.pages.matching import Match, is_open, matched
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.pages import Pages
from feedeval.feed.pages.said import Contradiction, Said
from feedeval.feed.rules import Target, target_of

if TYPE_CHECKING:
    from feedeval.feed.parsing.frames.kinds import TableLike

_GONE = frozenset({404, 410})
_Words = tuple[str, str, str]


def check_pages(
    feed: pd.DataFrame | Iterable[Mapping[str, Any]] | TableLike,
    pages: Pages,
    *,
    target: Target | str = Target.GOOGLE,
    country: str | None = None,
    now: datetime | None = None,
) -> Contradictions:
    """Set each product beside its landing page, and report where the two contradict each other.

    Compared are price, sale price, currency, availability, condition, gtin, brand, variant, group, image and the
    canonical address. Of a page, its structured data counts first and its visible text beside it; what a page does not
    say contradicts nothing, and of several variants on a page only the one that is recognised is compared. Prices that
    differ by tax alone are told apart from those that differ. A page that is not the product's, because it says that
    there is no such product, or is the home page or a list in its place, is called so and not compared. No page is
    fetched: `read_pages` does that.

    Args:
        feed: The feed that the pages were read for.
        pages: What `read_pages` returned.
        target: Whose consequences count. Google disapproves products whose price or availability differs from the page.
        country: Whose rates of tax are tried, such as `"DE"`; None takes what the feed says of itself.
        now: The moment at which sales are looked at; None takes the present.

    Returns:
        A row a contradiction, in the shape of `check_feed` and all text: `product_id, product_url, field, check,
        severity, message, value, target, consequence, since, feed_says, data_says, text_says`. `value` is what the feed
        says, shortened; the last three are the words of each side, empty where it says nothing.
        `attrs["feedeval"]` says what that stands on: `products`, `pages` (that were read), `no_page` (products without
        one, by reason), `compared` and `not_compared` (products by attribute: the feed states it, and the page leaves
        it open), `variant_unclear`, and the number of rows by severity. A notebook shows the sides beside each other.

    Raises:
        InputError: The feed has no products, or `target` or `country` is not known.
    """
    destination = target_of(target)
    cells = cells_of(feed)
    meant_for = country_of(country) if country is not None else country_of_feed(cells)
    moment = now or datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    said = Said(moment, meant_for)
    products = Products(cells.texts("id", "item_id"), cells.texts("link", "url"))
    without: Counter[str] = Counter()
    found: dict[tuple[int, str, str], tuple[Finding, _Words]] = {}
    for row, product in enumerate(_products(cells)):
        page = pages.of(products.ids[row], products.urls[row])
        for one in _of_product(product, page, said, without):
            issue = Issue(one.check, one.message, one.words[0])
            found.setdefault((row, one.field, one.check), (Finding(row, one.field, issue, (destination,)), one.words))
    rows = [
        row_of(finding, verdict, products)
        + tuple(map(_whole, found[finding.row, finding.field, finding.issue.check][1]))
        for finding, verdict in judged([one for one, _ in found.values()], [destination], moment.date().isoformat())
    ]
    frame = Contradictions(pd.DataFrame(rows, columns=[*FINDING_COLUMNS, *SAYS], dtype="str"))
    counts = frame["severity"].value_counts()
    frame.attrs["feedeval"] = {
        "target": destination.value,
        "targets": [destination.value],
        "country": meant_for,
        "as_of": moment.date().isoformat(),
        "products": cells.count,
        "pages": cells.count - without.total(),
        "no_page": dict(without.most_common()),
        "compared": dict(said.counts),
        "not_compared": dict(said.left_open),
        "variant_unclear": sum(finding.issue.check == "page_variant_unclear" for finding, _ in found.values()),
        **{severity.value: int(counts.get(severity.value, 0)) for severity in Severity},
    }
    return frame


def _products(cells: Cells) -> Iterator[Mapping[str, Any]]:
    names = list(cells.columns)
    for values in zip(*cells.columns.values(), strict=True):
        yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _of_product(
    product: Mapping[str, Any], page: Page | None, said: Said, without: Counter[str]
) -> Iterator[Contradiction]:
    if page is None or page.problem:
        problem = page.problem if page is not None else "there is no page for it"
        without[problem] += 1
        link = str(product.get("link", ""))
        if page is not None and page.status in _GONE:
            message = f"the page behind the link is not there: {problem}"
            yield Contradiction("link", "page_gone", message, (link, "", ""))
        elif page is not None and page.says_gone:
            yield Contradiction("link", "page_not_this_product", problem, (link, "", page.title))
        return
    if another := is_another(product, page):
        without[another] += 1
        words = (str(product.get("link", "")), "", page.title)
        yield Contradiction("link", "page_not_this_product", another, words)
        return
    match = matched(product, page)
    if match is None and is_open(product, page):
        count = sum(not one.listed for one in page.structured)
        message = f"the page offers {count:,} products or variants, and nothing tells which of them this one is"
        yield Contradiction("link", "page_variant_unclear", message, (str(product.get("link", "")), "", ""))
        for name in ("price", "availability"):
            said.open(name)
        return
    yield from _compared(product, match, page, said)


def _compared(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    yield from prices(product, match, page, said)
    for compare in COMPARISONS:
        yield from compare(product, match, page, said)


def _whole(words: str) -> str:
    """Return the words of one side, short enough for a table."""
    return shorten(words, 300)
