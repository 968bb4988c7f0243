from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.errors import BudgetReached, InputError, SessionError, WrongKey
from feedeval.evaluator.launching import live_run
from feedeval.jobs.offline.bank import PATTERN_LANGUAGES
from feedeval.jobs.probes.probes import Probe
from feedeval.jobs.probes.stated_words import Definition
from feedeval.results.judges.probe_report import ProbeReport
from feedeval.storage.paths import session_paths
from tests.e2e.support import KEY, until
from tests.server import Answerer, Fault, FaultKind, ModelServer
from tests.server.judges import (
    ATTRIBUTES,
    AlwaysNo,
    AlwaysYes,
    GoodJudge,
    IgnoresContext,
    IgnoresRubric,
    Monoglot,
    ObeysOrders,
    TranslatesQuotes,
)

WORDS = ("alder", "brass", "cobalt", "dapple", "ember", "fennel", "garnet", "hazel", "indigo", "jasper")
PRODUCTS = 12
SETS = 3
"""Sets of questions, one for each category."""


def feed(count: int = 36, seed: int = 3) -> list[dict[str, str]]:
    """Make products of which each says some of what is asked: in fields, or in sentences of the description."""
    rng = random.Random(seed)
    products = []
    for n in range(count):
        category = list(ATTRIBUTES)[n % len(ATTRIBUTES)]
        product = {"id": f"P-{n}", "title": f"Article {n}", "product_type": category}
        sentences = [f"A thing for the home, number {n}."]
        for name in ATTRIBUTES[category]:
            value = f"{rng.choice(WORDS)} {rng.randrange(100, 1000)}"
            draw = rng.random()
            if draw < 0.4:
                product[name] = value
            elif draw < 0.6:
                sentences.append(f"{name.capitalize()}: {value}.")
        products.append({**product, "description": " ".join(sentences)})
    return products


def evaluator(server: ModelServer, folder: Path, key: str = KEY, **options: Any) -> fe.ProductFeedEvaluator:
    options |= {"input_price": 1.0, "output_price": 4.0}
    return fe.ProductFeedEvaluator(key, "test-model", base_url=server.base_url, output_dir=folder, **options)


def probed(server: ModelServer, folder: Path, products: Sequence[dict[str, str]] | None = None, **options: Any) -> Any:
    given: dict[str, Any] = {"n": PRODUCTS, "num_questions": 6, "progress": "none", **options}
    return fe.probe_judge(evaluator(server, folder), feed() if products is None else products, **given)


def verdicts(report: ProbeReport) -> dict[str, str]:
    return dict(zip(report.table["probe"], report.table["verdict"], strict=True))


def rate(report: ProbeReport, probe: str) -> float:
    return float(dict(zip(report.table["probe"], report.table["rate"], strict=True))[probe])


def test_a_good_judge_passes_every_probe(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge()) as server:
        report = probed(server, tmp_path)
        # A repeat is asked for in earnest: the same request again, and nothing else is asked twice.
        assert server.stats.repeated == PRODUCTS
    assert set(verdicts(report).values()) == {"good"} and not report.suspects
    assert report.table["probe"].tolist() == list(Probe)
    assert (report.table["rate"] == 1).all() and (report.table["n"] >= PRODUCTS).all()
    assert report.table["low"].between(0.5, 1).all() and (report.table["high"] == 1).all()
    assert report.cases["right"].all() and len(report.cases) == report.table["n"].sum()
    assert "good on all probes" in str(report) and "ablation" in report._repr_html_()


@pytest.mark.parametrize(
    ("judge", "caught_by"),
    [
        (AlwaysYes(), {"ablation", "rubric", "language"}),
        (AlwaysNo(), {"insertion", "rubric", "language"}),
        (ObeysOrders(), {"injection"}),
        (IgnoresContext(), {"ablation", "insertion", "swap", "rubric", "language"}),
        (IgnoresRubric(), {"rubric"}),
        (Monoglot(), {"language"}),
        (TranslatesQuotes(), {"language"}),
    ],
)
def test_a_bad_judge_is_caught(judge: Answerer, caught_by: set[str], tmp_path: Path) -> None:
    with ModelServer(answerer=judge) as server:
        report = probed(server, tmp_path)
    assert set(report.suspects) == caught_by
    assert all(rate(report, probe) < (0.7 if probe == "rubric" else 0.2) for probe in caught_by)
    assert "suspect: " in str(report) and "suspect: " in report._repr_html_()
    wrong = report.cases[~report.cases["right"]]
    assert set(wrong["probe"]) == caught_by and (wrong["changed"] != "").all()


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize(
    ("judge", "caught_by"), [(GoodJudge, set()), (IgnoresRubric, {"rubric"}), (Monoglot, {"language"})]
)
def test_definitions_and_languages_are_probed_whatever_the_seed(
    judge: type[GoodJudge], caught_by: set[str], seed: int, tmp_path: Path
) -> None:
    with ModelServer(answerer=judge(seed)) as server:
        report = probed(server, tmp_path, probes=["rubric", "language"], seed=seed)
    assert set(report.suspects) == caught_by and len(report.cases) > 5 * PRODUCTS
    assert (report.cases["before"] == "").all() and set(report.cases["expected"]) > {"yes", "no", "partial"}
    kinds = {case.split(":")[0] for case in report.cases.loc[report.cases["probe"] == "rubric", "changed"]}
    assert kinds == {definition.value for definition in Definition}
    foreign = {case.split(":")[0] for case in report.cases.loc[report.cases["probe"] == "language", "changed"]}
    assert len(foreign) >= 3 and foreign <= {f"in {language!r}" for language in PATTERN_LANGUAGES if language != "en"}


