from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import lxml.html
import pytest

from feedeval.dashboard.errors_view import batches_html, errors_html, health_html
from feedeval.dashboard.overview import findings_html, headline, lead_html, overview_html
from feedeval.errors import FeedevalError
from feedeval.notebook.browser.browse import Browser, Wanted
from feedeval.notebook.browser.opened import Opened, read
from feedeval.notebook.browser.rows import Span
from feedeval.records import Status
from feedeval.results.library import list_sessions
from feedeval.results.session import Session, load_session
from feedeval.storage.paths import session_paths
from feedeval.storage.store import SessionStore
from tests.notebook.hostile import HOSTILE
from tests.results.factory import SID, Plan, progress, write_session, write_shadow_session

NOW = datetime.now(UTC)


def opened(folder: Path, plan: Plan) -> Opened:
    write_session(folder, plan)
    return Opened(load_session(output_dir=folder))


def test_a_product_opens_to_its_questions_verdicts_and_quotes(tmp_path: Path) -> None:
    made = opened(tmp_path, Plan(products=3))
    html = made.record_html(0)
    judged = load_session(output_dir=tmp_path).judgements.query("key == 'SKU-000000'")
    for question in judged["question"]:
        assert question in html
    assert html.count('class="fe-verdict"') == len(judged)
    answered = judged[judged["verdict"] != "no"]
    assert html.count("<q>") == len(answered)
    assert html.count("required</span>") == judged["required"].sum()
    assert "The text that was judged" in html
    assert 'href="https://shop.example/p/000000?colour=oak"' in html


def test_missing_fields_are_named(tmp_path: Path) -> None:
    assert "material, color" in opened(tmp_path, Plan(products=3)).record_html(2)


def test_a_failed_product_says_why(tmp_path: Path) -> None:
    made = opened(tmp_path, Plan(products=3, failed=(1,)))
    html = made.record_html(1)
    assert "Unusable reply" in html
    assert "the reply did not fit the schema, twice" in html
    assert "fe-asked" not in html
    assert "fe-failure" not in made.record_html(0)


def test_a_record_of_another_kind_shows_all_that_stands_in_its_row(tmp_path: Path) -> None:
    write_shadow_session(tmp_path, "other")
    made = Opened(load_session(output_dir=tmp_path))
    assert all(word in made.record_html(0) for word in ("a.jpg", "=cat", "dog", "0.75"))
    assert "Image that cannot be used" in made.record_html(1)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    meta = {
        **{"title": HOSTILE["title"], "product_id": HOSTILE["id"], "product_url": HOSTILE["link"]},
        "evidence": HOSTILE["description"],
    }
    plan = Plan(products=4, batch_size=2, failed=(3,), overrides=dict.fromkeys(range(4), meta))
    return opened(tmp_path_factory.mktemp("hostile"), plan)


def test_nothing_of_a_feed_is_markup(hostile: Opened) -> None:
    pages = [
        hostile.record_html(0),
        hostile.record_html(3),
        findings_html(hostile.session, hostile.results),
        overview_html(hostile.session, NOW),
        headline(hostile.session),
        errors_html(hostile.session),
        health_html(hostile.session),
        batches_html(hostile.reports, Span(2, 50)),
    ]
    for page in pages:
        assert not re.search(r"<(script|img src=x|svg|iframe|a href=.javascript)", page)
        assert not re.search(r"""<[^>]*\son\w+=""", page)
        assert "javascript:" not in re.sub(r">[^<]*<", "><", page)
        assert "\u202e" not in page


def test_the_overview_says_what_was_done_and_what_it_cost(tmp_path: Path) -> None:
    session = opened(tmp_path, Plan(products=30, failed=(1, 2), engine="gpt-x")).session
    html = overview_html(session, NOW)
    for words in ("30 of 30 products", "28", "$0.01", "healthy", "unusable replies", "Settings", "gpt-x"):
        assert words in html
    assert "gpt-x" in headline(session)


def test_an_interrupted_session_says_that_nothing_is_lost(tmp_path: Path) -> None:
    session = opened(tmp_path, Plan(complete=1, status=Status.RUNNING)).session
    assert "Interrupted" in headline(session)
    assert "Nothing that was finished is lost" in headline(session)
    assert "Time left" not in overview_html(session, NOW)


