"""What a run on a cluster is put together from, and what stands on disk of its shards."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from feedeval.errors import SessionError
from feedeval.evaluator.cluster.crew import Crew
from feedeval.evaluator.cluster.messages import Orders
from feedeval.records import Progress
from feedeval.run.context import Hooks
from feedeval.run.progress import RunState
from feedeval.run.progress_writer import ProgressWriter
from feedeval.run.reporter_thread import ReporterThread
from feedeval.run.settings import RunSettings
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
