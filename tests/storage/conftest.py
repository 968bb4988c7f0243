from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.remote.places import PLACES, environment, new_address, s3_environment, s3_server


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of an S3 server on this machine."""
    for package in ("s3fs", "moto.server"):
        pytest.importorskip(package)
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """The folder that scratch folders are in."""
    with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "home")}):
        yield tmp_path / "home"


@pytest.fixture
def s3(s3_endpoint: str, home: Path) -> Iterator[str]:
    """An address in a bucket of its own."""
    with environment(s3_environment(s3_endpoint)):
        yield new_address("s3", home)


@pytest.fixture(params=PLACES)
def output(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Iterator[str]:
    """An output folder, one after another in each place that there is."""
    if request.param == "s3":
        yield request.getfixturevalue("s3")
    else:
        yield new_address(request.param, tmp_path)