def test_an_interrupted_session_counts_what_is_on_disk(tmp_path: Path) -> None:
    plan = Plan(products=60, failed=(7,), status=Status.RUNNING)
    write_session(tmp_path, plan)
    with SessionStore.open(session_paths(tmp_path, SID)) as store:
        known = [store.read_batch(number).report for number in (1, 2)]
        store.write_progress(progress(plan, known))
    session = load_session(output_dir=tmp_path)
    assert len(session.results) == 60
    assert "60 of 60 products" in overview_html(session, NOW)
    assert "59 of 60 done, 1 failed" in repr(session)
    assert list(list_sessions(tmp_path)[["done", "failed"]].iloc[0]) == [59, 1]


def test_the_engine_note_stands_above_offline_results(tmp_path: Path) -> None:
    session = opened(tmp_path, Plan()).session
    assert "No language model was asked" in headline(session)


def test_the_findings_name_coverage_and_what_to_work_on(tmp_path: Path) -> None:
    made = opened(tmp_path, Plan())
    mean = made.results["coverage_pct"].mean()
    assert f"{mean:.1f} % of what buyers would ask" in lead_html(made.session, made.results)
    html = findings_html(made.session, made.results)
    assert "Questions the feed leaves open most" in html
    assert html.count("<img") == 2


def test_a_session_without_results_says_so(tmp_path: Path) -> None:
    made = opened(tmp_path, Plan(complete=0, status=Status.PAUSED))
    assert "No product has been evaluated yet" in lead_html(made.session, made.results)
    assert "Nothing failed" in errors_html(made.session)
    assert "No batch is complete yet" in batches_html(made.reports, Span(0, 50))
    assert "healthy" in health_html(made.session)


@pytest.mark.parametrize("kind", ["shadow", "judge", "another"])
def test_a_session_that_has_only_begun_opens_whatever_its_kind(tmp_path: Path, kind: str) -> None:
    plan = Plan(complete=0)
    with SessionStore.create(tmp_path, now=NOW) as store:
        store.write_progress(progress(plan, [], kind=kind).model_copy(update={"session": store.sid}))
        made = Opened(load_session(store.sid, output_dir=tmp_path))
    browser = Browser(made.results, made.shape)
    assert browser.rows(browser.find(Wanted(sort="status"))) == []
    assert "Nothing failed" in errors_html(made.session)
    assert not made.results.size
    findings_html(made.session, made.results)


def test_errors_are_told_by_type_with_the_latest_and_their_context(tmp_path: Path) -> None:
    session = opened(tmp_path, Plan(products=60, failed=tuple(range(0, 60, 2)))).session
    html = errors_html(session)
    assert "Unusable reply" in html
    assert "The latest 15 of 30" in html
    assert html.count('class="fe-failure"') == 15
    assert "Context" in html
    assert "Failures over the batches" in html


def test_batches_are_shown_a_page_at_a_time_the_newest_first(tmp_path: Path) -> None:
    reports = opened(tmp_path, Plan(products=60, batch_size=10)).reports
    html = batches_html(reports, Span(6, 4))
    assert html.count("<tr>") == 5
    assert html.index("51–60") < html.index("41–50")
    assert "11–20" not in html
    heads = lxml.html.fromstring(html).iter("th")
    assert {head.text for head in heads if "right" not in head.get("style", "")} <= {"Health", "Complete at"}
    assert "11–20" in batches_html(reports, Span(6, 4, 1))


def test_older_sessions_say_that_memory_and_health_were_not_noted(tmp_path: Path) -> None:
    assert "written before it was noted" in health_html(opened(tmp_path, Plan()).session)


def test_a_damaged_session_cannot_be_read_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "progress_20261103_090000.json").write_text("{broken", encoding="utf-8")
    session = Session("20261103_090000", tmp_path)
    assert isinstance(read(session), FeedevalError)
    assert "Damaged" in headline(session)
    assert "progress_20261103_090000.json" in overview_html(session, NOW)
