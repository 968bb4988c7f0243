"""What a shipper works between, and how far it has come with a call log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from feedeval.storage.remote.catalogue import Catalogue
from feedeval.storage.remote.lease import Clock, Lease


@dataclass(slots=True)
class Log:
    """How far a call log was put."""

    shipped: int = 0
    pending: bool = False
    stale: list[str] = field(default_factory=list)
    """Pieces that the next one takes the place of, as the log was not only appended to."""


@dataclass(frozen=True, slots=True)
class Berth:
    """What a shipper works between."""

    sid: str
    scratch: Path
    writer: str
    """Id of the scratch folder."""
    catalogue: Catalogue
    lease: Lease
    clock: Clock
