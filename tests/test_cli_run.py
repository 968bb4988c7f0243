"""The commands that read a feed: run, resume, estimate, check."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from feedeval.cli import main
from feedeval.records import Status
from feedeval.results.session import load_session
from tests.e2e.support import until
from tests.server import Fault, FaultKind, ModelServer

KEY = "sk-test-1234567890-never-shown"
ROOT = Path(__file__).resolve().parents[1]
ITEMS = [
    ("T-1", "Dome tent for three", "A light tent for three people. It weighs 2.4 kg and packs to 45 x 15 cm. " * 2),
    ("T-2", "Tunnel tent for two", "Sleeps two. Waterproof to 3000 mm, with aluminium poles and a footprint. " * 2),
    ("K-1", "Glass kettle 1.7 l", "Boils 1.7 litres with 2200 W. The lid opens wide, so it is easy to clean. " * 2),
]


@pytest.fixture(autouse=True)
def no_engine_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def write_feed(path: Path, items: list[tuple[str, str, str]] = ITEMS, category: str = "Sport > Tents") -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, delimiter="\t")
        rows.writerow(["id", "title", "description", "link", "product_type"])
        rows.writerows((i, t, d, f"https://shop.example/{i}", category) for i, t, d in items)
    return path


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_feed(tmp_path / "feed.tsv")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


def command(name: str, *arguments: object, output: Path) -> int:
    return main([name, *map(str, arguments), "--output-dir", str(output)])


def test_run_audits_a_feed_without_a_key_and_prints_the_summary(
    feed: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("run", feed, output=output) == 0
    shown = capsys.readouterr().out
    for expected in (
        "No language model was asked",
        "Coverage",
        "3 of 3 done",
        "Questions the feed leaves open",
        str(output),
    ):
        assert expected in " ".join(shown.split())
    assert load_session(output_dir=output).results["product_id"].tolist() == ["T-1", "T-2", "K-1"]


def test_the_sheet_and_the_element_that_hold_the_products_can_be_named(tmp_path: Path, output: Path) -> None:
    rows = [dict(zip(("id", "title", "description"), item, strict=True)) for item in ITEMS]
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        pd.DataFrame(rows).to_excel(book, sheet_name="All", index=False)
        pd.DataFrame(rows[:1]).to_excel(book, sheet_name="Spring", index=False)
    assert command("run", tmp_path / "book.xlsx", "--sheet", "Spring", output=output) == 0
    session = load_session(output_dir=output)
    assert session.results["product_id"].tolist() == ["T-1"]
    assert session.progress.settings["source"]["reading"] == {"sheet": "Spring"}
    parts = "".join(f"<ware><id>{i}</id><title>{t}</title><description>{d}</description></ware>" for i, t, d in ITEMS)
    (tmp_path / "feed.xml").write_text(f"<shop>{parts}<other><id>1</id><title>No ware</title></other></shop>")
    assert command("run", tmp_path / "feed.xml", "--item", "ware", output=output) == 0
    assert load_session(output_dir=output).results["product_id"].tolist() == ["T-1", "T-2", "K-1"]
    assert command("check", tmp_path / "feed.xml", "--item", "thing", output=output) == 2


def test_running_again_goes_on_with_the_finished_session(feed: Path, output: Path) -> None:
    assert command("run", feed, output=output) == 0
    first = load_session(output_dir=output).id
    assert command("run", feed, output=output) == 0
    assert load_session(output_dir=output).id == first
    assert command("run", feed, "--no-resume", output=output) == 0
    assert load_session(output_dir=output).id != first


def test_quiet_prints_nothing(feed: Path, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("run", feed, "--quiet", output=output) == 0
    assert capsys.readouterr() == ("", "")


def test_options_reach_the_evaluation(feed: Path, output: Path) -> None:
    options = ["--num-questions", 5, "--fields", "title, description", "--limit", 2, "--batch-size", 1]
    assert command("run", feed, *options, output=output) == 0
    session = load_session(output_dir=output)
    assert len(session.results) == 2 and session.progress.batch_size == 1
    assert set(session.results["context_fields"]) == {"title, description"}
    assert session.judgements.groupby("product_id").size().eq(5).all()


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--num-questions", 100], ["100", "4", "24"]),
        (["--batch-size", 0], ["0", "1", "1000"]),
        (["--fields", "nonsense"], ["nonsense"]),
        (["--fields", " , "], ["--fields"]),
        (["--model", "gpt-4o-mini"], ["OPENAI_API_KEY"]),
        (["--budget", "-1"], ["budget"]),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_accepted(
    feed: Path, output: Path, capsys: pytest.CaptureFixture[str], options: list[object], names: list[str]
) -> None:
    assert command("run", feed, *options, output=output) == 2
    error = capsys.readouterr().err
    assert all(name in error for name in names) and "Traceback" not in error


@pytest.mark.parametrize("content", [None, b"", b"<html><body>404</body></html>", b"id\ttitle\n"])
def test_what_is_no_feed_is_one_clear_line(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "feed.xml"
    if content is not None:
        path.write_bytes(content)
    for name in ("run", "check"):
        assert command(name, path, output=output) == 2
        error = capsys.readouterr().err
        assert "error:" in error and "Traceback" not in error


def test_a_model_is_asked_with_the_key_of_the_environment(
    feed: Path, output: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert command("run", feed, output=output) == 0
        assert server.stats.accepted == 1 + len(ITEMS)
    shown = capsys.readouterr()
    assert "No language model" not in shown.out
    assert KEY not in shown.out + shown.err
    assert not any(KEY.encode() in path.read_bytes() for path in output.iterdir())


def test_some_failed_records_exit_with_1(
    feed: Path, output: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer(faults=[Fault(FaultKind.REJECTED, contains="Glass kettle 1.7 l", from_request=2)]) as server:
        assert command("run", feed, "--base-url", server.base_url, output=output) == 1
    assert "1 refused" in capsys.readouterr().out
    assert (load_session(output_dir=output).results["status"] == "failed").sum() == 1


def test_a_wrong_key_stops_with_3_and_resume_goes_on(
    feed: Path, output: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer(api_key=KEY) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
        assert command("run", feed, "--base-url", server.base_url, output=output) == 3
        shown = capsys.readouterr()
        sid = load_session(output_dir=output).id
        assert f"feedeval resume {sid}" in shown.err and "key" in shown.err
        assert load_session(output_dir=output).status in (Status.STOPPED, Status.PAUSED)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert command("resume", "--base-url", server.base_url, output=output) == 0
    assert (load_session(sid, output_dir=output).results["status"] == "done").all()


def test_resume_passes_by_what_is_finished(
    feed: Path, output: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("resume", output=output) == 2
    with ModelServer(api_key=KEY) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert command("run", feed, "--quiet", output=output) == 3
        unfinished = load_session(output_dir=output).id
        assert command("run", feed, "--model", "offline", "--quiet", output=output) == 0
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert command("resume", "--quiet", output=output) == 0
    assert load_session(unfinished, output_dir=output).status is Status.FINISHED
    capsys.readouterr()
    assert command("resume", output=output) == 0
    assert "nothing to go on with" in capsys.readouterr().out


def test_resume_takes_the_feed_from_elsewhere(
    feed: Path, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(api_key=KEY) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
        assert command("run", feed, "--base-url", server.base_url, "--quiet", output=output) == 3
        moved = feed.rename(tmp_path / "moved.tsv")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert command("resume", output=output) == 2
        assert "feed.tsv" in capsys.readouterr().err
        assert command("resume", "--feed", moved, "--base-url", server.base_url, output=output) == 0


def test_a_run_that_reached_its_budget_goes_on_with_a_higher_one_only(
    feed: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer() as server:
        asked = ["run", feed, "--base-url", server.base_url, "--quiet", "--budget"]
        assert command(*asked, "0.000001", output=output) == 3
        assert f"--base-url {server.base_url} --budget HIGHER" in capsys.readouterr().err
        assert command(*asked, "1", output=output) == 0


def test_a_key_goes_to_a_sessions_endpoint_only_where_a_person_named_it(
    feed: Path, output: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(api_key=KEY) as server:
        assert command("run", feed, "--base-url", server.base_url, "--quiet", output=output) == 3
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert command("resume", output=output) == 3
        assert f"--base-url {server.base_url}" in capsys.readouterr().err
        assert command("resume", "--base-url", "http://elsewhere.example/v1", output=output) == 2
        assert server.stats.accepted == 0
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert command("resume", output=output) == 0


def test_estimate_says_what_the_whole_would_take(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = write_feed(
        tmp_path / "many.tsv", [(f"P-{n}", f"Tent number {n}", f"A tent. {n} kg. " * 9) for n in range(30)]
    )
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer() as server:
        options = ["--base-url", server.base_url, "--pilot", 3]
        assert command("estimate", feed, *options, output=output) == 0
    assert re.search(r"calls\s+31", capsys.readouterr().out)


HOSTILE = "\x1b[2J\x1b]0;owned\x07=cmd|' /C calc'!A0 <script>alert(1)</script>\u202egpj"


def test_hostile_text_is_harmless_in_every_form(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [(f"=1+{n}", f"@SUM {HOSTILE} {n}", f"{HOSTILE} " + "A tent of 2.4 kg. " * 5) for n in range(3)]
    feed = write_feed(tmp_path / "bad.tsv", items, category=f"=x {HOSTILE}")
    assert command("run", feed, output=output) == 0
    assert command("info", output=output) == 0
    assert command("check", feed, "--csv", tmp_path / "findings.csv", output=output) == 0
    assert command("consolidate", "--to", tmp_path / "all.csv", output=output) == 0
    shown = capsys.readouterr()
    assert not {"\x1b", "\x07", "\u202e"} & set(shown.out + shown.err)
    for name in ("all.csv", "findings.csv"):
        table = pd.read_csv(tmp_path / name, dtype=str)
        for column in table:
            assert not table[column].dropna().str.match(r"\s*[=+@]").any(), (name, column)
    session = load_session(output_dir=output)
    page = session._repr_html_() + session.results._repr_html_()
    assert "<script" not in page


def test_check_prints_counts_examples_and_fixes(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = write_feed(tmp_path / "feed.tsv", [("A", "Tent", "short"), ("A", "TENT SALE NOW HERE", "short")])
    assert command("check", feed, output=output) == 0
    shown = capsys.readouterr().out
    assert "Error" in shown and "→" in shown and "2 products checked" in shown
    assert command("check", feed, "--strict", output=output) == 1
    assert not output.exists()


def test_check_writes_all_findings(tmp_path: Path, feed: Path, output: Path) -> None:
    assert command("check", feed, "--csv", tmp_path / "f.csv", "--target", "openai", output=output) == 0
    assert list(pd.read_csv(tmp_path / "f.csv").columns)[:3] == ["product_id", "product_url", "field"]


def test_check_takes_several_destinations_and_a_country(
    tmp_path: Path, feed: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ("--target", "google, openai", "--target", "meta", "--country", "DE")
    assert command("check", feed, "--csv", tmp_path / "f.csv", *named, output=output) == 0
    assert {"openai", "meta"} <= set(pd.read_csv(tmp_path / "f.csv")["target"].dropna())
    assert "openai" in capsys.readouterr().out
    for wrong in (("--target", "amazon"), ("--country", "Germany")):
        assert command("check", feed, *wrong, output=output) == 2
        assert wrong[1] in capsys.readouterr().err


def test_targets_lists_the_destinations(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("targets", output=output) == 0
    shown = capsys.readouterr().out
    assert "google" in shown and "openai_google_profile" in shown and "As of" in shown


def test_a_warning_of_the_reader_is_one_line_on_standard_error(
    tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "feed.xml"
    item = "<item><g:id>1</g:id><title>Salt & pepper mill</title><link>https://shop.example/1</link></item>"
    path.write_text(f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{item}{item}</channel>')
    assert command("check", path, output=output) == 0
    errors = capsys.readouterr().err
    assert "warning:" in errors and ".py" not in errors


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_resume_asks_nothing_twice(
    tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch, signal_: signal.Signals
) -> None:
    feed = write_feed(
        tmp_path / "many.tsv",
        [
            (f"P-{n}", f"Tent number {n}", f"A tent. {n} kg. " * 9) for n in range(400)
        ],  # work for half a minute, however late the signal comes
    )
    with ModelServer(latency_s=0.3) as server:
        environment = {**os.environ, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url}
        arguments = ["run", str(feed), "--output-dir", str(output), "--max-in-flight", "4", "--batch-size", "20"]
        process = subprocess.Popen(
            [sys.executable, "-m", "feedeval", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: server.stats.accepted >= 9, "some calls")
        process.send_signal(signal_)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 3, err
        assert "feedeval resume" in err and "Traceback" not in err and "400" in out
        asked = server.stats.accepted
        server.configure(latency_s=0.0)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert command("resume", "--quiet", output=output) == 0
        assert server.stats.accepted == 401 and server.stats.repeated == 0 and asked < 401
    assert (load_session(output_dir=output).results["status"] == "done").sum() == 400


def test_a_table_that_is_not_understood_is_read_with_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = tmp_path / "shop.csv"
    feed.write_text("Ding;Kosten;Langes\nZelt;3,50 EUR;Aus Baumwolle\nLampe;4,50 EUR;Mit Akku\n", encoding="utf-8")
    said = ("--map", "title=Ding", "--map", "price=Kosten", "--map", "description=Langes")
    where = ("--output-dir", str(tmp_path / "output"))

    assert main(["run", str(feed), *where, "--model", "offline"]) == 2
    assert "--map" in capsys.readouterr().err
    assert main(["run", str(feed), *where, "--model", "offline", *said]) == 0
    assert main(["check", str(feed), *said]) in (0, 1)
    assert main(["estimate", str(feed), *where, "--model", "offline", "--pilot", "2", *said]) == 0
    assert main(["check", str(feed), "--map", "Ding"]) == 2
    assert "--map Ding: give it as title='their name'" in capsys.readouterr().err
