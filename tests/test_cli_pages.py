"""`feedeval pages`, as the real program over real HTTP."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feedeval.cli import main
from tests.feed.pages import shop

SAMPLE = Path(__file__).resolve().parents[1] / "notebooks" / "data"


def feed_file(folder: Path, base: str, numbers: range) -> Path:
    path = folder / "feed.json"
    path.write_text(json.dumps([made.product(base) for made in shop.items() if made.number in numbers]))
    return path


def test_the_program_fetches_pages_and_prints_what_contradicts(tmp_path: Path) -> None:
    with shop.opened() as (base, counting):
        feed = feed_file(tmp_path, base, range(10, 18))
        command = [sys.executable, "-m", "feedeval", "pages", str(feed), "--allow-private", "--pause", "0"]
        options = ["--output-dir", str(tmp_path / "out"), "--csv", str(tmp_path / "found.csv"), "--strict"]
        wide = {**os.environ, "COLUMNS": "200"}
        how: dict[str, Any] = {"capture_output": True, "text": True, "check": False, "timeout": 120, "env": wide}
        done = subprocess.run([*command, *options], **how)
        assert done.returncode == 1, done.stderr
        assert "8 of 8 products have a page that was read: 6 contradictions" in done.stdout
        assert "59.90 EUR" in done.stdout and "page_price_differs" in done.stdout
        again = subprocess.run([*command, *options], **how)
        assert again.stdout == done.stdout and counting.asked["/p/12"] == 1
    with (tmp_path / "found.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 and rows[0]["feed_says"] == "49.90 EUR"


def test_nothing_of_this_machine_is_asked_without_leave(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with shop.opened() as (base, counting):
        feed = feed_file(tmp_path, base, range(2))
        assert main(["pages", str(feed), "--output-dir", str(tmp_path)]) == 0
        assert not counting.asked
    assert "2 without a page: 127.0.0.1 is inside a network of its own" in " ".join(capsys.readouterr().out.split())


def test_saved_pages_are_read_from_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = [
        "pages",
        str(SAMPLE / "sample_feed.xml"),
        "--folder",
        str(SAMPLE / "pages"),
        "--output-dir",
        str(tmp_path),
    ]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "3 of 42 products have a page" in shown and "2 contradictions in 2 products (2 error)" in shown
    assert "TNT-104" in shown and "109.00 GBP" in shown and "Sold out" in shown
    assert not (tmp_path / "pages").exists()


def test_a_folder_without_pages_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["pages", str(SAMPLE / "sample_feed.xml"), "--folder", str(tmp_path)]) == 2
    assert "holds no saved page" in capsys.readouterr().err
