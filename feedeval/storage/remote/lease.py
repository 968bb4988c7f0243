"""One writer a session in a store that knows no locks: a lease on `lease_<sid>.json`.

The rules:

- Who writes a session holds its lease: an object that says who (scratch folder, process, host), when it was renewed
  last, and for how long it holds (`LASTS_S`). It is renewed every `RENEW_EVERY_S`, and deleted when the session is
  closed. It is taken and renewed by a conditional put, so that of two that try at once the store lets one through.
  Where the library behind the address has none, it is read again `SETTLE_S` after it was put: the later one has it.
- Another writer is refused until `LASTS_S` and `SKEW_S` (for clocks that differ) have gone by since the last renewal,
  or until it has seen the lease unchanged for `LASTS_S` by its own clock; then it takes the lease over at once. A
  writer that works in the same scratch folder need not wait: that folder has a lock of the operating system, and who
  holds that knows that the one before is dead.
- The session of a shard has a lease of `PART_LASTS_S`, renewed every `PART_RENEW_EVERY_S`: where its worker was killed,
  another one waits for it.
- A writer puts nothing without having renewed its lease in the last `LASTS_S` seconds. One that could not,
  because the network was away, goes on in its scratch folder and takes the lease again when the network is back. Where
  somebody else has taken it over meanwhile it is lost: that writer stops, says so and keeps its scratch folder.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from feedeval.errors import SessionLocked, StorageError
from feedeval.storage.remote.manifest import Manifest, lease_name, manifest_name
from feedeval.storage.remote.objects import Objects

LASTS_S = 40.0
SKEW_S = 10.0
RENEW_EVERY_S = 8.0
PART_LASTS_S = 10.0
PART_RENEW_EVERY_S = 2.0
SETTLE_S = 2.0
_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Clock:
    """The times that a lease goes by."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Compared with what other machines wrote."""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class LeaseLost(StorageError):
    """Somebody else writes the session now."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, as its object says."""

    owner: str
    """The scratch folder, by its id."""
    token: str
    """Another one for each time that the lease is taken."""
    who: str
    renewed: datetime
    lasts_s: float
    generation: int

    @classmethod
    def read(cls, data: bytes) -> Holder:
        """Return what a lease says; one that cannot be read is nobody's and long over."""
        try:
            said = orjson.loads(data)
            renewed = datetime.fromisoformat(said["renewed"])
            since = datetime.fromisoformat(said["since"]).astimezone()
            who = f"process {said['pid']} on {said['host']} since {since:%Y-%m-%d %H:%M}"
            return cls(said["owner"], said["token"], who, renewed, float(said["lasts_s"]), int(said["generation"]))
        except (ValueError, TypeError, KeyError):
            return cls("", "", "somebody", datetime.fromtimestamp(0, UTC), 0.0, 0)

    def is_over(self, now: datetime) -> bool:
        """Say whether anybody may take the lease over."""
        return now - self.renewed > timedelta(seconds=self.lasts_s + SKEW_S)


class Terms:
    """How leases are kept in one place, and what was seen there of others. Safe to use from several threads.

    Args:
        clock: The times to go by.
        is_part: The sessions are those of shards.
    """

    def __init__(self, clock: Clock, *, is_part: bool = False) -> None:
        self.clock = clock
        self.lasts_s = PART_LASTS_S if is_part else LASTS_S
        self.renew_every_s = PART_RENEW_EVERY_S if is_part else RENEW_EVERY_S
        self._seen: dict[str, tuple[bytes, float]] = {}

    def is_over(self, name: str, data: bytes) -> bool:
        """Say whether anybody may take over a lease that was read just now."""
        holder, now_s = Holder.read(data), self.clock.monotonic()
        seen, since_s = self._seen.get(name, (b"", 0.0))
        if seen != data:
            self._seen[name] = data, now_s
            since_s = now_s
        return holder.is_over(self.clock.now()) or now_s - since_s > holder.lasts_s


