from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedeval.errors import SchemaTooNew, SessionDamaged
from feedeval.storage.batch_files import HashIndex, collector_paused, iter_batches, read_batch_file
from feedeval.storage.paths import SessionPaths, StoredFile, session_paths
from feedeval.storage.store import SessionStore
from tests.storage.sessions import NOW, make_batch, make_call, make_session, tree


class _Key(msgspec.Struct):
    key: str


class _Keys(msgspec.Struct):
    results: list[_Key]


def change(path: Path, **changes: Any) -> None:
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def test_a_scan_tells_what_is_done_and_what_failed(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path, now=NOW) as store:
        store.write_batch(make_batch(store.sid, 1, size=3))
        store.write_batch(make_batch(store.sid, 3, size=3, failed=(7,)))
        scan = store.scan(with_keys=True)
        assert dict(scan.done_hash) == {i: f"{i:032x}" for i in (0, 1, 2, 6, 8)}
        assert scan.failed == {7}
        assert scan.keys == {i: f"sku-{i}" for i in (0, 1, 2, 6, 7, 8)}
        assert list(scan.batches) == [1, 3]
        third = scan.batches[3]
        assert (third.start_index, third.end_index, third.successful, third.failed) == (6, 8, 2, 1)
        assert (third.calls, third.tokens) == (4, 2500)
        assert third.cost_usd == pytest.approx(0.004)
        assert store.scan().keys == {}
        assert store.repairs == []


def test_a_cost_that_is_not_known_makes_the_batchs_cost_unknown(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path, now=NOW) as store:
        batch = make_batch(store.sid, 1)
        free = batch.results[0].model_copy(update={"cost_usd": None, "reused_from": "session:x"})
        store.write_batch(batch.model_copy(update={"results": [free, batch.results[1]]}))
        summary = store.scan().batches[1]
        assert summary.cost_usd is None
        assert summary.reused == 1


