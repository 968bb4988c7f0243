"""What a call may say, set on the evaluator, in shadow mode and in the terminal, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.cli.main import main
from feedeval.cli.output import Exit
from feedeval.errors import InputError, SettingRefused
from feedeval.records import Status
from tests.e2e.images import make_labels
from tests.server import Fault, FaultKind, ModelServer

KEY = "sk-spoken-0123456789"
SECRET = "gateway-5f2c91d07ab34e68"
MODEL = "gpt-5-mini"
PRODUCTS = [
    {"id": str(n), "title": f"Oak lamp {n}", "description": "A lamp of oiled oak, 40 cm high.", "product_type": "Lamps"}
    for n in range(6)
]
AUDIT: dict[str, Any] = {"num_questions": 4, "batch_size": 2, "progress": "none"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(seed=5) as running:
        yield running


def evaluator(server: ModelServer, folder: Path, **calls: Any) -> fe.ProductFeedEvaluator:
    return fe.ProductFeedEvaluator(KEY, MODEL, base_url=server.base_url, output_dir=folder, **calls)


def everything_in(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())


def test_an_audit_at_flex_costs_half_and_goes_on_at_flex(server: ModelServer, tmp_path: Path) -> None:
    server.configure(cached_tokens=False)
    flex = evaluator(server, tmp_path / "flex", service_tier="flex").evaluate_products_batch(PRODUCTS, **AUDIT)
    standard = evaluator(server, tmp_path / "standard").evaluate_products_batch(PRODUCTS, **AUDIT)
    assert flex["cost_usd"].sum() == pytest.approx(standard["cost_usd"].sum() / 2)
    assert server.stats.by_tier == {"flex": 7}


def test_the_products_of_a_category_share_the_beginning_of_their_prompts(server: ModelServer, tmp_path: Path) -> None:
    products = [{**PRODUCTS[0], "id": f"C-{n}", "title": f"Lamp number {n}"} for n in range(8)]
    bodies = server.record_bodies()
    estimate = evaluator(server, tmp_path, max_in_flight=1).estimate(products, pilot=4, num_questions=12)
    users = [body["messages"][1]["content"] for body in bodies if "QUESTIONS" in body["messages"][1]["content"]]
    assert len(users) == 4 and len({user[: user.index("<<<PRODUCT")] for user in users}) == 1
    assert all("prompt_cache_key" not in body for body in bodies)
    # The endpoint caches 128 tokens at a time, from 1,024 on.
    shared = estimate.cached_tokens.expected / 7
    assert shared >= 1024 and shared % 128 == 0
    # Questions of its own stand after a product.
    bodies.clear()
    own = {**AUDIT, "question_scope": "product"}
    evaluator(server, tmp_path).evaluate_products_batch(products[:2], **own)
    users = [body["messages"][1]["content"] for body in bodies if "QUESTIONS" in body["messages"][1]["content"]]
    assert len(users) == 2 and all(user.startswith("<<<PRODUCT") for user in users)


def test_a_session_that_was_stopped_goes_on_as_its_calls_were_made(server: ModelServer, tmp_path: Path) -> None:
    made = {"service_tier": "flex", "seed": 3, "extra_body": {"top_p": 0.5}, "extra_headers": {"X-Gateway": SECRET}}
    server.faults.append(Fault(FaultKind.INSUFFICIENT_QUOTA, from_request=3))
    run = evaluator(server, tmp_path, max_in_flight=1, **made).start(PRODUCTS, **AUDIT)
    assert run.wait(60, until_paused=True).status is Status.PAUSED
    run.stop()
    assert run.wait(60).status is Status.STOPPED
    server.faults.clear()
    bodies, headers = server.record_bodies(), server.record_headers()
    session = fe.load_session(output_dir=tmp_path)
    again = fe.resume(session, PRODUCTS, api_key=KEY, progress="none", extra_headers={"X-Gateway": SECRET})
    assert again.wait(60).counts.done == len(PRODUCTS)
    assert {(body["service_tier"], body["seed"], body["top_p"]) for body in bodies} == {("flex", 3, 0.5)}
    assert {sent["x-gateway"] for sent in headers} == {SECRET}
    # The tier is no part of what results depend on: the same session goes on at another one.
    costs = evaluator(server, tmp_path, **{**made, "service_tier": "default"}).evaluate_products_batch(
        PRODUCTS, **AUDIT
    )
    assert len(costs) == len(PRODUCTS) and len(fe.list_sessions(tmp_path)) == 1
    assert SECRET not in everything_in(tmp_path) and KEY not in everything_in(tmp_path)


def test_another_effort_is_another_session_and_is_named(server: ModelServer, tmp_path: Path) -> None:
    evaluator(server, tmp_path, reasoning_effort="low").evaluate_products_batch(PRODUCTS, **AUDIT)
    session = fe.load_session(output_dir=tmp_path)
    assert session.progress.fingerprint["reasoning_effort"] == "low"
    with pytest.raises(InputError, match="reasoning_effort: low then, high now"):
        evaluator(server, tmp_path, reasoning_effort="high").start(PRODUCTS, session=session.id, **AUDIT)


def test_a_setting_that_is_refused_pauses_with_one_sentence(server: ModelServer, tmp_path: Path) -> None:
    server.faults.append(Fault(FaultKind.NO_REASONING_EFFORT))
    with pytest.raises(SettingRefused, match="does not take reasoning_effort=low"):
        evaluator(server, tmp_path, reasoning_effort="low").evaluate_products_batch(PRODUCTS, **AUDIT)
    assert server.stats.requests == 1


def test_a_session_goes_on_at_its_deployment(server: ModelServer, tmp_path: Path) -> None:
    server.configure(api_key=KEY, deployments={"judge-eu": "gpt-4o-mini"})
    where = {"api_version": "2024-10-21", "azure_deployment": "judge-eu"}
    ev = fe.ProductFeedEvaluator(KEY, "gpt-4o-mini", base_url=server.resource_url, output_dir=tmp_path, **where)
    frame = ev.evaluate_products_batch(PRODUCTS[:3], **AUDIT)
    assert set(frame["engine"]) == {"gpt-4o-mini"} and frame["cost_usd"].gt(0).all()
    calls = server.stats.requests
    run = fe.resume(fe.load_session(output_dir=tmp_path), PRODUCTS[:3], api_key=KEY, progress="none")
    assert run.wait(60).status is Status.FINISHED and server.stats.requests == calls


def test_an_estimate_follows_the_tier_whatever_the_pilot_was_paid_at(server: ModelServer, tmp_path: Path) -> None:
    standard = evaluator(server, tmp_path).estimate(PRODUCTS, pilot=3, num_questions=4)
    calls = server.stats.requests
    flex = evaluator(server, tmp_path, service_tier="flex").estimate(PRODUCTS, pilot=3, num_questions=4)
    either = evaluator(server, tmp_path, service_tier="flex", flex_fallback="default").estimate(
        PRODUCTS, pilot=3, num_questions=4
    )
    assert server.stats.requests == calls
    assert standard.cost_usd and flex.cost_usd and either.cost_usd
    assert flex.cost_usd.expected == pytest.approx(standard.cost_usd.expected / 2)
    assert either.cost_usd.high == pytest.approx(standard.cost_usd.high)
    assert "service tier" in str(flex) and "flex" in str(flex) and "service tier" not in str(standard)
    unsold = fe.ProductFeedEvaluator(
        KEY, "gpt-4o-mini", base_url=server.base_url, output_dir=tmp_path / "unsold", service_tier="flex"
    )
    assert "no price is known for this model at this tier" in str(unsold.estimate(PRODUCTS, pilot=3, num_questions=4))
    with pytest.raises(InputError, match=r"no price is known for the model 'gpt-4o-mini' at the tier flex"):
        unsold.start(PRODUCTS, budget_usd=1.0, **AUDIT)


def test_shadow_mode_says_the_same_and_goes_on_with_it(server: ModelServer, tmp_path: Path) -> None:
    labels = make_labels(tmp_path / "images", 3).path
    bodies, headers = server.record_bodies(), server.record_headers()
    said: dict[str, Any] = {"service_tier": "flex", "reasoning_effort": "low", "seed": 1, "max_output_tokens": 500}
    frame = fe.run_shadow(
        labels,
        model=MODEL,
        api_key=KEY,
        base_url=server.base_url,
        output_dir=tmp_path / "out",
        progress="none",
        extra_headers={"X-Gateway": SECRET},
        **said,
    )
    assert frame["status"].eq("done").all()
    sent = {(b["service_tier"], b["reasoning_effort"], b["seed"], b.get("max_tokens")) for b in bodies}
    assert sent == {("flex", "low", 1, 500)}
    assert {one["x-gateway"] for one in headers} == {SECRET}
    session = fe.load_session(output_dir=tmp_path / "out")
    assert session.progress.settings["calls"]["service_tier"] == "flex"
    calls = server.stats.requests
    assert fe.resume(session, api_key=KEY, progress="none").wait(60).status is Status.FINISHED
    assert server.stats.requests == calls
    assert SECRET not in everything_in(tmp_path / "out")


def test_another_judge_of_the_same_model_is_asked_as_the_audits_own(server: ModelServer, tmp_path: Path) -> None:
    evaluator(server, tmp_path, reasoning_effort="low", seed=3).evaluate_products_batch(PRODUCTS[:2], **AUDIT)
    bodies = server.record_bodies()
    asked: dict[str, Any] = {"output_dir": tmp_path, "api_key": KEY, "progress": "none"}
    fe.shadow_judge(prompts="Be strict.", service_tier="flex", **asked)
    assert {(body["reasoning_effort"], body["seed"], body["service_tier"]) for body in bodies} == {("low", 3, "flex")}
    bodies.clear()
    fe.shadow_judge(model="gpt-4o-mini", **asked)
    assert bodies and not any("reasoning_effort" in body or "seed" in body for body in bodies)


def test_the_terminal_says_it_all(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GATEWAY_KEY", SECRET)
    feed = tmp_path / "feed.tsv"
    feed.write_text("id\ttitle\tdescription\n1\tOak lamp\tA lamp of oiled oak.\n", encoding="utf-8")
    bodies, headers = server.record_bodies(), server.record_headers()
    said = ["--model", MODEL, "--base-url", server.base_url, "--service-tier", "flex", "--flex-fallback", "default"]
    said += ["--reasoning-effort", "low", "--seed", "7", "--max-output-tokens", "900", "--extra-body", '{"top_p": 0.5}']
    said += ["--extra-header", "X-Gateway=env:GATEWAY_KEY", "--extra-header", "X-Team=catalogue"]
    code = main(["run", str(feed), "--output-dir", str(tmp_path / "out"), "--num-questions", "4", *said])
    assert code == Exit.DONE
    names = ("service_tier", "reasoning_effort", "seed", "top_p", "max_tokens")
    assert {tuple(body[name] for name in names) for body in bodies} == {("flex", "low", 7, 0.5, 900)}
    assert {(sent["x-gateway"], sent["x-team"]) for sent in headers} == {(SECRET, "catalogue")}
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err + everything_in(tmp_path / "out")


def test_the_terminal_says_how_to_go_on_without_a_secret(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GATEWAY_KEY", SECRET)
    server.faults.append(Fault(FaultKind.NO_SEED))
    feed = tmp_path / "feed.tsv"
    feed.write_text("id\ttitle\tdescription\n1\tOak lamp\tA lamp of oiled oak.\n", encoding="utf-8")
    folder = ["--output-dir", str(tmp_path / "out"), "--base-url", server.base_url]
    said = ["--extra-header", "X-Gateway=env:GATEWAY_KEY", "--extra-header", f"X-Other={SECRET}", "--seed", "7"]
    assert main(["run", str(feed), "--model", MODEL, *folder, *said]) == Exit.UNFINISHED
    printed = capsys.readouterr()
    assert "does not take seed=7" in printed.err and SECRET not in printed.out + printed.err
    assert "--extra-header X-Gateway=env:GATEWAY_KEY --extra-header X-Other=VALUE" in printed.err


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (["--extra-header", "X-Gateway"], "NAME=VALUE"),
        (["--extra-header", "X-Gateway=env:NOT_THERE_AT_ALL"], "no variable NOT_THERE_AT_ALL"),
        (["--extra-body", "{top_p"], "--extra-body is no JSON"),
        (["--extra-body", "[1]"], "give a JSON object"),
    ],
)
def test_options_that_cannot_be_read_are_named(
    said: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "feed.tsv", "--output-dir", str(tmp_path), *said]) == Exit.USAGE
    assert message in capsys.readouterr().err
