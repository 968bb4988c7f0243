"""A real audit against a real server, in a notebook whose kernel is restarted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.support import CATEGORIES, make_feed, write_jsonl
from tests.server import ModelServer

if TYPE_CHECKING:
    from tests.browser.lab import Notebook

pytestmark = pytest.mark.slow

EVALUATOR = """import feedeval as fe
evaluator = fe.ProductFeedEvaluator("a-key", base_url={base_url!r}, output_dir={output!r}, max_in_flight=4)"""
START = """run = evaluator.start({feed!r}, num_questions=4, batch_size=10)
run"""
PRODUCTS = 120


def cells(server: ModelServer, folder: Path) -> tuple[str, str]:
    feed = write_jsonl(folder / "feed.jsonl", make_feed(PRODUCTS))
    return (
        EVALUATOR.format(base_url=server.base_url, output=str(folder / "output")),
        START.format(feed=str(feed)),
    )


def test_a_restarted_kernel_that_runs_all_cells_goes_on_and_asks_nothing_finished_again(
    notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    with ModelServer(latency_s=0.5, held_after=60) as server:
        book = notebook(*cells(server, tmp_path), "print(run.wait().counts.done, run.sid, len(run.results()))")
        book.run(0)
        book.run(1)
        book.wait_until(lambda: book.through(1) >= 30)
        book.restart_and_run_all()
        server.configure(held_after=None)
        book.wait_until(lambda: f"{PRODUCTS} " in book.output(2).inner_text())
        done, sid, rows = book.output(2).inner_text().split()
        assert (done, rows) == (str(PRODUCTS), str(PRODUCTS))
        book.wait_until(lambda: "Finished" in book.state(1))
        assert [path.name for path in (tmp_path / "output").glob("progress_*")] == [f"progress_{sid}.json"]
        # Only what was in flight when the kernel went down may have been asked twice.
        assert server.stats.repeated <= 4
        assert server.stats.accepted - server.stats.repeated == len(CATEGORIES) + PRODUCTS
        assert book.complaints == []


def test_running_the_cell_again_shows_the_run_that_goes_on(notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    with ModelServer(latency_s=0.5, held_after=20) as server:
        book = notebook(*cells(server, tmp_path), "print(run.sid)", "run.stop(); print(run.wait().status)")
        book.run(0)
        book.run(1)
        book.run(2)
        sid = book.output(2).inner_text()
        book.run(1)
        book.wait_until(lambda: book.through(1) > 0)
        book.run(2)
        assert book.output(2).inner_text() == sid
        server.configure(held_after=None)
        book.run(3)
        assert len(list((tmp_path / "output").glob("progress_*"))) == 1
        assert book.complaints == []
