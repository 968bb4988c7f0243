"""A cluster whose workers share no folder, as machines do: each process has a scratch home of its own, and a store."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.storage.remote.places import KEYS

distributed = pytest.importorskip("distributed")

OPTIONS: dict[str, Any] = {
    "key": KEYS["AWS_ACCESS_KEY_ID"],
    "secret": KEYS["AWS_SECRET_ACCESS_KEY"],
    "config_kwargs": {"request_checksum_calculation": "when_required"},
}


_OF_STORES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL")


class OwnHome(distributed.WorkerPlugin):  # type: ignore[name-defined,misc]
    """Gives each worker's process a scratch home, a new one where a process takes the place of one that was killed.

    Its environment says nothing of a store.
    """

    name = "own-home"

    def __init__(self, base: str) -> None:
        self.base = base

    def setup(self, worker: Any) -> None:
        home = Path(self.base) / f"worker-{os.getpid()}"
        home.mkdir(parents=True, exist_ok=True)
        os.environ["FEEDEVAL_SCRATCH"] = str(home)
        for name in _OF_STORES:
            os.environ.pop(name, None)


def set_environment(variables: dict[str, str]) -> None:
    """Set variables of this process's environment."""
    os.environ.update(variables)


def have_no(package: str) -> None:
    """Let this process be one where a package is not installed."""
    sys.modules[package] = None  # type: ignore[assignment]


@contextlib.contextmanager
def own_homes(client: Any, base: Path) -> Iterator[None]:
    """Give all workers scratch homes below a folder, also those that come later."""
    client.register_plugin(OwnHome(str(base)))
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            client.unregister_worker_plugin(OwnHome.name)


def homes(base: Path) -> set[str]:
    """Return the scratch homes in which something was worked on."""
    return {path.name for path in base.glob("worker-*") if any(path.iterdir())}


class Bucket:
    """A bucket of its own, looked at as nobody of feedeval does.

    Args:
        endpoint: The server.
        name: What to call it.
    """

    def __init__(self, endpoint: str, name: str) -> None:
        import boto3

        keys = {"aws_access_key_id": OPTIONS["key"], "aws_secret_access_key": OPTIONS["secret"]}
        self._client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
        self._client.create_bucket(Bucket=name)
        self._name = name
        self.address = f"s3://{name}/audits"
        self.options = {"endpoint_url": endpoint, **OPTIONS}

    def names(self) -> list[str]:
        """Return the keys of all objects."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def contents(self, part: str = "") -> dict[str, bytes]:
        """Return the objects that have this in their keys."""
        found = {}
        for name in self.names():
            if part in name:
                with contextlib.suppress(self._client.exceptions.NoSuchKey):
                    found[name] = self._client.get_object(Bucket=self._name, Key=name)["Body"].read()
        return found

    def batches(self) -> int:
        """Count the batch files of shards; that of the questions is none."""
        return sum("/batch_" in name and "/shard_0000/" not in name for name in self.names())

    def calls(self) -> int:
        """Count the calls of shards that the store holds, in batch files and in the call logs of open batches."""
        # Logs first: one that is used up meanwhile is counted in its batch, and never twice.
        logs = self.contents("/calls_")
        files = {name: orjson.loads(data) for name, data in self.contents("/batch_").items()}
        complete = {name.replace("/batch_", "/calls_").removesuffix(".json") for name in files}
        still_open = [data for name, data in logs.items() if name.partition(".jsonl")[0] not in complete]
        return sum(file["report"]["calls"] for file in files.values()) + sum(d.count(b"\n") for d in still_open)
