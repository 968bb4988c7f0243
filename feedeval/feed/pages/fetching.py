"""Pages fetched politely: as robots.txt allows, few at a time from a host, with a pause, and no more of each than fits.

The addresses are a stranger's. Each is vetted, and so is where it leads: by its own words, by what its name resolves
to, and by the robots.txt of its host.
"""

from __future__ import annotations

import asyncio
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import aiohttp
from protego import Protego

from feedeval.feed.pages.cache import PageCache
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.page import Stored
from feedeval.feed.pages.session import ROBOT, RefusedError, host_of, opened, refuse_private

MAX_REDIRECTS = 8
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_BUSY = frozenset({429, 503})
_CHALLENGING = ("cf-mitigated", "x-datadome", "x-amzn-waf-action")
"""What Cloudflare, DataDome and AWS call an answer that is a challenge."""
_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/plain")
_ROBOTS_BYTES = 512_000
"""RFC 9309 has at least 500 KiB read of it."""
_LONGEST_PAUSE_S = 30.0
_MOST_IN_A_ROW = 5
"""Pages of a host without an answer, one after another, behind which it is left alone."""
_BLOCK_BYTES = 1 << 16


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    pause_s: float
    free_at: float = 0.0
    unanswered: int = 0
    left_alone: str = ""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: Protego | None = None
    ruled: bool = False
    ruled_out: str = ""
    """Why nothing of it may be asked, where it does not say what may."""


