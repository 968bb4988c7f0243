"""Shadow mode against a model server that knows what every image shows: figures, defects, going on, secrecy."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix

import feedeval as fe
from feedeval.errors import InputError, WrongKey
from feedeval.records import Status
from tests.e2e.images import CLASSES, Labels, make_labels
from tests.e2e.support import KEY, until
from tests.server import Answerer, Fault, FaultKind, ModelServer

ROWS = 330


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """A table with a planted defect of every kind."""
    return make_labels(tmp_path_factory.mktemp("labels") / "images", ROWS, defects=True)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


def shadow(server: ModelServer, table: Any, folder: Path, **options: Any) -> pd.DataFrame:
    given = {"classes": CLASSES, "progress": "none", "api_key": KEY, **options}
    return fe.run_shadow(table, base_url=server.base_url, output_dir=folder, **given)


def test_figures_are_those_of_the_planted_truth_and_failures_those_that_were_planted(
    labels: Labels, tmp_path: Path
) -> None:
    answerer = Answerer(seed=3, truth=labels.truth, error_rate=0.2)
    with ModelServer(answerer=answerer) as server:
        frame = shadow(server, labels.path, tmp_path)
        stats = server.stats

    expected = labels.answers(answerer)
    done = frame[frame["status"] == "done"].set_index("line")
    assert done["predicted_class"].to_dict() == expected and len(done) == ROWS
    assert done["true_class"].to_dict() == labels.labels
    assert stats.accepted == len(set(labels.sent.values())) == ROWS and stats.repeated == 0
    found = fe.agreement(frame)
    truth, said = [labels.labels[line] for line in expected], list(expected.values())
    assert found.n == ROWS and found.rows == ROWS + len(labels.defects)
    assert found.accuracy.estimate == pytest.approx(accuracy_score(truth, said))
    assert found.kappa.estimate == pytest.approx(cohen_kappa_score(truth, said))
    names = list(found.confusion.columns)
    assert (
        found.confusion.to_numpy().tolist()
        == confusion_matrix(truth, said, labels=names)[: len(found.confusion)].tolist()
    )

    session = fe.load_session(output_dir=tmp_path)
    failures = session.failures.set_index("line")
    assert set(failures.index) == set(labels.defects) and failures["unreadable"].all()
    assert failures["error_type"].to_dict() == {line: kind for line, (kind, _) in labels.defects.items()}
    for line, (_, words) in labels.defects.items():
        message = failures.loc[line, "message"]
        assert message.startswith(f"line {line}: ") and re.search(words, message), message
        assert orjson.loads(failures.loc[line, "context"])["line"] == line
    assert (failures["calls"] == 0).all() and session.progress.unreadable == len(labels.defects)
    assert frame["line"].tolist() == sorted({*labels.sent, *labels.defects})
    assert frame.loc[frame["status"] == "failed", "predicted_class"].isna().all()


def test_nothing_that_people_said_is_sent(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 25)
    bodies = server.record_bodies()
    shadow(server, made.path, tmp_path / "one")
    sent = sorted(map(orjson.dumps, bodies))
    bodies.clear()
    # Other labels, other hazards, other names of the files, and a copy of the label in a column of its own.
    frame = pd.read_csv(made.path, keep_default_na=False)
    frame["true_class"] = frame["true_class"].map(dict(zip(CLASSES, [*CLASSES[1:], CLASSES[0]], strict=True)))
    frame["critical_hazard"], frame["filename"], frame["Copy"] = "yes", "z.png", frame["true_class"].str.upper()
    frame.to_csv(made.path, index=False)
    with pytest.warns(fe.FeedWarning, match="Copy says in every row what the label says, and is not sent"):
        shadow(server, made.path, tmp_path / "two")

    assert sorted(map(orjson.dumps, bodies)) == sent and len(sent) == 25
    assert b"property_type: flat 3\\nregion: south" in sent[0] + b"".join(sent)


def test_what_a_run_leaves_behind_tells_of_every_batch_and_every_error(labels: Labels, tmp_path: Path) -> None:
    with ModelServer() as server:
        frame = shadow(server, labels.path, tmp_path)
    session = fe.load_session(output_dir=tmp_path)
    summary = orjson.loads((tmp_path / f"summary_{session.id}.json").read_bytes())

    total = ROWS + len(labels.defects)
    assert len(frame) == total and len(summary["batches"]) == -(-total // 50)
    assert sum(report["unreadable"] for report in summary["batches"]) == len(labels.defects)
    assert [error["context"]["line"] for error in summary["errors"]] == sorted(labels.defects)
    # The size of the batches is what suits images; nobody is advised to change it.
    assert session.progress.batch_size == 50 and not session.progress.health.recommendations
    text = str(session.summary())
    assert f"Unreadable rows  {len(labels.defects)}" in text and "0 calls failed beside them" in text
    assert f"10 of {len(labels.defects)}; all errors stand in summary_{session.id}.json" in text
    assert frame["critical_hazard"].dtype == "boolean" and frame["line"].dtype == "Int64"
    context = list(frame.columns)[5:7]
    assert context == ["property_type", "region"]


def test_a_corrected_label_costs_nothing_and_is_shown(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 40)
    shadow(server, made.path, tmp_path / "out")
    served = server.stats.accepted
    text = made.path.read_text(encoding="utf-8")
    made.path.write_text(text.replace(",green,", ",blue,", 1), encoding="utf-8")

    again = shadow(server, made.path, tmp_path / "out")

    assert server.stats.accepted == served == 40
    changed = next(line for line, label in made.labels.items() if label == "green")
    assert again.set_index("line").loc[changed, "true_class"] == "blue"
    assert again["cost_usd"].sum() == 0 and len(fe.list_sessions(tmp_path / "out")) == 2
    # The same table once more is the same session, at no cost.
    shadow(server, made.path, tmp_path / "out")
    assert server.stats.accepted == 40 and len(fe.list_sessions(tmp_path / "out")) == 2


def test_only_what_changed_is_asked_again(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 40)
    (tmp_path / "images" / "image_0.png").rename(tmp_path / "images" / "away.png")
    first = shadow(server, made.path, tmp_path / "out")
    assert first["status"].tolist().count("failed") == 1 and server.stats.accepted == 39

    # The missing image is found, another one is replaced, and one row has other notes.
    (tmp_path / "images" / "away.png").rename(tmp_path / "images" / "image_0.png")
    (tmp_path / "images" / "sub" / "image_1.png").write_bytes(
        (tmp_path / "images" / "sub" / "image_2.png").read_bytes()
    )
    made.path.write_text(made.path.read_text().replace("flat 4,", "house 4,"))
    again = shadow(server, made.path, tmp_path / "out")

    assert (again["status"] == "done").all() and server.stats.accepted == 39 + 3 and server.stats.repeated == 0
    # Other classes are other questions.
    shadow(server, made.path, tmp_path / "out", classes=[*CLASSES, "grey"])
    assert server.stats.accepted == 42 + 40


def test_classes_are_the_labels_of_the_table_where_none_are_given(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 12)
    frame = pd.read_csv(made.path, keep_default_na=False)
    frame.loc[0, "true_class"], frame.loc[1, "true_class"] = "ORANGE", ""
    given = {"classes": None, "image_dir": made.path.parent, "limit": 4}
    found = shadow(server, frame, tmp_path / "out", **given)
    session = fe.load_session(output_dir=tmp_path / "out")
    # Also those of rows beyond the limit, so that the whole table goes on with what a few rows cost.
    assert session.progress.fingerprint["classes"] == list(CLASSES)
    assert found["true_class"].tolist()[0] == "ORANGE" and found["error"][1] == "BadLabel: row 2: true_class is empty"
    with pytest.raises(InputError, match="give the labels"):
        fe.resume(session)
    assert fe.resume(session, frame, api_key=KEY, progress="none").wait(60).counts.failed == 1
    assert server.stats.accepted == 3
    assert len(shadow(server, frame, tmp_path / "out", **{**given, "limit": None})) == 12
    assert server.stats.accepted == 3 + 8


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        (["red"], "2 to 250"),
        ([f"c{n}" for n in range(300)], "300 classes"),
        (["red", "Unsure"], "where no class can be told"),
        (["red", "RED"], "differ only in case"),
        (["rot", "blau"], r"none of the labels in .* \(green, orange\) is among the classes \(rot, blau\)"),
        ("red", "give a list of names"),
    ],
)
def test_classes_that_cannot_be_asked_for_are_refused(tmp_path: Path, classes: Any, says: str) -> None:
    made = make_labels(tmp_path / "images", 3)
    with pytest.raises(InputError, match=says):
        fe.run_shadow(made.path, classes=classes, model="m", base_url="http://127.0.0.1:1/v1")


def test_a_table_without_rows_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("filename,image_url,true_class\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"labels\.csv has no rows below its header"):
        fe.run_shadow(tmp_path / "labels.csv", model="m", base_url="http://127.0.0.1:1/v1")


def test_the_same_image_with_the_same_notes_is_asked_once(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 5)
    rows = made.path.read_text(encoding="utf-8").splitlines()
    second = rows[2].replace(",green,", ",violet,").replace("image_1.png,", "copy.png,", 1)
    made.path.write_text("\n".join([*rows, second, second]), encoding="utf-8")

    frame = shadow(server, made.path, tmp_path / "out").set_index("line")

    assert server.stats.accepted == 5 and len(frame) == 7
    assert frame.loc[[3, 7, 8], "predicted_class"].nunique() == 1
    assert frame.loc[[3, 7, 8], "true_class"].tolist() == ["green", "violet", "violet"]
    assert fe.load_session(output_dir=tmp_path / "out").keys.tolist()[-2:] == ["copy.png", "copy.png#2"]


def test_a_pause_and_a_wrong_key_lose_nothing(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 60)
    server.configure(api_key=KEY)
    with pytest.raises(WrongKey, match="saved"):
        shadow(server, made.path, tmp_path / "out", api_key="sk-wrong-123456")
    assert server.stats.accepted == 0
    server.configure(held_after=server.stats.requests + 20)
    # The same call with the right key goes on in the same session.
    run = fe.start_shadow(
        made.path, classes=CLASSES, base_url=server.base_url, api_key=KEY, output_dir=tmp_path / "out", progress="none",
        max_in_flight=4, batch_size=10,
    )  # fmt: skip
    until(lambda: server.stats.accepted > 10, "some calls")
    run.pause()
    server.configure(held_after=None)
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    served = server.stats.accepted
    # A chance for calls that should not be made.
    time.sleep(0.1)
    assert served < 60 and server.stats.accepted == served and "images" in repr(run)
    run.stop()
    run.wait(60)
    # From what the files say, with nothing given but the key.
    on = fe.resume(run.sid, api_key=KEY, output_dir=tmp_path / "out", progress="none")
    assert on.sid == run.sid and on.wait(60).counts.done == 60
    assert server.stats.accepted == 60 and server.stats.repeated == 0
    assert len(fe.list_sessions(tmp_path / "out")) == 1


def test_a_table_that_is_wholly_unreadable_stops_nothing_and_asks_nobody(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "filename,image_url,true_class\n" + "".join(f"{n}.png,{n}.png,red\n" for n in range(120)), encoding="utf-8"
    )
    frame = shadow(server, tmp_path / "labels.csv", tmp_path / "out")
    assert (frame["status"] == "failed").all() and len(frame) == 120 and server.stats.requests == 0
    assert fe.load_session(output_dir=tmp_path / "out").status is Status.FINISHED


def test_failed_calls_are_not_counted_as_unreadable(tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 12)
    made.path.write_text(made.path.read_text() + "x.png,none.png,red,,flat,north\n")
    with ModelServer(faults=[Fault(FaultKind.CONTENT_FILTER, contains="flat 5")]) as server:
        frame = shadow(server, made.path, tmp_path / "out")
    session = fe.load_session(output_dir=tmp_path / "out")
    assert frame["status"].tolist().count("failed") == 2 and session.progress.unreadable == 1
    assert session.failures["unreadable"].tolist() == [False, True]
    assert "; 1 call failed beside them" in str(session.summary())


def test_a_delay_is_a_pause_between_calls(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 8)
    run = fe.start_shadow(
        made.path, classes=CLASSES, base_url=server.base_url, api_key=KEY, output_dir=tmp_path / "out", progress="none",
        delay_s=3600.0,
    )  # fmt: skip
    until(lambda: server.stats.accepted == 1, "the first call")
    # A chance for a second one, which is to be made an hour later.
    time.sleep(0.3)
    assert server.stats.requests == 1 and not run.done
    run.stop()
    assert run.wait(60).status is Status.STOPPED and server.stats.requests == 1


def test_a_budget_pauses_before_it_is_overrun(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 30)
    # What a reply may cost at most is set aside before each call.
    short = {"max_output_tokens": 100, "max_in_flight": 4}
    whole = shadow(server, made.path, tmp_path / "whole", **short)["cost_usd"].sum()
    given = {"classes": CLASSES, "base_url": server.base_url, "api_key": KEY, "progress": "none", **short}
    run = fe.start_shadow(made.path, output_dir=tmp_path / "capped", budget_usd=whole / 2, **given)
    assert "budget" in run.wait(60, until_paused=True).status_reason.lower()
    spent = run.snapshot().cost_usd
    assert spent is not None and 0 < spent <= whole / 2
    run.resume(budget_usd=2 * whole)
    assert run.wait(60).counts.done == 30


def test_wrong_options_are_named(tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 3)
    with pytest.raises(InputError, match=r"batchsize.*known are.*batch_size"):
        fe.run_shadow(made.path, model="offline", batchsize=3)  # type: ignore[call-arg]
    with pytest.raises(InputError, match="max_image_side=5000"):
        fe.run_shadow(made.path, model="offline", max_image_side=5000)
    with pytest.raises(InputError, match=r"no further column 'age'.*property_type"):
        fe.run_shadow(made.path, model="offline", context=["age"])


def test_a_white_object_that_was_cut_out_is_white_and_not_nothing(tmp_path: Path) -> None:
    image = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (15, 15, 45, 45))
    image.save(tmp_path / "cut.png")
    (tmp_path / "labels.csv").write_text("filename,image_url,true_class\ncut.png,cut.png,white\n", encoding="utf-8")
    found = fe.run_shadow(
        tmp_path / "labels.csv", classes=["white", "black"], model="offline", output_dir=tmp_path / "out",
        progress="none",
    )  # fmt: skip
    assert found["predicted_class"].tolist() == ["white"]


def test_only_named_columns_are_sent_and_all_come_back(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 6)
    bodies = server.record_bodies()
    frame = shadow(server, made.path, tmp_path / "out", context=["region"])
    sent = b"".join(map(orjson.dumps, bodies))
    assert b"region: " in sent and b"property_type" not in sent
    assert frame["property_type"].tolist() == [f"flat {n}" for n in range(6)]
    # What is not sent changes no answer, and is shown as it is now.
    made.path.write_text(made.path.read_text().replace("flat 2,", "house 2,"))
    again = shadow(server, made.path, tmp_path / "out", context=["region"])
    assert again["property_type"][2] == "house 2" and server.stats.accepted == 6


def test_running_the_cell_again_finds_the_run_that_goes_on(server: ModelServer, tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", 40)
    server.configure(held_after=10)
    given: dict[str, Any] = {"classes": CLASSES, "base_url": server.base_url, "progress": "none", "max_in_flight": 2}
    runs = [fe.start_shadow(made.path, output_dir=tmp_path / "out", **given) for _ in range(2)]
    assert runs[0] is runs[1]
    server.configure(held_after=None)
    assert runs[0].wait(60).counts.done == 40 and server.stats.repeated == 0
