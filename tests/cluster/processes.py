"""A scheduler and its workers as processes of Dask's own commands, each of which may be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from tests.e2e.support import ROOT, environment

_AT = re.compile(r"Scheduler at:\s+(tcp://\S+)")


class DaskProcesses:
    """A scheduler and workers on this machine, as a person starts them in a terminal.

    Args:
        workers: How many workers.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._started: list[subprocess.Popen[str]] = []
        self.address = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start them; once more at the address that they had before."""
        port = self.address.rpartition(":")[2] or "0"
        scheduler = self._run("dask_scheduler", "--host", "127.0.0.1", "--port", port)
        assert scheduler.stdout is not None
        self.address = next(found[1] for line in scheduler.stdout if (found := _AT.search(line)))
        # What they say further is read, as a pipe that is full would hold them up.
        threading.Thread(target=scheduler.stdout.read, daemon=True).start()
        self.start_workers()

    def start_workers(self) -> None:
        """Start as many workers as there are to be."""
        workers = self._run("dask_worker", self.address, "--nworkers", str(self._workers), "--nthreads", "1")
        assert workers.stdout is not None
        threading.Thread(target=workers.stdout.read, daemon=True).start()

    def kill(self) -> None:
        """Kill them all at once, as where the machine goes down."""
        self._kill(self._started)

    def kill_workers(self) -> None:
        """Kill all workers, and those who would start them again."""
        self._kill(self._started[1:])

    def _kill(self, processes: list[subprocess.Popen[str]]) -> None:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._started = [each for each in self._started if each.returncode is None]

    def kill_scheduler(self) -> None:
        """Kill the scheduler, and with it the coordinator."""
        os.kill(self._started[0].pid, signal.SIGKILL)

    def _run(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command}", *arguments, "--dashboard-address", "127.0.0.1:0"],
            cwd=ROOT,
            env=environment(PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process
