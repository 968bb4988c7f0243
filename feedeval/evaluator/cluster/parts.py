"""What a run on a cluster is put together from, what stands of its shards where they lie, and the end of it all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from feedeval.errors import FeedevalError, SessionError
from feedeval.evaluator.cluster.crew import Crew
from feedeval.evaluator.cluster.messages import Orders
from feedeval.records import Progress
from feedeval.run.context import Hooks
from feedeval.run.progress import RunState
from feedeval.run.progress_writer import ProgressWriter
from feedeval.run.reporter_thread import ReporterThread
from feedeval.run.settings import RunSettings
from feedeval.run.telling.place import PlaceWatch
from feedeval.storage.event_log import EventLog
from feedeval.storage.readers import stand_of
from feedeval.storage.shards import CATEGORIES, Shards
from feedeval.storage.store import SessionStore


@dataclass
class Parts:
    """What a run on a cluster is put together from."""

    state: RunState
    store: SessionStore
    shards: Shards
    crew: Crew
    orders: Orders
    writer: ProgressWriter
    reporter_thread: ReporterThread
    log: EventLog
    hooks: Hooks
    settings: RunSettings
    close_cluster: Callable[[], None]
    books: dict[int, Progress] = field(default_factory=dict)
    """How each shard stands on disk, where nobody works on it."""


def book_of(shards: Shards, number: int) -> Progress | None:
    """Return how a shard stands where it lies; None where it has not begun."""
    folder = shards.session_folder(number)
    folder.file_system.look_anew()
    paths = shards.session(number)
    if paths is not None:
        with contextlib.suppress(SessionError):
            return stand_of(paths)
    return None


def books_of(shards: Shards) -> dict[int, Progress]:
    """Return how each shard stands where it lies that has begun."""
    numbers = (CATEGORIES, *shards.numbers)
    found = zip(numbers, shards.each(lambda number: book_of(shards, number), numbers), strict=True)
    return {number: book for number, book in found if book is not None}


def close_down(parts: Parts, place: PlaceWatch, *, finished: bool) -> None:
    """Write the last state of a run, and let go of all that it had."""
    try:
        parts.writer.write_now()
        if finished:
            parts.writer.write_summary(parts.state.snapshot())
    except FeedevalError as exc:
        parts.log.warning(f"the last state could not be written: {exc}")
    if not parts.crew.under_way:
        parts.crew.forget()
    with contextlib.suppress(Exception):
        parts.close_cluster()
    with contextlib.suppress(FeedevalError):
        parts.store.close()
    place.leave()
    parts.log.info(f"{parts.state.snapshot().state_text}: {parts.state.done} done, {parts.state.failed} failed")
    parts.reporter_thread.close()
    parts.log.close()
