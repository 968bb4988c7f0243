"""Dask, as far as it is needed: it places a task a shard, restarts what died, and carries words to the coordinator.

The coordinator lives beside the scheduler, in its process: whichever worker dies, it stays. Where the scheduler dies,
its workers end with it, and nothing but what is on disk is left: one that is started anew at the same address, with
workers, gets a new coordinator from what is on record, and all shards that were not through are placed once more. Where
none comes, the run ends. This is the one file that imports Dask.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import pickle
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future as ThreadFuture
from typing import TYPE_CHECKING, Any

from feedeval.errors import ConnectionLost, InputError
from feedeval.evaluator.cluster import own_workers
from feedeval.evaluator.cluster.coordinator import Coordinator
from feedeval.evaluator.cluster.messages import Command, Do, Orders, Said, Sealed, ShardNews, Told
from feedeval.evaluator.cluster.worker import Place, ShardEnd, work_on
from feedeval.feed.parsing.sources import shown_address

if TYPE_CHECKING:
    from distributed import Client, Future

HANDLER = "feedeval"
"""What the scheduler's handler is called."""
_ANSWER_S = 30.0
_GATHERED_S = 5.0
RETRIES = 3
"""Times that Dask tries a task again that raised something."""
GONE = (
    "The cluster's scheduler does not answer any more. What is done is saved: start the same audit with a cluster that "
    "runs, and it goes on."
)
_HOW = "give cluster= a dask.distributed Client, a scheduler's address such as tcp://host:8786, or a number of workers"


def client_of(cluster: Any) -> tuple[Client, Callable[[], None]]:
    """Return a client for what a person gave, and what closes what was opened for it.

    Args:
        cluster: A client, a scheduler's address, or how many processes to start on this machine.

    Raises:
        InputError: It is none of these, the package is missing, or the scheduler does not answer.
    """
    try:
        import distributed
    except ImportError as exc:
        raise InputError("cluster= needs Dask: pip install 'feedeval[cluster]'") from exc
    if isinstance(cluster, distributed.Client):
        if cluster.asynchronous:
            raise InputError("cluster= takes a client that is not asynchronous")
        if cluster.status != "running":
            raise InputError(f"cluster= is a client whose scheduler does not answer ({cluster.status}); {_HOW}")
        return cluster, lambda: None
    if isinstance(cluster, bool) or not isinstance(cluster, int | str) or (isinstance(cluster, int) and cluster < 1):
        raise InputError(f"cluster={cluster!r}: {_HOW}")
    if isinstance(cluster, str):
        try:
            client = distributed.Client(cluster, timeout=_ANSWER_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as exc:
            raise InputError(f"cluster={cluster!r}: there is no Dask scheduler that answers; {_HOW}") from exc
        return client, client.close
    return _started_here(cluster)


def _started_here(workers: int) -> tuple[Client, Callable[[], None]]:
    """Start workers on this machine, and return a client of them and what ends them."""
    import distributed

    guard = (
        'in a script, put what starts the audit under `if __name__ == "__main__":`, as each process imports it again'
    )
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise InputError(f"cluster= with a number starts processes: {guard}")
    try:
        local = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
            # What becomes of a worker is told by the run.
            silence_logs=logging.ERROR,
            config={
                # A hundred looks a second at what each thread does are for Dask's dashboard, which there is none of.
                "distributed.worker.profile.enabled": False,
                "distributed.worker.preload": [own_workers.__name__],
            },
        )
    except (RuntimeError, OSError, TimeoutError) as exc:
        raise InputError(f"cluster={workers}: its processes did not start ({exc}); {guard}") from exc
    client = distributed.Client(local, set_as_default=False)

    def close() -> None:
        client.close()
        local.close()

    return client, close