class Lease:
    """The lease of one session, for its writer. Lives on one thread at a time.

    Args:
        objects: Where the session lies.
        sid: The session.
        owner: The scratch folder that its writer works in, by its id; its operating system's lock is held.
        clock: The times to go by.
        terms: How leases are kept there.
    """

    def __init__(self, objects: Objects, sid: str, owner: str, clock: Clock, *, terms: Terms | None = None) -> None:
        self._objects, self._sid, self._owner, self._clock = objects, sid, owner, clock
        self._terms = terms or Terms(clock)
        self._name = lease_name(sid)
        self._token, self._tag, self._since = "", "", ""
        self._renewed_s = float("-inf")
        self.generation = 0
        """How many writers the session has had, this one included."""
        self.taken_from = ""
        """Whose lease had run out when this one was taken; empty where there was none."""

    def acquire(self, grace_s: float, at_least: int = 0) -> None:
        """Take the lease.

        Args:
            grace_s: How long to go on trying.
            at_least: How many writers are known of already.

        Raises:
            SessionLocked: Somebody else holds it.
            StorageError: The store cannot be reached or written to.
        """
        until_s = self._clock.monotonic() + grace_s
        self._token, self._since = secrets.token_hex(8), self._clock.now().isoformat()
        while (found := self._attempt(at_least)) is not None:
            if self._clock.monotonic() >= until_s:
                ago_s = max(0.0, (self._clock.now() - found.renewed).total_seconds())
                raise SessionLocked(
                    f"session_{self._sid} in {self._objects.address} is being written by {found.who} (heard of "
                    f"{ago_s:.0f} s ago). Wait until that run ends or stop it there; where it has died, the session is "
                    f"free {found.lasts_s + SKEW_S:.0f} s after it was last heard of.",
                    self._sid,
                )
            self._clock.sleep(_POLL_S)

    def _attempt(self, at_least: int) -> Holder | None:
        """Try once to take the lease; return who has it, None where it is ours now."""
        began_s = self._clock.monotonic()
        found = self._objects.tagged(self._name)
        there = Holder.read(found[0]) if found else None
        if found and there and there.owner != self._owner and not self._terms.is_over(self._name, found[0]):
            return there
        self.generation = max(at_least, there.generation if there else 0) + 1
        data = self._content()
        tag = self._objects.create(self._name, data) if found is None else self._replaced(data, found[1])
        if tag is not None and not self._objects.is_conditional:
            self._clock.sleep(SETTLE_S)
        if tag is None or not self._is_ours():
            again = self._objects.tagged(self._name)
            return Holder.read(again[0]) if again else Holder.read(b"")
        self._tag, self._renewed_s = tag, began_s
        self.taken_from = there.who if there and there.owner != self._owner else ""
        return None

    def _replaced(self, data: bytes, tag: str) -> str | None:
        return self._objects.replace(self._name, data, tag)

    def _is_ours(self) -> bool:
        if self._objects.is_conditional:
            return True
        found = self._objects.tagged(self._name)
        return found is not None and Holder.read(found[0]).token == self._token

    def keep(self) -> None:
        """Renew the lease where it is time; call it before anything is put.

        Raises:
            LeaseLost: Somebody else has taken it.
            StorageError: The store cannot be reached, so that nothing may be put.
        """
        now_s = self._clock.monotonic()
        if now_s - self._renewed_s < self._terms.renew_every_s:
            return
        data = self._content()
        tag = self._replaced(data, self._tag) or self._regained(data)
        if tag is None:
            raise LeaseLost(
                f"session {self._sid} in {self._objects.address} was taken over by {self._other()} while this run "
                "could not be heard of. Nothing more is put there from here."
            )
        self._tag, self._renewed_s = tag, now_s

    def _regained(self, data: bytes) -> str | None:
        """Take a lease again that has another tag than we know, unless somebody had it since."""
        found = self._objects.tagged(self._name)
        if found is not None:
            # The reply to our own last put was lost on its way.
            ours = Holder.read(found[0]).token == self._token
            return self._replaced(data, found[1]) if ours else None
        stood = self._objects.get([manifest_name(self._sid)]).get(manifest_name(self._sid))
        if stood is not None and Manifest.decoded(stood).generation > self.generation:
            return None
        return self._objects.create(self._name, data)

    def _other(self) -> str:
        with contextlib.suppress(StorageError):
            if (found := self._objects.tagged(self._name)) is not None:
                return Holder.read(found[0]).who
        return "another writer"

    def release(self) -> None:
        """Give the lease back, unless somebody else has it.

        Raises:
            StorageError: The store cannot be reached; the lease runs out by itself.
        """
        found = self._objects.tagged(self._name)
        if found is not None and Holder.read(found[0]).token == self._token:
            self._objects.delete([self._name])

    def _content(self) -> bytes:
        said = {
            "schema_version": 1,
            "owner": self._owner,
            "token": self._token,
            "generation": self.generation,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": self._since,
            "renewed": self._clock.now().isoformat(),
            "lasts_s": self._terms.lasts_s,
        }
        return orjson.dumps(said)
