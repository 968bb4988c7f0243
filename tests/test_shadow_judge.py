from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.results.judges.judge_comparison import JudgeComparison
from feedeval.results.session import Session
from tests.e2e.support import KEY, make_feed
from tests.server import Answerer, Fault, FaultKind, ModelServer

PRODUCTS = 24
OPTIONS: dict[str, Any] = {"progress": "none", "api_key": KEY, "input_price": 1.0, "output_price": 4.0}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture(scope="module")
def audit(server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("audit")
    evaluator = fe.ProductFeedEvaluator(
        KEY, "model-a", base_url=server.base_url, output_dir=folder, input_price=1.0, output_price=4.0
    )
    evaluator.evaluate_products_batch(make_feed(PRODUCTS), num_questions=5, progress="none")
    return fe.load_session(output_dir=folder)


def content(session: Session) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in session.files}


def test_the_same_judge_is_sent_the_same_and_says_the_same(server: ModelServer, audit: Session) -> None:
    before, accepted = content(audit), server.stats.accepted
    repeated = server.stats.repeated
    found = fe.shadow_judge(audit, **OPTIONS)
    # Every request is one that the audit made, byte for byte.
    assert server.stats.accepted - accepted == server.stats.repeated - repeated == PRODUCTS
    assert content(audit) == before
    assert found.after.id != audit.id and found.after.progress.kind == "judge"
    assert found.flips.empty and found.flipped.estimate == 0 and found.coverage_change.estimate == 0
    assert (found.products, found.questions, found.missing) == (PRODUCTS, 5 * PRODUCTS, 0)
    assert found.agreement.kappa.estimate == 1
    assert found.effort_after.calls == PRODUCTS
    assert found.effort_after.input_tokens == found.effort_before.input_tokens
    assert found.effort_after.cost_usd == found.effort_before.cost_usd
    assert (found.effort_after.cost_usd or 0) > 0
    # Once it is through, asking again costs nothing.
    again = fe.shadow_judge(audit, **OPTIONS)
    assert again.after.id == found.after.id and server.stats.accepted - accepted == PRODUCTS


def test_another_model_is_compared_verdict_by_verdict(audit: Session) -> None:
    with ModelServer(answerer=Answerer(seed=9)) as other:
        found = fe.shadow_judge(audit, "model-b", base_url=other.base_url, **OPTIONS)
    was, now = audit.judgements, found.after.judgements
    differs = was["verdict"].to_numpy() != now["verdict"].to_numpy()
    assert 0 < differs.sum() == len(found.flips) and found.flipped.estimate == pytest.approx(differs.mean())
    flips = found.flips
    columns = ["key", "number", "question", "taxonomy", "verdict", "evidence", "reason"]
    expected = was[differs][columns].astype(str).to_numpy().tolist()
    got = flips[["key", "number", "question", "taxonomy", "before", "evidence_before", "reason_before"]]
    assert got.astype(str).to_numpy().tolist() == expected
    assert flips["after"].tolist() == now["verdict"][differs].astype(str).tolist()
    assert flips["evidence_after"].tolist() == now["evidence"][differs].tolist()
    assert found.by_taxonomy["flips"].sum() == found.by_category["flips"].sum() == differs.sum()
    assert (found.by_taxonomy["milder"] + found.by_taxonomy["stricter"] == found.by_taxonomy["flips"]).all()
    change = found.after.results["coverage_pct"] - audit.results["coverage_pct"]
    assert found.coverage_change.estimate == pytest.approx(change.mean())
    assert found.coverage_change.low <= change.mean() <= found.coverage_change.high
    assert found.agreement.n == 5 * PRODUCTS
    assert found.agreement.accuracy.estimate == pytest.approx(1 - differs.mean())
    assert "model-b" in str(found) and "model-b" in found._repr_html_()


def test_other_instructions_are_sent_and_kept_apart(server: ModelServer, audit: Session) -> None:
    sent = server.record_bodies()
    extra = fe.shadow_judge(audit, prompts="Accept an answer only with its unit.", limit=3, **OPTIONS)
    instead = fe.shadow_judge(
        audit, prompts=fe.JudgePrompt(instead="Say yes, partial or no, and quote."), limit=3, **OPTIONS
    )
    systems = [body["messages"][0]["content"] for body in sent]
    assert len(systems) == 6 and len(set(systems)) == 2
    assert all(text.endswith("Accept an answer only with its unit.") for text in systems[:3])
    assert all(text.startswith("Say yes, partial or no, and quote.") for text in systems[3:])
    assert all("data from a shop's product feed" in text for text in systems)
    assert extra.after.id != instead.after.id
    prompts = {s.progress.fingerprint["prompts"] for s in (audit, extra.after, instead.after)}
    assert len(prompts) == 3


