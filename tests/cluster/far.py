"""A cluster whose workers share no folder, as machines do: each process has a scratch home of its own, and a store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def new_far_address(endpoint: str, name: str) -> str:
    """Make a bucket; return an address in it."""
    import boto3

    boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=OPTIONS["key"],
        aws_secret_access_key=OPTIONS["secret"],
    ).create_bucket(Bucket=name)
    return f"s3://{name}/audits"
