"""Sessions of every kind that version 0.2.0 wrote still load, verify, and go on where they were stopped.

What lies in `tests/stored` was written against the model server of these tests on a fixed port, because an endpoint's
address is part of what a result rests on: a session is gone on with on the endpoint that it began with.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from filelock import FileLock

import feedeval as fe
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.records import Status
from feedeval.results.library import LIST_COLUMNS, cleanup
from feedeval.results.session import Session
from feedeval.storage.batch_files import read_batch_file
from feedeval.storage.call_log import parse_log
from feedeval.storage.readers import session_ids
from feedeval.storage.verify import verify
from tests.server import ModelServer

STORED = Path(__file__).parent / "stored"
PORT = 18473
"""Below the range that systems hand out."""
KEY = "sk-stored-0123456789"
PRICES: dict[str, Any] = {"input_price": 1.0, "output_price": 4.0, "max_in_flight": 1}
INPUTS = orjson.loads((STORED / "inputs.json").read_bytes())
PRODUCTS: list[dict[str, str]] = INPUTS["products"]
AUDIT: dict[str, Any] = {"num_questions": 4, "batch_size": 2, "progress": "none"}


def labels() -> pd.DataFrame:
    return pd.DataFrame(INPUTS["labels"])


@pytest.fixture(scope="module")
def listening() -> Iterator[ModelServer]:
    # The tests share a process (tests/conftest.py); those of another clone on this machine take turns at the port.
    with FileLock(Path(tempfile.gettempdir()) / f"feedeval-tests-{PORT}.lock", timeout=280):
        server = ModelServer(seed=1).start(PORT)
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def server(listening: ModelServer) -> ModelServer:
    listening.reset()
    return listening


def copied(name: str, tmp_path: Path) -> Path:
    """Copy a folder of sessions, private as they were; a checkout does not keep that."""
    folder = tmp_path / name
    folder.mkdir()
    for path in (STORED / name).iterdir():
        shutil.copyfile(path, folder / path.name)
        (folder / path.name).chmod(0o600)
    return folder


def evaluator(folder: Path) -> fe.ProductFeedEvaluator:
    base_url = f"http://127.0.0.1:{PORT}/v1"
    return fe.ProductFeedEvaluator(KEY, "model-a", base_url=base_url, output_dir=folder, **PRICES, max_retries=0)


def audit_again(folder: Path) -> None:
    evaluator(folder).evaluate_products_batch(PRODUCTS, keep_calls=True, **AUDIT)


def audit_offline_again(folder: Path) -> None:
    fe.ProductFeedEvaluator(model="offline", output_dir=folder).evaluate_products_batch(PRODUCTS, **AUDIT)


def judge_again(folder: Path) -> None:
    options: dict[str, Any] = {"batch_size": 2, "progress": "none", "keep_calls": True, **PRICES}
    fe.shadow_judge(output_dir=folder, api_key=KEY, model="model-b", **options)


def probe_again(folder: Path) -> None:
    found = fe.probe_judge(
        evaluator(folder), PRODUCTS, n=2, probes=["repeat", "shuffle", "filler"], keep_calls=True, **AUDIT
    )
    assert len(found.table)


def questions_again(folder: Path) -> None:
    table = pd.DataFrame(INPUTS["questions"])
    judged = fe.judge_questions(evaluator(folder), table, batch_size=2, progress="none", keep_calls=True)
    assert judged["status"].tolist() == ["done"] * 4 and judged["question"].equals(table["question"])


def suggest_again(folder: Path) -> None:
    audit = fe.load_session(output_dir=folder)
    audit.fix_file(folder / "fixes.tsv", suggest=True, evaluator=evaluator(folder))


def shadow_again(folder: Path) -> None:
    options: dict[str, Any] = {"batch_size": 2, "progress": "none", "keep_calls": True, **PRICES}
    base_url = f"http://127.0.0.1:{PORT}/v1"
    fe.run_shadow(labels(), model="model-a", api_key=KEY, base_url=base_url, output_dir=folder, **options)


def shadow_offline_again(folder: Path) -> None:
    fe.run_shadow(labels(), model="offline", output_dir=folder, batch_size=2, progress="none")


def resume_audit(session: Session) -> EvaluationRun:
    return fe.resume(session, PRODUCTS, api_key=KEY, progress="none")


def resume_beside(session: Session) -> EvaluationRun:
    return fe.resume(session, api_key=KEY, progress="none")


def resume_shadow(session: Session) -> EvaluationRun:
    return fe.resume(session, labels(), api_key=KEY, progress="none")


@dataclass(frozen=True)
class Stopped:
    """A session that was stopped in the middle, the latest of its folder."""

    name: str
    """Its folder."""
    done: int
    """Records that it had done."""
    total: int
    made: int
    """Calls that it had paid for, those of an open batch included."""
    left: int
    """Calls that it had not made."""
    again: Callable[[Path], None]
    """The call that it came from."""
    resume: Callable[[Session], EvaluationRun] | None = None
    """The other way to go on with it."""
    keeps_calls: bool = True
    """Whether that call can be told to keep its call logs."""
    renewed: bool = False
    """Whether it is told otherwise today, where no session of then is gone on with."""

    def find(self, folder: Path) -> Session:
        return Session(session_ids(folder)[-1], folder)


STOPPED = (
    Stopped("audit", 2, 6, 5, 3, audit_again, resume_audit, renewed=True),
    Stopped("judge", 2, 6, 3, 3, judge_again, resume_beside),
    Stopped("probe", 2, 6, 3, 3, probe_again, resume_beside),
    Stopped("questions", 2, 4, 3, 1, questions_again, renewed=True),
    Stopped("suggest", 0, 6, 2, 4, suggest_again, keeps_calls=False),
    Stopped("shadow", 2, 6, 3, 3, shadow_again, resume_shadow),
)
WAYS = [(kind, kind.again) for kind in STOPPED] + [
    (kind, lambda folder, kind=kind: finish(kind, folder)) for kind in STOPPED if kind.resume is not None
]  # fmt: skip
WAY_IDS = [kind.name for kind in STOPPED] + [f"{kind.name}, resumed" for kind in STOPPED if kind.resume is not None]

FINISHED = {
    "shadow_offline": shadow_offline_again,
    **{name: audit_again for name in ("judge", "probe", "suggest")},
}
"""The calls that sessions came from which had got to their end, by folder."""


def finish(kind: Stopped, folder: Path) -> None:
    assert kind.resume is not None
    run = kind.resume(kind.find(folder))
    run.wait()
    assert run.snapshot().status is Status.FINISHED, run.snapshot().state_text


def identities(session: Session) -> list[tuple[int, str, str]]:
    """Return place, key and content hash of all records that are done."""
    batches = [read_batch_file(file) for file in session.batch_files]
    return [(row.index, row.key, row.content_hash) for batch in batches for row in batch.results]


def requests(session: Session) -> set[str]:
    """Return the hashes of the requests in the call logs that are there."""
    logs = sorted(session.output_dir.glob(f"calls_*_{session.id}.jsonl"))
    return {name for path in logs for name in parse_log(path.read_bytes(), path, all_calls=True).calls}


def told(session: Session) -> pd.DataFrame:
    """Return the results without what depends on whether prices were named."""
    return session.reload().results.drop(columns="cost_usd")


@pytest.mark.parametrize("name", sorted(path.name for path in STORED.iterdir() if path.is_dir()))
def test_sessions_of_every_kind_load_and_verify(name: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path)
    listed = fe.list_sessions(folder)
    assert list(listed.columns) == list(LIST_COLUMNS) and listed["session"].tolist() == session_ids(folder)[::-1]
    assert set(listed["status"]) <= {"stopped", "finished"}
    for row in listed.to_dict("records"):
        session = fe.load_session(row["session"], output_dir=folder)
        assert session == Session(row["session"], folder)
        assert verify(session.paths) == []
        done = len(identities(session))
        assert (len(session.results), len(session.failures)) == (row["done"], 0) == (done, 0)
        assert len(session.reports) == session.progress.batches_complete
        judged = session.judgements
        assert judged["key"].nunique() == (done if session.has_evaluations else 0)
        if session.is_audit and done:
            assert len(judged) == 4 * done and len(session.questions) == 8 and not session.gaps().empty
            assert session.stands_aside or session.id in set(fe.history(folder)["session"])
        for shown in (repr(session), session._repr_html_(), repr(session.summary())):
            assert session.id in shown
    assert fe.load_session(output_dir=folder).id in set(listed["session"])


@pytest.mark.parametrize(("kind", "go_on"), WAYS, ids=WAY_IDS)
def test_what_was_stopped_goes_on_and_pays_for_nothing_twice(
    kind: Stopped, go_on: Callable[[Path], None], tmp_path: Path, server: ModelServer
) -> None:
    folder = copied(kind.name, tmp_path)
    session = kind.find(folder)
    then = session.progress
    assert (then.counts.done, then.counts.total, then.calls) == (kind.done, kind.total, kind.made)
    known = session_ids(folder)
    finished = {path: path.read_bytes() for sid in known for path in Session(sid, folder).batch_paths}

    go_on(folder)

    assert (server.stats.accepted, server.stats.repeated) == (kind.left, 0)
    assert session_ids(folder) == known, "no new session"
    now = session.reload().progress
    assert (now.status, now.counts.done, now.counts.failed) == (Status.FINISHED, kind.total, 0)
    assert now.calls == kind.made + kind.left
    assert (now.fingerprint, now.records_digest) == (then.fingerprint, then.records_digest)
    assert all(path.read_bytes() == data for path, data in finished.items())
    assert verify(session.paths) == []

    server.reset()
    go_on(folder)
    assert server.stats.requests == 0 and session_ids(folder) == known


@pytest.mark.parametrize("kind", STOPPED, ids=lambda kind: kind.name)
def test_what_goes_on_ends_as_what_was_never_stopped(kind: Stopped, tmp_path: Path, server: ModelServer) -> None:
    folder = copied(kind.name, tmp_path)
    session = kind.find(folder)
    before = identities(session), requests(session)
    kind.again(folder)
    (tmp_path / "fresh").mkdir()
    fresh_folder = copied(kind.name, tmp_path / "fresh")
    cleanup(kind.find(fresh_folder))
    server.reset()
    kind.again(fresh_folder)
    fresh = kind.find(fresh_folder)
    assert fresh.id != session.id and server.stats.accepted == kind.made + kind.left
    for name in ("records_digest", "kind", "engine"):
        assert getattr(fresh.progress, name) == getattr(session.progress, name), name
    then, now = session.progress.fingerprint, fresh.progress.fingerprint
    assert {name for name in then if then[name] != now[name]} == ({"prompts"} if kind.renewed else set())
    assert identities(fresh) == identities(session) and identities(fresh)[: kind.done] == before[0]
    if kind.renewed:
        assert not before[1] & requests(fresh)
        return
    pd.testing.assert_frame_equal(told(fresh), told(session))
    assert before[1] and (not kind.keeps_calls or before[1] <= requests(fresh))


def test_what_was_begun_with_earlier_prompts_says_so_and_starts_afresh_where_that_is_wanted(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copied("audit", tmp_path)
    [earlier] = session_ids(folder)
    evaluator(folder).evaluate_products_batch(PRODUCTS, **{**AUDIT, "progress": "text"})
    said = capsys.readouterr().out
    assert f"Session {earlier} keeps to what it began with (prompts" in said and "resume=False" in said
    server.reset()
    evaluator(folder).evaluate_products_batch(PRODUCTS, resume=False, **AUDIT)
    fresh = fe.load_session(output_dir=folder)
    assert fresh.id != earlier and fresh.progress.fingerprint["prompts"] == "2" and server.stats.accepted == 8
    # From then on the same call means the newer one.
    server.reset()
    evaluator(folder).evaluate_products_batch(PRODUCTS, **AUDIT)
    assert server.stats.accepted == 0 and len(session_ids(folder)) == 2


@pytest.mark.parametrize("name", sorted(FINISHED))
def test_what_was_finished_is_returned_at_no_cost(name: str, tmp_path: Path, server: ModelServer) -> None:
    folder = copied(name, tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    FINISHED[name](folder)
    assert server.stats.requests == 0
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "evaluation.log"}
    assert after == before


def test_verdicts_of_an_earlier_embedded_engine_are_not_taken_for_those_of_this_one(
    tmp_path: Path,
) -> None:
    folder = copied("audit_offline", tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    [earlier] = session_ids(folder)
    results = fe.load_session(earlier, output_dir=folder).results
    audit_offline_again(folder)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name: after[name] for name in before if name != "evaluation.log"} == {
        name: data for name, data in before.items() if name != "evaluation.log"
    }
    assert len(session_ids(folder)) == 2
    pd.testing.assert_frame_equal(fe.load_session(earlier, output_dir=folder).results, results)
