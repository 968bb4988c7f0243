"""Questions that somebody else worded are put to a judge, and its verdicts stand beside what people said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.records.kinds import KINDS_OF_JUDGE
from tests.benchmarks import judge_questions as benchmark
from tests.e2e.support import KEY
from tests.server import ModelServer
from tests.server.faults import Fault, FaultKind

ROWS = 30


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(seed=4) as started:
        yield started


def table(rows: int = ROWS) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "question": [f"Does lamp {n} come with a bulb?" for n in range(rows)],
            "context": [
                {"title": f"Lamp {n}", "description": f"A lamp number {n}, bulb included."} for n in range(rows)
            ],
            "human": ["yes", "no", "partial"] * (rows // 3),
        },
        index=[f"case {n}" for n in range(rows)],
    )


def evaluator(server: ModelServer, folder: Path) -> fe.ProductFeedEvaluator:
    return fe.ProductFeedEvaluator(
        KEY, "judge-1", base_url=server.base_url, output_dir=folder, input_price=1, output_price=1
    )


def test_every_row_gets_its_verdict_and_keeps_what_it_had(server: ModelServer, tmp_path: Path) -> None:
    given = table()
    before = given.copy(deep=True)
    judged = fe.judge_questions(evaluator(server, tmp_path), given, progress="none")
    pd.testing.assert_frame_equal(given, before)
    pd.testing.assert_frame_equal(judged[["question", "context", "human"]], given)
    assert set(judged["verdict"]) <= {"yes", "partial", "no"} and judged["verdict"].nunique() > 1
    assert set(judged["status"]) == {"done"} and set(judged["engine"]) == {"judge-1"}
    assert judged["cost_usd"].sum() > 0
    quoting = judged[judged["verdict"] == "yes"]
    assert all(
        evidence in " ".join(context.values())
        for evidence, context in zip(quoting.evidence, quoting.context, strict=True)
    )
    found = fe.agreement(judged, truth="human", prediction="verdict")
    assert found.n == ROWS and found.weighted_kappa is not None


def test_what_people_said_is_not_sent(server: ModelServer, tmp_path: Path) -> None:
    secret = table(3).assign(human="SECRET-LABEL", note="SECRET-NOTE")
    bodies = server.record_bodies()
    fe.judge_questions(evaluator(server, tmp_path), secret, keep_calls=True, progress="none")
    sent = json.dumps(bodies)
    assert "Lamp 2" in sent and "SECRET" not in sent


def test_the_same_call_costs_nothing_again_also_in_another_order(server: ModelServer, tmp_path: Path) -> None:
    judge = evaluator(server, tmp_path)
    first = fe.judge_questions(judge, table(), progress="none")
    assert server.stats.accepted == ROWS
    shuffled = table().sample(frac=1, random_state=1)
    again = fe.judge_questions(judge, shuffled, progress="none")
    assert server.stats.accepted == ROWS
    pd.testing.assert_series_equal(again["verdict"].sort_index(), first["verdict"].sort_index())


def test_the_same_question_about_the_same_product_is_asked_once(server: ModelServer, tmp_path: Path) -> None:
    twice = pd.concat([table(3), table(3)], ignore_index=True)
    judged = fe.judge_questions(evaluator(server, tmp_path), twice, progress="none")
    assert server.stats.accepted == 3
    assert judged["verdict"].tolist()[:3] == judged["verdict"].tolist()[3:]


def test_a_call_that_failed_has_no_verdict_and_is_neither_right_nor_wrong(server: ModelServer, tmp_path: Path) -> None:
    server.faults.append(Fault(FaultKind.REFUSAL, probability=0.4))
    judged = fe.judge_questions(evaluator(server, tmp_path), table(), progress="none")
    failed = judged[judged["status"] == "failed"]
    assert 0 < len(failed) < ROWS
    assert failed["verdict"].isna().all() and failed["error"].notna().all()
    assert fe.agreement(judged, truth="human", prediction="verdict").left_out == {"no prediction": len(failed)}


def test_the_session_stands_aside_and_goes_on_by_the_same_call(server: ModelServer, tmp_path: Path) -> None:
    fe.judge_questions(evaluator(server, tmp_path), table(3), progress="none")
    session = fe.load_session(output_dir=tmp_path)
    assert session.progress.kind in KINDS_OF_JUDGE and session.stands_aside
    with pytest.raises(InputError, match="judge_questions with the same table"):
        fe.resume(session)


def test_the_embedded_engine_judges_its_own_questions_and_refuses_others(tmp_path: Path) -> None:
    offline = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    own = table(3).assign(question="What is in the box?", facet="in_box")
    assert set(fe.judge_questions(offline, own, progress="none")["verdict"]) <= {"yes", "partial"}
    with pytest.raises(InputError, match="asks only its own questions"):
        fe.judge_questions(offline, table(3), progress="none")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no column question, context"),
        (None, "give a frame"),
        ("questions.csv", "not 'questions.csv'"),
        (table(0), "no rows"),
        (table(3).drop(columns="context"), "no column context; their columns are: question, human"),
        (table(3).assign(verdict="yes"), "column verdict"),
        (table(3).assign(question=["a?", " ", "b?"]), "row 'case 1' has no question"),
        (table(3).assign(context=["text", None, "text"]), "row 'case 1' has no context"),
    ],
)
def test_a_table_that_cannot_be_judged_is_refused(rows: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        fe.judge_questions(fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path), rows, progress="none")


CASES: list[dict[str, Any]] = [
    {
        **{"id": "1", "product_id": "A", "product_text": "title: Kettle\ndescription: 2-year warranty"},
        **{"question": "does it come with a warranty?", "verdict": "yes"},
    },
    {
        **{"id": "2", "product_id": "A", "product_text": "title: Kettle\ndescription: A kettle."},
        **{"question": "why is it so odd?", "verdict": "no"},
    },
    {
        **{"id": "3", "product_text": "title: Bag\nweight: 900 g"},
        **{"question": "How much does it weigh?", "verdict": "yes"},
    },
]


def test_the_benchmark_takes_any_engine_and_counts_what_rules_do_not_answer(
    server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, CASES)), encoding="utf-8")
    assert benchmark.main([str(file), "--to", str(tmp_path / "verdicts.csv")]) == 0
    said = capsys.readouterr().out
    assert "judged by offline" in said and "1 of 3: 'unanswered'" in said and "No answer counted as 'no'" in said
    assert pd.read_csv(tmp_path / "verdicts.csv")["verdict"].tolist() == ["yes", "unanswered", "yes"]
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert benchmark.main([str(file), "--model", "judge-1", "--base-url", server.base_url]) == 0
    said = capsys.readouterr().out
    assert "judged by judge-1" in said and "3 of 3 rows" in said and "unanswered" not in said
    assert server.stats.accepted == 3
