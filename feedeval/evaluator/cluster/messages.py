"""What workers, the coordinator and the driver say to each other.

A worker speaks for the shard that it works on, a few times a second and whenever it needs something: what it wants,
what it gives back, how its run stands. The coordinator answers with what was granted and with what everybody is to do.
"""

from __future__ import annotations

import pickle
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from feedeval.jobs.audit import AuditSettings
from feedeval.jobs.shadow.job import ShadowSettings
from feedeval.model.pacing import Ended
from feedeval.model.settings import ModelSettings
from feedeval.run.progress import Snapshot
from feedeval.run.settings import RunSettings


class Sealed:
    """A value that is told to nobody who looks at it: in a log of messages, a graph or a repr no word of it is seen.

    It keeps out of sight, as a key must; it is no encryption for those who can read the memory of the cluster.
    """

    def __init__(self, value: Any) -> None:
        data = pickle.dumps(value)
        self._pad = secrets.token_bytes(len(data))
        self._masked = _masked(data, self._pad)

    def open(self) -> Any:
        """Return the value."""
        return pickle.loads(_masked(self._masked, self._pad))

    def __repr__(self) -> str:
        return "Sealed(...)"


def _masked(data: bytes, pad: bytes) -> bytes:
    return (int.from_bytes(data) ^ int.from_bytes(pad)).to_bytes(len(data))


@dataclass(frozen=True)
class Orders:
    """How every shard is worked on."""

    running: RunSettings
    source: Mapping[str, Any]
    fingerprint: Mapping[str, Any]
    """That of the whole session, which may have begun with an earlier version's rules."""
    model: ModelSettings | None
    """None: the embedded engine. Holds the key, so orders travel sealed."""
    audit: AuditSettings | None = None
    shadow: ShadowSettings | None = None
    """What is done: of these two one is set."""
    storage: Mapping[str, Any] | None = field(default=None, repr=False)
    """Options of the store that the session lies in, its keys among them; None: what each worker's environment says."""
    earlier: tuple[str, int] | None = None
    """A session in the same folder that may have results which still hold, and how many shards it has."""
    cache_folder: str | None = None
    """Where replies are kept for all sessions, in a folder that all workers see; None: nowhere."""

    @property
    def max_in_flight(self) -> int | None:
        """Calls that all workers together may have out; None where none are made."""
        return None if self.model is None else self.model.max_in_flight

    @property
    def gap_s(self) -> float:
        """Least time between the starts of two calls, of whatever worker."""
        return 0.0 if self.model is None else self.model.delay_s


class Do(StrEnum):
    """What everybody is to do."""

    WORK = "work"
    PAUSE = "pause"
    STOP = "stop"
    HALT = "halt"
    """Pause for a fault that another worker found, and that a person has to mend."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word to all workers; the last one counts."""

    serial: int = 0
    do: Do = Do.WORK
    why: str = ""
    """Of a halt: the name of the fault and what it says."""
    changes: Sealed | None = None
    """Settings of the calls that are changed with it."""


@dataclass(frozen=True, slots=True)
class Want:
    """A call that waits for its turn."""

    number: int
    tokens: float


@dataclass(frozen=True, slots=True)
class Return:
    """A permit that goes back, with how its call ended."""

    permit: int
    ended: Ended


@dataclass(frozen=True, slots=True)
class Reserve:
    """A call that waits for money."""

    number: int
    estimate_usd: float


@dataclass(frozen=True, slots=True)
class Settle:
    """Money that goes back, with what the call cost; `number` is 0 where it was not asked for."""

    number: int
    estimate_usd: float
    cost_usd: float | None = 0.0
    replied: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker says of its shard."""

    shard: int
    token: str
    """Of this sitting of the shard: another one takes the place of one that died."""
    worker: str
    heard: int
    """Serial of the last command that it heard."""
    spent_usd: float | None
    """What stands in the shard's books; None before they were read."""
    snapshot: Snapshot | None = None
    wants: tuple[Want, ...] = ()
    returns: tuple[Return, ...] = ()
    reserves: tuple[Reserve, ...] = ()
    settles: tuple[Settle, ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to make a call, after a moment."""

    number: int
    permit: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class PaceNow:
    """How the shared pace stands, for gauges."""

    width: int = 0
    token_limit: float | None = None
    cooldown_s: float = 0.0
    cooled_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the coordinator answers."""

    grants: tuple[Grant, ...] = ()
    held: Mapping[int, float] = field(default_factory=dict)
    """Money that was set aside, by the number of the reserve."""
    refused: Mapping[int, str] = field(default_factory=dict)
    """Reserves that the budget has no room for, with what to say."""
    again_s: float | None = None
    """When to ask again for what was not granted."""
    capped: bool = False
    """Whether money has to be asked for."""
    command: Command | None = None
    pace: PaceNow = PaceNow()


@dataclass(frozen=True, slots=True)
class ShardNews:
    """How a shard stands, as far as its worker said."""

    worker: str
    snapshot: Snapshot | None
    heard_s: float
    """Seconds since its worker was last heard."""
    over: bool = False
    serial: int = 0
    """Of the last command that the snapshot knows of."""
