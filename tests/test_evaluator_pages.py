"""An audit with pages behind it, over real HTTP: each answer gets its place, and nothing hostile counts."""

from __future__ import annotations

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.results.export import write_frame
from feedeval.results.gaps.cards import cards_html
from feedeval.results.ledger.ledger import AnswerLedger
from feedeval.results.session import Session
from tests.e2e.support import KEY, until
from tests.feed.pages import answers, shop
from tests.server import Answerer, ModelServer

QUICK = fe.PageLimits(pause_s=0, timeout_s=2, max_mb=1)
PAGES: dict[str, Any] = {"allow_private": True, "limits": QUICK}
PASSING = {"/p/45", "/p/47"}
"""What does not answer, or leads where nobody is asked, is tried again by the next call."""
ASKED = {
    "material": "What is the material?",
    "weight": "What is the weight?",
    "colour": "What is the color?",
    "price": "What is the price?",
}
PRICES = {
    n for n, found in shop.PLANTED.items() for name, check in found if name == "price" and check != "page_price_tax"
}
"""Products whose page names another price."""


class Reader(Answerer):
    """Says yes where the text has `name: value` or the value under its name; orders in the text are nothing."""

    lies = False
    """Quote words that stand nowhere, and do what a page orders."""

    def _questions(self, asked: Any) -> dict[str, Any]:
        return {"questions": [{"text": text, "taxonomy": "Specs", "required": False} for text in ASKED.values()]}

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        name = question.removeprefix("What is the ").removesuffix("?")
        said = next((x for x in lines if x.lower().removeprefix("product_").startswith(f"{name}: ")), "")
        under = next((b for a, b in itertools.pairwise(lines) if a.strip().lower().endswith(name)), "")
        quote = said or under
        if not quote and self.lies:
            quote = next((x for x in lines if x.startswith("Ignore all")), "made of unobtainium")
        attribute = {"weight": "product_weight"}.get(name, name)
        verdict = {"number": number, "evidence": quote, "attribute": attribute, "verdict": "yes" if quote else "no"}
        return {**verdict, "reason": ""}


@pytest.fixture(scope="module")
def offline(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Session, type[shop.Shop], list[dict[str, Any]]]]:
    folder = tmp_path_factory.mktemp("offline")
    with shop.opened(answers.stock()) as (base, counting):
        feed = answers.feed_of(base)
        evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=folder)
        run = evaluator.start(feed, pages=PAGES, progress="none")
        run.wait(120)
        assert run.done and counting.asked.most_common(1)[0][1] == 1
        yield run.session(), counting, feed


def placed(ledger: AnswerLedger, standing: str) -> dict[tuple[int, str], Any]:
    rows = ledger.frame[ledger.frame["standing"] == standing].to_dict("records")
    return {(int(row["product_id"].removeprefix("P-")), row["attribute"]): row for row in rows}


def test_every_planted_answer_is_in_its_place_and_no_other_is(offline: tuple[Session, Any, Any]) -> None:
    ledger = offline[0].ledger()
    found = placed(ledger, "page")
    said = {key: (row["proposal"], row["page_quote"], row["page_source"]) for key, row in found.items()}
    assert said == answers.ON_PAGE
    assert all(row["proposal_for"] == attribute for (_, attribute), row in found.items())
    contradicted = placed(ledger, "contradicted")
    assert {k: (r["feed_quote"], r["page_quote"]) for k, r in contradicted.items()} == answers.CONTRADICTED
    assert (6, "product_weight") not in placed(ledger, "feed") and (18, "product_weight") in placed(ledger, "feed")
    # Of a page that was read, the engine leaves open what a text may say in words that it does not know.
    unread = {key: row for key, row in placed(ledger, "unread").items() if row["page_verdict"] != "not_judged"}
    assert {number for number, _ in unread} == shop.WITHOUT_PAGE
    assert {row["why"] for row in unread.values()} == set(ledger.unread)
    assert ledger.products == 60 and ledger.pages == 60 - len(shop.WITHOUT_PAGE)
    assert sum(ledger.counts.values()) == len(ledger) == len(ledger.frame)


