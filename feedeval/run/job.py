"""The Job protocol: all that the runner knows of the work it drives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from feedeval.records import Gauges, Ledger, Record


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
    so until `probe` succeeds; any other exception makes the record a `Failure`.
    """

    kind: str
    """`audit` or `shadow`: the word that progress files carry."""

    @property
    def engine(self) -> str:
        """Whom the job asks: a model's name, or `offline`."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the settings that results depend on, by name; JSON values."""

    def settings(self) -> Mapping[str, Any]:
        """Return what else is needed to go on, such as where the records came from; JSON values, no API keys."""

    def records(self) -> Iterable[Record]:
        """Return an iterable over all records; called more than once, gives the same records in the same order."""

    async def open(self, documents: Documents) -> None:
        """Get ready for a run: connections, documents kept from before."""

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Return the value for one record; JSON values."""

    async def probe(self) -> None:
        """Return when the engine can be reached; raise what it raises otherwise. Must not cost anything."""

    def gauges(self) -> Gauges:
        """Return what the engine says of itself now. Called from any thread."""

    def narrow(self, max_in_flight: int | None) -> None:
        """Allow at most so many calls in flight; None gives back what was allowed first. Called from any thread.

        0 lets those in flight finish and starts none: a run that pauses asks for it.
        """

    async def close(self) -> None:
        """Close connections."""
