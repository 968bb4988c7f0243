"""A feed that is a folder of Parquet files is not cut again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.cluster.partitions import PARTS
from feedeval.records import Status
from tests.e2e.support import make_feed

WAIT_S = 120.0


def write_parts(folder: Path, *parts: list[dict[str, str]]) -> Path:
    for number, part in enumerate(parts):
        (folder / f"day={number}").mkdir(parents=True)
        pd.DataFrame(part).to_parquet(folder / f"day={number}" / "part.parquet", index=False)
    return folder


def test_parts_are_the_shards_and_results_those_of_the_whole(client: Any, tmp_path: Path) -> None:
    feed = make_feed(90)
    folder = write_parts(tmp_path / "feed", feed[:50], feed[50:70], feed[70:])
    run = ProductFeedEvaluator(model="offline", output_dir=tmp_path / "out").start(
        folder, cluster=client, progress="none"
    )
    assert run.wait(WAIT_S).status is Status.FINISHED
    shards = run.session().shards
    assert shards is not None and shards.count == 3
    assert (shards.folder / PARTS).exists() and not shards.products(1).exists()
    plain = ProductFeedEvaluator(model="offline", output_dir=tmp_path / "plain")
    pd.testing.assert_frame_equal(run.results(), plain.evaluate_products_batch(feed, progress="none"))
    # Complete: nothing is left to do, and no cluster is needed to say so.
    again = ProductFeedEvaluator(model="offline", output_dir=tmp_path / "out").resume(run.session(), progress="none")
    assert again.wait(WAIT_S).counts.done == 90


def test_parts_that_share_an_id_are_cut_anew(client: Any, tmp_path: Path) -> None:
    feed = make_feed(40)
    folder = write_parts(tmp_path / "feed", feed, [{**feed[3], "title": "Another"}])
    run = ProductFeedEvaluator(model="offline", output_dir=tmp_path / "out").start(
        folder, cluster=client, progress="none"
    )
    assert run.wait(WAIT_S).counts.done == 41
    assert "P-00003#2" in run.session().keys.tolist()


def test_a_folder_without_parquet_is_refused(client: Any, tmp_path: Path) -> None:
    (tmp_path / "feed").mkdir()
    with pytest.raises(InputError, match="Parquet"):
        ProductFeedEvaluator(model="offline", output_dir=tmp_path).start(tmp_path / "feed", cluster=client)