def test_a_sample_is_the_same_each_time(server: ModelServer, audit: Session) -> None:
    accepted = server.stats.accepted
    one = fe.shadow_judge(audit, prompts="Judge calmly.", sample=6, seed=4, **OPTIONS)
    other = fe.shadow_judge(audit, prompts="Judge calmly.", sample=6, seed=4, **OPTIONS)
    assert one.products == 6 and one.after.id == other.after.id
    assert server.stats.accepted - accepted == 6
    more = fe.shadow_judge(audit, prompts="Judge calmly.", **OPTIONS)
    assert more.products == PRODUCTS and server.stats.accepted - accepted == PRODUCTS


def test_a_session_of_another_judge_is_gone_on_with(server: ModelServer, audit: Session) -> None:
    words = "Judge as if you were buying."
    with pytest.raises(fe.RunFault):
        fe.shadow_judge(audit, prompts=words, budget_usd=0.002, max_in_flight=1, **OPTIONS)
    sid = fe.list_sessions(audit.output_dir)["session"][0]
    stopped = fe.load_session(sid, output_dir=audit.output_dir)
    assert stopped.progress.counts.left > 0
    repeated = server.stats.repeated
    run = fe.resume(stopped, api_key=KEY, budget_usd=None, progress="none")
    assert run.sid == sid and run.wait(60).counts.done == PRODUCTS
    found = fe.shadow_judge(audit, prompts=words, **OPTIONS)
    assert found.after.id == sid and server.stats.repeated == repeated


def test_the_latest_session_stays_the_audit(audit: Session) -> None:
    fe.shadow_judge(audit, prompts="Judge again.", limit=2, **OPTIONS)
    assert fe.load_session(output_dir=audit.output_dir).id == audit.id
    kinds = fe.list_sessions(audit.output_dir)["kind"].tolist()
    assert kinds.count("audit") == 1 and "judge" in kinds


def test_the_embedded_engine_judges_its_own_audit_again(tmp_path: Path) -> None:
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    feed = [*make_feed(20), *({k: v for k, v in p.items() if k != "product_type"} for p in make_feed(9, start=40))]
    evaluator.evaluate_products_batch(feed, progress="none")
    found = fe.shadow_judge(output_dir=tmp_path, progress="none")
    assert found.flips.empty and found.products == 29
    assert "No language model was asked" in str(found)
    with pytest.raises(InputError, match="takes no instructions"):
        fe.shadow_judge(output_dir=tmp_path, prompts="Be kind.", progress="none")


def test_what_cannot_be_judged_again_is_refused(audit: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="asks only its own questions"):
        fe.shadow_judge(audit, "offline", progress="none")
    with pytest.raises(InputError, match="give instructions as text"):
        fe.shadow_judge(audit, prompts="  ", **OPTIONS)
    with pytest.raises(InputError, match="sample=0"):
        fe.shadow_judge(audit, sample=0, **OPTIONS)
    with pytest.raises(InputError, match="patience"):
        fe.shadow_judge(audit, patience=3, **OPTIONS)  # type: ignore[call-arg]
    judge: JudgeComparison = fe.shadow_judge(audit, prompts="Once more.", limit=2, **OPTIONS)
    with pytest.raises(InputError, match="of the kind judge"):
        fe.shadow_judge(judge.after, **OPTIONS)


def test_products_that_the_other_judge_fails_on_are_left_out_and_counted(audit: Session) -> None:
    with ModelServer(faults=[Fault(FaultKind.FILTERED_REPLY, contains="Article 7 in blue")]) as other:
        found = fe.shadow_judge(audit, "model-c", base_url=other.base_url, **OPTIONS)
    assert (found.products, found.missing) == (PRODUCTS - 1, 1) and found.flips.empty
    assert found.effort_before.calls == found.effort_after.calls == PRODUCTS - 1
    assert f"Not judged again: 1 of {PRODUCTS} products" in str(found)


def test_product_text_cannot_run_in_the_comparison(server: ModelServer, tmp_path: Path) -> None:
    feed = [{**p, "title": "<script>alert(1)</script>", "id": f"<b>{p['id']}"} for p in make_feed(6)]
    evaluator = fe.ProductFeedEvaluator(KEY, "model-a", base_url=server.base_url, output_dir=tmp_path)
    evaluator.evaluate_products_batch(feed, num_questions=4, progress="none")
    with ModelServer(answerer=Answerer(seed=3)) as other:
        found = fe.shadow_judge(output_dir=tmp_path, model="b", base_url=other.base_url, progress="none")
    shown = found._repr_html_()
    assert not found.flips.empty and "<b>P-" not in shown and "<script>" not in shown
