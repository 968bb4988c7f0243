"""A model server for tests: real HTTP on loopback, in a thread of its own or as a process (`python -m tests.server`).

with ModelServer(seed=0, rpm=600, window_s=6.0) as server:
    server.faults.append(Fault(FaultKind.SERVER_ERROR, probability=0.05))
    ...  # talk to server.base_url
    assert server.stats.repeated == 0
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.server.answers import Answerer
from tests.server.app import Config, ModelApp, Stats
from tests.server.faults import Fault, FaultKind

LONGEST_BYTES = 1 << 30
"""Of a request: a file of a batch may have 200 MB."""

__all__ = ["Answerer", "Config", "Fault", "FaultKind", "ModelServer", "Stats", "serve"]


class ModelServer:
    """The model server in a thread of its own.

    Args:
        seed: What answers and probabilities are drawn from.
        faults: What goes wrong, see `Fault`; the list can be changed while it runs.
        answerer: Who answers; made from the seed by default.
        **config: Fields of `Config`: `rpm`, `tpm`, `window_s`, `latency_s`, `latency_sigma`, `model`, `api_key`, ...
    """

    def __init__(
        self, *, seed: int = 0, faults: Iterable[Fault] = (), answerer: Answerer | None = None, **config: Any
    ) -> None:
        self.faults: list[Fault] = list(faults)
        self.answerer = answerer or Answerer(seed)
        self.config = Config(seed=seed, **config)
        self.app = ModelApp(self.config, self.answerer, self.faults)
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop: asyncio.Event | None = None

    @property
    def base_url(self) -> str:
        """What a client takes as its `base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def stats(self) -> Stats:
        """What was served since the start or the last reset."""
        return self.app.stats

    def record_bodies(self) -> list[dict[str, Any]]:
        """Keep the body of every request from now on, and return the list that they go to."""
        self.app.bodies = []
        return self.app.bodies

    def record_headers(self) -> list[dict[str, str]]:
        """Keep the headers of every request from now on, names in small letters and without keys; return their list."""
        self.app.headers = []
        return self.app.headers

    @property
    def resource_url(self) -> str:
        """The address as Azure's classic form has it: that of the resource."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget what was served and refill the limits."""
        self._call(self.app.reset)

    def configure(self, **config: Any) -> None:
        """Change fields of `Config`; limits start again with full buckets."""
        for name, value in config.items():
            if not hasattr(self.config, name):
                raise AttributeError(name)
            setattr(self.config, name, value)
        self._call(self.app.restart_limits)

    def start(self, port: int = 0) -> ModelServer:
        """Start listening; returns when connections are taken."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(port, ready), name="model-server", daemon=True)
        self._thread.start()
        if not ready.wait(60) or not self.port:
            raise RuntimeError("the model server did not start within a minute")
        return self

    def stop(self) -> None:
        """Stop listening and drop connections."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._stop is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        thread.join(60)

    def __enter__(self) -> ModelServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _call(self, function: Any) -> None:
        if self._loop is None or self._thread is None:
            function()
            return
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (function(), done.set()))
        done.wait(60)

    def _run(self, port: int, ready: threading.Event) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            runner = await serve(self.app, port)
            self.port = runner.addresses[0][1]
            ready.set()
            await self._stop.wait()
            await runner.cleanup()

        try:
            asyncio.run(main())
        finally:
            ready.set()


async def serve(app: ModelApp, port: int = 0) -> web.ServerRunner:
    """Listen on loopback; the port stands in the runner's `addresses`."""
    loop = asyncio.get_running_loop()
    runner = web.ServerRunner(
        web.Server(
            app.handle,
            request_factory=lambda *parts: web.BaseRequest(*parts, loop, client_max_size=LONGEST_BYTES),
            access_log=None,
            keepalive_timeout=75.0,
            handler_cancellation=True,
        ),
        shutdown_timeout=0.2,
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    return runner
