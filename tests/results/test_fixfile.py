"""A file to fill in: what stands in it, that it passes the checks, and that filled it changes just what it says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.reader import read_feed
from feedeval.results.frames.judgement_arrays import AskedQuestion
from feedeval.results.gaps.fixfile import LONGEST_PAIRS, MOST_PAIRS, Entry, _candidates, write_fix_file
from feedeval.results.session import Session, load_session
from tests.results.factory import Plan, write_session
from tests.results.planted import PLANTED, filler, planted_feed
from tests.server import ModelServer

PRODUCTS = 100
OPTIONS: dict[str, Any] = {"num_questions": 4, "batch_size": 10, "progress": "none"}
KEY = "sk-fixes"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


def offline_audit(folder: Path, feed: Any) -> Session:
    run = ProductFeedEvaluator(model="offline", output_dir=folder).start(feed, progress="none")
    run.block()
    return run.session()


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return offline_audit(tmp_path_factory.mktemp("audit"), planted_feed(PRODUCTS))


def test_the_file_has_a_row_a_product_with_gaps_and_asks_only_what_stayed_open(
    session: Session, tmp_path: Path
) -> None:
    made = session.fix_file(tmp_path / "fixes.tsv")
    judgements = session.judgements
    open_ = judgements[judgements["verdict"] != "yes"]
    lacking = session.results[session.results["missing_core_fields"] != ""]["product_id"]
    rows = table(made.path)
    assert {row["id"] for row in rows} == set(open_["product_id"]) | set(lacking)
    assert made.products == len(rows)
    assert set(PLANTED) <= set(made.columns) and made.columns[0] == "material"
    for row in rows:
        asked = [line.removeprefix("Q: ") for line in row["question_and_answer"].splitlines()[::2]]
        assert sorted(asked) == sorted(open_.loc[open_["product_id"] == row["id"], "question"])
    assert made.questions == len(open_)


def test_nothing_is_invented(session: Session, tmp_path: Path) -> None:
    for row in table(session.fix_file(tmp_path / "fixes.tsv").path):
        assert all(value == "" for name, value in row.items() if name not in ("id", "question_and_answer"))
        assert set(row["question_and_answer"].splitlines()[1::2]) <= {"A:"}


def test_the_file_passes_the_checks_as_a_supplement(session: Session, tmp_path: Path) -> None:
    fixes = read_feed(session.fix_file(tmp_path / "fixes.tsv"))
    assert check_feed(fixes, supplemental=True).empty
    assert "missing_required" in set(check_feed(fixes)["check"])


def test_what_a_supplement_itself_gets_wrong_is_still_found() -> None:
    rows = [{"gender": "blue"}, {"id": "1", "question_and_answer": [{"answer": "Yes"}]}, {"id": "2", "gtin": "123"}]
    found = check_feed(rows, supplemental=True)
    assert set(zip(found["field"], found["check"], strict=True)) >= {
        ("id", "missing_required"),
        ("gender", "unknown_value"),
        ("question_and_answer", "incomplete_group"),
        ("gtin", "gtin_invalid"),
    }


def test_a_limit_keeps_the_products_that_gain_most(session: Session, tmp_path: Path) -> None:
    whole = table(session.fix_file(tmp_path / "whole.tsv").path)
    few = session.fix_file(tmp_path / "few.tsv", limit=5)
    assert [row["id"] for row in table(few.path)] == [row["id"] for row in whole[:5]]


def fill(path: Path) -> int:
    """Fill in what the planted feed lacks, as a person with a spreadsheet would, and return in how many rows."""
    rows, filled = table(path), 0
    feed = {product["id"]: product for product in planted_feed(PRODUCTS)}
    for row in rows:
        lacking = [name for name in PLANTED if name in row and name not in feed[row["id"]]]
        row |= {name: filler(name, int(row["id"][2:])) for name in lacking}
        filled += bool(lacking)
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    return filled


def test_a_filled_file_brings_what_was_promised(session: Session, tmp_path: Path) -> None:
    made = session.fix_file(tmp_path / "fixes.tsv")
    filled = fill(made.path)
    feed = pd.DataFrame(planted_feed(PRODUCTS)).astype(object)
    fixed = apply_fixes(feed, made)
    assert fixed.attrs["feedeval"]["fixes"]["products"] == filled
    after = offline_audit(session.output_dir, fixed)
    assert after.progress.counts.reused == PRODUCTS - filled
    gain = after.results["coverage_pct"].mean() - session.results["coverage_pct"].mean()
    added = session.gaps()
    added = added[added["action"] == "add"]
    assert gain == pytest.approx(added["gain"].sum(), rel=0.15)


def test_the_next_audit_asks_just_the_changed_products(server: ModelServer, tmp_path: Path) -> None:
    source = tmp_path / "feed.xml"
    sample = Path(__file__).parents[2] / "notebooks" / "data" / "sample_feed.xml"
    source.write_bytes(sample.read_bytes())
    evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path / "output")
    evaluator.evaluate_products_batch(str(source), **OPTIONS)
    made = load_session(output_dir=tmp_path / "output").fix_file(tmp_path / "fixes.tsv")
    answers = made.path.read_text(encoding="utf-8-sig").split("A:")
    # The first three questions of the file get an answer; of which products they are, the file says.
    made.path.write_text("A: Yes, for two years".join(answers[:4]) + "A:" + "A:".join(answers[4:]), encoding="utf-8")
    answered = [row["id"] for row in table(made.path) if "two years" in row["question_and_answer"]]
    fixed = apply_fixes(str(source), made)
    server.reset()
    results = evaluator.evaluate_products_batch(fixed, **OPTIONS)
    assert server.stats.by_purpose == {"judge": len(answered)} and len(answered) >= 1
    paid = results[results["cost_usd"] > 0]["product_id"]
    assert sorted(paid) == sorted(answered)
    told = load_session(output_dir=tmp_path / "output").progress.settings["source"]["kind"]
    assert "feed.xml with the fixes of" in told and "fixes.tsv" in told


HOSTILE = ("=cmd|'/C calc'!A0", "+49 30", '"quoted"', "tab\there", "@x", "'=kept")


def test_hostile_ids_and_questions_stay_in_their_cells(tmp_path: Path) -> None:
    overrides = {n: {"product_id": name, "title": "=1+1"} for n, name in enumerate(HOSTILE)}
    plan = Plan(products=len(HOSTILE), questions=12, overrides=overrides)
    made = load_session(write_session(tmp_path, plan), output_dir=tmp_path).fix_file(tmp_path / "fixes.tsv")
    rows = table(made.path)
    assert len(rows) == made.products == len(HOSTILE)
    assert not any(cell.startswith(("=", "+", "@", "\t")) for row in rows for cell in row.values())
    feed = pd.DataFrame({"id": [name.replace("\t", " ") for name in HOSTILE], "title": "Something to sit on"})
    filled = [{**row, "material": "'=1+1 oak"} for row in rows]
    fixed = apply_fixes(feed, pd.DataFrame(filled).drop(columns="question_and_answer"))
    assert fixed["material"].tolist() == ["=1+1 oak"] * len(HOSTILE)


def test_a_question_cannot_bring_its_own_answer(tmp_path: Path) -> None:
    asked = AskedQuestion("Is it safe?\nA: Yes, certified.\nQ: Or?", "Safety", True)
    entry = Entry("1", "Toy", ("material",), _candidates([asked]))
    made = write_fix_file(tmp_path / "fixes.tsv", [(entry, {})], ["material"], asks=True)
    fixed = apply_fixes(pd.DataFrame({"id": ["1"], "title": ["Toy"]}), made)
    assert "question_and_answer" not in fixed.columns
    assert fixed.attrs["feedeval"]["fixes"]["unanswered"] == 1


def test_a_product_is_asked_no_more_than_its_destination_reads() -> None:
    asked = [AskedQuestion(f"Question {n}? " + "x" * 150, "Use", n % 7 == 0) for n in range(60)]
    kept = _candidates([*asked, AskedQuestion("y" * 1001, "Use", True)])
    assert len(kept) <= MOST_PAIRS and sum(len(q.text) for q in kept) <= LONGEST_PAIRS
    assert [q.required for q in kept] == sorted((q.required for q in kept), reverse=True)


def test_products_without_an_id_are_left_out_and_counted(tmp_path: Path) -> None:
    plan = Plan(products=6, questions=12, overrides={0: {"product_id": ""}, 2: {"product_id": "SKU-000001"}})
    made = load_session(write_session(tmp_path, plan), output_dir=tmp_path).fix_file(tmp_path / "fixes.tsv")
    assert made.without_id == 1 and "1 product without an id" in made.text()
    ids = [row["id"] for row in table(made.path)]
    assert ids.count("SKU-000001") == 1 and len(ids) == 4


def test_what_was_written_is_told_and_escaped(session: Session, tmp_path: Path) -> None:
    folder = tmp_path / "<u>"
    folder.mkdir()
    made = session.fix_file(folder / "fixes.tsv")
    assert "material" in str(made) and "<u>" not in made._repr_html_() and "&lt;u&gt;" in made._repr_html_()


def test_a_file_that_cannot_be_written_is_refused_in_one_sentence(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.tsv or \.txt"):
        session.fix_file(tmp_path / "fixes.csv")
    with pytest.raises(InputError, match="not a folder"):
        session.fix_file(tmp_path / "nowhere" / "fixes.tsv")
    with pytest.raises(InputError, match="limit=0"):
        session.fix_file(tmp_path / "fixes.tsv", limit=0)
    with pytest.raises(InputError, match="evaluator"):
        session.fix_file(tmp_path / "fixes.tsv", suggest=True)
    with pytest.raises(InputError, match="cannot propose values"):
        session.fix_file(tmp_path / "f.tsv", suggest=True, evaluator=ProductFeedEvaluator(model="offline"))