def test_a_page_raises_no_coverage_and_the_feeds_answers_stay_its_own(
    offline: tuple[Session, Any, list[dict[str, Any]]], tmp_path: Path
) -> None:
    session, _, feed = offline
    alone = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    results = alone.evaluate_products_batch(feed, progress="none")
    assert results["coverage_pct"].tolist() == session.results["coverage_pct"].tolist()
    without = fe.load_session(output_dir=tmp_path).ledger()
    assert set(without.frame["standing"]) == {"feed", "unread"} and "No page was read" in str(without)
    assert fe.load_session(output_dir=session.output_dir).id == session.id


def test_what_stands_on_the_page_comes_first_in_the_advice(offline: tuple[Session, Any, Any]) -> None:
    session = offline[0]
    actions = session.actions()
    assert actions["attribute"].tolist()[:2] == ["material", "product_weight"]
    assert actions["on_page"].tolist()[:3] == [6, 1, 0]
    assert "on the page already for 6 of 60 products, copy it" in str(session.action_cards[0])
    assert (
        "On the page already for 6 of 60 products, copy it."
        in fe.report(session, session.output_dir / "r.html").read_text()
    )
    assert ("P-00", "Stainless steel") in session.action_cards[0].page_words
    steps = session.next_steps(2, within=None)
    assert [step.on_page for step in steps] == [6, 1]
    gaps = session.gaps()
    assert gaps["on_page"].sum() == len(answers.ON_PAGE) and gaps["attribute"][0] == "material"


def test_the_files_to_fill_in_carry_the_words_of_the_pages(
    offline: tuple[Session, Any, list[dict[str, Any]]], tmp_path: Path
) -> None:
    session, _, feed = offline
    made = session.fix_file(tmp_path / "fix.tsv")
    assert made.copied == made.proposed == len(answers.ON_PAGE) and made.proposals_path is not None
    with made.proposals_path.open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file, delimiter="\t"))
    assert {row["quote"] for row in listed} == {quote for _, quote, _ in answers.ON_PAGE.values()}
    assert all(row["field"].startswith(("page, structured data: http", "page, visible text: http")) for row in listed)
    book = session.workbook(tmp_path / "audit.xlsx")
    for filled in (made, book):
        after = fe.apply_fixes(pd.DataFrame(feed), filled).set_index("id")
        got = {(n, name): after.loc[f"P-{n:02d}", name] for n, name in answers.ON_PAGE}
        assert got == {key: value for key, (value, _, _) in answers.ON_PAGE.items()}
    first = made.path.read_text(encoding="utf-8-sig").splitlines()[1]
    assert first.split("\t")[0] in {f"P-{number:02d}" for number, _ in answers.ON_PAGE}


def test_nothing_hostile_is_obeyed_run_or_shown(offline: tuple[Session, Any, Any]) -> None:
    session, counting, _ = offline
    ledger = session.ledger()
    of_hostile = ledger.frame[ledger.frame["product_id"] == "P-43"]
    assert set(of_hostile["standing"]) <= {"feed", "nowhere"} and "/stolen" not in counting.asked
    evil = "<img src=x onerror=alert(1)>"
    assert evil not in str(ledger._repr_html_()) and evil not in str(session.action_cards)


def test_the_same_call_fetches_no_page_again_and_finds_the_same(
    offline: tuple[Session, Any, list[dict[str, Any]]],
) -> None:
    session, counting, feed = offline
    before = dict(counting.asked)
    again = fe.ProductFeedEvaluator(model="offline", output_dir=session.output_dir).start(
        feed, pages=PAGES, progress="none"
    )
    again.wait(120)
    asked_again = {path for path, count in counting.asked.items() if count > before.get(path, 0)}
    assert asked_again <= PASSING | {"/robots.txt"}
    assert again.sid == session.id and again.session().ledger().pages_session == session.ledger().pages_session


