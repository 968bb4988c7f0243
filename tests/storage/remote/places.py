"""The places that a session may lie in, for tests that hold in all of them: a folder, `memory://` and an S3 server."""

from __future__ import annotations

import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feedeval.storage.addresses import cache_folder, normal, scratch_folder
from feedeval.storage.paths import SessionFolder
from feedeval.storage.remote.lease import Clock
from feedeval.storage.remote.mirror import MirroredFileSystem
from feedeval.storage.remote.objects import ObjectInfo, Objects, open_objects

PLACES = ("local", "memory", "s3")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAOFTHETEST", "AWS_SECRET_ACCESS_KEY": "the-secret-of-the-test"}
_count = itertools.count(1)


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server on this machine; give its address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def s3_environment(endpoint: str) -> dict[str, str]:
    """Return what the environment has to say for an S3 server to be found."""
    return {
        **KEYS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        # Newer clients add checksums to what they send, in a form that only AWS has to understand.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = dict(os.environ)
    os.environ.update(variables)
    _forget_clients()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget_clients()


def _forget_clients() -> None:
    """Let no client of another server be taken for one of this: they are kept by their options, not by what is set."""
    if (s3fs := sys.modules.get("s3fs")) is not None:
        s3fs.S3FileSystem.clear_instance_cache()


def new_bucket() -> str:
    """Make a bucket on the server that the environment names; return its name."""
    import boto3

    name = f"shop-{next(_count)}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def new_address(place: str, tmp_path: Path) -> str:
    """Return a folder of a kind that nobody has used yet."""
    if place == "local":
        return str(tmp_path / "output")
    base = f"s3://{new_bucket()}" if place == "s3" else f"memory://shop-{next(_count)}"
    return f"{base}/audits/2026"


class Disturbed:
    """A store that fails, or that somebody looks at, whenever something is asked of it.

    Args:
        objects: The store.
        disturb: Called with what is asked, and the names of the objects.
    """

    def __init__(self, objects: Objects, disturb: Callable[[str, list[str]], None]) -> None:
        self._objects, self._disturb = objects, disturb
        self.address = objects.address

    @property
    def is_conditional(self) -> bool:
        return self._objects.is_conditional

    def below(self, name: str) -> Disturbed:
        return Disturbed(self._objects.below(name), self._disturb)

    def listed(self) -> dict[str, ObjectInfo]:
        self._disturb("list", [])
        return self._objects.listed()

    def get(self, names: Sequence[str]) -> dict[str, bytes]:
        self._disturb("get", list(names))
        return self._objects.get(names)

    def put(self, objects: Mapping[str, bytes]) -> None:
        self._disturb("put", list(objects))
        self._objects.put(objects)

    def delete(self, names: Iterable[str]) -> None:
        names = list(names)
        self._disturb("delete", names)
        self._objects.delete(names)

    def tagged(self, name: str) -> tuple[bytes, str] | None:
        self._disturb("get", [name])
        return self._objects.tagged(name)

    def create(self, name: str, data: bytes) -> str | None:
        self._disturb("put", [name])
        return self._objects.create(name, data)

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        self._disturb("put", [name])
        return self._objects.replace(name, data, tag)


class HandClock:
    """Time that goes by when it is told to, or when somebody sleeps."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds

    def as_clock(self) -> Clock:
        began = datetime.now(UTC)
        return Clock(lambda: began + timedelta(seconds=self.passed_s), lambda: self.passed_s, self.sleep)


def machine(
    address: str, home: Path, clock: Clock | None = None, *, disturb: Callable[[str, list[str]], None] | None = None
) -> SessionFolder:
    """Return a folder as it is on a machine of its own: with another scratch folder, and nobody else in the process."""
    with environment({"FEEDEVAL_SCRATCH": str(home)}):
        objects = open_objects(normal(address))
        if disturb is not None:
            objects = Disturbed(objects, disturb)
        folder = scratch_folder(address)
        return SessionFolder(folder, MirroredFileSystem(objects, folder, cache_folder(address), clock))
