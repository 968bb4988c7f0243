"""The pages of a feed's products: an object that reads each when it is asked for, so that none is held."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from feedeval.feed.checks.findings import shorten
from feedeval.feed.pages.cache import PageCache
from feedeval.feed.pages.page import Page, Stored, read
from feedeval.feed.pages.saved import Source
from feedeval.html import Markup, escape, foreign, section, table

COLUMNS = ("product_id", "link", "final_url", "status", "fetched", "title", "structured", "text", "problem")
_HELD = 16
"""Pages that stay read: products of one page mostly follow each other."""
_SHOWN = 20


class Entry(NamedTuple):
    """A product and where its page is."""

    product_id: str
    link: str


class CachedPages:
    """The pages of a cache, as a source."""

    def __init__(self, cache: PageCache) -> None:
        self._cache = cache

    def page(self, product_id: str, link: str) -> Stored | None:
        """Return the page behind a link."""
        del product_id
        return self._cache.load(asked(link)) if link else None

    def name(self, product_id: str, link: str) -> str:
        """Return the address that is asked for."""
        del product_id
        return asked(link)


def asked(link: str) -> str:
    """Return the address that is asked for behind a link: what stands behind `#` stays in the browser."""
    return link.strip().partition("#")[0]


class Pages:
    """What the landing pages of a feed say: `read_pages` returns it.

    It is gone through in the order of the feed, `for page in pages`, and asked for one product by its place,
    `pages[3]`, or by its id, `pages.of("TNT-104")`. Each page is read from disk when it is asked for, so memory does
    not grow with them; `frame()` holds them all. Texts of pages are a stranger's: they are data, whatever they say.
    """

    def __init__(self, entries: Sequence[Entry], source: Source, *, keeps: object = None) -> None:
        self._entries = list(entries)
        self._source = source
        self._keeps = keeps
        self._places = {entry.product_id: place for place, entry in reversed(list(enumerate(self._entries)))}
        self._links = {entry.link: place for place, entry in reversed(list(enumerate(self._entries))) if entry.link}
        self._held: OrderedDict[str, Page] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: int) -> Page:
        return self._read(self._entries[place])

    def __iter__(self) -> Iterator[Page]:
        return map(self._read, self._entries)

    def of(self, product_id: str, link: str = "") -> Page | None:
        """Return the page of a product by its id, or else by its link; None where it is no product of these."""
        place = self._places.get(product_id) if product_id else None
        if place is None or (link and self._entries[place].link != link):
            place = self._links.get(link, place)
        return None if place is None else self[place]

    def frame(self, *, text: bool = True) -> pd.DataFrame:
        """Return all pages as a frame, a row a product.

        Args:
            text: Also the visible text, which is most of what a frame of many pages weighs.

        Returns:
            `product_id, link, final_url, status` (int64; 0: no answer, or saved), `fetched` (ISO 8601, empty for pages
            that were given), `title, structured` (a list of dicts: each product or variant that the page's data
            offers, by the attributes of a feed, with its `syntax`), `text, problem` (empty where the page was read).
        """
        rows = [
            (
                entry.product_id,
                entry.link,
                page.final_url,
                page.status,
                page.fetched,
                page.title,
                [offered.as_dict() for offered in page.structured],
                page.text if text else "",
                page.problem,
            )
            for entry, page in zip(self._entries, self, strict=True)
        ]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        return frame if text else frame.drop(columns="text")

    def problems(self) -> pd.Series:
        """Return how many products have no page, by the reason."""
        counts = Counter(page.problem for page in self if page.problem)
        return pd.Series(dict(counts.most_common()), name="products", dtype="int64")

    def _read(self, entry: Entry) -> Page:
        name = self._source.name(entry.product_id, entry.link)
        if name in self._held:
            self._held.move_to_end(name)
            return self._held[name]
        stored = self._source.page(entry.product_id, entry.link) if name else None
        if stored is None:
            return Page(entry.link, problem="there is no page for it" if entry.link else "the product has no link")
        page = self._held[name] = read(stored)
        if len(self._held) > _HELD:
            self._held.popitem(last=False)
        return page

    def __repr__(self) -> str:
        return f"<Pages of {len(self):,} products>"

    def _repr_html_(self) -> Markup:
        rows: list[tuple[Any, ...]] = []
        for entry, page in zip(self._entries[:_SHOWN], self, strict=False):
            said = escape(page.problem) if page.problem else foreign(shorten(page.title, 80))
            rows.append((foreign(shorten(entry.product_id, 40)), said, len(page.structured), f"{len(page.text):,}"))
        heads = ("Product", "Title of its page, or why there is none", "Products in its data", "Characters of text")
        more = f"<p>And {len(self) - len(rows):,} more.</p>" if len(self) > len(rows) else ""
        return section(f"Pages of {len(self):,} products", Markup(f"{table(rows, heads)}{more}"))
