"""Shadow mode from the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

import feedeval as fe
from feedeval.cli import main
from feedeval.records import Status
from tests.e2e.images import CLASSES, drawing, make_labels, png
from tests.e2e.support import KEY
from tests.server import Answerer, ModelServer


@pytest.fixture(autouse=True)
def no_engine_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def offline_table(folder: Path, *more: str) -> Path:
    """Write a table of which the embedded engine can name all images."""
    folder.mkdir()
    rows = []
    for number, colour in enumerate(("red", "green", "blue") * 4):
        (folder / f"{number}.png").write_bytes(png(drawing(number, colour)))
        rows.append(f"{number}.png,{number}.png,{colour}")
    (folder / "labels.csv").write_text("\n".join(["file,image_url,label", *rows, *more]) + "\n", encoding="utf-8")
    return folder / "labels.csv"


def test_a_table_is_classified_and_every_other_command_takes_the_session(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = offline_table(tmp_path / "images", "12.png,no.png,red", "13.png,3.png,pink")
    out = ["--output-dir", str(tmp_path / "out")]
    names = ["--map", "filename=file", "--map", "true_class=label", "--classes", "red,green,blue"]
    code = main(["shadow", str(table), *names, *out, "--batch-size", "5", "--progress", "text"])
    text = capsys.readouterr().out

    assert code == 1
    assert "Batch 3/3 · images 11–14 · overall 14/14" in text and "ms per image" in text
    assert "failed 2 (2 of them unreadable rows)" in text and "estimated remaining" in text
    assert "Unreadable rows  2" in text and "no image 'no.png'" in text and "'pink' is not among the classes" in text
    assert "100.0 % (75.8 to 100.0) of 12 predictions are what people said" in text
    assert "No vision model was asked" in text
    # Nothing would become of trying the same rows again.
    assert "run the same again: what is done is taken over" in text and "feedeval resume" not in text

    for words, shown in {
        "list": "finished",
        "info": "max image side",
        "status": "1 image that cannot be used, 1 unreadable row",
        "verify": "whole and agree",
    }.items():
        assert main([words, *out]) == 0
        assert shown in capsys.readouterr().out
    assert main(["consolidate", "--to", str(tmp_path / "t.csv"), *out]) == 0
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig").startswith("line,filename,image_url,true_class")
    # The table is mended; going on tries what failed.
    (tmp_path / "images" / "no.png").write_bytes(png(drawing(99, "red")))
    table.write_text(table.read_text().replace(",pink", ",red"))
    assert main(["shadow", str(table), *names, *out, "--quiet"]) == 0
    frame = fe.load_session(output_dir=tmp_path / "out").results
    assert (frame["status"] == "done").all() and len(frame) == 14


def test_wrong_usage_is_told_from_failed_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = offline_table(tmp_path / "images")
    for words, says in (
        (["shadow", str(table)], "--map filename='their name'"),
        (["shadow", str(tmp_path / "none.csv")], "no file at"),
        (["shadow", str(table), "--map", "true_class"], "give it as true_class="),
        (["shadow", str(table), "--classes", ","], "--classes names nothing"),
        (["shadow", str(table), "--map", "filename=file", "--map", "true_class=label", "--delay", "-1"], "delay_s=-1"),
    ):
        assert main([*words, "--output-dir", str(tmp_path / "out")]) == 2
        assert says in capsys.readouterr().err


def test_options_reach_the_calls_and_resume_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_labels(tmp_path / "images", 20)
    with ModelServer(answerer=Answerer(truth=made.truth)) as server:
        server.configure(api_key=KEY)
        whom = ["--base-url", server.base_url, "--output-dir", str(tmp_path / "out"), "--quiet"]
        calls = ["--classes", ",".join(CLASSES), "--delay", "0.02", "--max-retries", "2"]
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-1")
        assert main(["shadow", str(made.path), *calls, *whom]) == 3
        assert "feedeval resume" in capsys.readouterr().err and server.stats.accepted == 0
        # The same session goes on with the right key, and with the delay that it began with.
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert main(["resume", *whom]) == 0, capsys.readouterr().err
        assert server.stats.accepted == 20
    session = fe.load_session(output_dir=tmp_path / "out")
    assert session.status is Status.FINISHED and session.progress.settings["calls"]["delay_s"] == 0.02
    assert session.results.set_index("line")["predicted_class"].to_dict() == made.answers(Answerer(truth=made.truth))