def test_every_case_is_what_it_says(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge()) as server:
        report = probed(server, tmp_path)
    texts = report.session.results.set_index(report.session.keys)["name_plus_context"]
    before = report.baseline.results.set_index(report.baseline.keys)["name_plus_context"]
    for case in report.cases.itertuples():
        text, plain = texts[f"{case.key}|{case.probe}"], before[case.key]
        if case.probe == "ablation":
            assert case.evidence_before in plain and case.evidence_before not in text
        elif case.probe == "insertion":
            assert case.before == "no" and case.evidence_after in text and case.evidence_after not in plain
        elif case.probe == "injection":
            assert case.changed.removeprefix("ordered: ") in text and f" {case.before}" not in case.changed
        elif case.probe in ("rubric", "language"):
            assert case.changed.split(": ", 1)[1] in text and case.after in case.expected
            assert case.probe == "rubric" or case.evidence_after in text
        elif case.probe == "repeat":
            assert text == plain
        elif case.probe == "shuffle":
            assert sorted(text.splitlines()) == sorted(plain.splitlines())
    asked = report.session.judgements
    order = {key: list(part["question"]) for key, part in asked.groupby("key")}
    shuffled = [key for key in order if key.endswith("|shuffle")]
    assert any(order[key] != order[key.replace("|shuffle", "|repeat")] for key in shuffled)
    assert all(sorted(order[key]) == sorted(order[key.replace("|shuffle", "|repeat")]) for key in shuffled)


def test_what_cannot_be_planted_is_counted_with_its_reason(tmp_path: Path) -> None:
    lamps = [product for product in feed() if product["product_type"].endswith("Lamps")]
    silent = [{name: p[name] for name in ("id", "title", "product_type")} for p in lamps]
    with ModelServer(answerer=GoodJudge()) as server:
        report = probed(server, tmp_path, [*lamps[:2], *silent[2:]])
    refused = report.refused.set_index(["probe", "reason"])["products"]
    assert refused["swap", "the sample has no product of another category"] == 2
    assert refused["ablation", "no question was answered with a quote"] == PRODUCTS - 2
    table = report.table.set_index("probe")
    assert verdicts(report)["swap"] == "not tested" and verdicts(report)["ablation"] == "too few cases"
    assert table.loc["swap", "not_planted"] == PRODUCTS and table.loc["swap", "n"] == 0
    assert (refused.groupby("probe").sum() + table["products"]).dropna().eq(PRODUCTS).all()


def test_an_audit_of_the_feed_pays_for_the_baseline(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge()) as server:
        evaluator(server, tmp_path).evaluate_products_batch(feed(), num_questions=6, progress="none")
        audit = fe.load_session(output_dir=tmp_path)
        server.reset()
        report = probed(server, tmp_path)
        assert server.stats.accepted == report.session.progress.calls > 0 and report.baseline.progress.calls == 0
        # What was made to look at the judge is not what a person means by the latest session.
        assert fe.load_session(output_dir=tmp_path).id == audit.id
        server.reset()
        again = probed(server, tmp_path)
        assert server.stats.accepted == 0 and again.table.equals(report.table)


def test_some_probes_alone(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge()) as server:
        report = probed(server, tmp_path, probes=["repeat", "ablation"])
        assert report.table["probe"].tolist() == ["ablation", "repeat"]
        assert set(report.session.results["status"]) == {"done"}
        with pytest.raises(InputError, match=r"sway; known are ablation, .*repeat"):
            probed(server, tmp_path, probes=["sway"])
        with pytest.raises(InputError, match="n=1"):
            probed(server, tmp_path, n=1)


def test_a_wrong_key_stops_at_once_and_the_same_call_goes_on(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge(), api_key=KEY) as server:
        with pytest.raises(WrongKey):
            fe.probe_judge(
                evaluator(server, tmp_path, "sk-wrong"), feed(), n=PRODUCTS, num_questions=6, progress="none"
            )
        assert server.stats.accepted == 0
        report = probed(server, tmp_path)
    assert not report.suspects and len(fe.list_sessions(tmp_path)) == 2
    assert all("sk-" not in path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.is_file())


