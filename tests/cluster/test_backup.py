"""A session in shards goes into one archive and comes back whole, and no archive writes anywhere else."""

from __future__ import annotations

import io
import stat
import tarfile
from pathlib import Path
from typing import Any

import orjson
import pytest

import feedeval as fe
from feedeval.errors import InputError, SessionError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from feedeval.storage.verify import verify
from tests.cluster.conftest import evaluator, hold_after, wait_for
from tests.cluster.test_cluster_run import WAIT_S, same
from tests.e2e.support import ServerProcess, make_feed
from tests.storage.remote.places import environment, new_address, s3_environment, s3_server

SID = "20260131_142500_4f7k2c"


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_a_session_in_shards_is_restored_whole_and_gone_on_with(
    client: Any, server: ServerProcess, tmp_path: Path, suffix: str
) -> None:
    feed = make_feed(300)
    hold_after(server, 150)
    run = evaluator(server, tmp_path / "one").start(feed, cluster=client, progress="none")
    wait_for(run, 60)
    run.stop()
    hold_after(server, None)
    run.wait(WAIT_S)
    session = run.session()
    archive = fe.backup(session, tmp_path / f"b{suffix}")
    assert fe.restore(archive, tmp_path / "two") == [session.id]
    restored = fe.load_session(output_dir=tmp_path / "two")
    same(restored.results, session.results)
    files = [path for path in (tmp_path / "two").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    with pytest.raises(SessionError, match="overwrite"):
        fe.restore(archive, tmp_path / "two")
    again = evaluator(server, tmp_path / "two").start(feed, cluster=client, progress="none")
    snapshot = again.wait(WAIT_S)
    assert (again.sid, snapshot.status, snapshot.counts.done) == (session.id, Status.FINISHED, 300)
    assert server.stats()["repeated"] == 0
    # What was done since goes with what is replaced.
    fe.restore(archive, tmp_path / "two", overwrite=True)
    same(fe.load_session(output_dir=tmp_path / "two").results, session.results)


@pytest.mark.slow
def test_a_session_in_shards_goes_from_one_address_to_another_and_is_gone_on_with(
    server: ServerProcess, tmp_path: Path
) -> None:
    pytest.importorskip("s3fs")
    feed = make_feed(120)
    with s3_server() as endpoint, environment({**s3_environment(endpoint), "FEEDEVAL_SCRATCH": str(tmp_path / "home")}):
        one, two = (new_address("s3", tmp_path) for _ in range(2))
        hold_after(server, 80)
        run = evaluator(server, one).start(feed, cluster=2, progress="none")
        wait_for(run, 30)
        run.stop()
        hold_after(server, None)
        run.wait(WAIT_S)
        session = run.session()
        archive = fe.backup(session, tmp_path / "b.tar.gz")
        with tarfile.open(archive) as packed:
            assert len(packed.getnames()) == len(set(packed.getnames()))
        for place in (two, tmp_path / "folder"):
            assert fe.restore(archive, place) == [session.id]
            same(fe.load_session(output_dir=place).results, session.results)
            assert verify(fe.load_session(output_dir=place).paths) == []
        with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "another home")}):
            same(fe.load_session(output_dir=two).results, session.results)
            again = evaluator(server, two).start(feed, cluster=2, progress="none")
            snapshot = again.wait(WAIT_S)
        assert (again.sid, snapshot.status, snapshot.counts.done) == (session.id, Status.FINISHED, 120)
        assert server.stats()["repeated"] == 0
        # What was done since goes with what is replaced.
        with pytest.raises(SessionError, match="overwrite"):
            fe.restore(archive, two)
        fe.restore(archive, two, overwrite=True)
        same(fe.load_session(output_dir=two).results, session.results)


@pytest.mark.parametrize(
    "name",
    [
        "shards_x/shard_0001.parquet",
        f"shards_{SID}/../../evil.parquet",
        f"shards_{SID}/evil.py",
        f"shards_{SID}/shard_0001/evil.json",
        f"shards_{SID}/shard_0001/deeper/progress_{SID}.json",
        f"/shards_{SID}/shard_0001.parquet",
        f"shards_{SID}//shard_0001.parquet",
        f"other_{SID}/shard_0001.parquet",
    ],
)
def test_an_archive_writes_nowhere_but_into_the_folder_of_a_sessions_shards(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing restored"):
        fe.restore(archive_of(tmp_path, name), tmp_path / "out" / "in")
    assert not list((tmp_path / "out").rglob("*.parquet")) and not list(tmp_path.rglob("evil*"))


def test_shards_without_their_session_are_not_restored(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing restored"):
        fe.restore(archive_of(tmp_path, f"shards_{SID}/shard_0001.parquet"), tmp_path / "out")
    ProductFeedEvaluator(model="offline", output_dir=tmp_path / "plain").evaluate_products_batch(
        make_feed(3), progress="none"
    )
    archive = fe.backup(output_dir=tmp_path / "plain", to=tmp_path / "b.tgz")
    with tarfile.open(archive) as packed:
        members = [(entry, packed.extractfile(entry).read()) for entry in packed]  # type: ignore[union-attr]
    with tarfile.open(tmp_path / "mixed.tgz", "w:gz") as mixed:
        for entry, data in members:
            mixed.addfile(entry, io.BytesIO(data))
        mixed.addfile(tarfile.TarInfo(f"shards_{SID}/shard_0001.parquet"))
    with pytest.raises(InputError, match="and not the session of it"):
        fe.restore(tmp_path / "mixed.tgz", tmp_path / "out")
    assert fe.list_sessions(tmp_path / "out").empty


def archive_of(folder: Path, name: str) -> Path:
    """Return an archive that holds one file."""
    with tarfile.open(folder / "b.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return folder / "b.tar.gz"


@pytest.mark.parametrize("count", ["many", None, [3]])
def test_a_session_that_does_not_say_how_many_shards_it_has_replaces_none(count: object, tmp_path: Path) -> None:
    plain = ProductFeedEvaluator(model="offline", output_dir=tmp_path / "plain")
    plain.evaluate_products_batch(make_feed(3), progress="none")
    archive = fe.backup(output_dir=tmp_path / "plain", to=tmp_path / "b.tgz")
    with tarfile.open(archive) as packed, tarfile.open(tmp_path / "odd.tgz", "w:gz") as odd:
        for entry in packed:
            data = packed.extractfile(entry).read()  # type: ignore[union-attr]
            if entry.name.startswith("progress_"):
                told = orjson.loads(data)
                told["settings"]["shards"] = {"count": count}
                data = orjson.dumps(told)
                entry.size = len(data)
            odd.addfile(entry, io.BytesIO(data))
    with pytest.raises(InputError, match="does not say how many shards it has: nothing restored"):
        fe.restore(tmp_path / "odd.tgz", tmp_path / "plain", overwrite=True)
    assert len(fe.load_session(output_dir=tmp_path / "plain").results) == 3
