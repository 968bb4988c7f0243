"""Several models judge an audit's questions, each in a session of its own, and say together what counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.results.judges.jury import JudgePanel
from feedeval.results.session import Session
from tests.e2e.support import KEY, make_feed
from tests.server import Answerer, Fault, FaultKind, ModelServer

PRODUCTS = 16
QUESTIONS = 5
OPTIONS: dict[str, Any] = {"progress": "none", "api_key": KEY, "input_price": 1.0, "output_price": 4.0}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture(scope="module")
def other() -> Iterator[ModelServer]:
    with ModelServer(answerer=Answerer(seed=9)) as started:
        yield started


@pytest.fixture(scope="module")
def audit(server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("audit")
    evaluator = fe.ProductFeedEvaluator(
        KEY, "model-a", base_url=server.base_url, output_dir=folder, input_price=1.0, output_price=4.0
    )
    evaluator.evaluate_products_batch(make_feed(PRODUCTS), num_questions=QUESTIONS, progress="none")
    return fe.load_session(output_dir=folder)


@pytest.fixture(scope="module")
def found(audit: Session, other: ModelServer) -> JudgePanel:
    return fe.panel(audit, models(other), **OPTIONS)


def models(other: ModelServer) -> list[str | dict[str, Any]]:
    """The audit's own judge, another of the same mind, and one that sees things differently."""
    return ["model-a", "model-b", {"model": "model-c", "base_url": other.base_url, "input_price": 10.0}]


def content(session: Session) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in session.files}


def test_each_question_has_every_models_verdict_and_the_panels(audit: Session, found: JudgePanel) -> None:
    verdicts = found.verdicts
    assert len(verdicts) == PRODUCTS * QUESTIONS
    own = audit.judgements["verdict"].astype(str).tolist()
    assert verdicts["model-a"].tolist() == verdicts["model-b"].tolist() == own
    assert verdicts["model-c"].tolist() == found.sessions["model-c"].judgements["verdict"].astype(str).tolist()
    # Two of one mind are the majority.
    assert verdicts["verdict"].tolist() == own
    differs = verdicts["model-a"] != verdicts["model-c"]
    assert 0 < differs.sum() == len(found.splits) and verdicts["split"].tolist() == differs.tolist()
    assert found.results["coverage_pct"].tolist() == audit.results["coverage_pct"].tolist()
    assert found.coverage.estimate == pytest.approx(audit.results["coverage_pct"].mean())
    assert found.results["split"].sum() == len(found.splits)
    assert found.alpha.low <= found.alpha.estimate <= found.alpha.high < 1


def test_what_each_model_adds_and_costs_is_said(audit: Session, found: JudgePanel) -> None:
    table = found.models.set_index("model")
    split = len(found.splits)
    assert table["alone"].to_dict() == {"model-a": 0, "model-b": 0, "model-c": split}
    assert table.loc["model-c", "alpha_without"] == 1 and table.loc["model-a", "alpha_without"] < found.alpha.estimate
    assert table.loc["model-c", "decides"] == 0
    shared = 1 - split / (PRODUCTS * QUESTIONS)
    assert table.loc["model-c", "agreement_with_rest"] == pytest.approx(shared)
    assert table.loc["model-a", "agreement_with_rest"] == pytest.approx((1 + shared) / 2)
    assert table["calls"].tolist() == [PRODUCTS] * 3
    assert table.loc["model-c", "cost_usd"] > table.loc["model-b", "cost_usd"] == table.loc["model-a", "cost_usd"]
    assert table["products"].tolist() == [PRODUCTS] * 3 and table["failed"].tolist() == [0] * 3
    assert table.loc["model-a", "session"] == audit.id


def test_the_audit_stays_as_it_is_and_nothing_is_paid_twice(
    audit: Session, found: JudgePanel, server: ModelServer, other: ModelServer
) -> None:
    before, accepted = content(audit), server.stats.accepted + other.stats.accepted
    again = fe.panel(audit, models(other), rule="unanimity", **OPTIONS)
    assert server.stats.accepted + other.stats.accepted == accepted and content(audit) == before
    assert {name: s.id for name, s in again.sessions.items()} == {name: s.id for name, s in found.sessions.items()}
    assert again.coverage.estimate < found.coverage.estimate and again.alpha == found.alpha
    # The same sessions as those of a single other judge, and a fourth model costs its own calls alone.
    assert fe.shadow_judge(audit, "model-b", **OPTIONS).after.id == found.sessions["model-b"].id
    fe.panel(audit, [*models(other), "model-d"], **OPTIONS)
    assert server.stats.accepted + other.stats.accepted == accepted + PRODUCTS
    assert fe.load_session(output_dir=audit.output_dir).id == audit.id


def test_a_sample_is_judged_by_all(audit: Session, other: ModelServer) -> None:
    few = fe.panel(audit, models(other), sample=6, seed=3, **OPTIONS)
    assert len(few.results) == 6 and few.models["products"].tolist() == [6] * 3
    assert len(few.verdicts) == 6 * QUESTIONS and few.verdicts["verdict"].notna().all()