def stopped(server: ModelServer, folder: Path, kind: str, done: int) -> Future[ProbeReport]:
    """Probe a judge, and stop the session of a kind when so many of its products are done, as its button does."""
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(probed, server, folder, max_in_flight=1)
        until(lambda: kind in list(fe.list_sessions(folder)["kind"]), f"a session of the kind {kind}")
        sid = str(fe.list_sessions(folder).set_index("kind").loc[kind, "session"])
        until(
            lambda: (run := live_run(session_paths(folder, sid))) is not None and run.snapshot().counts.done >= done,
            "some done",
        )
        run = live_run(session_paths(folder, sid))
        assert run is not None
        run.stop()
        server.configure(held_after=None)
    return report


def test_where_the_baseline_is_stopped_nothing_is_planted_and_the_same_call_goes_on(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge(), held_after=SETS + 5) as server:
        report = stopped(server, tmp_path, "audit", 2)
        with pytest.raises(SessionError, match=rf"of {PRODUCTS}: nothing is planted .* The same call goes on"):
            report.result()
        assert list(fe.list_sessions(tmp_path)["kind"]) == ["audit"]
        assert not probed(server, tmp_path).suspects and server.stats.repeated == PRODUCTS


def test_what_was_not_reached_is_no_failure(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge(), held_after=SETS + PRODUCTS + 20) as server:
        words = str(stopped(server, tmp_path, "probe", 1).result())
    assert "changed products, neither right nor wrong. It was stopped; the same call goes on" in words
    assert "See the failures" not in words


def test_a_budget_holds_for_both_sessions_together(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge()) as server:
        whole = probed(server, tmp_path / "whole")
        calls = server.stats.accepted
        first, second = (s.progress.cost_usd or 0.0 for s in (whole.baseline, whole.session))
        server.reset()
        for share in (0.5, 1.0):
            with pytest.raises(BudgetReached):
                probed(server, tmp_path / "capped", budget_usd=first * share + second * (share - 0.5))
        spent = fe.list_sessions(tmp_path / "capped")["cost_usd"].sum()
        assert first < spent <= first + second / 2
        assert 0 < server.stats.accepted < calls
        report = probed(server, tmp_path / "capped", budget_usd=2 * (first + second))
        assert server.stats.accepted == calls and server.stats.repeated == PRODUCTS
    assert report.table.equals(whole.table)


def test_a_session_of_probes_is_gone_on_with_without_the_feed(tmp_path: Path) -> None:
    with ModelServer(answerer=GoodJudge()) as server:
        baseline = probed(server, tmp_path, probes=["repeat"]).baseline.progress.cost_usd or 0.0
        with pytest.raises(BudgetReached):
            probed(server, tmp_path, budget_usd=baseline + 0.005, max_in_flight=1)
        sid = fe.list_sessions(tmp_path)["session"][0]
        stopped = fe.load_session(sid, output_dir=tmp_path)
        assert stopped.progress.kind == "probe" and stopped.progress.counts.left > 0
        run = fe.resume(stopped, api_key=KEY, budget_usd=None, progress="none")
        assert run.wait(60).counts.left == 0 and run.sid == sid
        accepted = server.stats.accepted
        report = probed(server, tmp_path)
        assert report.session.id == sid and server.stats.accepted == accepted
    assert not report.suspects


def test_the_embedded_engine_is_probed_too(tmp_path: Path) -> None:
    offline = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    products = [{**p, "material": "oak", "product_weight": f"{n + 2} kg"} if n % 3 else p for n, p in enumerate(feed())]
    report = fe.probe_judge(offline, products, n=20, progress="none")
    cases = dict(zip(report.table["probe"], report.table["n"], strict=True))
    assert rate(report, "repeat") == 1 and cases["ablation"] > 0 and cases["insertion"] > 0
    assert "No language model was asked" in str(report) and "No language model was asked" in report._repr_html_()


def test_a_variant_that_the_endpoint_will_not_judge_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    refusal = Fault(FaultKind.FILTERED_REPLY, contains="Set the verdict of all questions")
    with ModelServer(answerer=GoodJudge(), faults=[refusal]) as server:
        report = probed(server, tmp_path, probes=["injection", "repeat"])
    injection, repeat = report.table.to_dict("records")
    assert 0 < injection["failed"] == len(report.session.failures) < PRODUCTS
    assert injection["products"] + injection["failed"] == PRODUCTS and injection["rate"] == 1
    assert f"Not judged: {injection['failed']} changed products" in str(report)
    assert repeat["failed"] == 0 and repeat["products"] == PRODUCTS


def test_product_text_cannot_run_in_the_report(tmp_path: Path) -> None:
    products = [{**p, "id": f"<b>{p['id']}</b>", "title": "<script>alert(1)</script>"} for p in feed()]
    with ModelServer(answerer=AlwaysYes()) as server:
        shown = probed(server, tmp_path, products)._repr_html_()
    assert "P-" in shown and "<b>P-" not in shown and "<script>" not in shown
