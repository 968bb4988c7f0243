from __future__ import annotations

import stat
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedeval.errors import SchemaTooNew, SessionDamaged, StorageError
from feedeval.storage.atomic import set_aside, write_atomic
from feedeval.storage.encoding import check_version, encode
from feedeval.storage.store import SessionStore
from tests.storage.disks import fill, make_read_only, make_writable, small_disk
from tests.storage.sessions import make_batch, tree


def test_a_file_is_written_for_its_owner_alone_and_leaves_no_other_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_atomic(path, b"new")
    assert tree(tmp_path) == {"a.json": b"new"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_reader_that_holds_the_old_file_still_reads_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"old" * 1000)
    with path.open("rb") as reader:
        write_atomic(path, b"new" * 1000)
        assert reader.read() == b"old" * 1000
    assert path.read_bytes() == b"new" * 1000


def test_a_full_disk_leaves_the_old_file_whole_and_no_temporary_one(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "a.json"
        write_atomic(path, b"old")
        filler = fill(disk)
        for size in (1, 5_000, 300_000):
            with pytest.raises(StorageError, match=r"could not write .*a\.json: the disk is full\. Free some space"):
                write_atomic(path, b"x" * size)
            assert path.read_bytes() == b"old"
            assert {p.name for p in disk.iterdir()} == {"a.json", "filler"}
        filler.unlink()
        write_atomic(path, b"new")
        assert path.read_bytes() == b"new"


def test_a_folder_made_read_only_leaves_the_old_file_whole(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "a.json"
        write_atomic(path, b"old")
        make_read_only(disk)
        with pytest.raises(StorageError, match="the folder is read-only"):
            write_atomic(path, b"new")
        assert tree(disk) == {"a.json": b"old"}
        make_writable(disk)


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the folder is no longer there"):
        write_atomic(tmp_path / "gone" / "a.json", b"x")


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("mine")
    with pytest.raises(StorageError, match="a file stands where the folder should be"):
        SessionStore.create(tmp_path / "output", now=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_name_that_is_a_folder_is_a_storage_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(StorageError, match=r"a\.json"):
        write_atomic(tmp_path / "a.json", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_setting_aside_never_overwrites_an_earlier_file(tmp_path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        (tmp_path / "a.json").write_bytes(content)
        set_aside(tmp_path / "a.json")
    assert tree(tmp_path) == {"a.json.corrupt": b"1", "a.json.2.corrupt": b"2", "a.json.3.corrupt": b"3"}


def test_records_encode_as_their_own_dump_says() -> None:
    batch = make_batch("20260301_093000", 1, failed=(1,))
    assert orjson.loads(encode(batch)) == batch.model_dump(mode="json")
    assert orjson.loads(encode(batch, pretty=True)) == batch.model_dump(mode="json")


class _Colour(StrEnum):
    RED = "red"


def test_what_json_has_no_place_for_is_kept_as_text() -> None:
    value = {
        "half": "a\ud83db",
        "pair in two halves": "\ud83d\ude00",
        "big": 2**70,
        "set": {1},
        3: "number as key",
        "proxy": MappingProxyType({"a": 1}),
        "path": Path("a/b"),
        "time": datetime(2026, 1, 1, tzinfo=UTC),
        "float": np.float64(0.5),
        "integer": np.int32(5),
        "array": np.array([1, 2]),
        "enum": _Colour.RED,
        "nan": float("nan"),
        "ready": orjson.Fragment(b'{"a": 1}'),
    }
    back = orjson.loads(encode(value))
    assert back == {
        "half": "a�b",
        "pair in two halves": "😀",
        "big": str(2**70),
        "set": [1],
        "3": "number as key",
        "proxy": {"a": 1},
        "path": "a/b",
        "time": "2026-01-01 00:00:00+00:00",
        "float": 0.5,
        "integer": 5,
        "array": [1, 2],
        "enum": "red",
        "nan": None,
        "ready": {"a": 1},
    }


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_any_text_can_be_stored(text: str) -> None:
    back = orjson.loads(encode({"text": text}))["text"]
    if not any("\ud800" <= c <= "\udfff" for c in text):
        assert back == text


def test_a_newer_file_is_refused_and_a_broken_one_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(SchemaTooNew, match="schema_version 2, this one reads up to 1"):
        check_version(b'{"schema_version": 2, "new": {"shape": []}}', tmp_path)
    for data in (b"", b"{", b"[]", b"{}", b'{"schema_version": "1"}', b"\xff\xfe", b"null"):
        with pytest.raises(SessionDamaged, match="verify --repair"):
            check_version(data, tmp_path)
    check_version(b'{"schema_version": 1}', tmp_path)