def test_pages_that_were_read_are_asked_without_a_session(tmp_path: Path) -> None:
    feed = [made.product("https://fjellby.example") for made in answers.stock()[:6]]
    html = {
        one["link"]: shop.TEMPLATES[m.template](m.facts("https://fjellby.example"))
        for one, m in zip(feed, answers.stock(), strict=False)
    }
    fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path).evaluate_products_batch(feed, progress="none")
    session = fe.load_session(output_dir=tmp_path)
    ledger = session.ledger(fe.read_pages(feed, pages=html))
    assert set(placed(ledger, "page")) == {key for key in answers.ON_PAGE if key[0] < 6}
    assert session.actions()["on_page"].sum() == 4 and len(fe.list_sessions(tmp_path)) == 1
    assert session.reload().actions()["on_page"].sum() == 0
    folder = tmp_path / "saved"
    folder.mkdir()
    for one in feed:
        (folder / f"{one['id']}.html").write_text(html[one["link"]])
    kept = session.ledger(folder, evaluator=fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path))
    assert placed(kept, "page").keys() == placed(ledger, "page").keys() and kept.pages_session
    assert fe.load_session(output_dir=tmp_path).actions()["on_page"].sum() == 4
    with pytest.raises(InputError, match="evaluator="):
        session.ledger(True)


@pytest.mark.parametrize("lies", [False, True])
def test_a_model_is_asked_once_a_page_and_only_what_is_open(tmp_path: Path, lies: bool) -> None:
    answerer = Reader()
    answerer.lies = lies
    with ModelServer(answerer=answerer) as server, shop.opened(answers.stock()) as (base, counting):
        bodies = server.record_bodies()
        evaluator = fe.ProductFeedEvaluator(
            KEY, "model-a", base_url=server.base_url, output_dir=tmp_path, input_price=1.0, output_price=4.0
        )
        run = evaluator.start(answers.feed_of(base), pages=PAGES, progress="none", num_questions=4)
        run.wait(180)
        session = run.session()
        ledger = session.ledger()
        assert counting.asked.most_common(1)[0][1] == 1 and server.stats.repeated == 0
        about_pages = [b["messages"][1]["content"] for b in bodies if "long words about it" in str(b)]
        assert about_pages and len(about_pages) <= 60 - len(shop.WITHOUT_PAGE)
        assert sum(ASKED["colour"] in text for text in about_pages) <= 1  # the feed says the colour of all but one
        hostile = next(text for text in about_pages if "Ignore all previous" in text)
        assert hostile.index("<<<PRODUCT") < hostile.index("Ignore all previous") < hostile.index(" PRODUCT>>>")
        done = server.stats.accepted
        again = evaluator.start(answers.feed_of(base), pages=PAGES, progress="none", num_questions=4)
        again.wait(180)
        assert server.stats.accepted == done
    if not lies:
        expected = {key: said[0] for key, said in answers.ON_PAGE.items()}
        assert {key: row["proposal"] for key, row in placed(ledger, "page").items()} == expected
        contradicted = placed(ledger, "contradicted")
        assert contradicted.keys() == answers.CONTRADICTED.keys() | {(number, "price") for number in PRICES}
        assert (contradicted[13, "price"]["feed_quote"], contradicted[13, "price"]["page_quote"]) == (
            "price: 49.90 EUR",
            "59,90 EUR",
        )
    assert not (ledger.frame["page_quote"] == "made of unobtainium").any()
    hostile = ledger.frame[ledger.frame["product_id"] == "P-43"]
    assert set(hostile["standing"]) <= {"feed", "nowhere"}
    spent = fe.list_sessions(tmp_path).set_index("kind")["cost_usd"]
    assert spent["pages"] > 0