DAMAGES: dict[str, Any] = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(500)),
    "not UTF-8": lambda path: path.write_bytes(path.read_bytes().replace(b"sku-2", b"sku\xff2")),
    "a list": lambda path: path.write_bytes(b"[]"),
    "of another session": lambda path: change(path, session="20200101_000000"),
    "of another number": lambda path: change(path, batch_number=3),
    "range turned round": lambda path: change(path, start_index=3, end_index=2),
    "range too long": lambda path: change(path, end_index=9),
    "range of others": lambda path: change(path, start_index=0, end_index=1),
    "record missing": lambda path: change(path, results=orjson.loads(path.read_bytes())["results"][:1]),
    "record twice": lambda path: change(path, results=orjson.loads(path.read_bytes())["results"][:1] * 2),
    "record of another shape": lambda path: change(path, results=[{"index": 2}, {"index": 3}]),
    "index not a number": lambda path: change(path, results=[{"index": "2", "key": "a", "content_hash": "b"}] * 2),
    "no report": lambda path: change(path, report={"batch_number": 2}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_batch_is_set_aside_and_its_records_run_again(tmp_path: Path, damage: str) -> None:
    sid = make_session(tmp_path)
    path = SessionPaths(tmp_path, sid).batch(2)
    DAMAGES[damage](path)
    broken = path.read_bytes()
    with pytest.raises(SessionDamaged, match=path.name):
        read_batch_file(StoredFile(path))
    assert path.read_bytes() == broken, "a reader changes nothing"
    with SessionStore.open(session_paths(tmp_path, sid)) as store:
        scan = store.scan()
        assert set(scan.done_hash) == {0, 1, 4, 5}
        assert store.batch_numbers() == [1, 3]
        assert len(store.repairs) == 1 and f"{path.name}.corrupt" in store.repairs[0]
        assert (tmp_path / f"{path.name}.corrupt").read_bytes() == broken
        store.write_batch(make_batch(sid, 2))
        assert set(store.scan().done_hash) == set(range(6))


def test_a_batch_whose_records_stand_in_an_earlier_one_is_set_aside(tmp_path: Path) -> None:
    sid = make_session(tmp_path)
    with SessionStore.open(session_paths(tmp_path, sid)) as store:
        overlapping = make_batch(sid, 3)
        results = [r.model_copy(update={"index": i}) for i, r in zip((3, 4), overlapping.results, strict=True)]
        store.write_batch(overlapping.model_copy(update={"start_index": 3, "end_index": 4, "results": results}))
        assert set(store.scan().done_hash) == {0, 1, 2, 3}
        assert "in an earlier batch already" in store.repairs[0]


def test_a_batch_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    sid = make_session(tmp_path)
    path = SessionPaths(tmp_path, sid).batch(2)
    for new in (b'{"schema_version": 2, "chunks": []}', None):
        if new:
            path.write_bytes(new)
        else:
            path.write_bytes(orjson.dumps(make_batch(sid, 2).model_dump(mode="json") | {"schema_version": 2}))
        before = tree(tmp_path)
        with SessionStore.open(session_paths(tmp_path, sid)) as store, pytest.raises(SchemaTooNew, match=path.name):
            store.scan()
        with pytest.raises(SchemaTooNew, match="Upgrade feedeval"):
            read_batch_file(StoredFile(path))
        assert tree(tmp_path) == before


def test_call_logs_left_beside_a_complete_batch_are_ended(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path, now=NOW) as store:
        store.write_batch(make_batch(store.sid, 1))
        store.write_batch(make_batch(store.sid, 2, failed=(3,)))
        for number in (1, 2, 3):
            store.append_call(number, make_call(str(number)))
        store.scan()
        # Batch 2 may be run again for the record that failed, so that its log may be paid for and unused.
        assert {c.text for c in store.read_calls().values()} == {make_call("2").text, make_call("3").text}


def test_batches_are_read_in_order_with_a_decoder_of_ones_own(tmp_path: Path) -> None:
    sid = make_session(tmp_path)
    decode = msgspec.json.Decoder(_Keys).decode
    rows = [(n, [r.key for r in batch.results]) for n, batch in iter_batches(session_paths(tmp_path, sid), decode)]
    assert rows == [(1, ["sku-0", "sku-1"]), (2, ["sku-2", "sku-3"]), (3, ["sku-4", "sku-5"])]


def test_reading_batches_tells_of_damage_and_goes_on_or_raises(tmp_path: Path) -> None:
    sid = make_session(tmp_path)
    path = SessionPaths(tmp_path, sid).batch(2)
    path.write_bytes(b"{")
    told: list[Path] = []
    rows = iter_batches(session_paths(tmp_path, sid), orjson.loads, on_damaged=lambda path, _: told.append(path))
    assert [n for n, _ in rows] == [1, 3]
    assert told == [path]
    with pytest.raises(SessionDamaged, match=path.name):
        list(iter_batches(session_paths(tmp_path, sid), orjson.loads))


def test_a_batch_set_aside_during_the_reading_is_passed_over(tmp_path: Path) -> None:
    sid = make_session(tmp_path)
    rows = iter_batches(session_paths(tmp_path, sid), orjson.loads)
    assert next(rows)[0] == 1
    SessionPaths(tmp_path, sid).batch(2).unlink()
    assert [n for n, _ in rows] == [3]


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 300), st.one_of(st.text(max_size=34), st.binary(min_size=16, max_size=16))))
def test_the_hash_index_is_a_mapping_like_any_other(raw: dict[int, str | bytes]) -> None:
    plain = {i: v.hex() if isinstance(v, bytes) else v for i, v in raw.items()}
    index = HashIndex()
    for key, value in plain.items():
        index.add(key, "earlier")
        index.add(key, value)
    assert dict(index) == plain
    assert len(index) == len(plain)
    assert all((i in index) == (i in plain) for i in range(-2, 400))
    assert index.get(1000) is None
    assert index.get(-1) is None


def test_the_collector_is_on_again_after_loading_and_stays_off_where_it_was() -> None:
    with pytest.raises(ValueError), collector_paused():
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
