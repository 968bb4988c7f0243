"""The landing pages of a feed, fetched because somebody asked for it, or given as they were saved."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.checks.cells import cells_of
from feedeval.feed.pages.cache import PageCache
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.pages import CachedPages, Entry, Pages, asked
from feedeval.feed.pages.saved import GivenPages, SavedFolder

if TYPE_CHECKING:
    from feedeval.feed.parsing.frames.kinds import TableLike

_LOOKED_S = 0.1


def read_pages(
    feed: pd.DataFrame | Iterable[Mapping[str, Any]] | TableLike,
    *,
    folder: str | Path | None = None,
    pages: Mapping[str, str | bytes] | pd.DataFrame | None = None,
    cache_dir: str | Path | None = "output/pages",
    allow_private: bool = False,
    limits: PageLimits | None = None,
    progress: bool = True,
    stopped: Callable[[], bool] = lambda: False,
) -> Pages:
    """Fetch the landing page of every product, or take those that were saved, and read what they say.

    Without `folder` or `pages` this asks the servers of the feed's `link`s, over the network: robots.txt first, which
    is kept to, then each address once, however many products share it, two at a time from a host and two a second. A
    page that was fetched in the last seven days is taken from `cache_dir`, so a call that was interrupted goes on where
    it stopped. Addresses on this machine or inside its network are refused, also those that a name resolves to or a
    redirect leads to. Nothing on a page is run or obeyed.

    Args:
        feed: What `read_feed` returns, any frame with a row a product, or an iterable of products.
        folder: A folder of saved pages to read in place of fetching: each is its product's by its file's name, which is
            the product's id, or by the canonical address that it names inside.
        pages: Pages in place of fetching: a mapping of link (or id) to HTML, or a frame with the columns `link` (or
            `id`) and `html`.
        cache_dir: Where fetched pages are kept, a file each; None keeps them as long as what this returns.
        allow_private: Also fetch from those hosts of this machine and its network that links name, such as a shop under
            construction; a redirect to others is still refused.
        limits: How often a host is asked, how much of a page is read, how long a page counts as fresh.
        progress: Show a bar while pages are fetched.
        stopped: Asked many times a second while pages are fetched; where it says so, no more of them are.

    Returns:
        The pages, each read from disk when it is asked for. A page that could not be read has a `problem`, and stops
        nothing; what may pass is tried again by the next call.

    Raises:
        InputError: The feed has no products, `folder` and `pages` are both given or hold no page, `cache_dir` cannot be
            written, or it was stopped; what was fetched by then is kept.
    """
    limits = limits or PageLimits()
    cells = cells_of(feed)
    entries = [
        Entry(product_id, link)
        for product_id, link in zip(cells.texts("id", "item_id"), cells.texts("link", "url"), strict=True)
    ]
    if folder is not None and pages is not None:
        raise InputError("folder= and pages= are both given; give one of them, or neither to fetch the pages")
    if folder is not None:
        return Pages(entries, SavedFolder(folder, max_mb=limits.max_mb))
    if pages is not None:
        return Pages(entries, GivenPages(pages))
    holds = tempfile.TemporaryDirectory(prefix="feedeval-pages-") if cache_dir is None else None
    cache = PageCache(holds.name if holds else str(cache_dir), max_age_days=limits.max_age_days)
    links = dict.fromkeys(link for entry in entries if (link := asked(entry.link)))
    missing = [link for link in links if not cache.is_fresh(link)]
    if missing:
        _fetch(missing, cache, limits, allow_private=allow_private, watch=_Watch(progress, stopped))
    return Pages(entries, CachedPages(cache), keeps=holds)


class _Watch(NamedTuple):
    """Who looks on while pages are fetched."""

    progress: bool
    stopped: Callable[[], bool]


def _fetch(links: list[str], cache: PageCache, limits: PageLimits, *, allow_private: bool, watch: _Watch) -> None:
    """Fetch on a thread of its own, whose loop does not mind that a notebook has one running already."""
    # Loaded here: only who fetches pages waits for it.
    from tqdm.auto import tqdm

    from feedeval.feed.pages.fetching import PageFetcher

    done: list[str] = []
    fetcher = PageFetcher(cache, limits, allow_private=allow_private, done=done.append)
    loop = asyncio.new_event_loop()
    task = loop.create_task(fetcher.fetch(links))
    thread = threading.Thread(target=_work, args=(loop, task), name="feedeval-pages", daemon=True)
    thread.start()
    # A notebook shows a bar; elsewhere a terminal does, and a file or a pipe is spared it.
    hidden = True if not watch.progress else False if "ipykernel" in sys.modules else None
    with tqdm(total=len(links), desc="pages", unit="page", disable=hidden) as bar:
        try:
            while thread.is_alive():
                thread.join(_LOOKED_S)
                bar.update(len(done) - bar.n)
                if watch.stopped():
                    raise InputError(f"stopped after {len(done):,} of {len(links):,} pages, which are kept")
        except BaseException:
            loop.call_soon_threadsafe(task.cancel)
            thread.join()
            raise
    faults = task.exception()
    if isinstance(faults, BaseExceptionGroup):
        faults = faults.exceptions[0]
    if faults is not None:
        raise faults


def _work(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
