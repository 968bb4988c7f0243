"""A feed that can be gone through more than once, and what is written down about where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.parsing.faults import warn
from feedeval.feed.parsing.frames.kinds import is_repeatable
from feedeval.feed.parsing.product import STRATUM, BuiltProducts, Product
from feedeval.feed.reader import deduplicate, iter_feed, products, read_feed

AS_IT_WAS = ("reading", "deduplicated")
"""What a frame says of how it came of its source: options of `read_feed`, and what `deduplicate` went by."""


class FeedSource:
    """Gives the same products in the same order as often as asked.

    A path is read anew each time, so that memory does not grow with the feed; a frame or a table of another library is
    gone through as it stands; what can be read only once (an address, an open file, an iterator, a reader of batches,
    what a query gave) is kept.

    Args:
        feed: A frame of `read_feed`, an iterable of mappings, or anything that `read_feed` takes.
        limit: The first products only.
        name: What is written down of content that is given as bytes, such as `the upload feed.xml`.
        quiet: Warn of nothing: the caller has told already what is wrong with the feed.
        columns: As `read_feed` takes them, for a feed that is read here; a session remembers them.

    Raises:
        InputError: `limit` is out of range.
        FeedError: What can be read only once is not a feed.
    """

    def __init__(
        self,
        feed: Any,
        limit: int | None = None,
        *,
        name: str = "",
        quiet: bool = False,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise InputError(f"limit={limit!r}: give a whole number from 1, or None for all products")
        self._limit = limit
        self._told = quiet
        self._named = False
        self._columns = dict(columns or {})
        self.description: dict[str, Any] = {"limit": limit, **({"kind": name} if name else _origin(feed))}
        if self._columns:
            self.description["reading"] = {"columns": self._columns}
        """What a session writes down: `path` or `url` where it can be read again from there, with the options of
        `read_feed` in `reading` where it was read with some, and what `deduplicate` went by in `deduplicated`, else
        `kind`; `sample` where `sample` drew it; and, once it was gone through, `title` where the feed has one of its
        own, or `shop`, the domain of its first link, where nothing else names it."""
        if title := _own_title(feed):
            self.description["title"] = title
        if (drawn := _drawn_sample(feed, limit)) is not None:
            self.description["sample"] = drawn
        again = isinstance(feed, pd.DataFrame) or _is_content(feed)
        self._feed: Any = (
            feed if again else BuiltProducts(self._stream(feed) if _is_address(feed) else self._first(feed))
        )

    @classmethod
    def of(cls, feed: Any, limit: int | None = None) -> FeedSource:
        """Return `feed` as a source; one that is a source already keeps its own limit."""
        return feed if isinstance(feed, FeedSource) else cls(feed, limit)

    @property
    def expected(self) -> int | None:
        """Products to expect at most, as far as it can be told without reading."""
        known = len(self._feed) if isinstance(self._feed, pd.DataFrame | list | tuple) else None
        return known if self._limit is None else min(known or self._limit, self._limit)

    def products(self) -> Iterator[Product]:
        """Iterate over the products once more; what is wrong with a file is said in the first pass."""
        found = self._stream(self._feed) if _is_content(self._feed) else self._first(self._feed)
        for product in found:
            if not self._named:
                self._named = True
                self._name_by(product)
            yield product

    def _name_by(self, product: Product) -> None:
        """Note the shop's domain where nothing says what the feed is called."""
        link = product.get("link")
        if {"title", "path", "url"}.isdisjoint(self.description) and isinstance(link, str):
            shop = (urlsplit(link).hostname or "").removeprefix("www.")
            self.description |= {"shop": shop} if shop else {}

    def _first(self, feed: Any) -> Iterator[Product]:
        return islice(products(feed), self._limit)

    def _stream(self, feed: Any) -> Iterator[Product]:
        stream = iter_feed(feed, limit=self._limit, columns=self._columns or None)
        stream.quiet, self._told = self._told, True
        if stream.title:
            self.description.setdefault("title", stream.title)
        return stream


def _own_title(feed: Any) -> str:
    """Return what a frame says of the title of its feed."""
    note = feed.attrs.get("feedeval", {}) if isinstance(feed, pd.DataFrame) else {}
    return str(note.get("title") or "")


def _drawn_sample(feed: Any, limit: int | None) -> dict[str, Any] | None:
    """Return how a frame was drawn from a feed, as long as all of it is there."""
    drawn = feed.attrs.get("feedeval", {}).get("sample") if isinstance(feed, pd.DataFrame) else None
    if not isinstance(drawn, dict):
        return None
    if limit is None and STRATUM in feed.columns and len(feed) == drawn["drawn"]:
        return drawn
    warn(
        f"the sample of {drawn['drawn']:,} products has {limit or len(feed):,} now: it no longer speaks for the whole "
        "feed, so its totals are its own."
    )
    return None


def feed_again(source: Mapping[str, Any]) -> str | pd.DataFrame:
    """Return the path or address of a session's feed, or what came of it as that was read and rid of repeated rows.

    Raises:
        InputError: The feed did not come from a file or an address, or the file is gone.
        FeedError: The feed cannot be read any more as it was.
    """
    where = _where(source)
    if not source.keys() & set(AS_IT_WAS):
        return where
    frame = read_feed(where, **source.get("reading", {}))
    for by in source.get("deduplicated", ()):
        frame = deduplicate(frame, by=by)
    return frame


def _where(source: Mapping[str, Any]) -> str:
    if "url" in source:
        return str(source["url"])
    if "path" not in source:
        raise InputError(
            f"the session's feed was {source.get('kind', 'given by hand')} and cannot be read again: give the feed"
        )
    if not Path(source["path"]).is_file():
        raise InputError(f"the session's feed {source['path']} is not there any more: give the feed")
    return str(source["path"])


def _origin(feed: Any) -> dict[str, Any]:
    if isinstance(feed, pd.DataFrame):
        note = feed.attrs.get("feedeval", {})
        named = note.get("source")
        if fixes := note.get("fixes"):
            # Reading the source again would give the feed as it was.
            return {"kind": f"{named or 'a frame'} with the fixes of {fixes['source']}"}
        if isinstance(named, str) and named.startswith(("the given ", "a ", "an ")) and not Path(named).exists():
            return {"kind": named}  # content or a table, which no name leads back to
        if not isinstance(named, str) or not named:
            return {"kind": "a frame"}
        return {**_origin(named), **{name: note[name] for name in AS_IT_WAS if note.get(name)}}
    if _is_address(feed):
        return {"url": feed}
    if _is_path(feed):
        return {"path": str(Path(feed).absolute())}
    return {"kind": "a list" if isinstance(feed, list) else f"a {type(feed).__name__}"}


def _is_address(feed: Any) -> bool:
    return isinstance(feed, str) and feed.lower().startswith(("http://", "https://"))


def _is_content(feed: Any) -> bool:
    """Whether a feed is content, or where a file is, which can be read as a stream more than once."""
    return isinstance(feed, bytes | bytearray) or _is_path(feed) or _is_table(feed)


def _is_table(feed: Any) -> bool:
    return is_repeatable(feed) and not isinstance(feed, pd.DataFrame)


def _is_path(feed: Any) -> bool:
    return isinstance(feed, Path) or (isinstance(feed, str) and not _is_address(feed))
