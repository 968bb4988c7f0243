"""Shadow mode on a cluster: rows in shards, classified and read back as in one process."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.evaluator.cluster.shadow_work import ShadowWork, ShardShadowJob, StoredLabels
from feedeval.jobs.shadow.colour_classifier import ColourClassifier
from feedeval.jobs.shadow.job import ShadowSettings
from feedeval.jobs.shadow.label_table import LabelTable
from feedeval.records import Status
from feedeval.results.library import cleanup
from feedeval.storage.shards import Shards
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import verify
from tests.cluster.conftest import SLOW_S, wait_for
from tests.e2e.images import CLASSES, Labels, make_labels
from tests.e2e.support import KEY, ROOT, environment
from tests.server import Answerer, ModelServer

ROWS = 260
WAIT_S = 240.0


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """A table with a planted defect of every kind."""
    return make_labels(tmp_path_factory.mktemp("labels") / "images", ROWS, defects=True)


def given(server: ModelServer | None, folder: Path, **options: Any) -> dict[str, Any]:
    whom = {"model": "offline"} if server is None else {"api_key": KEY, "base_url": server.base_url}
    return {"classes": CLASSES, "progress": "none", "output_dir": folder, **whom, **options}


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.drop(columns="cost_usd"), other.drop(columns="cost_usd"))


@pytest.mark.slow
def test_results_are_those_of_one_process(client: Any, labels: Labels, tmp_path: Path) -> None:
    with ModelServer(answerer=Answerer(seed=3, truth=labels.truth, error_rate=0.2)) as server:
        plain = fe.run_shadow(labels.path, **given(server, tmp_path / "one"))
        requests = server.stats.accepted
        run = fe.start_shadow(labels.path, cluster=client, **given(server, tmp_path / "two"))
        snapshot = run.wait(WAIT_S)
        assert (snapshot.status, snapshot.counts.done) == (Status.FINISHED, ROWS)
        assert server.stats.accepted == 2 * requests, "each image was asked once"
        again = fe.start_shadow(labels.path, cluster=client, **given(server, tmp_path / "two"))
        assert (again.sid, again.wait(WAIT_S).counts.done) == (run.sid, ROWS)
        assert server.stats.accepted == 2 * requests
    session = fe.load_session(output_dir=tmp_path / "two")
    same(session.results, plain)
    assert session.shards is not None and session.shards.count > 1
    failures = session.failures.set_index("line")
    assert set(failures.index) == set(labels.defects) and (failures["calls"] == 0).all()
    assert all(text.startswith(f"line {line}: ") for line, text in failures["message"].items())
    assert fe.agreement(session.results).accuracy == fe.agreement(plain).accuracy
    assert fe.list_sessions(tmp_path / "two")["done"].tolist() == [ROWS]
    assert verify(session.paths) == []
    assert cleanup(session.id, output_dir=tmp_path / "two")
    left = {path.suffix for path in (tmp_path / "two").rglob("*") if path.is_file()}
    assert left <= {".lock", ".log"}


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_by_its_name_alone_with_the_rows_that_its_shards_hold(
    client: Any, tmp_path: Path
) -> None:
    labels = make_labels(tmp_path / "images", ROWS)
    table = pd.read_csv(labels.path, dtype=str, keep_default_na=False)
    folder = str(labels.path.parent)
    with ModelServer(answerer=Answerer(truth=labels.truth), latency_s=0.05) as server:
        plain = fe.run_shadow(table, image_dir=folder, **given(server, tmp_path / "one"))
        requests = server.stats.accepted
        options = given(server, tmp_path / "two", image_dir=folder, max_in_flight=4)
        server.configure(latency_s=SLOW_S)
        run = fe.start_shadow(table, cluster=client, **options)
        # So many that a batch of one of the three workers is complete: what else is done stays in its call logs.
        wait_for(run, 80)
        run.stop()
        stopped = run.wait(WAIT_S)
        assert stopped.status is Status.STOPPED and 0 < stopped.counts.done < ROWS
        server.configure(latency_s=0.05)
        with pytest.raises(InputError, match="had other settings"):
            fe.start_shadow(
                table, cluster=client, session=run.sid, **{**options, "classes": [*CLASSES, "something else"]}
            ).wait(WAIT_S)
        on = fe.resume(run.session(), api_key=KEY, cluster=client, progress="none")
        assert (on.sid, on.wait(WAIT_S).counts.done) == (run.sid, ROWS)
        assert server.stats.accepted == 2 * requests and server.stats.repeated == requests
    same(on.results(), plain)


def test_a_folder_of_images_that_a_worker_does_not_see_is_named(tmp_path: Path) -> None:
    (folder := tmp_path / "images").mkdir()
    names = [f"{n}.png" for n in range(30)]
    table = pd.DataFrame({"filename": names, "image_url": names, "true_class": ["red", "blue"] * 15})
    settings = ShadowSettings(classes=("red", "blue"))
    work = ShadowWork(LabelTable(table, image_dir=folder), ColourClassifier(), None, settings, {})
    (cut := tmp_path / "cut").mkdir()
    with SessionStore.create(tmp_path / "out", now=datetime.now().astimezone()) as store:
        cutter = work.cutter()
        sizes = cutter.cut(cut, 1, lambda _: None).sizes
        work.lay_beside(cutter, cut, store, None)
        shards = Shards(store.paths, len(sizes))
        shards.take_in(cut)
    rows = StoredLabels(shards, shards.numbers)
    assert len(list(ShardShadowJob(rows, ColourClassifier(), settings=settings).records())) == 30
    folder.rmdir()
    with pytest.raises(InputError, match=f"the images' folder {folder} is not there on this worker: give image_dir="):
        ShardShadowJob(rows, ColourClassifier(), settings=settings)


@pytest.mark.slow
def test_the_terminal_shares_images_out_to_processes(labels: Labels, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "feedeval", "shadow", str(labels.path), "--model", "offline"]
    where = ["--classes", ",".join(CLASSES), "--output-dir", str(tmp_path), "--cluster", "2", "--shard-size", "100"]
    ended = subprocess.run([*command, *where], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1) and "Traceback" not in ended.stderr, ended.stderr
    session = fe.load_session(output_dir=tmp_path)
    assert session.shards is not None and session.shards.count == 3
    same(session.results, fe.run_shadow(labels.path, **given(None, tmp_path / "plain")))


def test_shards_need_a_cluster(labels: Labels, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shard_size=100: only a run on a cluster has shards"):
        fe.start_shadow(labels.path, shard_size=100, **given(None, tmp_path))
