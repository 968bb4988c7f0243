"""What a worker does with a shard: the ordinary run of an ordinary session, with a way to the coordinator."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import feedeval.errors
from feedeval.errors import FeedevalError, InputError, RunFault, SessionLocked, StorageError
from feedeval.evaluator.cluster.leased import LeasedBudget, LeasedPacer
from feedeval.evaluator.cluster.messages import Command, Do, Orders
from feedeval.evaluator.cluster.partitions import part_of
from feedeval.evaluator.cluster.portal import Link, Portal
from feedeval.evaluator.cluster.question_stage import handed_out
from feedeval.evaluator.cluster.shard_jobs import CategoriesJob, PartJob, ShardJob, read_shard
from feedeval.evaluator.cluster.stores import use_options
from feedeval.evaluator.launching import OFFLINE_WORKERS, changer, classifier_of
from feedeval.feed.reader import iter_feed
from feedeval.jobs.audit import AuditSettings
from feedeval.jobs.engine import EmbeddedEngine, Engine, ModelEngine
from feedeval.jobs.frozen import FrozenQuestions
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Status
from feedeval.results.columnar import write_copy
from feedeval.run.budget import Budget
from feedeval.run.job import Job
from feedeval.run.progress import Snapshot
from feedeval.run.runner import Hooks, Run, start
from feedeval.storage.paths import SessionFolder, SessionPaths, session_paths
from feedeval.storage.shards import CATEGORIES, Shards

if TYPE_CHECKING:
    from feedeval.jobs.shadow.job import ShadowSettings
    from feedeval.model.client import ModelClient
    from feedeval.model.settings import ModelSettings

_LOCKED_AGAIN_S = 0.5
_STEP_S = 0.1
_LOOK_S = 0.5
_AWAY_AGAIN_S, _AWAY_FOR_S = 2.0, 60.0


class Place(NamedTuple):
    """Where a shard's session is."""

    folder: str
    sid: str
    """Of the parent."""
    shards: int
    number: int


class ShardEnd(NamedTuple):
    """What came of a shard."""

    number: int
    status: str
    reason: str