class Crew:
    """The workers of one run, as the driver sees them.

    Args:
        client: The way to the scheduler.
        place: The session and its shards; the number is each task's own.
    """

    def __init__(self, client: Client, place: Place) -> None:
        self._client = client
        self._place = place
        self._futures: dict[int, Future] = {}
        self._tries: dict[int, int] = {}
        try:
            self._install()
        except (ImportError, AttributeError) as exc:
            raise InputError(
                "the cluster's scheduler and workers have no feedeval of this version: install the same one there"
            ) from exc

    @property
    def size(self) -> int:
        """How many shards can be worked on at once, as far as is known now."""
        return max(1, int(sum(self._client.nthreads().values())))

    def workers(self) -> int:
        """Return how many workers there are."""
        return len(self._client.nthreads())

    def order(self, orders: Orders, *, budget_usd: float | None, spent_usd: Mapping[int, float]) -> None:
        """Tell the coordinator how shards are worked on."""
        self._ask("order", Sealed((orders, budget_usd, dict(spent_usd))))

    def say(self, do: Do, *, changes: Mapping[str, Any] | None = None) -> None:
        """Have all workers do something."""
        self._ask("say", (do, None if not changes else Sealed(dict(changes))))

    def set_budget(self, budget_usd: float | None) -> None:
        """Change the cap."""
        self._ask("budget", budget_usd)

    def news(self) -> tuple[dict[int, ShardNews], Command]:
        """Return how the shards stand, and the last word to all.

        Raises:
            ConnectionLost: The scheduler is away, or is another one that knows of no coordinators yet.
        """
        try:
            found: tuple[dict[int, ShardNews], Command] = self._ask("news", None)
            return found
        except ConnectionLost:
            if self._client.status == "running":
                self._install()
            raise

    @property
    def gone(self) -> bool:
        """Whether the scheduler was away for so long that the client has given it up."""
        return self._client.status in ("closing", "closed")

    def _install(self) -> None:
        self._client.run_on_scheduler(_install)

    def forget(self) -> None:
        """Let the coordinator go."""
        with contextlib.suppress(Exception):
            self._ask("forget", None)

    def asked(self, question: Callable[[Sealed], str], about: Sealed) -> dict[str, str]:
        """Return what each worker that is there answers to a question, by its address."""
        answers = self._client.run(question, about, on_error="return")
        return {
            shown_address(str(worker)): answer if isinstance(answer, str) else f"{type(answer).__name__}: {answer}"
            for worker, answer in answers.items()
        }

    def begin(self, number: int) -> None:
        """Have a shard worked on, by whichever worker has time."""
        tries = self._tries[number] = self._tries.get(number, 0) + 1
        key = f"feedeval-{self._place.sid}-shard-{number:04d}-try-{tries}"
        self._futures[number] = self._client.submit(
            shard_task, self._place._replace(number=number), key=key, pure=False, retries=RETRIES
        )

    def ended(self) -> list[tuple[int, ShardEnd | BaseException]]:
        """Return what came of shards since the last look; those that were lost with the scheduler are placed anew."""
        found: list[tuple[int, ShardEnd | BaseException]] = []
        if self._client.status != "running":
            return found
        for number, future in list(self._futures.items()):
            if not future.done():
                continue
            if future.status == "finished":
                try:
                    found.append((number, future.result(timeout=_GATHERED_S)))
                except Exception:  # its worker died with the answer: the task is on its way again
                    continue
            elif future.status == "error":
                found.append((number, future.exception() or RuntimeError("it failed")))
            else:
                self.begin(number)
                continue
            del self._futures[number]
            future.release()
        return found

    @property
    def under_way(self) -> frozenset[int]:
        """The shards that have a task."""
        return frozenset(self._futures)

    def drop(self) -> None:
        """Take back tasks that no worker has begun with."""
        if self._futures:
            running = {key for keys in self._client.processing().values() for key in keys}
            waiting = [n for n, future in self._futures.items() if future.key not in running]
            for number in waiting:
                self._futures.pop(number).cancel()

    def _ask(self, what: str, about: Any) -> Any:
        if self._client.status != "running":
            # Asked now it would wait for a connection, and the driver with it.
            raise ConnectionLost("the scheduler of this cluster does not answer")
        scheduler: Any = self._client.scheduler
        data = pickle.dumps(about)
        answer = self._client.sync(getattr(scheduler, HANDLER), sid=self._place.sid, what=what, data=data)
        return _opened(answer)


def _opened(answer: Any) -> Any:
    if not isinstance(answer, bytes):
        raise ConnectionLost("the coordinator of this run is not there any more")
    return pickle.loads(answer)


def shard_task(place: Place) -> ShardEnd:
    """Work on one shard; runs on a worker."""
    from distributed import get_worker

    worker: Any = get_worker()

    def ask(what: str, about: Any) -> Any:
        async def asked() -> Any:
            call = getattr(worker.scheduler, HANDLER)
            return await asyncio.wait_for(call(sid=place.sid, what=what, data=pickle.dumps(about)), _ANSWER_S)

        coming = asked()
        try:
            waiting: ThreadFuture[Any] = asyncio.run_coroutine_threadsafe(coming, worker.loop.asyncio_loop)
        except RuntimeError as exc:
            coming.close()
            raise ConnectionLost("this worker has ended, as its scheduler has") from exc
        return _opened(waiting.result(_ANSWER_S + 1))

    def exchange(said: Said) -> Told:
        told: Told = ask("exchange", said)
        return told

    sealed: Sealed | None = ask("orders", None)
    if sealed is None:
        raise ConnectionLost("the coordinator of this run has no orders yet")
    orders: Orders = sealed.open()
    return work_on(place, orders, exchange, str(worker.name))


_coordinators: dict[str, Coordinator] = {}
"""In the scheduler's process: the coordinators of the runs, by session."""
_coordinators_lock = threading.Lock()


def _install(dask_scheduler: Any = None) -> None:
    """Let a scheduler pass words to coordinators."""
    dask_scheduler.handlers[HANDLER] = handle


def handle(sid: str, what: str, data: bytes) -> bytes:
    """Answer a word to the coordinator of a session; runs beside the scheduler."""
    about = pickle.loads(data)
    if what == "forget":
        with _coordinators_lock:
            _coordinators.pop(sid, None)
        return pickle.dumps(None)
    with _coordinators_lock:
        coordinator = _coordinators.setdefault(sid, Coordinator())
    return pickle.dumps(_answer(coordinator, what, about))


def _answer(coordinator: Coordinator, what: str, about: Any) -> Any:
    match what:
        case "exchange":
            return coordinator.exchange(about)
        case "orders":
            return coordinator.orders()
        case "order":
            orders, budget_usd, spent_usd = about.open()
            return coordinator.order(orders, budget_usd=budget_usd, spent_usd=spent_usd)
        case "say":
            do, changes = about
            return coordinator.say(do, changes=changes)
        case "budget":
            return coordinator.set_budget(about)
        case "news":
            return coordinator.news(), coordinator.command
    raise ValueError(what)
