"""What an audit of a sample says about the whole feed."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

import feedeval as fe
from feedeval.cli import main
from feedeval.feed.parsing.product import STRATUM
from feedeval.results.whole_feed import stratified_mean

GROUPS = ("Tents", "Kettles", "Cables")


def test_a_hand_made_sample_gives_the_figures_of_the_formulas() -> None:
    values = np.array([10.0, 20.0, 30.0, 50.0, 70.0])
    found = stratified_mean(values, ["a", "a", "a", "b", "b"], {"a": 30, "b": 10})
    # Cochran 5.1 and 5.6: 0.75 · 20 + 0.25 · 60, and the variance of the mean with s² = 100 and 200.
    variance = 0.75**2 * 100 / 3 * (1 - 3 / 30) + 0.25**2 * 200 / 2 * (1 - 2 / 10)
    assert found.estimate == pytest.approx(30.0)
    # 5.16: g = N(N - n)/n; effective degrees of freedom 2.8, of which 2 are counted: t is 4.303.
    parts = [30 * 27 / 3 * 100, 10 * 8 / 2 * 200]
    assert int(sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 1)) == 2
    assert found.high - found.estimate == pytest.approx(4.303 * math.sqrt(variance))


def test_a_census_has_no_uncertainty() -> None:
    assert stratified_mean(np.array([1.0, 2.0, 6.0]), ["a", "a", "b"], {"a": 2, "b": 1}) == (3.0, 3.0, 3.0)


def test_one_value_of_a_group_is_taken_to_differ_as_the_others_do() -> None:
    found = stratified_mean(np.array([1.0, 3.0, 9.0]), ["a", "a", "b"], {"a": 10, "b": 10})
    assert found.estimate == 5.5 and found.low < 5.5 < found.high
    alone = stratified_mean(np.array([9.0]), ["a"], {"a": 10})
    assert alone.estimate == 9.0 and math.isnan(alone.low)


def test_the_interval_holds_the_truth_of_the_whole_feed_about_95_times_in_100() -> None:
    rng = random.Random(7)
    feed, truth = [], {}
    for n in range(360):
        group = GROUPS[0 if n < 200 else 1 if n < 320 else 2]
        centre = {"Tents": 30, "Kettles": 60, "Cables": 80}[group]
        truth[f"P{n}"] = min(max(rng.gauss(centre, 18), 0), 100)
        feed.append({"id": f"P{n}", "title": f"Product {n}", "product_type": group})
    mean = sum(truth.values()) / len(truth)
    rounds, held, estimates = 250, 0, []
    for seed in range(rounds):
        frame = fe.sample(feed, 48, seed=seed)
        values = np.array([truth[key] for key in frame["id"]])
        found = stratified_mean(values, list(frame[STRATUM]), frame.attrs["feedeval"]["sample"]["strata"])
        held += found.low <= mean <= found.high
        estimates.append(found.estimate)
    # Of 250 intervals that hold 95 % each, fewer than 228 or more than 247 would come once in 500 times.
    assert 228 <= held <= 247
    assert np.mean(estimates) == pytest.approx(mean, abs=0.5)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    lines = []
    for n in range(120):
        made = "It is made of solid oak and weighs 450 g." if n % 3 else "A good thing."
        brand = "" if n % 4 == 0 else "Northfell"
        lines.append(f"P{n:03d}\tProduct {n}\t{made} No. {n}.\t{GROUPS[n % 3]}\t{brand}")
    path = tmp_path / "feed.tsv"
    path.write_text("id\ttitle\tdescription\tproduct_type\tbrand\n" + "\n".join(lines), encoding="utf-8")
    return path


def test_an_audit_of_a_sample_estimates_the_whole_feed_and_says_so(feed: Path, tmp_path: Path) -> None:
    by = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path / "output")
    by.evaluate_products_batch(feed, progress="none")
    everything = fe.load_session(output_dir=by.output_dir)
    assert everything.whole_feed is None and "A sample of" not in everything.summary().text()
    truth = everything.results
    by.evaluate_products_batch(fe.sample(feed, 40), progress="none", reuse=False)
    session = fe.load_session(output_dir=by.output_dir)
    found = session.whole_feed
    assert found is not None and (found.products, found.audited) == (120, 40)
    assert "40 of 120 products, drawn by category" in repr(session)
    mean = truth["coverage_pct"].mean()
    assert found.coverage_pct.low - 1e-9 <= mean <= found.coverage_pct.high + 1e-9
    open_ = int((truth["unanswered_required_count"] > 0).sum())
    assert found.required_open.low <= open_ <= found.required_open.high
    lacking = found.missing_fields.set_index("field").loc["brand"]
    assert lacking["low"] <= 30 <= lacking["high"] and lacking["low"] < lacking["products"] < lacking["high"]
    text = session.summary().text(200)
    assert "A sample of 40 of 120 products" in text and f"{found.coverage_pct:.1f} %" in text
    page = fe.report(session, tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"(95 %: {found.coverage_pct.low:.0f} to {found.coverage_pct.high:.0f} %)" in page


def test_the_terminal_audits_a_sample(feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "output")
    assert main(["run", str(feed), "--sample", "40", "--model", "offline", "--output-dir", folder]) == 0
    assert "A sample of 40 of 120 products" in " ".join(capsys.readouterr().out.split())
    assert main(["resume", fe.load_session(output_dir=folder).id, "--output-dir", folder, "--quiet"]) == 0


def test_a_sample_survives_a_resume_that_reads_the_feed_again(feed: Path, tmp_path: Path) -> None:
    by = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path / "output")
    run = by.start(fe.sample(feed, 40, seed=3), progress="none", batch_size=1)
    assert run.sid, "one that is stopped before it begins leaves no session"
    run.stop()
    run.wait(60)
    again = fe.resume(run.session(), progress="none")
    assert again.wait(60).counts.done == 40 and again.sid == run.sid
    found = again.session().whole_feed
    assert (
        found is not None
        and found.audited == 40
        and sum(again.session().progress.settings["source"]["sample"]["strata"].values()) == 120
    )


def test_gaps_of_a_sample_speak_for_the_whole_feed_and_say_so(tmp_path: Path) -> None:
    groups = ["Tents"] * 100 + ["Kettles"] * 15 + ["Backpacks"] * 5
    feed = [
        {"id": f"P{n:03d}", "title": f"Product {n}", "product_type": group} | ({"material": "Oak"} if n % 2 else {})
        for n, group in enumerate(groups)
    ]
    by = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path / "output")
    by.evaluate_products_batch(fe.sample(feed, 12), progress="none")
    session = fe.load_session(output_dir=by.output_dir)
    gaps, whole = session.gaps(), session.whole_feed
    assert whole is not None and gaps["of_products"].eq(120).all() and gaps.attrs["feedeval"]["estimated"]
    assert gaps["coverage_pct"][0] == pytest.approx(whole.coverage_pct.estimate, abs=0.05)
    # Products of small groups stand for fewer others than those of large ones.
    drawn = session.results.groupby("category").size()
    lacking = session.judgements.query("attribute == 'material' and verdict == 'no'").groupby("category").size()
    expected = sum(count * groups.count(name) / drawn[name] for name, count in lacking.items())
    row = gaps.set_index("attribute").loc["material"]
    assert row["products"] == round(expected) and row["gain_low"] < row["gain"] < row["gain_high"]
    each = session.gaps(within="category").query("attribute == 'material'")
    assert set(each["of_products"]) == {100, 15, 5}
    assert each["gain_of_feed"].sum() == pytest.approx(row["gain"])
    said = session.next_steps(30, within=None).text()
    assert f"Add `material` to about {row['products']} products" in said and "A sample of 12 of 120 products" in said
    assert session.fix_file(tmp_path / "fixes.tsv").not_audited == 108
    row = fe.history([session]).iloc[0]
    assert (row["products"], row["sampled_of"]) == (12, 120)
