"""A run on a cluster: with the face of a run in this process, it keeps the sums, and hands out shards.

The driver's thread looks around a few times a second. It owns the session's small files and nothing else: results are
written by the workers, shard by shard, and whatever becomes of the driver stays as it is on disk.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from feedeval.errors import ConnectionLost, FeedevalError, InputError, RunFault, StorageError
from feedeval.evaluator.cluster.crew import GONE
from feedeval.evaluator.cluster.messages import Command, Do, ShardNews
from feedeval.evaluator.cluster.parts import Parts, book_of, books_of, close_down
from feedeval.evaluator.cluster.question_stage import hand_out_questions, keep_questions, questions_left
from feedeval.evaluator.cluster.requests import RequestReader
from feedeval.evaluator.cluster.standing import Company, Standing, standing
from feedeval.evaluator.cluster.summing import live_of, sum_up
from feedeval.evaluator.cluster.worker import ShardEnd, with_changes
from feedeval.evaluator.launching import usable
from feedeval.records import Progress, Status
from feedeval.run.progress import Need
from feedeval.run.runner import Run, stop_at_exit
from feedeval.run.settings import RunSettings
from feedeval.run.telling.place import PlaceWatch
from feedeval.run.telling.words import reason_in_words
from feedeval.storage.requests import Action
from feedeval.storage.shards import CATEGORIES

LOOK_S = 0.25
WRITE_S = 2.0
MOST_TRIES = 3
"""Times that a shard which failed is begun with, beside the cluster's own retries."""
STOPPED_AFTER_S = 90.0
"""How long workers are waited for after a stop."""
LOST_AFTER_S = 60.0
"""A cluster that does not answer for so long is given up; what is done is saved."""


