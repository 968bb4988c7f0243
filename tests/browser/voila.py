"""A Voilà server of our own, which serves one notebook as a web page."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from tests.browser.lab import BOUND_S, ROOT


class Voila:
    """A server that runs on a free port of this machine, with no settings but its own.

    Args:
        notebook: What it serves; its kernels run in that folder, and `voila.json` there is its configuration.
        folder: Where it keeps its own files.
    """

    def __init__(self, notebook: Path, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        self._log = (folder / "voila.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "voila", notebook.name, "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"],
            cwd=notebook.parent,
            env=clean | own | {"PYTHONPATH": str(ROOT)},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait_until_ready(port, folder / "voila.log")

    def _wait_until_ready(self, port: int, log: Path) -> None:
        until_s = time.monotonic() + BOUND_S
        while time.monotonic() < until_s and self._process.poll() is None:
            try:
                # Asking for the page would start a kernel.
                urllib.request.urlopen(f"{self.address}/voila/static/no-such-file", timeout=60)
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.2)
        self.close()
        raise AssertionError(f"Voilà did not start:\n{log.read_text(errors='replace')[-3000:]}")

    @property
    def kernels(self) -> int:
        """How many kernels run."""
        return sum(map(_is_kernel, psutil.Process(self._process.pid).children()))

    def close(self) -> None:
        """Stop the server with its kernels."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _is_kernel(process: psutil.Process) -> bool:
    try:
        return "ipykernel_launcher" in " ".join(process.cmdline())
    except psutil.Error:  # it ends just now
        return False
