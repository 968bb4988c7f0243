"""Audits whose judgements go by batch, and processes that die at a step of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.feed.source import FeedSource
from feedeval.jobs.audit import AuditJob, AuditSettings
from feedeval.jobs.engine import ModelEngine
from feedeval.model.batch_api import BatchApi
from feedeval.model.client import ModelClient, ModelSettings
from feedeval.records.delivery import Answered, Letter, Order
from feedeval.run.runner import Hooks, start
from feedeval.run.settings import RunSettings
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.paths import SessionFolder
from tests.e2e.support import KEY

PRICES = {"input_price": 1.0, "output_price": 2.0}
QUICK: dict[str, Any] = {"delivery": "batch", "num_questions": 4, "batch_size": 7, "poll_first_s": 0.02}
"""Options of an audit by batch whose parts are looked at often."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalCourier:
    """A courier whose process dies at one of its steps.

    Args:
        courier: Who does the work.
        step: Its method, `before` or `after`, and which call of it, such as `create after 2`.
    """

    def __init__(self, courier: BatchApi, step: str) -> None:
        self._courier = courier
        self._name, self._when, count = step.split()
        self._left = int(count)

    @property
    def proven(self) -> bool:
        return self._courier.proven

    @property
    def priced(self) -> bool:
        return self._courier.priced

    def gather(self, take: Callable[[Letter], None] | None) -> None:
        self._courier.gather(take)

    async def upload(self, name: str, data: bytes) -> str:
        return await self._step("upload", self._courier.upload, name, data)

    async def find_file(self, name: str, size_bytes: int) -> str:
        return await self._courier.find_file(name, size_bytes)

    async def create(self, file_id: str, metadata: Mapping[str, str]) -> Order:
        return await self._step("create", self._courier.create, file_id, metadata)

    async def orders(self, session: str, since: int) -> list[Order]:
        return await self._courier.orders(session, since)

    async def look(self, order_id: str) -> Order | None:
        return await self._step("look", self._courier.look, order_id)

    async def cancel(self, order_id: str) -> Order | None:
        return await self._step("cancel", self._courier.cancel, order_id)

    async def download(self, file_id: str) -> bytes | None:
        return await self._step("download", self._courier.download, file_id)

    def read(self, line: bytes) -> Answered | None:
        self._may_die("read", "before")
        return self._courier.read(line)

    async def remove(self, file_id: str) -> None:
        await self._step("remove", self._courier.remove, file_id)

    async def _step(self, name: str, call: Any, *arguments: Any) -> Any:
        self._may_die(name, "before")
        value = await call(*arguments)
        self._may_die(name, "after")
        return value

    def _may_die(self, name: str, when: str) -> None:
        if (name, when) == (self._name, self._when):
            self._left -= 1
            if not self._left:
                die()


class MortalFiles:
    """This machine's disk, for a process that dies before or after a file whose name begins so is written."""

    def __init__(self, step: str) -> None:
        self._start, self._when, count = step.split()
        self._left = int(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(LOCAL, name)

    def write(self, path: Path, data: bytes) -> None:
        hit = path.name.startswith(self._start)
        self._left -= hit
        if hit and not self._left and self._when == "before":
            die()
        LOCAL.write(path, data)
        if hit and not self._left:
            die()


def mortal_audit(base_url: str, feed: Path, output_dir: Path, step: str, options: dict[str, Any]) -> None:
    """Audit by batch in a process that dies at a step; what a child process does."""
    client = ModelClient(ModelSettings(model="gpt-4o-mini", base_url=base_url, api_key=SecretStr(KEY), **PRICES))
    left = dict(options)
    settings = AuditSettings(num_questions=left.pop("num_questions"))
    source = FeedSource.of(feed)
    job = AuditJob(source.products, ModelEngine(client, "en-GB"), settings=settings, source=source.description)
    of_files = step.startswith("part")
    courier: Any = BatchApi(client) if of_files else MortalCourier(BatchApi(client), step)
    disk: Any = MortalFiles(step) if of_files else LOCAL
    folder = SessionFolder(output_dir, disk)
    run = start(job, folder, RunSettings(**left), hooks=Hooks(courier=courier))
    run.wait()


def messages_of(run: EvaluationRun) -> str:
    """Return what was said in the log of a run's folder."""
    return (run.session().output_dir / "evaluation.log").read_text(encoding="utf-8")