def test_a_budget_holds_the_panel_as_a_whole(audit: Session) -> None:
    with ModelServer(answerer=Answerer(seed=5)) as fresh:
        at = {"base_url": fresh.base_url, "max_output_tokens": 800}
        named = [{"model": "model-e", **at}, {"model": "model-f", **at}]
        cap = float(fe.shadow_judge(audit, "model-e", **at, **OPTIONS).effort_after.cost_usd or 0) * 1.7
        accepted = fresh.stats.accepted
        with pytest.raises(fe.RunFault, match="budget"):
            fe.panel(audit, named, budget_usd=cap, max_in_flight=1, **OPTIONS)
        assert 0 < fresh.stats.accepted - accepted < PRODUCTS
        through = fe.panel(audit, named, **OPTIONS)
        assert fresh.stats.accepted - accepted == PRODUCTS and fresh.stats.repeated == 0
        assert through.models["cost_usd"].sum() > cap


def test_products_that_a_model_fails_on_are_judged_by_the_others(audit: Session) -> None:
    with ModelServer(faults=[Fault(FaultKind.FILTERED_REPLY, contains="Article 7 in blue")]) as filtering:
        named = ["model-a", "model-b", {"model": "model-g", "base_url": filtering.base_url}]
        panel = fe.panel(audit, named, **OPTIONS)
        pair = fe.panel(audit, named[1:], **OPTIONS)
    assert panel.models["failed"].tolist() == [0, 0, 1]
    assert panel.verdicts["model-g"].isna().sum() == QUESTIONS and panel.verdicts["verdict"].notna().all()
    assert f"model-g has not judged 1 of {PRODUCTS} products" in str(panel)
    # One verdict alone is no panel's.
    assert pair.verdicts["verdict"].isna().sum() == QUESTIONS
    assert pair.results["coverage_pct"].isna().sum() == 1 and pair.models["decides"].isna().all()


def test_the_embedded_engine_can_be_of_the_panel(server: ModelServer, tmp_path: Path) -> None:
    fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path).evaluate_products_batch(make_feed(8), progress="none")
    named = ["offline", {"model": "model-b", "base_url": server.base_url}, {"model": "model-c", **at(server)}]
    panel = fe.panel(None, named, output_dir=tmp_path, **OPTIONS)
    audit = fe.load_session(output_dir=tmp_path)
    assert panel.sessions["offline"] == audit
    assert panel.verdicts["offline"].tolist() == audit.judgements["verdict"].astype(str).tolist()
    assert panel.models["calls"].tolist() == [0, 8, 8] and panel.models["cost_usd"][0] == 0
    assert "offline: No language model was asked" in str(panel)


def at(server: ModelServer) -> dict[str, str]:
    return {"base_url": server.base_url}


@pytest.mark.parametrize(
    ("named", "options", "message"),
    [
        (["model-b"], {}, "two models or more"),
        ("model-b", {}, "two models or more"),
        (["model-b", "model-b"], {}, "named twice"),
        (["model-b", {"model": "model-c", "patience": 3}], {}, "patience: no such setting"),
        (["model-b", {"base_url": "http://127.0.0.1:9/v1"}], {}, "give names, or mappings"),
        (["model-b", "offline"], {}, "asks only its own questions"),
        (["model-b", "model-c"], {"rule": "loudest"}, "'majority' or 'unanimity'"),
        (["model-b", "model-c"], {"sample": 0}, "sample=0"),
        (["model-b", "model-x"], {"budget_usd": 1.0, "input_price": None, "output_price": None}, "no price is known"),
    ],
)
def test_a_panel_that_cannot_be_is_refused_before_anything_is_paid(
    audit: Session, server: ModelServer, named: Any, options: dict[str, Any], message: str
) -> None:
    accepted = server.stats.accepted
    given = {name: value for name, value in {**OPTIONS, **options}.items() if value is not None}
    with pytest.raises(InputError, match=message):
        fe.panel(audit, named, **given)
    assert server.stats.accepted == accepted


def test_what_is_shown_says_where_they_split_and_cannot_run(server: ModelServer, tmp_path: Path) -> None:
    feed = [{**p, "title": "<script>alert(1)</script>", "id": f"<b>{p['id']}"} for p in make_feed(6)]
    evaluator = fe.ProductFeedEvaluator(KEY, "model-a", base_url=server.base_url, output_dir=tmp_path)
    evaluator.evaluate_products_batch(feed, num_questions=4, progress="none")
    with ModelServer(answerer=Answerer(seed=3)) as other:
        named = ["model-a", {"model": "<i>odd</i>", "base_url": other.base_url}]
        panel = fe.panel(None, named, output_dir=tmp_path, progress="none", api_key=KEY)
    shown, said = panel._repr_html_(), str(panel)
    assert len(panel.splits) and "on which they split" in shown and "on which they split" in said
    assert "<b>P-" not in shown and "<script>" not in shown and "<i>odd" not in shown and "&lt;i&gt;odd" in shown
    assert KEY not in shown + said + repr(panel.models.to_dict())
