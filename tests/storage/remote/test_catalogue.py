from __future__ import annotations

from collections import Counter
from pathlib import Path

import fsspec
import pytest

from feedeval.errors import StorageError
from feedeval.storage.remote.catalogue import AHEAD_FILES, Catalogue
from feedeval.storage.remote.manifest import Entry, Manifest, file_of, manifest_name, piece_name, session_of
from feedeval.storage.remote.objects import FsspecObjects, Objects, open_objects
from feedeval.storage.remote.standing import Standing, is_batch
from tests.storage.remote.places import Disturbed, new_address
from tests.storage.sessions import OLD_SID, SID


def batch(number: int) -> str:
    return f"batch_{number:04d}_{SID}.json"


LOG = f"calls_0007_{SID}.jsonl"


class Asked(Counter[str]):
    """Counts what is asked of a store, and the objects that are read."""

    def __call__(self, what: str, names: list[str]) -> None:
        self[what] += 1
        self["objects"] += len(names)


@pytest.fixture(params=["memory", "s3", "unconditional"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "s3":
        return open_objects(request.getfixturevalue("s3"))
    address = new_address("memory", tmp_path)
    if request.param == "unconditional":
        return FsspecObjects(address, fsspec.filesystem("memory"))
    return open_objects(address)


def test_objects_are_put_listed_read_and_deleted(objects: Objects) -> None:
    assert objects.listed() == {} and objects.get(["a"]) == {} and objects.tagged("a") is None
    objects.put({"a": b"1", "b": b"22", "deeper/c": b"333"})
    assert {name: info.size for name, info in objects.listed().items()} == {"a": 1, "b": 2}
    assert objects.get(["b", "gone", "a"]) == {"a": b"1", "b": b"22"}
    before = objects.listed()
    objects.put({"a": b"4"})
    after = objects.listed()
    assert before["a"].tag != after["a"].tag and before["b"] == after["b"]
    assert after["a"].changed_s >= before["a"].changed_s > 1e9
    objects.delete(["a", "gone"])
    objects.delete([])
    assert set(objects.listed()) == {"b"}


def test_objects_are_created_once_and_replaced_by_who_knows_them(objects: Objects) -> None:
    first = objects.create("a", b"1")
    assert first and objects.create("a", b"2") is None
    assert objects.tagged("a") == (b"1", first)
    second = objects.replace("a", b"3", first)
    assert second and objects.replace("a", b"4", first) is None
    assert objects.tagged("a") == (b"3", second)
    objects.delete(["a"])
    assert objects.replace("a", b"5", second) is None
    assert objects.listed() == {}


def test_a_store_that_cannot_be_reached_is_told(s3: str) -> None:
    import s3fs

    away = s3fs.S3FileSystem(endpoint_url="http://127.0.0.1:9", config_kwargs={"connect_timeout": 1})
    away.retries = 1
    with pytest.raises(StorageError, match=f"could not list {s3}: .*nothing saved is lost"):
        FsspecObjects(s3, away).listed()


@pytest.mark.parametrize(
    ("name", "file", "sid"),
    [
        (batch(1), batch(1), SID),
        (piece_name(LOG, 2, 31), LOG, SID),
        (f"progress_{OLD_SID}.json", f"progress_{OLD_SID}.json", OLD_SID),
        (manifest_name(SID), None, SID),
        (f"lease_{SID}.json", None, SID),
        ("evaluation.log", "evaluation.log", None),
    ],
)
def test_an_object_says_which_file_and_session_it_is_of(name: str, file: str | None, sid: str | None) -> None:
    assert (file_of(name), session_of(name)) == (file, sid)


def test_a_manifest_reads_back_as_it_was_written() -> None:
    manifest = Manifest("me", 3, {batch(1): Entry(10, 7), LOG: Entry(5, None)})
    assert Manifest.decoded(manifest.encoded(SID)) == manifest
    assert Manifest.decoded(b"{") == Manifest.decoded(b'{"objects": 1}') == Manifest()


def test_pieces_of_a_log_come_in_the_order_that_they_were_put() -> None:
    pieces = [piece_name(LOG, writer, number) for writer in (1, 2) for number in (1, 2, 10)]
    standing = Standing({name: Entry(2) for name in reversed(pieces)})
    assert [name for name, _ in standing.pieces(LOG)] == pieces
    assert (standing.size(LOG), standing.files()) == (12, {LOG})
    standing.discard(pieces)
    assert not standing.holds(LOG) and not standing.objects()


def test_batches_are_found_in_the_order_of_their_numbers() -> None:
    standing = Standing({batch(number): Entry(1) for number in (12, 3, 10_000, 7)})
    assert [name for name, _ in standing.batches_after(batch(3), 2)] == [batch(7), batch(12)]
    assert is_batch(batch(3)) and not is_batch(f"{batch(3)}.corrupt") and not is_batch("batch_x")


def test_batch_files_are_fetched_many_at_a_time_and_once(objects: Objects, tmp_path: Path) -> None:
    count = AHEAD_FILES + 6
    contents = {batch(n): f"content {n}".encode() for n in range(1, count + 1)}
    objects.put(contents)
    manifest = Manifest("me", 1, {name: Entry.of(data) for name, data in contents.items()})
    objects.put({manifest_name(SID): manifest.encoded(SID)})
    asked = Asked()
    catalogue = Catalogue(Disturbed(objects, asked), tmp_path / "cache")
    for name, data in contents.items():
        assert catalogue.content(name, catalogue.standing(SID)) == data
    assert asked["get"] == 3, "the manifest, and the batches twice"
    again = Catalogue(Disturbed(objects, asked), tmp_path / "cache")
    for name, data in contents.items():
        assert again.content(name, again.standing(SID)) == data
    assert asked["get"] == 4, "they are kept on this machine's disk"

    rewritten = b"another content"
    objects.put({batch(2): rewritten})
    changed = Manifest("me", 1, {**manifest.objects, batch(2): Entry.of(rewritten)})
    objects.put({manifest_name(SID): changed.encoded(SID)})
    again.forget()
    assert again.content(batch(2), again.standing(SID)) == rewritten, "what is kept is what stands"


def test_a_small_file_is_read_once_as_long_as_it_does_not_change(objects: Objects, tmp_path: Path) -> None:
    name = f"progress_{SID}.json"
    objects.put({name: b"first"})
    asked = Asked()
    catalogue = Catalogue(Disturbed(objects, asked), tmp_path / "cache")
    for _ in range(5):
        assert catalogue.content(name, catalogue.standing(SID)) == b"first"
    assert (asked["list"], asked["get"]) == (1, 1)
    objects.put({name: b"second"})
    catalogue.forget()
    assert catalogue.content(name, catalogue.standing(SID)) == b"second"
    assert catalogue.files() == {name}


def test_a_folder_that_cannot_be_written_keeps_nothing_and_reads_all(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    objects.put({batch(1): b"1", batch(2): b"2"})
    catalogue = Catalogue(objects, tmp_path / "cache")
    assert catalogue.content(batch(1), catalogue.standing(SID)) == b"1"
    assert catalogue.content(batch(3), catalogue.standing(SID)) is None
