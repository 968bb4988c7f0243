"""A run on a cluster, from what a person typed to the run that goes on."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedeval.errors import InputError, SessionLocked
from feedeval.evaluator.cluster.choosing import Choice
from feedeval.evaluator.cluster.cluster_run import ClusterRun
from feedeval.evaluator.cluster.crew import Crew, client_of
from feedeval.evaluator.cluster.messages import Orders
from feedeval.evaluator.cluster.parts import Parts, books_of
from feedeval.evaluator.cluster.reach import check_reach
from feedeval.evaluator.cluster.sharding import Cut, Cutter
from feedeval.evaluator.cluster.stores import options_of, place_name, refuse_unshared
from feedeval.evaluator.cluster.work import Work
from feedeval.evaluator.cluster.worker import Place
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.launching import Showing, changer, check_price, live_run, remember, usable
from feedeval.feed.parsing.sources import shown_address
from feedeval.notebook.panel.choose_reporters import reporters_for
from feedeval.records import Progress, Status
from feedeval.records.delivery import Delivery
from feedeval.run.context import Hooks
from feedeval.run.health import batch_size_for
from feedeval.run.progress import Reporter, RunState
from feedeval.run.progress_writer import ProgressOrigin, ProgressWriter
from feedeval.run.reporter_thread import ReporterThread
from feedeval.run.resume import plain, reuses
from feedeval.run.runner import Run, finished_run, plan_of
from feedeval.run.settings import RunSettings
from feedeval.run.setup import finished_state
from feedeval.run.telling.beginning import Beginning
from feedeval.run.telling.planning import Planning
from feedeval.storage.event_log import EventLog
from feedeval.storage.paths import SessionFolder, SessionPaths, session_paths
from feedeval.storage.shards import SHARDS, Shards
from feedeval.storage.store import SessionStore
from feedeval.version import __version__

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


@dataclass(frozen=True)
class OnCluster:
    """What is asked for."""

    cluster: Any
    shard_size: int | None
    work: Work
    output_dir: Path

    @property
    def client(self) -> ModelClient | None:
        """Who makes the calls; None: nobody."""
        return self.work.client


def start_on_cluster(asked: OnCluster, running: RunSettings, showing: Showing) -> EvaluationRun:
    """Start a run on a cluster, or find the one that this process has going.

    Raises:
        InputError: The cluster cannot be used, there is a budget and no price, or an option has no place there.
        SessionLocked: Another driver works on the same session.
    """
    _refuse(running, asked)
    check_price(running, asked.client)
    reporters = reporters_for(showing.progress, blocking=showing.blocking)
    found: list[EvaluationRun] = []
    returned = threading.Event()

    def begin(sitting: RunSettings, planning: Planning) -> Run:
        try:
            return _Begun(asked, sitting, planning, reporters).run()
        except SessionLocked as exc:
            live = live_run(session_paths(asked.output_dir, exc.session)) if exc.session else None
            if live is None:
                raise
            found.append(live)
            return live.shared(reporters if returned.is_set() else ())

    def starter(changes: Mapping[str, Any]) -> Beginning:
        sitting = running.model_copy(update={n: v for n, v in changes.items() if n in RunSettings.model_fields})
        calls = {name: value for name, value in changes.items() if name not in RunSettings.model_fields}
        if asked.client is not None and calls:
            asked.client.update(**usable(calls))
            check_price(sitting, asked.client)
        return Beginning(partial(begin, sitting), plan_of(asked.work.whole(), asked.output_dir, sitting))

    run = EvaluationRun(starter, reporters, begun=remember)
    returned.set()
    if found and showing.blocking:
        found[0].display()
    return found[0] if found else run


def _refuse(running: RunSettings, asked: OnCluster) -> None:
    refuse_unshared(asked.output_dir)
    if running.delivery is not Delivery.LIVE:
        raise InputError("delivery='batch' takes one process, however large the feed: leave cluster= out")
    if running.cache and not isinstance(asked.cluster, int):
        # Several machines cannot write to one file of SQLite, whatever folder they share.
        raise InputError(
            "cache=True keeps replies in a file that the processes of one machine share: give cluster= a number of "
            "workers, or leave cache= out; what still holds of earlier sessions is taken over without it"
        )
    size = asked.shard_size
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise InputError(f"shard_size={size!r}: give how many products a shard has, a whole number from 1, or None")


class _Begun:
    """The beginning of one sitting."""

    def __init__(
        self, asked: OnCluster, sitting: RunSettings, planning: Planning, reporters: Sequence[Reporter]
    ) -> None:
        self._asked = asked
        self._sitting = sitting
        self._planning = planning
        self._reporters = reporters
        self._folder = SessionFolder.of(asked.output_dir)
        self._job = asked.work.whole()
        self._choice = Choice(self._folder, self._job, sitting)
        self._messages: list[str] = []

    def run(self) -> Run:
        """Find or make the session and its shards, and begin."""
        with self._planning.shown(self._reporters), contextlib.ExitStack() as undo:
            if (complete := self._complete()) is not None:
                return finished_run(complete, self._folder, self._messages, self._reporters)
            self._planning.phase("Getting the cluster ready.")
            client, close = client_of(self._asked.cluster)
            undo.callback(close)
            self._folder.file_system.make_folder(self._folder.path)
            self._messages += self._folder.file_system.settle(self._folder.path)
            workers = max(1, sum(client.nthreads().values()))
            before, store, shards, cut = self._session(workers)
            if before is not None and store is None:
                return finished_run(before, self._folder, self._messages, self._reporters)
            assert store is not None  # what is not finished is worked on
            undo.callback(store.close)
            crew = Crew(client, Place(place_name(self._folder), store.sid, shards.count, 0))
            parts = self._parts((before, store, shards, cut), crew)
            parts.close_cluster = close
            parts.writer.write_now()
            store.flush()
            check_reach(crew, self._folder, shards)
            undo.pop_all()
        run = ClusterRun(parts)
        for text in self._messages:
            parts.log.info(text)
        where = self._cluster_name(client)
        parts.log.info(f"starts: {parts.state.total:,} products in {shards.count} shards on {where}")
        parts.reporter_thread.open(self._messages)
        run.begin()
        return run

    def _complete(self) -> Progress | None:
        """Return a session that is gone on with by its name alone and has nothing left to do: it needs no cluster."""
        named = self._sitting.session
        if self._asked.work.is_given or named is None:
            return None
        progress = self._choice.named(named)
        return progress if _is_complete(progress) and self._taken_up(progress)[1] is None else None

    def _session(self, workers: int) -> tuple[Progress | None, SessionStore | None, Shards, Cut | None]:
        """Return the session that is gone on with, or a new one with its shards cut."""
        named = self._sitting.session
        if not self._asked.work.is_given:
            if named is None:
                raise InputError("a new session needs the feed once more: start it with the feed")
            return (*self._taken_up(self._choice.named(named)), None)
        cut_folder = Path(tempfile.mkdtemp(dir=self._folder.path, prefix=".shards-"))
        try:
            cutter = self._asked.work.cutter()
            cut = self._cut(cutter, cut_folder, workers)
            self._planning.phase("Looking through the sessions that are there already.")
            same = self._choice.named(named) if named is not None else self._choice.found(cut.plan.digest)
            if same is not None and same.records_digest != cut.plan.digest:
                raise InputError(
                    f"session {same.session} had other records: {same.counts.total:,} then, {cut.plan.total:,} now. "
                    "Start without naming a session: what still holds is taken over."
                )
            if same is not None:
                return (*self._taken_up(same), cut)
            return self._made(cutter, cut, cut_folder)
        finally:
            shutil.rmtree(cut_folder, ignore_errors=True)

    def _cut(self, cutter: Cutter, folder: Path, workers: int) -> Cut:
        size = self._asked.shard_size
        # Of an address workers may be anywhere, and would not find what lies on this machine.
        if size is None and not self._folder.file_system.is_far:
            taken = self._asked.work.as_it_is(cutter, folder, self._planning.count)
            if taken is not None:
                return taken
        return cutter.cut(folder, workers, self._planning.count, size=size)

    def _taken_up(self, same: Progress) -> tuple[Progress, SessionStore | None, Shards]:
        paths = self._folder.session(same.session)
        shards = Shards.of(paths, same.settings)
        assert shards is not None  # it was chosen for them
        if _is_complete(same):
            self._messages.append(
                f"Session {same.session} is complete: nothing was left to do, all {same.counts.total:,} records were "
                "done before, at no cost now."
            )
            return same, None, shards
        store = SessionStore.open(paths)
        self._messages += store.repairs
        done = sum(each.counts.done for number, each in books_of(shards).items() if number)
        self._messages.append(
            f"Goes on with session {same.session}: {done:,} of {same.counts.total:,} records were done before."
        )
        return same, store, shards

    def _made(
        self, cutter: Cutter, cut: Cut, cut_folder: Path
    ) -> tuple[Progress | None, SessionStore | None, Shards, Cut | None]:
        store = SessionStore.create(self._folder, now=datetime.now().astimezone())
        try:
            shards = Shards(store.paths, len(cut.sizes))
            if (earlier := self._choice.earlier()) is not None:
                self._messages.append(f"What still holds of session {earlier.session} is taken over.")
            before = None if earlier is None else self._folder.session(earlier.session)
            self._asked.work.lay_beside(cutter, cut_folder, store, before)
            shards.take_in(cut_folder)
        except BaseException:
            store.close()
            raise
        return None, store, shards, cut

    def _parts(self, found: tuple[Progress | None, SessionStore, Shards, Cut | None], crew: Crew) -> Parts:
        before, store, shards, cut = found
        asked, sitting = self._asked, self._sitting
        state = self._state(before, store.paths, cut)
        state.budget_usd = sitting.budget_usd
        earlier = self._choice.earlier() if before is None else None
        origin = self._origin(before, cut, shards)
        log = EventLog(store.paths)
        return Parts(
            state=state,
            store=store,
            shards=shards,
            crew=crew,
            orders=self._orders(origin, earlier, state.batch_size),
            writer=ProgressWriter(store, state, origin, interval_s=sitting.progress_interval_s, now=_now),
            reporter_thread=ReporterThread(
                self._reporters, state.snapshot, refresh_s=sitting.refresh_s, on_fault=log.warning
            ),
            log=log,
            hooks=Hooks(on_change=None if asked.client is None else changer(asked.client)),
            settings=sitting,
            close_cluster=lambda: None,
            books=books_of(shards),
        )

    def _orders(self, origin: ProgressOrigin, earlier: Progress | None, batch_size: int) -> Orders:
        asked = self._asked
        own: dict[str, Any] = {"batch_size": batch_size, "name": None, "budget_usd": None, "session": None}
        own |= {"resume": True, "reuse": True, "also_from": ()}
        held = None
        if earlier is not None:
            told = Shards.of(self._folder.session(earlier.session), earlier.settings)
            held = (earlier.session, 0 if told is None else told.count)
        return Orders(
            **asked.work.orders(),
            running=self._sitting.model_copy(update=own),
            source=origin.settings["source"],
            fingerprint=origin.fingerprint,
            storage=options_of(self._folder),
            model=None if asked.client is None else asked.client.settings,
            earlier=held,
            cache_folder=str(self._folder.path.absolute()) if self._sitting.cache else None,
        )

    def _state(self, before: Progress | None, paths: SessionPaths, cut: Cut | None) -> RunState:
        if before is not None:
            state = finished_state(before, self._folder)
            state.status = Status.PENDING
            return state
        assert cut is not None  # a new session was cut just now
        size = batch_size_for(self._sitting, cut.plan.total)
        return RunState(
            session=paths.sid,
            kind=self._job.kind,
            engine=self._job.engine,
            output_dir=self._folder.shown,
            total=cut.plan.total,
            batch_size=size,
            total_batches=sum(-(-products // size) for products in cut.sizes),
            started=_now(),
        )

    def _origin(self, before: Progress | None, cut: Cut | None, shards: Shards) -> ProgressOrigin:
        if before is not None:
            settings = dict(before.settings)
        else:
            settings = dict(plain(self._job.settings()))
            settings[SHARDS] = {"count": shards.count}
        run = self._sitting.model_dump(mode="json", exclude={"budget_usd", "session"})
        if before is not None:
            run["name"] = self._sitting.name or before.settings.get("run", {}).get("name")
            if not reuses(before):
                run["reuse"] = False
        settings["run"] = run
        settings[SHARDS] = {**settings[SHARDS], "cluster": _named_again(self._asked.cluster)}
        digest = before.records_digest if before is not None else cut.plan.digest if cut is not None else ""
        fingerprint = before.fingerprint if before is not None else plain(self._job.fingerprint())
        return ProgressOrigin(fingerprint, settings, digest, __version__)

    def _cluster_name(self, client: Any) -> str:
        return shown_address(str(client.scheduler.address)) if not isinstance(self._asked.cluster, int) else "here"


def _is_complete(progress: Progress) -> bool:
    return progress.status is Status.FINISHED and not progress.counts.failed and not progress.counts.left


def _named_again(cluster: Any) -> int | str:
    """Return how the same cluster can be named when the session is gone on with."""
    if isinstance(cluster, int):
        return cluster
    return shown_address(cluster if isinstance(cluster, str) else str(cluster.scheduler.address))


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
