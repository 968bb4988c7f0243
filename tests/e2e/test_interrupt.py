"""Ctrl-C, as a real SIGINT: the blocking call stops cleanly, and the same call goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from feedeval.records import Status
from feedeval.results.session import load_session
from tests.e2e.support import CATEGORIES, KEY, ROOT, ServerProcess, environment, make_feed, until, write_jsonl

SCRIPT = """
import signal
import sys
import feedeval as fe

# A shell that runs the tests in the background has its children ignore SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
evaluator = fe.ProductFeedEvaluator(output_dir=sys.argv[2])
results = evaluator.evaluate_products_batch(sys.argv[1], num_questions=4, batch_size=5, max_in_flight=4)
print("rows", len(results), evaluator.get_evaluation_status()["batch_info"]["status"])
"""
PRODUCTS = 400
"""So many that it is not through long after Ctrl-C, however late that comes."""


@pytest.mark.slow
def test_ctrl_c_ends_the_blocking_call_cleanly_and_calling_again_goes_on(tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(PRODUCTS))
    output = tmp_path / "output"
    call = [sys.executable, "-c", SCRIPT, str(feed), str(output)]
    with ServerProcess("--latency-s", "0.5") as server:
        engine = environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.base_url)
        process = subprocess.Popen(
            call, cwd=ROOT, env=engine, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        until(lambda: server.stats()["accepted"] > 20, "some calls")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and "Traceback" not in err, err
        assert "stopped" in out.splitlines()[-1]
        assert load_session(output_dir=output).status is Status.STOPPED
        asked = server.stats()
        assert asked["accepted"] < PRODUCTS and asked["in_flight"] == 0
        server.control(config={"latency_s": 0.0})
        again = subprocess.run(call, cwd=ROOT, env=engine, capture_output=True, text=True, check=True)
        assert again.stdout.splitlines()[-1] == f"rows {PRODUCTS} finished"
        served = server.stats()
    assert served["accepted"] == served["requests"] == len(CATEGORIES) + PRODUCTS and served["repeated"] == 0