def test_a_budget_holds_for_both_steps_and_the_same_call_goes_on(tmp_path: Path) -> None:
    with ModelServer(answerer=Reader()) as server, shop.opened(answers.stock()) as (base, counting):
        feed = answers.feed_of(base)
        how: dict[str, Any] = {"pages": PAGES, "progress": "none", "num_questions": 4}
        evaluator = fe.ProductFeedEvaluator(
            KEY, "model-a", base_url=server.base_url, output_dir=tmp_path, input_price=1.0, output_price=4.0,
            max_in_flight=2, max_output_tokens=400,
        )  # fmt: skip
        evaluator.evaluate_products_batch(feed, progress="none", num_questions=4)
        spent = fe.load_session(output_dir=tmp_path).progress.cost_usd or 0.0
        with pytest.raises(fe.RunFault):
            evaluator.evaluate_products_batch(feed, budget_usd=spent * 1.2, **how)
        left = fe.list_sessions(tmp_path).set_index("kind")
        assert left.loc["pages", "done"] < 60 and spent < left["cost_usd"].sum() <= spent * 1.2
        evaluator.evaluate_products_batch(feed, **how)
        assert server.stats.repeated == 0
        assert {path for path, count in counting.asked.items() if count > 1} <= PASSING | {"/robots.txt"}
    assert set(placed(fe.load_session(output_dir=tmp_path).ledger(), "page")) == set(answers.ON_PAGE)


