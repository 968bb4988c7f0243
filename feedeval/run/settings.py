"""The settings of a run that results do not depend on."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Gt, Le
from pydantic import Field, ValidationError

from feedeval.errors import InputError
from feedeval.records import Frozen
from feedeval.records.delivery import Delivery


class CheckedSettings(Frozen):
    """A settings record that refuses a value with one sentence for a person."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as exc:
            raise InputError(" ".join(self._sentence(e["loc"], e["input"], e["msg"]) for e in exc.errors())) from exc

    @classmethod
    def _sentence(cls, loc: tuple[int | str, ...], value: object, message: str) -> str:
        name = str(loc[0]) if loc else cls.__name__
        known = cls.model_fields.get(name)
        if known is None:
            return f"{name} is not a setting of a run; known are {', '.join(cls.model_fields)}."
        low = next((m.ge if isinstance(m, Ge) else m.gt for m in known.metadata if isinstance(m, Ge | Gt)), None)
        high = next((m.le for m in known.metadata if isinstance(m, Le)), None)
        if low is None:
            return f"{name}={value!r} cannot be used: {message.removeprefix('Value error, ')}."
        accepted = f"from {low} to {high}" if high is not None else f"above {low}"
        return f"{name}={value!r} cannot be used: give a number {accepted}."


class HealthSettings(CheckedSettings):
    """The thresholds of the health watch."""

    interval_s: float = Field(default=1.0, gt=0)
    """Seconds between two looks at memory and disk."""
    memory_low_mb: float = Field(default=400.0, ge=0)
    """Memory left on the machine below which the run narrows."""
    memory_critical_mb: float = Field(default=150.0, ge=0)
    """Memory left on the machine below which the run pauses until more is free."""
    process_limit_mb: float | None = Field(default=None, gt=0)
    """Memory of this process above which the run narrows; a fifth above it the run pauses. None sets no limit."""
    disk_low_mb: float = Field(default=500.0, ge=0)
    disk_critical_mb: float = Field(default=50.0, ge=0)
    failures_seen: int = Field(default=20, ge=1, le=50)
    """Records that must be through before their share of failures says anything."""
    failures_degraded: float = Field(default=0.2, gt=0, le=1)
    failures_critical: float = Field(default=0.8, gt=0, le=1)
    """Share of the last 50 records. High on purpose: a feed with many broken images is worth finishing; a fault that
    fails everything is not worth paying for."""
    cooling_degraded: float = Field(default=0.5, gt=0, le=1)
    """Share of the last minute spent waiting for the endpoint's limits."""
    batch_advice: bool = True
    """Say which batch size suits the number of records."""
    clear_looks: int = Field(default=3, ge=1)
    """Looks in a row that must be good before the run widens or goes on."""


class RunSettings(CheckedSettings):
    """How a run goes through its records; none of it changes a result."""

    name: str | None = Field(default=None, max_length=200)
    """What people call the session; None: what its feed is called. One that is gone on with keeps the name it has."""
    batch_size: int = Field(default=20, ge=1, le=1000)
    """Records in a batch file; where none is given, 15 for more than 1,000 records. A session that is taken up keeps
    the size that it began with."""
    max_workers: int = Field(default=64, ge=1, le=4096)
    """Records under way at once."""
    budget_usd: float | None = Field(default=None, gt=0)
    """Hard cap on what the session may cost, earlier sittings included; None sets no cap."""
    resume: bool = True
    """Go on with the latest session of the same settings and records, or take over from an earlier feed."""
    reuse: bool = True
    """Let a new session on a changed feed take over what still holds."""
    session: str | None = None
    """Go on with this session and no other."""
    also_from: tuple[str, ...] = ()
    """Sessions whose results hold although their fingerprints differ."""
    keep_calls: bool = False
    """Keep the call log of a batch after the batch is complete."""
    cache: bool = False
    """Keep replies in the output folder's `cache` for all sessions: the same request is not paid for again."""
    cache_limit_mb: float = Field(default=500.0, gt=0)
    """Size of that cache above which the replies that were not used for longest go."""
    delivery: Delivery = Delivery.LIVE
    """How requests that may wait are sent; what has to be known at once is always asked live."""
    leftover: Delivery = Delivery.LIVE
    """How what a batch did not get to is asked: live, or in another batch."""
    part_requests: int = Field(default=50_000, ge=1, le=50_000)
    """Requests in a part at most."""
    part_mb: float = Field(default=200.0, gt=0, le=1000)
    """Length of a part's file at most, in millions of bytes."""
    part_tokens: int | None = Field(default=None, ge=1)
    """Input tokens in a part at most, where the endpoint limits what may wait; None: it is found out."""
    poll_first_s: float = Field(default=10.0, gt=0)
    """Wait before the endpoint is asked how a part stands; grows by half each time, up to `poll_longest_s`."""
    poll_longest_s: float = Field(default=300.0, gt=0)
    progress_interval_s: float = Field(default=2.0, gt=0)
    """Least time between two routine writes of the progress file; a change of state is written at once."""
    refresh_s: float = Field(default=0.25, gt=0)
    """Least time between two redraws by the reporters."""
    probe_first_s: float = Field(default=1.0, gt=0)
    """Wait before the first probe of a lost connection; doubles up to `probe_longest_s`."""
    probe_longest_s: float = Field(default=30.0, gt=0)
    give_up_after_s: float | None = Field(default=1800.0, gt=0)
    """How long a blocking call waits for what is no reply (room, memory, the network, an endpoint that asked to wait)
    with nothing done meanwhile; None: as long as it takes. A run in the background waits on."""
    stop_grace_s: float = Field(default=5.0, ge=0)
    """How long a run that is stopped waits for calls in flight; longer where records take longer than a third of it."""
    connection_tries: int = Field(default=5, ge=1)
    """Times one record may lose the connection, although the probe succeeds, before it becomes a failure."""
    health: HealthSettings = HealthSettings()
