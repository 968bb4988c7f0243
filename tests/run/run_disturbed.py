"""Runs that are killed, interrupted or left alone, each in a process of its own; started by the tests of these.

python -m tests.run.run_disturbed kill FOLDER KILLS     forks a run, kills it, goes on, so many times
python -m tests.run.run_disturbed block FOLDER [hang]   blocks on a run and says `ready` when it is under way
python -m tests.run.run_disturbed leave FOLDER          starts a run and comes to its end without waiting
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from feedeval.records import Call, Ledger, Record
from feedeval.run.reporters import TextReporter
from feedeval.run.runner import RunSettings, run_blocking, start
from tests.run.jobs import CallingJob

RECORDS = 900
WORKERS = 16


class Witnessed(CallingJob):
    """Writes down every call in a file that outlives the process, when it is made and when it is answered."""

    def __init__(self, folder: Path, *, latency_s: float, records: int = RECORDS) -> None:
        contents = [f"c{n}" if n % 10 else f"twin {n % 50}" for n in range(records)]
        super().__init__(contents, calls=2, latency_s=latency_s)
        self.witness = os.open(folder / "witness.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def _reply(self, record: Record, request_hash: str, number: int) -> Call:
        call = super()._reply(record, request_hash, number)
        os.write(self.witness, f"{request_hash}\n".encode())
        return call


class Hangs(Witnessed):
    """Is never answered from the 31st record on."""

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        if record.index >= 30:
            await asyncio.Event().wait()
        return await super().process(record, ledger)


def sitting(folder: Path, *, latency_s: float = 0.001) -> None:
    """Run, or go on, to the end."""
    run = start(
        Witnessed(folder, latency_s=latency_s), folder / "output", RunSettings(batch_size=15, max_workers=WORKERS)
    )
    run.wait()


def kill(folder: Path, kills: int) -> None:
    """Kill the run so many times, then let it end; print how many kills met it alive."""
    dice = random.Random(7)
    met = 0
    for last in [False] * kills + [True]:
        pid = os.fork()
        if pid == 0:
            # Slow enough that the work is not done before the kills are, however late they come.
            sitting(folder, latency_s=0.001 if last else 0.1)
            os._exit(0)
        if not last:
            time.sleep(dice.uniform(0.02, 0.25))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        met += os.WIFSIGNALED(status)
    print(json.dumps({"met": met}))


def block(folder: Path) -> None:
    """Block on a run as `evaluate_products_batch` does."""
    job = Hangs(folder, latency_s=0.02) if "hang" in sys.argv else Witnessed(folder, latency_s=0.05)
    run = start(
        job, folder / "output", RunSettings(batch_size=15, max_workers=4), reporters=[TextReporter(blocks=False)]
    )
    while run.snapshot().counts.done < 10:
        time.sleep(0.01)
    threading.Timer(0.2, lambda: print("ready", flush=True)).start()
    snapshot = run_blocking(run)
    print(f"ended {snapshot.status.value}", flush=True)


def leave(folder: Path) -> None:
    """Start a run and leave."""
    run = start(Witnessed(folder, latency_s=0.05), folder / "output", RunSettings(batch_size=15, max_workers=4))
    while run.snapshot().counts.done < 10:
        time.sleep(0.01)


if __name__ == "__main__":
    where = Path(sys.argv[2])
    match sys.argv[1]:
        case "kill":
            kill(where, int(sys.argv[3]))
        case "block":
            block(where)
        case "leave":
            leave(where)
