"""The Job protocol: all that the runner knows of the work it drives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from feedeval.records import Backend, Ledger, Record


class Documents(Protocol):
    """Small JSON documents that a job keeps beside its session, such as `questions_<sid>.json`."""

    def load(self, name: str) -> dict[str, Any] | None:
        """Return the document called `name`, or None if there is none."""

    def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Write the document called `name` atomically as `<name>_<sid>.json`."""


class Job(Protocol):
    """What is done to each record.

    `process` runs on the runner's event loop, many at a time. What it raises decides what happens next
    (`feedeval.errors`): a `RunFault` pauses the run and the record is taken up again later; a `ConnectionLost` does
    so until the backend's `probe` succeeds; any other exception makes the record a `Failure`.
    """

    kind: str
    """The word that progress files carry, such as those of `records.kinds.JobKind`."""

    @property
    def engine(self) -> str:
        """Whom the job asks: a model's name, or `offline`."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the settings that results depend on, by name; JSON values."""

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Go on by the rules of the version that a session of this fingerprint began with; say whether it can.

        From then on `fingerprint` names these rules. What else may differ is not looked at.
        """
        return False

    def settings(self) -> Mapping[str, Any]:
        """Return what else is needed to go on, such as where the records came from; JSON values, no API keys."""

    def records(self) -> Iterable[Record]:
        """Return an iterable over all records; called more than once, gives the same records in the same order."""

    def planned_records(self) -> Iterable[Record]:
        """Return the records once more, right behind the pass that planned the run: a job may have kept them."""
        return self.records()

    @property
    def backend(self) -> Backend:
        """Who makes its calls: what the runner probes, gauges, narrows and closes."""

    async def open(self, documents: Documents) -> None:
        """Get ready for a run: connections, documents kept from before."""
        return None

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Return the value for one record; JSON values."""

    async def close(self) -> None:
        """Close what `open` opened; the runner closes the backend."""
        return None
