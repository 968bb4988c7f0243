from __future__ import annotations

from pathlib import Path

import pytest

from feedeval.errors import InputError
from feedeval.storage.addresses import (
    address_of,
    cache_folder,
    is_address,
    local_path,
    normal,
    options_for,
    scratch_folder,
    shown,
    use_storage,
)
from feedeval.storage.paths import SessionFolder, folder_path
from tests.storage.remote.places import environment


@pytest.mark.parametrize(
    "value", ["s3://b/p", "gs://b", "az://c/p", "abfs://c@a.dfs.core.windows.net/p", "file:///tmp"]
)
def test_an_address_is_known_by_its_protocol(value: str) -> None:
    assert is_address(value) and is_address(Path(value)), "a Path loses a slash, and is taken for what was meant"
    assert normal(Path(value)) == normal(value)


@pytest.mark.parametrize("value", ["output", "/tmp/output", "C:/output", r"C:\output", "", "s3", None, 7])
def test_what_is_none_is_a_path(value: object) -> None:
    assert not is_address(value)


def test_an_address_has_one_form() -> None:
    assert normal("S3://bucket//a/b/") == "s3://bucket/a/b"
    assert local_path("file:///tmp/a%20b") == Path("/tmp/a b")
    assert local_path("s3://bucket/a") is None


def test_a_scratch_folder_and_its_address_lead_to_each_other(home: Path) -> None:
    with environment({"AWS_ENDPOINT_URL": ""}):
        folder = scratch_folder("s3://shop/audits/May & June")
        assert folder.relative_to(home).parts[:3] == ("scratch", "s3", "shop")
        assert cache_folder("s3://shop/audits").relative_to(home).parts == ("cache", "s3", "shop", "audits")
        assert address_of(folder) == shown(folder) == "s3://shop/audits/May & June"
        assert address_of(folder / "shard_1") == "s3://shop/audits/May & June/shard_1"
    assert address_of(home) is None and shown(home) == str(home)
    assert shown("output") == "output"


def test_stores_of_one_protocol_at_two_endpoints_are_told_apart(home: Path) -> None:
    with environment({"AWS_ENDPOINT_URL": "http://me:secret@127.0.0.1:9000"}):
        by_environment = scratch_folder("s3://shop/audits")
    assert by_environment.relative_to(home).parts[1] == "s3@127.0.0.1%3A9000"
    use_storage("s3://shop", client_kwargs={"endpoint_url": "https://minio.example"})
    assert scratch_folder("s3://shop/audits").relative_to(home).parts[1] == "s3@minio.example"
    use_storage("s3://shop")
    use_storage("az://shop", account_name="mine")
    assert scratch_folder("az://shop/audits").relative_to(home).parts[1] == "az@mine"
    use_storage("az://shop")


def test_options_hold_for_an_address_and_all_below_it_the_nearest_first() -> None:
    use_storage("s3://shop", profile="all")
    use_storage("s3://shop/audits/", profile="audits")
    assert options_for("s3://shop/other") == {"profile": "all"}
    assert options_for("s3://shop/audits/2026") == {"profile": "audits"}
    assert options_for("s3://shopping") == {}
    use_storage("s3://shop/audits")
    assert options_for("s3://shop/audits/2026") == {"profile": "all"}
    use_storage("s3://shop")


def test_an_address_its_scratch_folder_and_a_path_made_of_it_name_one_folder(home: Path) -> None:
    address = "memory://shop/one-folder"
    folder = SessionFolder.of(address)
    assert folder.shown == address
    assert SessionFolder.of(folder.path) == SessionFolder.of(Path(address)) == folder
    assert folder_path("file:///tmp/output") == Path("/tmp/output")
    assert folder_path("output") == Path("output")


def test_options_are_of_an_address() -> None:
    with pytest.raises(InputError, match="'output' is not an address"):
        use_storage("output", key="secret")