class ClusterRun(Run):
    """A session in shards that workers of a cluster work on. Every method may be called from any thread."""

    def __init__(self, parts: Parts) -> None:
        """Use `starting.begin`."""
        super().__init__(parts.state, None, parts.hooks)
        self._over.clear()
        self._parts = parts
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._fault: RunFault | None = None
        self._stopping = False
        self._stopping_s = 0.0
        self._lost: dict[int, str] = {}
        """Shards that could not be worked on however often they were begun with, and why."""
        self._tries: dict[int, int] = {}
        self._answered_s = time.monotonic()
        self._written_s = float("-inf")
        self._place = PlaceWatch(parts.store, self._tell)
        self._worked_on: frozenset[int] = frozenset()
        self._unread: list[tuple[int, ShardEnd | BaseException]] = []
        """What came of shards whose files could not be read yet."""
        self._company = Company()
        self._told_usd: dict[int, float] = {}
        """What workers said last that their shards have cost, which their files may not have yet."""

    @property
    def fault(self) -> RunFault | None:
        """What a person has to mend: why the run is paused, or why it was stopped before its end."""
        return self._fault

    def pause(self) -> None:
        """Start no more calls on any worker; those in flight finish."""
        self._leaving("pausing")
        self._ask(lambda: self._parts.crew.say(Do.PAUSE))

    def stop(self) -> None:
        """Have all workers end, write the state, and end. Does not wait."""
        self._leaving("stopping")

        def stop() -> None:
            if not self._stopping:
                self._stopping, self._stopping_s = True, time.monotonic()
            self._parts.crew.say(Do.STOP)
            self._parts.crew.drop()

        self._ask(stop)

    leave = stop

    def resume(self, **changes: Any) -> None:
        """Go on after a pause, with new settings where they are needed.

        Raises:
            InputError: A setting cannot be changed or has no usable value, or the run was stopped.
        """
        if self._state.status is Status.FINISHED:
            return
        if self.done:
            raise InputError(f"Session {self.sid} is not being worked on; start it again to go on with it.")
        rest = dict(changes)
        self._refuse_same_budget(rest)
        capped = "budget_usd" in rest
        budget_usd = RunSettings(budget_usd=rest.pop("budget_usd", None)).budget_usd
        if rest:
            if self._hooks.on_change is None:
                raise InputError(f"{', '.join(rest)} cannot be changed while this run goes on; budget_usd can.")
            self._hooks.on_change(rest)
        with self._state.lock:
            self._state.needs_person = False
            if capped:
                self._state.budget_usd = budget_usd
        self._ask(lambda: self._go_on(rest, capped=capped))

    def say(self, text: str) -> None:
        """Show a sentence where the run is shown."""
        self._parts.reporter_thread.say(text)

    def _tell(self, text: str) -> None:
        self._parts.log.warning(text)
        self.say(text)

    def add_reporter(self, reporter: Any) -> None:
        """Show the run in one more place from now on."""
        if not self.done:
            self._parts.reporter_thread.add(reporter)

    def begin(self) -> None:
        """Begin, on a thread of its own."""
        self._thread = threading.Thread(target=self._drive, name=f"feedeval-cluster-{self.sid}", daemon=True)
        stop_at_exit(self)
        self._thread.start()
        self._parts.reporter_thread.run()

    def _go_on(self, changes: Mapping[str, Any], *, capped: bool) -> None:
        parts, crew = self._parts, self._parts.crew
        if capped:
            crew.set_budget(self._state.budget_usd)
        if changes:
            # Also for shards that begin later.
            parts.orders = with_changes(parts.orders, usable(changes))
            self._order()
        lost, self._lost = self._lost, {}
        self._tries.clear()
        for number in lost:
            crew.begin(number)
        crew.say(Do.WORK, changes=changes)
        self._take(Standing(Status.RUNNING))

    def _order(self) -> None:
        """Tell the coordinator how shards are worked on, the cap, and what is on record as spent."""
        parts = self._parts
        spent = {number: each.cost_usd or 0.0 for number, each in parts.books.items()}
        for number, usd in self._told_usd.items():
            spent[number] = max(usd, spent.get(number, 0.0))
        parts.crew.order(parts.orders, budget_usd=self._state.budget_usd, spent_usd=spent)

    def _leaving(self, word: str) -> None:
        with self._state.lock:
            if self._state.status is Status.RUNNING and not self._state.leaving:
                self._state.leaving = word

    def _ask(self, action: Callable[[], None]) -> None:
        self._asked.put(action)
        self._wake.set()

    def _drive(self) -> None:
        parts = self._parts
        finished = False
        try:
            with self._state.lock:
                self._state.status = Status.RUNNING
                self._state.begin_running()
            self._order()
            parts.crew.say(Do.WORK)
            finished = self._go_through()
        except Exception as exc:  # a fault of the program itself must not leave the session locked
            self._crash = exc
            parts.log.warning(f"{type(exc).__name__}: {exc}")
        finally:
            self._end(finished=finished)

    def _go_through(self) -> bool:
        """Have the questions made and then all shards worked on; return whether all are through."""
        parts = self._parts
        requests = RequestReader(parts.store.paths)
        if questions_left(parts.store, parts.shards, parts.orders.audit):
            parts.crew.begin(CATEGORIES)
        else:
            self._begin_shards()
        while True:
            self._wake.wait(LOOK_S)
            self._wake.clear()
            self._do_asked()
            if (action := requests.taken()) is not None:
                parts.log.info(f"asked from outside to {action}")
                go_on: Callable[[], None] = partial(self._go_on, {}, capped=False)
                acts = {Action.PAUSE: self.pause, Action.RESUME: go_on, Action.STOP: self.stop}
                acts[action]()
            self._look()
            ended, self._unread = [*self._unread, *parts.crew.ended()], []
            self._take_note(ended)
            if not (parts.crew.under_way or self._unread) and (self._stopping or not self._lost):
                left = () if self._stopping else self._left()
                if not left:
                    return not self._stopping
                why = "whoever had it last did not finish it"
                self._take_note((number, ShardEnd(number, Status.STOPPED.value, why)) for number in left)
            if self._stopping and time.monotonic() - self._stopping_s > STOPPED_AFTER_S:
                return False

    def _take_note(self, ended: Iterable[tuple[int, ShardEnd | BaseException]]) -> None:
        for number, end in ended:
            try:
                self._ended(number, end)
            except StorageError:  # away for a moment, which the place tells of itself
                self._unread.append((number, end))

    def _do_asked(self) -> None:
        """Do what was asked for; what the cluster does not hear now is said again at the next look."""
        while not self._asked.empty():
            action = self._asked.get()
            try:
                action()
            except (OSError, TimeoutError, ConnectionLost):
                self._asked.put(action)
                return

    def _begin_shards(self) -> None:
        hand_out_questions(self._parts.store, self._parts.shards)
        books = self._parts.books
        for number in self._parts.shards.numbers:
            before = books.get(number)
            through = before is not None and before.status is Status.FINISHED
            if before is None or not through or before.counts.failed > before.unreadable or before.counts.left:
                self._parts.crew.begin(number)

    def _ended(self, number: int, end: ShardEnd | BaseException) -> None:
        """Take note of what came of a shard."""
        book = self._book(number)
        if self._stopping:
            return
        is_through = isinstance(end, ShardEnd) and end.status == Status.FINISHED.value
        if is_through and book is not None and book.status is Status.FINISHED:
            if number == CATEGORIES:
                keep_questions(self._parts.store, self._parts.shards)
                self._begin_shards()
            return
        why = f"{type(end).__name__}: {end}" if isinstance(end, BaseException) else end.reason
        # The worker's last word was that it is through; it did not reach the place where the session lies.
        why = "its last files are not there" if is_through else why
        tries = self._tries[number] = self._tries.get(number, 0) + 1
        what = "the questions" if number == CATEGORIES else f"shard {number}"
        self._parts.log.warning(f"{what} ended before the end ({why})")
        if tries < MOST_TRIES:
            self.say(f"Begins anew with {what}: {why}")
            self._parts.crew.begin(number)
        else:
            self._lost[number] = f"{what} failed {tries} times, the last time: {why}"

    def _book(self, number: int) -> Progress | None:
        book = book_of(self._parts.shards, number)
        if book is not None:
            self._parts.books[number] = book
        return book

    def _left(self) -> list[int]:
        """Return the shards that are not through on disk: left-over sittings may have died after another had ended."""
        numbers, books = self._parts.shards.numbers, self._parts.books
        with contextlib.suppress(StorageError):
            books |= books_of(self._parts.shards)
        return [n for n in numbers if n not in books or books[n].status is not Status.FINISHED]

    def _look(self) -> None:
        """Bring the figures up to date, and say what they mean for the whole run."""
        parts = self._parts
        try:
            news, command = parts.crew.news()
            if not self._orders_known(command.serial):
                return
        except Exception as exc:  # the scheduler is away for a moment, or for good
            if parts.crew.gone or time.monotonic() - self._answered_s > LOST_AFTER_S:
                raise RunFault(GONE) from exc
            return
        self._answered_s = time.monotonic()
        for number in self._worked_on - live_of(news).keys():
            # Its worker died, or it is through: what it did is where the session lies.
            with contextlib.suppress(StorageError):
                self._book(number)
        self._worked_on = frozenset(live_of(news))
        self._told_usd.update({n: each.snapshot.cost_usd or 0.0 for n, each in news.items() if each.snapshot})
        sum_up(self._state, parts.books, news)
        self._see_state(news, command)
        if parts.crew.under_way and (missed := self._company.missed(news, parts.crew.workers)):
            parts.log.warning(missed)
            self.say(missed)
        with self._state.lock:
            self._state.updated = datetime.now().astimezone().isoformat(timespec="milliseconds")
        self._write(at_once=False)

    def _orders_known(self, serial: int) -> bool:
        """Give a coordinator that was made anew, as with a new scheduler, what the one before had."""
        if serial > 0:
            return True
        with contextlib.suppress(StorageError):
            self._parts.books |= books_of(self._parts.shards)
        self._order()
        rests = self._state.status is Status.PAUSED or self._state.leaving == "pausing"
        self._parts.crew.say(Do.STOP if self._stopping else Do.PAUSE if rests else Do.WORK)
        self._parts.log.warning("the cluster's scheduler was started anew: the shards are placed once more")
        return False

    def _see_state(self, news: Mapping[int, ShardNews], command: Command) -> None:
        if self._stopping:
            return
        under_way = self._parts.crew.under_way
        told = {number: each for number, each in live_of(news).items() if number in under_way}
        found = standing(self._state.status, command, told, {} if under_way - set(self._lost) else self._lost)
        if found is not None:
            before = self._state.status, self._state.status_reason
            self._take(found)
            if before != (found.status, found.reason):
                self._turned()

    def _take(self, found: Standing) -> None:
        self._fault = found.fault
        with self._state.lock:
            self._state.status, self._state.status_reason, self._state.leaving = found.status, found.reason, ""
            self._state.needs_person, self._state.needs = found.status is Status.PAUSED, found.need

    def _turned(self) -> None:
        """Say that the state is another one, and keep the clock."""
        state = self._state
        if state.status is Status.PAUSED:
            state.end_running()
            self._parts.log.warning(f"paused: {state.status_reason}")
            self.say(f"Paused. {reason_in_words(state.status_reason)}")
        else:
            state.begin_running()
            self._parts.log.info("goes on")
            self.say("Goes on.")
        self._write(at_once=True)
        self._parts.reporter_thread.touch()

    def _write(self, *, at_once: bool) -> None:
        now_s = time.monotonic()
        if not at_once and now_s - self._written_s < WRITE_S:
            return
        self._written_s = now_s
        try:
            self._parts.writer.write_now()
        except FeedevalError as exc:
            self._parts.log.warning(f"the state could not be written: {exc}")
        self._place.look()
        if (lost := self._parts.store.lost) and not self._stopping:
            # Somebody else goes on with the session.
            self._fault = StorageError(lost)
            with self._state.lock:
                self._state.status_reason = lost
            self.stop()

    def _end(self, *, finished: bool) -> None:
        parts, state = self._parts, self._state
        state.end_running()
        with contextlib.suppress(StorageError):
            parts.books |= books_of(parts.shards)
        sum_up(state, parts.books, {})
        with state.lock:
            why = state.status_reason if self._fault is not None else "stopped by hand"
            why = f"{type(self._crash).__name__}: {self._crash}" if self._crash else why
            state.status = Status.FINISHED if finished else Status.STOPPED
            state.status_reason = "" if finished else why
            state.leaving, state.needs_person, state.needs, state.in_hand = "", False, Need.NOTHING, 0
        if isinstance(self._crash, RunFault):
            self._fault, self._crash = self._crash, None
        close_down(parts, self._place, finished=finished)
        self._over.set()
