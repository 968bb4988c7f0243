"""Two processes, or two notebook kernels, on one session: the second is refused with a clear error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from feedeval.errors import SessionLocked
from feedeval.evaluator import ProductFeedEvaluator, resume
from tests.e2e.support import (
    KEY,
    ROOT,
    ServerProcess,
    audit,
    child,
    command,
    environment,
    make_feed,
    until,
    write_jsonl,
)

LATENCY_S = "2"
"""So slow that the first of two is not through before the second is, however busy the machine."""
OPTIONS = {"num_questions": 4, "batch_size": 5, "max_in_flight": 4}


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "feed.jsonl", make_feed(400))


def test_a_second_process_on_the_same_session_is_told_who_holds_it(feed: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with ServerProcess("--latency-s", LATENCY_S) as server:
        first = child(audit, server.base_url, feed, output, OPTIONS)
        until(lambda: server.stats()["accepted"] > 4, "the first one works")
        before = server.stats()["requests"]
        evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=output)
        with pytest.raises(SessionLocked, match=str(first.pid)):
            evaluator.start(feed, progress="none", num_questions=4).wait(60)
        with pytest.raises(SessionLocked):
            resume(feed=feed, api_key=KEY, output_dir=output, progress="none").wait(60)
        run = command("run", feed, "--output-dir", output, "--num-questions", 4)
        engine = environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.base_url)
        second = subprocess.run(run, cwd=ROOT, env=engine, capture_output=True, text=True, check=False)
        assert second.returncode == 2 and str(first.pid) in second.stderr and "Traceback" not in second.stderr
        assert first.is_alive() and server.stats()["requests"] >= before
        first.kill()
        first.join()
        until(lambda: server.stats()["in_flight"] == 0, "the server hears of the kill")
        # A killed process leaves no lock behind.
        taken_up = evaluator.start(feed, progress="none", num_questions=4)
        assert taken_up.sid
        taken_up.stop()
        taken_up.wait(60)


CELL = """
import feedeval as fe
ev = fe.ProductFeedEvaluator({key!r}, base_url={url!r}, output_dir={output!r})
run = ev.start({feed!r}, num_questions=4, progress="none", max_in_flight=4)
# On a slow machine it has yet to go through the feed.
run.sid
"""


@pytest.mark.slow
def test_a_second_kernel_on_the_same_session_is_refused(feed: Path, tmp_path: Path) -> None:
    manager = pytest.importorskip("jupyter_client.manager")
    with ServerProcess("--latency-s", LATENCY_S) as server:
        cell = CELL.format(key=KEY, url=server.base_url, output=str(tmp_path / "output"), feed=str(feed))
        kernels = [manager.start_new_kernel(cwd=str(ROOT), env=environment(PYTHONPATH=str(ROOT))) for _ in range(2)]
        try:
            (_, first), (_, second) = kernels
            assert first.execute_interactive(cell, timeout=120)["content"]["status"] == "ok"
            refused = second.execute_interactive(cell, timeout=120)["content"]
            assert refused["status"] == "error" and refused["ename"] == "SessionLocked"
            assert str(tmp_path) in refused["evalue"] or "session" in refused["evalue"]
            stopped = first.execute_interactive("run.stop(); assert run.wait(60).done", timeout=120)
            assert stopped["content"]["status"] == "ok"
            assert (
                second.execute_interactive(cell + "run.stop(); run.wait(60)", timeout=120)["content"]["status"] == "ok"
            )
        finally:
            for kernel, client in kernels:
                client.stop_channels()
                kernel.shutdown_kernel(now=True)
    files = list((tmp_path / "output").iterdir())
    assert files and not any(KEY.encode() in path.read_bytes() for path in files)
