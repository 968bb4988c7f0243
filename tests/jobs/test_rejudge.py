from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from feedeval.errors import BudgetReached, InputError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.launching import Showing, launch
from feedeval.feed.text import make_context
from feedeval.jobs.engine import EmbeddedEngine, ModelEngine
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.prompts import JudgePrompt
from feedeval.jobs.rejudge import Case, RejudgeJob, context_of
from feedeval.model.client import ModelClient
from feedeval.model.settings import ModelSettings
from feedeval.records import Question, Taxonomy
from feedeval.run.settings import RunSettings
from tests.e2e.support import KEY, make_feed
from tests.server import ModelServer

ASKED = (
    Question(text="How heavy is it?", taxonomy=Taxonomy.SPECS, required=True),
    Question(text="What is it made of?", taxonomy=Taxonomy.MATERIALS),
)


def cases(count: int, questions: Sequence[Question] = ASKED) -> list[Case]:
    return [
        Case(p["id"], make_context(p, None), tuple(questions), {"product_id": p["id"], "title": p["title"]})  # type: ignore[arg-type]
        for p in make_feed(count)
    ]


def judged(server: ModelServer, given: Sequence[Case], folder: Path, **running: Any) -> EvaluationRun:
    settings = ModelSettings(
        model="test-model", base_url=server.base_url, api_key=KEY, max_in_flight=4, input_price=1.0, output_price=2.0
    )
    client = ModelClient(settings)
    engine = ModelEngine(client, "en-GB", running.pop("instructions", JudgePrompt()))
    job = RejudgeJob(lambda: given, engine, locale="en-GB", source={"kind": "a list"})
    run = launch(job, folder, RunSettings(**running), client=client, showing=Showing("none", True))
    run.block()
    return run


def test_each_case_is_judged_once_and_the_same_call_costs_nothing(tmp_path: Path) -> None:
    with ModelServer() as server:
        run = judged(server, cases(6), tmp_path)
        frame = run.results()
        assert server.stats.accepted == 6
        assert judged(server, cases(6), tmp_path).sid == run.sid
        assert server.stats.accepted == 6
    assert frame["product_id"].tolist() == [case.key for case in cases(6)]
    assert run.session().judgements["question"].tolist() == [q.text for q in ASKED] * 6


def test_other_questions_are_other_work_and_the_same_ones_are_taken_over(tmp_path: Path) -> None:
    other = (ASKED[0], Question(text="Is it washable?", taxonomy=Taxonomy.CARE))
    with ModelServer() as server:
        judged(server, cases(4), tmp_path)
        judged(server, [*cases(4)[:3], *cases(5, other)[3:]], tmp_path)
        assert server.stats.accepted == 4 + 2


def test_other_instructions_are_another_judge(tmp_path: Path) -> None:
    with ModelServer() as server:
        judged(server, cases(2), tmp_path)
        sent = server.record_bodies()
        judged(server, cases(2), tmp_path, instructions=JudgePrompt(extra="Be strict: units have to be stated."))
    assert len(sent) == 2
    assert all("units have to be stated" in body["messages"][0]["content"] for body in sent)


def test_a_budget_holds(tmp_path: Path) -> None:
    with ModelServer() as server:
        with pytest.raises(BudgetReached):
            judged(server, cases(40), tmp_path, budget_usd=0.02)
        assert 0 < server.stats.accepted < 40
        before = server.stats.accepted
        run = judged(server, cases(40), tmp_path, budget_usd=10.0)
        assert server.stats.accepted == 40 > before and server.stats.repeated == 0
    assert run.session().progress.counts.done == 40


def test_the_embedded_engine_knows_its_own_questions_by_their_words() -> None:
    offline = OfflineEngine()
    context = cases(1)[0].context
    asked = offline.question_set([context], category="tent", num_questions=6).questions
    by_words = [question.model_copy(update={"facet": None}) for question in asked]
    assert offline.judge(context, by_words) == offline.judge(context, asked)


def test_the_embedded_engine_refuses_questions_of_others_before_it_starts(tmp_path: Path) -> None:
    engine = EmbeddedEngine(OfflineEngine())
    other = (Question(text="Does it float on mercury?", taxonomy=Taxonomy.USE),)
    job = RejudgeJob(lambda: cases(2, other), engine, locale="en-GB", source={})
    with pytest.raises(InputError, match="float on mercury"):
        launch(job, tmp_path, RunSettings(), client=None, showing=Showing("none", True))
    assert not list(tmp_path.glob("progress_*"))


@pytest.mark.parametrize(
    "product",
    [
        {"title": "Tent", "description": "Weighs 2 kg.\n\nA line: with a colon", "color": "red"},
        {"title": "Tent", "description": "A list\ncolor: blue\nof words", "color": "red", "size": "M"},
        {"title": "T", "product_detail": [{"section_name": "S", "attribute_name": "size", "attribute_value": "9"}]},
    ],
)
def test_a_context_is_made_again_word_by_word(product: Any) -> None:
    context = make_context(product, None)
    again = context_of(context.text, [field.name for field in context.fields], context.category)
    assert again.text == context.text
    assert [field.name for field in again.fields] == [field.name for field in context.fields]


def test_a_context_without_fields_stays_empty() -> None:
    assert context_of("", [], "Tents").text == ""