class PageFetcher:
    """Fetches pages into a cache. Lives on one event loop.

    Args:
        cache: Where pages go, and where those are that need not be asked for.
        limits: How far it goes.
        allow_private: Also ask those hosts of this machine and its network that links name.
        done: Called for each link when its page is in the cache.
    """

    def __init__(
        self, cache: PageCache, limits: PageLimits, *, allow_private: bool, done: Callable[[str], None] = lambda _: None
    ) -> None:
        self._cache = cache
        self._limits = limits
        self._allow_private = allow_private
        self._trusted: frozenset[str] = frozenset()
        self._done = done
        self._hosts: dict[str, _Host] = {}
        self._slots = asyncio.Semaphore(limits.at_once)

    async def fetch(self, links: Iterable[str]) -> None:
        """Fetch pages, each once, those of a host in their order."""
        waiting: dict[str, list[str]] = defaultdict(list)
        asked = list(dict.fromkeys(links))
        if self._allow_private:
            # What a redirect leads to is nobody's wish: only hosts that links name themselves are trusted.
            self._trusted = frozenset(filter(None, map(_named, asked)))
        for link in asked:
            waiting[urllib.parse.urlsplit(link).netloc.lower() if "[" not in link else link].append(link)
        async with opened(self._limits, self._trusted) as session, asyncio.TaskGroup() as tasks:
            for of_host in waiting.values():
                # As many workers as a host may be asked by share its pages: tasks do not grow with the feed.
                shared = iter(of_host)
                for _ in range(min(self._limits.at_once_per_host, len(of_host))):
                    tasks.create_task(self._work(session, shared))

    async def _work(self, session: aiohttp.ClientSession, links: Iterable[str]) -> None:
        for link in links:
            stored = await self._page(session, link)
            moment = datetime.now(UTC).isoformat(timespec="seconds")
            # Compressing and writing would hold up everything that is under way.
            await asyncio.to_thread(self._cache.save, replace(stored, fetched=moment))
            self._done(link)

    async def _page(self, session: aiohttp.ClientSession, link: str) -> Stored:
        try:
            host = self._host(link)
            async with host.slots:
                for attempt in (1, 2):
                    if host.left_alone:
                        return Stored(link, problem=f"it was not asked: {host.left_alone}", passing=True)
                    stored = await self._asked(session, link, host)
                    if stored.status not in _BUSY or attempt == 2:
                        return stored
            raise AssertionError("the second try returns")
        except RefusedError as error:
            return Stored(link, problem=str(error), passing=True)

    async def _asked(self, session: aiohttp.ClientSession, link: str, host: _Host) -> Stored:
        await self._pause(host)
        try:
            async with self._slots, asyncio.timeout(self._limits.timeout_s):
                stored = await self._followed(session, link)
        except TimeoutError:
            said = f"it does not answer within {self._limits.timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            refused = error if isinstance(error, RefusedError) else getattr(error, "os_error", None)
            if isinstance(refused, RefusedError):
                return Stored(link, problem=str(refused), passing=True)
            said = f"it cannot be fetched: {(str(error) or type(error).__name__)[:200]}"
        else:
            host.unanswered = 0
            return stored
        host.unanswered += 1
        if host.unanswered >= _MOST_IN_A_ROW:
            host.left_alone = f"its host gave no answer {_MOST_IN_A_ROW} times in a row"
        return Stored(link, problem=said, passing=True)

    async def _followed(self, session: aiohttp.ClientSession, link: str) -> Stored:
        target = link
        for _ in range(MAX_REDIRECTS + 1):
            if said := await self._forbidden(session, target):
                return said if target == link else replace(said, problem=f"it leads on, and there {said.problem}")
            if target != link:
                await self._pause(self._host(target))
            async with session.get(target, allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    return await self._content(answer, link, target)
                onward = urllib.parse.urljoin(target, answer.headers.get("location", ""))
            target = urllib.parse.urldefrag(onward).url
        return Stored(link, problem=f"it leads on more than {MAX_REDIRECTS} times")

    async def _forbidden(self, session: aiohttp.ClientSession, target: str) -> Stored | None:
        """Return why an address may not be asked, if it may not."""
        refuse_private(target, self._trusted)
        host = self._host(target)
        if not self._limits.robots:
            return None
        async with host.asking:
            if not host.ruled:
                await self._learn(session, host, target)
                host.ruled = True
        if host.ruled_out:
            return Stored(target, problem=host.ruled_out, passing=True)
        if host.rules is not None and not host.rules.can_fetch(target, ROBOT):
            return Stored(target, problem=f"its robots.txt does not allow {ROBOT} to read it", passing=True)
        return None

    async def _learn(self, session: aiohttp.ClientSession, host: _Host, target: str) -> None:
        """Read a host's robots.txt as RFC 9309 has it: none allows everything, one that does not answer nothing."""
        address = urllib.parse.urljoin(target, "/robots.txt")
        known = self._cache.load(address) if self._cache.is_fresh(address) else None
        if known is None:
            known = await self._robots(session, address)
            moment = datetime.now(UTC).isoformat(timespec="seconds")
            await asyncio.to_thread(self._cache.save, replace(known, fetched=moment))
        if known.passing:
            host.ruled_out = "its robots.txt does not answer, so nothing is asked"
        elif not known.problem:
            content = known.content if isinstance(known.content, bytes) else known.content.encode()
            host.rules = Protego.parse(content.decode("utf-8", "replace"))
            delay = host.rules.crawl_delay(ROBOT) or 0.0
            host.pause_s = min(max(host.pause_s, float(delay)), max(_LONGEST_PAUSE_S, host.pause_s))

    async def _robots(self, session: aiohttp.ClientSession, address: str) -> Stored:
        target = address
        for _ in range(6):
            refuse_private(target, self._trusted)
            async with session.get(target, allow_redirects=False) as answer:
                if answer.status in _REDIRECTS:
                    target = urllib.parse.urljoin(target, answer.headers.get("location", ""))
                    continue
                if answer.status == 200:
                    content, _ = await _read(answer, _ROBOTS_BYTES)
                    return Stored(address, content, "text/plain", target, 200)
                passing = answer.status >= 500 or answer.status == 429
                return Stored(address, status=answer.status, problem="it has none", passing=passing)
        return Stored(address, problem="it leads on too often")

    async def _pause(self, host: _Host) -> None:
        """Wait until a host may be asked again, and take the turn."""
        now = time.monotonic()
        turn = max(now, host.free_at)
        host.free_at = turn + host.pause_s
        if turn > now:
            await asyncio.sleep(turn - now)

    async def _content(self, answer: aiohttp.ClientResponse, link: str, target: str) -> Stored:
        status = answer.status
        if status in _BUSY:
            host = self._host(target)
            asked = answer.headers.get("retry-after", "")
            host.free_at = time.monotonic() + min(float(asked) if asked.isdigit() else 2.0, _LONGEST_PAUSE_S)
        if status != 200:
            said = f"it answers {status} {answer.reason or ''}".rstrip()
            if any(answer.headers.get(name) for name in _CHALLENGING):
                said += ": the shop asks whether a person is there, and shows no page before that"
            return Stored(link, status=status, final_url=target, problem=said, passing=status in _PASSING)
        kind = answer.headers.get("content-type", "")
        if kind.strip() and not kind.strip().lower().startswith(_TYPES):
            said = f"it answers {kind[:60]}, which is no page"
            return Stored(link, status=status, final_url=target, problem=said)
        content, cut = await _read(answer, int(self._limits.max_mb * 1e6))
        return Stored(link, content, kind[:200], target, status, cut=cut)

    def _host(self, address: str) -> _Host:
        host_of(address)
        parts = urllib.parse.urlsplit(address)
        name = f"{parts.scheme}://{parts.netloc.lower()}"
        if name not in self._hosts:
            self._hosts[name] = _Host(asyncio.Semaphore(self._limits.at_once_per_host), self._limits.pause_s)
        return self._hosts[name]


def _named(link: str) -> str:
    try:
        return host_of(link)
    except RefusedError:
        return ""


async def _read(answer: aiohttp.ClientResponse, most: int) -> tuple[bytes, bool]:
    """Return the body up to so many bytes, and whether there was more."""
    data = bytearray()
    async for block in answer.content.iter_chunked(_BLOCK_BYTES):
        data += block
        if len(data) > most:
            answer.close()
            return bytes(data[:most]), True
    return bytes(data), False