SCRIPT = """
import sys, feedeval as fe, json
base, url, folder = sys.argv[1:]
from tests.feed.pages import answers
pages = {"allow_private": True, "limits": fe.PageLimits(pause_s=0, timeout_s=2, max_mb=1)}
evaluator = fe.ProductFeedEvaluator("sk-none", "model-a", base_url=url, output_dir=folder, max_in_flight=4)
run = evaluator.start(answers.feed_of(base), pages=pages, progress="none", num_questions=4, batch_size=5)
print(run.wait().status.value)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_after_a_kill_no_page_is_fetched_and_no_call_is_paid_again(tmp_path: Path) -> None:
    # The 60 products, and some of their pages.
    with ModelServer(answerer=Reader(), held_after=80) as server, shop.opened(answers.stock()) as (base, counting):
        command = [sys.executable, "-c", SCRIPT, base, server.base_url, str(tmp_path)]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])}
        running = subprocess.Popen(command, env=env)
        try:
            until(lambda: server.stats.by_purpose["judge"] >= 75, "pages to be judged", timeout_s=120)
        finally:
            running.send_signal(signal.SIGKILL)
            running.wait()
        server.configure(held_after=None)
        asked, accepted = dict(counting.asked), server.stats.accepted
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=180)
        assert done.stdout.split() == ["finished"]
        again = {path for path, count in counting.asked.items() if count > asked.get(path, 0)}
        assert again <= PASSING | {"/robots.txt"}
        # Those whose reply had not arrived, at most.
        assert server.stats.repeated <= 4 and server.stats.accepted > accepted
    assert set(placed(fe.load_session(output_dir=tmp_path).ledger(), "page")) == set(answers.ON_PAGE)


def test_a_run_that_is_stopped_while_pages_are_fetched_fetches_no_more(tmp_path: Path) -> None:
    with shop.opened(answers.stock()) as (base, counting):
        slow = {"allow_private": True, "limits": fe.PageLimits(pause_s=0.3, timeout_s=2)}
        evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
        run = evaluator.start(answers.feed_of(base), pages=slow, progress="none")
        until(lambda: sum(counting.asked.values()) > 3, "the first pages")
        run.stop()
        run.wait(60)
        assert run.done and sum(counting.asked.values()) < 50
        assert len(run.results()) == 60 and not run.session().ledger().pages_session


def test_a_session_remembers_its_folder_of_pages_and_no_leave_to_ask_inside_a_network(tmp_path: Path) -> None:
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps([made.product("https://fjellby.example") for made in answers.stock()[:3]]))
    folder = tmp_path / "saved"
    folder.mkdir()
    for made in answers.stock()[:3]:
        (folder / f"{made.id}.html").write_text(shop.TEMPLATES[made.template](made.facts("https://fjellby.example")))
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path / "out")
    evaluator.evaluate_products_batch(str(feed), pages={"folder": folder, "allow_private": True}, progress="none")
    session = fe.load_session(output_dir=tmp_path / "out")
    assert session.progress.settings["pages"] == {"folder": str(folder)}
    resumed = fe.resume(session, progress="none")
    resumed.wait(60)
    assert resumed.session().ledger().pages == 3


@pytest.mark.parametrize(
    ("pages", "said"), [("nowhere/at/all", "no folder"), (7, "give True"), ({"x": 1}, "read_pages takes")]
)
def test_what_is_no_pages_is_refused_at_once(tmp_path: Path, pages: Any, said: str) -> None:
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    with pytest.raises(InputError, match=said):
        evaluator.start([{"id": "1", "title": "Lamp"}], pages=pages, progress="none")


def test_words_of_pages_are_escaped_on_pages_and_neutralised_in_tables(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    link = "https://fjellby.example/p/1"
    feed = [{"id": f"=1+1{evil}", "title": "Fjellby kettle", "link": link, "description": "For long journeys."}]
    said = "&lt;img src=x onerror=alert(1)&gt;"
    html = f"<main><h1>Fjellby kettle</h1><p>Material: =HYPERLINK steel {said}</p><p>Weight: 1.4 kg</p></main>"
    fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path).evaluate_products_batch(feed, progress="none")
    session = fe.load_session(output_dir=tmp_path)
    ledger = session.ledger(fe.read_pages(feed, pages={link: html}))
    assert "page" in set(ledger.frame["standing"])
    shown = str(ledger._repr_html_()) + str(cards_html(session.action_cards))
    assert evil not in shown and "&lt;img" in shown
    with write_frame(ledger.frame, tmp_path / "ledger.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_one_handle_pauses_and_goes_on_with_either_step(tmp_path: Path) -> None:
    with ModelServer(answerer=Reader(), held_after=15) as server, shop.opened(answers.stock()) as (base, _):
        evaluator = fe.ProductFeedEvaluator(
            KEY, "model-a", base_url=server.base_url, output_dir=tmp_path, input_price=1.0, output_price=4.0,
            max_in_flight=2, max_output_tokens=400,
        )  # fmt: skip
        run = evaluator.start(answers.feed_of(base), pages=PAGES, progress="none", num_questions=4)
        until(lambda: server.stats.by_purpose["judge"] > 5, "the audit")
        run.pause()
        server.configure(held_after=None)
        until(lambda: run.snapshot().status == "paused", "a pause of the audit")
        assert run.snapshot().kind == "audit" and not run.done
        # The 60 products, and some of their pages.
        server.configure(held_after=75)
        run.resume()
        until(lambda: server.stats.by_purpose["judge"] > 65, "the pages")
        run.pause()
        server.configure(held_after=None)
        until(lambda: run.snapshot().status == "paused", "a pause of the pages")
        assert run.snapshot().kind == "pages" and not run.done
        run.resume()
        assert run.wait(120).status == "finished" and run.done and run.session().is_audit
        assert server.stats.repeated == 0


def test_after_a_copy_only_the_changed_product_and_its_page_are_asked_again(tmp_path: Path) -> None:
    with ModelServer(answerer=Reader()) as server, shop.opened(answers.stock()) as (base, counting):
        evaluator = fe.ProductFeedEvaluator(KEY, "model-a", base_url=server.base_url, output_dir=tmp_path)
        feed = pd.DataFrame(answers.feed_of(base)[:12])
        how: dict[str, Any] = {"pages": PAGES, "progress": "none", "num_questions": 4}
        evaluator.evaluate_products_batch(feed, **how)
        before = fe.load_session(output_dir=tmp_path)
        copied = before.fix_file(tmp_path / "fix.tsv", limit=1)
        assert copied.copied == 1
        asked, pages = server.stats.accepted, dict(counting.asked)
        evaluator.evaluate_products_batch(fe.apply_fixes(feed, copied), **how)
        assert server.stats.accepted - asked == 2 and counting.asked == pages
        after = fe.load_session(output_dir=tmp_path)
    assert after.id != before.id and after.ledger().counts["page"] == before.ledger().counts["page"] - 1
    assert after.standing.coverage_pct > before.standing.coverage_pct
