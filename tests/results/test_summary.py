from __future__ import annotations

from pathlib import Path

import pytest

from feedeval.formatting import cells
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Verdict
from feedeval.results.session import load_session
from feedeval.results.summary import tally_questions
from tests.results.factory import SID, Plan, write_session

HOSTILE = {
    "title": '<script>alert(1)</script>\x1b[2J\u202egpj "x" & =1+1',
    "product_id": "<img src=x onerror=alert(1)>",
    "product_url": "javascript:alert(1)",
}


def test_a_merchandiser_finds_coverage_products_questions_topics_and_files(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=40, failed=(3,)))
    session = load_session(output_dir=tmp_path)
    text = session.summary().text(100)
    mean = session.results["coverage_pct"].mean()
    assert f"{mean:.1f} % of what buyers would ask" in text
    for title in (
        "Products to work on first",
        "Questions the feed leaves open most",
        "By topic",
        "Fields missing most",
    ):
        assert title in text
    assert "unusable reply" in text
    assert str(tmp_path) in text and f"feedeval consolidate {SID}" in text


def test_the_worst_products_come_first(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=40))
    session = load_session(output_dir=tmp_path)
    block = next(b for b in session.summary().blocks if b.title == "Products to work on first")
    worst = session.results.nsmallest(len(block.rows), "coverage_pct")["coverage_pct"].tolist()
    assert [row[0] for row in block.rows] == [f"{pct:.1f} %" for pct in worst]


def test_questions_are_counted_as_the_judgements_say(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=40))
    session = load_session(output_dir=tmp_path)
    counted = {
        (key[0], verdict): getattr(tally, verdict)
        for key, tally in tally_questions(session.batch_files).questions.items()
        for verdict in Verdict
    }
    assert counted == session.judgements.groupby(["question", "verdict"], observed=False).size().to_dict()


def test_required_questions_weigh_twice_among_the_missed(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=60))
    block = next(b for b in load_session(output_dir=tmp_path).summary().blocks if b.title.startswith("Questions"))
    weights = [(2 if row[2] else 1) * (int(str(row[3])) + int(str(row[4])) / 2) for row in block.rows]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_text_keeps_to_the_width_of_its_tables(tmp_path: Path, width: int) -> None:
    write_session(tmp_path, Plan(overrides={1: {"title": "尺寸" * 90}}))
    text = load_session(output_dir=tmp_path).summary().text(width)
    tables = [line for line in text.splitlines() if line.startswith("  ")]
    assert max(cells(line) for line in tables) <= width


def test_a_strangers_text_is_shown_and_neither_run_nor_obeyed(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=3, overrides=dict.fromkeys(range(3), HOSTILE)))
    session = load_session(output_dir=tmp_path)
    page = session._repr_html_() + session.summary().html()
    assert "<script" not in page and "<img" not in page and "javascript:" not in page.lower().split("href")[-1]
    assert "&lt;script&gt;" in page
    text = session.summary().text() + repr(session)
    assert not {"\x1b", "\u202e", "\r"} & set(text)
    assert "\\x1b[2J" in text


def test_titles_lead_to_the_shop_in_html_only(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=3))
    summary = load_session(output_dir=tmp_path).summary()
    assert '<a href="https://shop.example/p/000001?colour=oak"' in summary.html()
    assert "<a " not in summary.text()


def test_what_the_engine_noted_is_said_once_with_the_number_of_products(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=30))
    summary = load_session(output_dir=tmp_path).summary()
    assert summary.notes == (OfflineEngine.NOTE, "Read attributes only. (15 of 30 products)")
    assert summary.text().count("No language model") == summary.html().count("No language model") == 1
