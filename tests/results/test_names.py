"""What sessions are called: the name that was given, else what the feed is called; and how one is found by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.cli import main
from feedeval.errors import InputError, SessionNotFound
from feedeval.evaluator import ProductFeedEvaluator, resume
from feedeval.feed.reader import read_feed
from feedeval.results.library import cleanup, list_sessions
from feedeval.results.naming import feed_name, session_name
from feedeval.results.session import Session, load_session
from tests.results.audits import Planted, write

PRODUCT = {"id": "1", "title": "Chair", "description": "Oak, 3 kg.", "link": "https://www.shop.example/1"}
RSS = (
    '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>{title}</title>'
    "<item><title>Chair</title><g:id>1</g:id><description>Oak.</description><link>https://a.example/1</link></item>"
    "</channel></rss>"
)


def audit(folder: Path, feed: Any, **options: Any) -> Session:
    run = ProductFeedEvaluator(model="offline", output_dir=folder).start(feed, progress="none", **options)
    run.block()
    return run.session()


@pytest.mark.parametrize(
    ("title", "called"),
    [
        ("Shoes &amp; more", "Shoes & more"),
        ("<![CDATA[Shoes & more]]>", "Shoes & more"),
        ("\n  Shoes\n of May ", "Shoes of May"),
        ("", "feed.xml"),
        ("x" * 200, "feed.xml"),
    ],
)
def test_a_feed_is_called_by_its_own_title_else_by_its_file(tmp_path: Path, title: str, called: str) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(RSS.format(title=title), encoding="utf-8")
    assert audit(tmp_path / "a", str(path)).title == called
    assert audit(tmp_path / "b", read_feed(path)).title == called


def test_the_title_of_a_product_is_not_taken_for_the_feeds(tmp_path: Path) -> None:
    feed = RSS.format(title="").replace("<title></title>", "", 1)
    assert "title" not in read_feed(feed.encode()).attrs["feedeval"]


def test_products_without_a_file_are_called_by_their_shop(tmp_path: Path) -> None:
    assert audit(tmp_path / "a", [PRODUCT]).title == "shop.example"
    assert audit(tmp_path / "b", pd.DataFrame([PRODUCT])).title == "shop.example"
    nameless = audit(tmp_path / "c", [{**PRODUCT, "link": ""}])
    assert nameless.title == nameless.id


def test_a_name_that_is_given_counts_and_changes_no_fingerprint(tmp_path: Path) -> None:
    first = audit(tmp_path, [PRODUCT])
    second = audit(tmp_path, [{**PRODUCT, "title": "Table"}], name="May")
    assert second.title == "May" and second.progress.fingerprint == first.progress.fingerprint
    assert str(second).startswith("Name       May\n")
    assert "May" in str(second.summary()) and "May" in second._repr_html_()
    assert list_sessions(tmp_path)["name"].tolist() == ["May", "shop.example"]


def test_a_session_that_is_gone_on_with_keeps_its_name_unless_it_gets_another(tmp_path: Path) -> None:
    feed = [PRODUCT, {**PRODUCT, "id": "2", "description": ""}]
    session = audit(tmp_path, feed, name="May", batch_size=1)
    for options, called in (({}, "May"), ({"name": "June"}, "June")):
        # As if it had been stopped before its last batch.
        (tmp_path / f"batch_0002_{session.id}.json").unlink()
        progress = tmp_path / f"progress_{session.id}.json"
        progress.write_text(progress.read_text(encoding="utf-8").replace('"finished"', '"stopped"'), encoding="utf-8")
        resume(Session(session.id, tmp_path), feed, progress="none", **options).block()
        assert load_session(session.id, output_dir=tmp_path).title == called


def test_a_session_is_found_by_a_name_that_no_other_has(tmp_path: Path) -> None:
    session = audit(tmp_path, [PRODUCT], name="May 2026")
    assert load_session("may  2026", output_dir=tmp_path) == session
    other = audit(tmp_path, [{**PRODUCT, "title": "Table"}], name="May 2026")
    with pytest.raises(SessionNotFound, match=r"2 sessions .* are called 'May 2026'") as caught:
        load_session("May 2026", output_dir=tmp_path)
    assert session.id in str(caught.value) and other.id in str(caught.value)
    with pytest.raises(SessionNotFound, match="no session 'April'"):
        load_session("April", output_dir=tmp_path)


def test_a_name_is_not_enough_to_delete(tmp_path: Path) -> None:
    session = audit(tmp_path, [PRODUCT], name="May")
    with pytest.raises(InputError, match=f"not the whole id of {session.id}"):
        cleanup("May", output_dir=tmp_path)
    assert session.files


def test_a_name_is_not_endless(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name="):
        audit(tmp_path, [PRODUCT], name="x" * 201)


def test_sessions_of_earlier_versions_are_called_by_their_file_or_id(tmp_path: Path) -> None:
    assert write(tmp_path, Planted({"A": "ynn"})).title == "shop.xml"
    assert write(tmp_path, Planted({"A": "ynn"}, sid="20261102_090000", source={})).title == "20261102_090000"
    assert session_name({}) == "" and session_name({"run": None, "source": None}) == ""


def test_no_name_holds_a_user_or_a_key() -> None:
    assert feed_name({"url": "https://me:secret@shop.example/feed.xml?key=secret"}) == "shop.example/feed.xml"


def test_the_terminal_gives_and_shows_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, output = tmp_path / "feed.xml", str(tmp_path / "output")
    path.write_text(RSS.format(title="Chairs"), encoding="utf-8")
    arguments = ["--model", "offline", "--quiet", "--output-dir", output]
    assert main(["run", str(path), "--name", "May", *arguments]) == 0
    capsys.readouterr()
    assert main(["list", "--output-dir", output]) == 0
    assert "May" in capsys.readouterr().out
    assert main(["workbook", "may", "--to", str(tmp_path / "audit.xlsx"), "--output-dir", output]) == 0
    assert "To fill in" in capsys.readouterr().out and (tmp_path / "audit.xlsx").is_file()
