"""`feedeval run --pages` and `feedeval ledger`, as the real program over real HTTP."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import feedeval as fe
from feedeval.cli import main
from tests.e2e.support import KEY, until
from tests.feed.pages import answers, shop
from tests.server import ModelServer
from tests.test_evaluator_pages import Reader


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    wide = {**os.environ, "COLUMNS": "160"}
    command = [sys.executable, "-m", "feedeval", *arguments, "--output-dir", str(folder / "out")]
    return subprocess.run(command, env=wide, capture_output=True, text=True, check=False, timeout=120)


def test_the_program_audits_reads_the_pages_and_prints_the_ledger(tmp_path: Path) -> None:
    with shop.opened(answers.stock()) as (base, counting):
        feed = tmp_path / "feed.json"
        feed.write_text(json.dumps(answers.feed_of(base)[:5]))
        done = run(tmp_path, "run", str(feed), "--model", "offline", "--pages", "--allow-private")
        assert done.returncode == 0, done.stderr
        assert "4 questions of 4 products are answered on the page alone" in done.stdout
        assert {count for path, count in counting.asked.items() if path.startswith("/p/")} == {1}
    shown = run(tmp_path, "ledger", "--to", str(tmp_path / "ledger.csv"))
    assert shown.returncode == 0 and "Stainless steel" in shown.stdout and "No language model was asked" in shown.stdout
    with (tmp_path / "ledger.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    # Of a page, too, the embedded engine leaves open what its words may speak of.
    assert {row["standing"] for row in rows} - {"unread"} == {"feed", "page", "nowhere"}
    passed_on = run(tmp_path, "answers", "--to", str(tmp_path / "answers.tsv"), "--json")
    assert json.loads(passed_on.stdout)["from_pages"] == 4, passed_on.stderr
    assert "tainless steel" in (tmp_path / "answers.tsv").read_text(encoding="utf-8-sig")
    nowhere = run(tmp_path, "ledger", "--standing", "nowhere")
    assert "nowhere" in nowhere.stdout and "Stainless steel" not in nowhere.stdout


def test_an_audit_without_pages_says_how_they_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps([made.product("https://fjellby.example") for made in shop.items()[:2]]))
    assert main(["run", str(feed), "--model", "offline", "--output-dir", str(tmp_path), "--quiet"]) == 0
    assert main(["ledger", "--output-dir", str(tmp_path)]) == 0
    assert "`feedeval run FEED --pages` reads the pages" in capsys.readouterr().out


def test_saved_pages_are_asked_from_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stock = answers.stock()[:4]
    feed, folder = tmp_path / "feed.json", tmp_path / "saved"
    folder.mkdir()
    feed.write_text(json.dumps([made.product("https://fjellby.example") for made in stock]))
    for made in stock:
        (folder / f"{made.id}.html").write_text(shop.TEMPLATES[made.template](made.facts("https://fjellby.example")))
    out = ["--output-dir", str(tmp_path / "out")]
    assert main(["run", str(feed), "--model", "offline", "--pages", str(folder), *out]) == 0
    assert "3 questions of 3 products are answered on the page alone" in " ".join(capsys.readouterr().out.split())
    assert main(["run", str(feed), "--model", "offline", "--pages", str(tmp_path / "none"), *out]) == 2
    assert "is no folder of saved pages" in capsys.readouterr().err


def test_resume_goes_on_with_pages_that_are_not_through(tmp_path: Path) -> None:
    with (
        ModelServer(answerer=Reader(), held_after=18) as server,
        shop.opened(answers.stock()) as (base, counting),
    ):
        feed = tmp_path / "feed.json"
        feed.write_text(json.dumps(answers.feed_of(base)[:12]))
        out = ["--output-dir", str(tmp_path / "out")]
        how = ["--base-url", server.base_url, "--input-price", "1", "--output-price", "4"]
        started = ["run", str(feed), "--model", "model-a", *how, "--pages", "--allow-private", *out]
        env = {**os.environ, "OPENAI_API_KEY": KEY}
        running = subprocess.Popen([sys.executable, "-m", "feedeval", *started], env=env, stdout=subprocess.DEVNULL)
        try:
            until(lambda: server.stats.by_purpose["judge"] > 14, "pages to be judged", timeout_s=120)
        finally:
            running.kill()
            running.wait()
        server.configure(held_after=None)
        asked = counting.asked["/p/3"]
        command = [sys.executable, "-m", "feedeval", "resume", "--base-url", server.base_url, *out]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        assert asked == counting.asked["/p/3"] == 1
    assert {"page", "contradicted"} <= set(fe.load_session(output_dir=tmp_path / "out").ledger().frame["standing"])
