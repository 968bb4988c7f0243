"""What does not apply and what was not judged: every face says so, and no figure is made of it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import feedeval as fe
from feedeval.app import render
from feedeval.cli.main import main
from feedeval.dashboard.overview import findings_html, lead_html
from feedeval.errors import InputError
from feedeval.notebook.browser.record import product_html
from feedeval.notebook.browser.shapes import shape_of
from feedeval.records import Verdict
from feedeval.results.gaps.cards import cards_html
from feedeval.results.labelling.draw import draw_cases
from feedeval.results.session import Session
from tests.e2e.support import KEY
from tests.server import Answerer, ModelServer

QUIET: dict[str, Any] = {"num_questions": 5, "batch_size": 5, "progress": "none"}
ZERO = re.compile(r"(?<![\d.])0\.0 %")

UNREAD = {
    "th": ("แก้วเซรามิกทำมือ", "แก้วเซรามิกทำมือ ใช้กับเครื่องล้างจานและไมโครเวฟได้ เคลือบด้วยสีที่ปลอดภัยต่ออาหาร"),
    "he": ("ספל קרמיקה", "ספל קרמיקה בעבודת יד, מתאים למדיח כלים ולמיקרוגל, עם זיגוג בטוח למזון."),
    "hu": (
        "Kerámia bögre",
        "Kézzel készített kerámia bögre, amely mikrohullámú sütőben is használható.",
    ),
    "el": ("Κεραμική κούπα", "Χειροποίητη κεραμική κούπα που πλένεται στο πλυντήριο πιάτων και μπαίνει στον φούρνο."),
    "kk": ("Керамикалық кесе", "Қолдан жасалған керамикалық кесе, ыдыс жуғыш машинада жууға болады."),
}


@dataclass
class Planned(Answerer):
    """Gives the verdicts that are planned, by the number of the question."""

    verdicts: tuple[str, ...] = ("yes", "partial", "no", "not_applicable", "not_judged")

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        drawn = super()._verdict(number, question, product, lines)
        verdict = self.verdicts[(number - 1) % len(self.verdicts)]
        quote = lines[0].partition(": ")[2][:60] if verdict in ("yes", "partial") else ""
        return {**drawn, "verdict": verdict, "evidence": quote, "attribute": "material"}


def feed(count: int = 6) -> list[dict[str, str]]:
    return [
        {
            "id": f"P-{n}", "title": f"Mug number {n}", "description": f"A mug of stoneware, number {n}, hand-glazed.",
            "product_type": "Home > Mugs", "link": f"https://shop.example/{n}", "price": "12 EUR",
        }
        for n in range(count)
    ]  # fmt: skip


def audit(folder: Path, *verdicts: str, count: int = 6, **options: Any) -> Session:
    with ModelServer(answerer=Planned(verdicts=verdicts or Planned.verdicts)) as server:
        evaluator = fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=folder)
        run = evaluator.start(feed(count), **QUIET, **options)
        assert run.wait(60).counts.done == count
        return run.session()


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return audit(tmp_path_factory.mktemp("five"))


@pytest.fixture(scope="module")
def unjudged(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return audit(tmp_path_factory.mktemp("unjudged"), "not_judged")


def unread_feed(language: str, count: int = 12) -> list[dict[str, str]]:
    title, description = UNREAD[language]
    return [
        {"id": f"{language}-{n}", "title": f"{title} {n}", "description": f"{description} {n}", "price": "12 EUR"}
        for n in range(count)
    ]


def offline_audit(folder: Path, products: list[dict[str, str]]) -> Session:
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=folder)
    run = evaluator.start(products, num_questions=8, progress="none")
    run.wait(60)
    return run.session()


def faces(session: Session) -> Iterator[tuple[str, str]]:
    """Yield every form in which a session is shown."""
    summary = session.summary()
    results = session.results
    yield "summary", str(summary)
    yield "summary, HTML", summary.html()
    yield "repr", repr(session)
    yield "session, HTML", session._repr_html_()
    yield "product", str(session.evaluation(session.keys.iloc[0]))
    yield "product, HTML", session.evaluation(session.keys.iloc[0])._repr_html_()
    yield "next steps", str(session.next_steps())
    yield "next steps, HTML", session.next_steps()._repr_html_()
    yield "dashboard", lead_html(session, results) + findings_html(session, results)
    yield "app", render.found(summary) + cards_html(session.action_cards)
    yield "report", fe.report(session, session.output_dir / "report.html").read_text()
    for name in ("coverage", "coverage_by_category"):
        yield name, plot_words(getattr(fe.plots, name)(results))
    for name in ("verdicts_by_taxonomy", "most_missed"):
        yield name, plot_words(getattr(fe.plots, name)(session.judgements))


def plot_words(ax: Any) -> str:
    from matplotlib import pyplot as plt

    said = " ".join([ax.get_title("left"), *(text.get_text() for text in ax.texts)])
    said += " ".join(text.get_text() for text in ax.figure.texts)
    plt.close(ax.figure)
    return " ".join(said.split())


def test_the_two_verdicts_are_counted_apart_and_left_out_of_the_coverage(five: Session) -> None:
    results = five.results
    assert (results["not_applicable_count"] == 1).all() and (results["not_judged_count"] == 1).all()
    weights = five.judgements[["required", "verdict"]].head(5)
    counted = weights[weights["verdict"].isin(["yes", "partial", "no"])]
    w = np.where(counted["required"], 2, 1)
    s = counted["verdict"].astype(str).map({"yes": 1, "partial": 0.5, "no": 0}).to_numpy(dtype=float)
    assert results["coverage_pct"].tolist() == pytest.approx([round(100 * (w @ s) / w.sum(), 1)] * 6)


def test_a_summary_says_how_much_was_judged_and_nothing_of_what_does_not_apply(five: Session) -> None:
    standing = five.standing
    assert standing.coverage_pct == five.results["coverage_pct"].mean()
    for said in (str(five.summary()), repr(five), render.found(five.summary())):
        assert "of the 75 % of questions that were judged" in " ".join(said.split())
    assert "apply" not in str(five.summary())
    assert "of the 75 % of questions that were judged" in plot_words(fe.plots.coverage(five.results))
    assert "6 questions not judged" in plot_words(fe.plots.verdicts_by_taxonomy(five.judgements))


def test_a_product_shows_each_verdict_in_words(five: Session) -> None:
    said = str(five.evaluation("P-0"))
    for verdict in Verdict:
        assert verdict.words in said
    assert "covered, 3 of 4 questions judged" in said
    row = five.results.iloc[0].to_dict()
    asked = five.evaluation("P-0").judgements
    page = product_html(row, asked, None)
    assert "3 of 4 questions judged" in page and "does not apply to this product" in page and "Not judged" in page
    assert any(column.name == "not_judged" for column in shape_of(five, five.results).columns)


def test_neither_verdict_is_a_gap(five: Session) -> None:
    gaps = five.gaps(by="question")
    asked = five.judgements.drop_duplicates("question").set_index("question")["verdict"].astype(str)
    assert set(gaps["question"].map(asked)) == {"partial", "no"}
    assert gaps["coverage_pct"].tolist() == pytest.approx([five.results["coverage_pct"].mean()] * 2, abs=0.05)
    assert "6 questions were not judged" in str(five.next_steps())
    listed = next(b for b in five.summary().blocks if b.title.startswith("Questions"))
    assert len(listed.rows) == 2


def test_tables_hold_all_verdicts(five: Session, tmp_path: Path) -> None:
    table = pd.read_csv(five.consolidate(tmp_path / "products.csv"))
    assert table["not_judged_count"].tolist() == [1] * 6 and "not_applicable_count" in table.columns
    judged = pd.read_csv(five.consolidate(tmp_path / "judgements.csv", rows="judgements"))
    assert judged["verdict"].value_counts().to_dict() == dict.fromkeys([v.value for v in Verdict], 6)
    together = pd.read_csv(fe.consolidate([five], tmp_path / "all.csv", rows="judgements"))
    assert len(together) == 30


def test_a_verdict_that_goes_missing_is_no_worse_one(five: Session, tmp_path: Path) -> None:
    with ModelServer(answerer=Planned(verdicts=("not_judged", "partial", "yes", "not_applicable", "no"))) as server:
        evaluator = fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
        run = evaluator.start(feed(), question_set=five, **QUIET)
        run.wait(60)
        found = fe.compare(five, run.session())
    assert (found.gained, found.lost, found.apart) == (6, 0, 12)
    assert found.change.estimate > 0 and found.worse.empty and len(found.better) == 6
    assert found.headline.startswith("The feed answers more")
    assert set(zip(found.changes["before"], found.changes["after"], strict=True)) == {
        ("yes", "not_judged"), ("no", "yes"), ("not_judged", "no"),
    }  # fmt: skip
    assert found.questions["worse"].sum() == 0 and found.questions["apart"].sum() == 12
    said = " ".join(str(found).split())
    assert "12 verdicts changed from or to “not judged” or “does not apply”" in said
    page = fe.report(found, tmp_path / "compared.html").read_text()
    assert "<b>not judged</b>" in page and "nan" not in page.lower().replace("finance", "")


@pytest.mark.parametrize("which", ["unjudged", "th", "he", "hu", "el", "kk"])
def test_where_nothing_was_judged_no_face_shows_a_figure(which: str, unjudged: Session, tmp_path: Path) -> None:
    session = unjudged if which == "unjudged" else offline_audit(tmp_path, unread_feed(which))
    assert session.results["coverage_pct"].isna().all() and (session.results["no_count"] == 0).all()
    assert session.results["not_judged_count"].sum() > 0
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for face, said in faces(session):
            plain = " ".join(re.sub(r"<style.*?</style>|<[^>]*>", " ", said, flags=re.DOTALL).split())
            assert not ZERO.search(plain), (face, plain)
            assert not re.search(r"\bnan\b", plain, re.IGNORECASE), (face, plain)
    for said in (str(session.summary()), repr(session), fe.report(session, tmp_path / "r.html").read_text()):
        assert "of the questions were not judged" in said and "model=" in said
    assert session.summary().coverage_pct is None
    assert session.gaps().query("open_questions > 0").empty and session.gaps("question").empty
    assert not [step for step in session.next_steps() if step.answers]
    assert np.isnan(fe.list_sessions(session.output_dir)["coverage_pct"].iloc[0])
    assert np.isnan(fe.history([session])["coverage_pct"].iloc[0])
    assert "not judged" in plot_words(fe.plots.coverage(session.results))
    assert fe.plots.history(fe.history([session])) is not None


def test_the_command_line_says_so_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "feed.csv"
    pd.DataFrame(unread_feed("th")).to_csv(path, index=False)
    assert main(["run", str(path), "--model", "offline", "--output-dir", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "of the questions were not judged" in said and "model=" in said and not ZERO.search(said)
    assert "Thai" in said
    for command in (["list"], ["info"], ["gaps"]):
        assert main([*command, "--output-dir", str(tmp_path / "out")]) == 0
        shown = capsys.readouterr().out
        assert not ZERO.search(shown) and "nan" not in shown.lower().split()


def test_a_language_that_is_read_in_part_of_a_feed_leaves_a_figure_with_what_it_stands_on(tmp_path: Path) -> None:
    english = [
        {"id": f"en-{n}", "title": f"Stoneware mug {n}", "price": "12 EUR",
         "description": f"A mug of stoneware, made by hand. It is safe in the dishwasher and the microwave. No. {n}."}
        for n in range(40)
    ]  # fmt: skip
    session = offline_audit(tmp_path, [*english, *unread_feed("th", 8)])
    results = session.results.set_index("product_id")
    assert results.loc["th-0":"th-7", "coverage_pct"].isna().all()
    mean = results.loc["en-0":"en-39", "coverage_pct"].mean()
    assert session.standing.coverage_pct == pytest.approx(mean)
    said = " ".join(str(session.summary()).split())
    assert "of questions that were judged (8 products left out, of which too little was judged)" in said
    worst = next(b for b in session.summary().blocks if b.title.startswith("Products"))
    assert all(str(row[2]).startswith("en-") for row in worst.rows)


def test_two_sessions_that_were_not_judged_compare_without_a_figure(unjudged: Session, tmp_path: Path) -> None:
    with ModelServer(answerer=Planned(verdicts=("not_judged",))) as server:
        evaluator = fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
        run = evaluator.start(feed(), question_set=unjudged, **QUIET)
        run.wait(60)
        found = fe.compare(unjudged, run.session())
    assert "No coverage is compared" in found.headline and found.lost == 0
    assert "nan" not in str(found).lower().split() and not ZERO.search(str(found))
    assert "No coverage is compared" in fe.report(found, tmp_path / "compared.html").read_text()


def test_the_headline_names_failures_and_what_the_figure_stands_on() -> None:
    frame = pd.DataFrame(
        {
            "status": ["done", "done", "failed"], "coverage_pct": [40.0, 60.0, np.nan], "engine": "m",
            "yes_count": [1, 1, None], "partial_count": [0, 0, None], "no_count": [1, 1, None],
            "not_judged_count": [0, 1, None],
        }
    )  # fmt: skip
    from feedeval.results.basis import standing_of

    assert standing_of(frame).headline("Finished") == (
        "Finished, 1 of 3 products failed; coverage of the other 2: 50.0 %, of the 80 % of questions that were judged."
    )


def test_older_frames_without_the_counts_have_their_figure() -> None:
    from feedeval.results.basis import standing_of

    old = pd.DataFrame({"status": ["done", "done"], "coverage_pct": [40.0, 60.0]})
    assert standing_of(old).short == "50.0 %"
    assert "50.0 % on average" in plot_words(fe.plots.coverage(old))


def test_another_judge_is_compared_over_all_five(five: Session) -> None:
    with ModelServer(answerer=Planned(verdicts=("yes", "not_judged", "no", "not_applicable", "no"))) as server:
        whom = {"base_url": server.base_url, "api_key": KEY, "progress": "none"}
        found = fe.shadow_judge(five, "another", **whom)
        together = fe.panel(five, ["gpt-4o-mini", {"model": "another", "base_url": server.base_url}], **whom)
    assert len(found.flips) == 12 and found.by_taxonomy[["milder", "stricter"]].to_numpy().sum() == 0
    assert found.coverage_after.estimate == found.coverage_after.estimate
    assert "nan" not in str(found).lower().split() and "nan" not in str(together).lower().split()


def test_probes_count_what_the_judge_could_not_tell_apart(tmp_path: Path) -> None:
    with ModelServer(answerer=Planned(verdicts=("yes", "no", "not_judged", "not_applicable", "yes"))) as server:
        evaluator = fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
        report = fe.probe_judge(evaluator, feed(), n=6, num_questions=5, progress="none")
    assert report.verdicts["not_judged"] == 6 and "6 not_judged" in str(report)
    assert not report.cases["after"].eq("not_judged").any()
    assert report.table["not_judged"].sum() > 0 and "could not tell: neither right nor wrong" in str(report)


def test_people_are_asked_about_what_was_judged(five: Session, unjudged: Session) -> None:
    drawn = draw_cases(five, 24)
    assert set(drawn["prediction"]) == {"yes", "partial", "no", "not_applicable"}
    certified = fe.certify(five, drawn.assign(label=drawn["prediction"]))
    assert certified.estimate == pytest.approx(five.standing.coverage_pct)
    assert "The figure is of the 75 % of questions that were judged." in str(certified)
    with pytest.raises(InputError, match="no verdicts to be checked"):
        draw_cases(unjudged, 10)