class ShardRun:
    """One sitting of one shard.

    Args:
        place: Where it is.
        orders: How it is worked on.
        portal: Its way to the coordinator.
    """

    def __init__(self, place: Place, orders: Orders, portal: Portal) -> None:
        self._place = place
        self._orders = orders
        self._portal = portal
        use_options(place.folder, orders.storage)
        self._shards = Shards(session_paths(place.folder, place.sid), place.shards)
        self._run: Run | None = None
        self._standing = Command()
        self._lock = threading.Lock()
        self._change: Callable[[Any], None] | None = None

    def work(self) -> ShardEnd:
        """Work on the shard until it is through or everybody stops."""
        portal = self._portal
        portal.act, portal.lost = self._act, self._leave
        portal.open()
        try:
            run = self._begun()
            if run is None:
                return ShardEnd(self._place.number, Status.STOPPED.value, "stopped before it began")
            snapshot = self._waited(run)
            is_audited = self._orders.audit is not None and self._place.number != CATEGORIES
            if snapshot.status is Status.FINISHED and is_audited:
                # For readers of a few columns; without it they read the batch files.
                with contextlib.suppress(FeedevalError, OSError):
                    write_copy(self._shards, self._place.number, engine=run.snapshot().engine)
            if snapshot.status is Status.FINISHED:
                self._shards.place.leave(self._folder.path)
            return ShardEnd(self._place.number, snapshot.status.value, snapshot.status_reason)
        finally:
            portal.close()

    @property
    def _folder(self) -> SessionFolder:
        return self._shards.session_folder(self._place.number)

    def _waited(self, run: Run) -> Snapshot:
        """Wait until the run is over; it is ended where somebody else has taken the shard over."""
        folder = self._folder
        lock = folder.session(run.sid).lock
        while not run.done:
            run.wait(_LOOK_S)
            if folder.file_system.lost(lock):
                run.stop()
        return run.wait()

    def _begun(self) -> Run | None:
        """Return the run, once nobody else works on the shard and nobody says that it should wait."""
        until_s = time.monotonic() + _AWAY_FOR_S
        while True:
            with self._lock:
                do = self._standing.do
            if do is Do.STOP:
                return None
            if do is not Do.WORK:
                time.sleep(_STEP_S)
                continue
            try:
                run = self._start()
            except SessionLocked as exc:
                # An earlier sitting that was given up still works on it, on this worker or on another one: what it
                # does is not done twice.
                self._wait_out(exc.session)
                continue
            except StorageError:
                # A store that is away for a moment is no failure of the shard.
                if not self._shards.place.is_far or time.monotonic() > until_s:
                    raise
                time.sleep(_AWAY_AGAIN_S)
                continue
            self._portal.snapshot = run.snapshot
            with self._lock:
                self._run, standing = run, self._standing
            if standing.do is not Do.WORK:
                self._do(run, standing)
            return run

    def _wait_out(self, sid: str | None) -> None:
        """Wait until nobody works on a session any more, or somebody says something."""
        while sid and self._standing.do is Do.WORK:
            # Tried, as only that sees at once when a dead one's lease is over.
            lock = self._folder.file_system.lock(self._folder.session(sid).lock)
            try:
                lock.acquire()
            except SessionLocked:
                time.sleep(_LOCKED_AGAIN_S)
                continue
            lock.release()
            return
        time.sleep(_LOCKED_AGAIN_S)

    def _start(self) -> Run:
        orders, number = self._orders, self._place.number
        # Others may have worked on it since it was last looked at from here.
        self._shards.place.make_folder(self._folder.path)
        self._folder.file_system.look_anew()
        job, workers = self._shadow(orders.shadow) if orders.shadow is not None else self._audit(orders.audit)
        self._shards.place.remove(self._shards.results(number))
        running = orders.running
        if "max_workers" not in running.model_fields_set:
            running = running.model_copy(update={"max_workers": workers})
        kept = None if orders.cache_folder is None else Path(orders.cache_folder)
        hooks = Hooks(on_change=self._change, budget=self._budget, also_from=self._earlier(), cache_folder=kept)
        return start(job, self._shards.session_folder(number), running, hooks=hooks)

    def _budget(self, limit_usd: float | None) -> Budget:
        return LeasedBudget(self._portal)

    def _earlier(self) -> tuple[SessionPaths, ...]:
        if self._orders.earlier is None or self._place.number == CATEGORIES:
            return ()
        sid, count = self._orders.earlier
        paths = session_paths(self._place.folder, sid)
        if not count:
            return (paths,)
        before = Shards(paths, count)
        # Cut into as many, what has not changed is in the same one.
        numbers = [self._place.number] if count == self._place.shards else before.numbers
        return tuple(found for number in numbers if (found := before.session(number)) is not None)

    def _client(self, settings: ModelSettings) -> ModelClient:
        from feedeval.model.client import ModelClient

        client = ModelClient(settings, pacer=LeasedPacer(self._portal))
        self._change = changer(client)
        return client

    def _shadow(self, settings: ShadowSettings) -> tuple[Job, int]:
        """Return what classifies the rows of the shard, and how many of them at once."""
        from feedeval.evaluator.cluster.shadow_work import ShardShadowJob, StoredLabels

        model = self._orders.model
        classifier = classifier_of(None if model is None else self._client(model))
        rows = StoredLabels(self._shards, [self._place.number])
        workers = OFFLINE_WORKERS if model is None else model.max_in_flight
        return ShardShadowJob(rows, classifier, settings=settings), workers

    def _audit(self, settings: AuditSettings | None) -> tuple[Job, int]:
        """Return what audits the products of the shard, or makes the questions, and how many of them at once."""
        assert settings is not None  # orders name one of the two
        orders, shards, number = self._orders, self._shards, self._place.number
        model = orders.model
        engine: Engine
        if model is None:
            engine, workers = EmbeddedEngine(OfflineEngine(settings.locale)), OFFLINE_WORKERS
        else:
            engine, workers = ModelEngine(self._client(model), settings.locale), model.max_in_flight
        engine.go_on_as(orders.fingerprint)
        if number == CATEGORIES:
            samples = shards.place.read(shards.categories)
            if samples is None:
                raise InputError(f"{shards.categories} is gone, and with it what the questions are made from")
            return CategoriesJob(samples, engine, settings), workers
        options: dict[str, Any] = {
            "settings": settings,
            "source": {**orders.source, "shard": number, "of": self._place.sid},
            "frozen": self._questions(settings),
        }
        if (part := part_of(shards, number)) is not None:
            return PartJob(partial(iter_feed, part), engine, **options), workers
        return ShardJob(partial(read_shard, shards.here(shards.products(number))), engine, **options), workers

    def _questions(self, settings: AuditSettings) -> FrozenQuestions | None:
        if settings.question_scope == "product":
            return None
        return FrozenQuestions.of(self._place.sid, handed_out(self._shards))

    def _act(self, command: Command) -> None:
        """Do what everybody is told to; on the portal's thread."""
        with self._lock:
            self._standing, run = command, self._run
        if command.changes is not None and run is None:
            # Told again with the orders of whoever begins from now on.
            self._orders = with_changes(self._orders, command.changes.open())
        if run is not None:
            self._do(run, command)

    def _do(self, run: Run, command: Command) -> None:
        if command.do is Do.STOP:
            run.stop()
        elif command.do is Do.PAUSE:
            run.pause()
        elif command.do is Do.HALT:
            run.pause_for(fault_of(command.why))
        else:
            # A run that ends at this moment has nothing to go on with.
            with contextlib.suppress(InputError):
                run.resume(**(command.changes.open() if command.changes is not None else {}))

    def _leave(self) -> None:
        with self._lock:
            self._standing, run = Command(do=Do.STOP), self._run
        if run is not None:
            run.stop()


def with_changes(orders: Orders, changes: dict[str, Any]) -> Orders:
    """Return orders with settings of the calls changed."""
    if orders.model is None or not changes:
        return orders
    model = type(orders.model)(**{**dict(orders.model), **changes})
    return replace(orders, model=model)


def fault_of(why: str) -> RunFault:
    """Return the fault that another worker met, by what its run said of it."""
    name, _, text = why.partition(": ")
    kind = getattr(feedeval.errors, name, None)
    if isinstance(kind, type) and issubclass(kind, RunFault) and text:
        return kind(text)
    return RunFault(why)


def work_on(place: Place, orders: Orders, link: Link, worker: str) -> ShardEnd:
    """Work on a shard until it is through or everybody stops; raises what is wrong with the program itself."""
    return ShardRun(place, orders, Portal(link, place.number, worker)).work()
