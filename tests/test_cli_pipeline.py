"""Thresholds with a code of their own, and the files that build servers read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from feedeval.cli import main
from feedeval.cli.main import parser
from feedeval.cli.output import Exit
from feedeval.cli.pipeline import sarif
from feedeval.cli.pipeline.lines import lines_of
from feedeval.cli.pipeline.report import Report
from feedeval.cli.thresholds import SEVERITIES, too_low, worse
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.checks.findings import Severity, catalogue
from feedeval.results.compare.compare import compare
from tests.results.audits import Planted, write

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "notebooks" / "data"
FEED = """id,title,description,link,image_link,availability,price
A-1,Kettle,"A kettle of 1.7 litres, which boils with 2200 W.
It is made of glass.",https://shop.example/a,https://shop.example/a.jpg,in_stock,free
A-2,[click](https://evil.example) {0}\x1b[31m,x,https://shop.example/b,https://shop.example/b.jpg,in_stock,9.90 GBP
"""


@pytest.fixture(autouse=True)
def no_engine_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A pipeline stands in the root of a repository.
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "feeds" / "shop.csv"
    path.parent.mkdir()
    path.write_text(FEED, encoding="utf-8")
    return path.relative_to(tmp_path)


def check(feed: Path, *options: str) -> int:
    return main(["check", str(feed), *options])


def test_severities_are_those_of_the_checks() -> None:
    assert list(SEVERITIES) == [severity.value for severity in Severity]


def test_a_threshold_has_a_code_of_its_own(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(feed) == 0
    assert check(feed, "--strict") == 1
    assert check(feed, "--fail-on", "error") == check(feed, "--fail-on", "error", "--strict") == 4
    assert "threshold missed" in capsys.readouterr().err
    assert check(feed, "--fail-on", "error", "--max-findings", "1") == 0
    assert check(feed, "--fail-on", "warning", "--max-findings", "1") == 4
    assert "findings of severity error or warning; 1 is allowed" in capsys.readouterr().err
    assert check(feed, "--max-findings", "1000") == 0 and check(feed, "--max-findings", "0") == 4
    assert check(feed, "--max-findings", "-1") == 2


def _read(feed: Path) -> Any:
    from feedeval.feed.reader import read_feed

    return read_feed(feed)


def test_an_audit_below_the_threshold_says_so(feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit = ["run", str(SAMPLE / "sample_feed.xml"), "--quiet", "--output-dir", str(tmp_path / "out")]
    assert main([*audit, "--fail-under", "20"]) == 0
    assert main([*audit, "--fail-under", "60"]) == 4
    assert "is below the 60 % that were asked for" in capsys.readouterr().err
    assert main([*audit, "--fail-under", "600"]) == 2


def test_without_a_figure_the_threshold_is_missed_with_the_way_to_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "feed.csv"
    title = "กาต้มน้ำแก้วใสสำหรับชงชาและกาแฟในบ้าน"
    text = "กาต้มน้ำไฟฟ้าทำจากแก้วใสคุณภาพดี ใช้งานง่าย ทำความสะอาดสะดวก เหมาะสำหรับทุกครอบครัว"
    path.write_text(f"id,title,description,link\n1,{title},{text},https://shop.example/1\n", encoding="utf-8")
    assert main(["run", str(path), "--fail-under", "5", "--output-dir", str(tmp_path / "out"), "--quiet"]) == 4
    assert "--fail-under 5 needs a coverage. No coverage:" in capsys.readouterr().err


def test_coverage_counts_as_it_is_shown(tmp_path: Path) -> None:
    session = write(tmp_path, Planted({f"P{n}": "ynn" for n in range(3)}))
    shown = round(float(session.standing.coverage_pct or 0), 1)
    assert too_low(session, shown) == [] and too_low(session, None) == []
    assert too_low(session, shown + 0.1)


def test_worse_beyond_chance_fails_and_within_it_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = {f"P{n}": "yyy" for n in range(30)}
    before = write(tmp_path, Planted(many))
    fallen = write(tmp_path, Planted({key: "ynn" for key in many}, sid="20261102_090000"))
    one = write(tmp_path, Planted({**many, "P3": "yyn"}, sid="20261103_090000"))
    where = ["--output-dir", str(tmp_path), "--fail-if-worse"]
    assert main(["compare", before.id, fallen.id, *where]) == 4
    assert "the feed answers less than before: -" in capsys.readouterr().err
    assert main(["compare", fallen.id, before.id, *where]) == main(["compare", before.id, one.id, *where]) == 0
    assert main(["compare", before.id, fallen.id, *where[:2]]) == 0


def test_a_fall_that_cannot_be_told_from_chance_for_want_of_products_fails(tmp_path: Path) -> None:
    before = write(tmp_path, Planted({"A": "yyy"}))
    after = write(tmp_path, Planted({"A": "ynn"}, sid="20261102_090000"))
    assert "too few products" in worse(compare(before, after))[0]
    assert worse(compare(after, before)) == []


def test_pages_that_nobody_could_read_prove_nothing(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("none").mkdir()
    Path("none/other.html").write_text('<link rel="canonical" href="https://shop.example/other"><h1>Other</h1>')
    assert main(["pages", str(feed), "--folder", "none"]) == 0
    assert main(["pages", str(feed), "--folder", "none", "--fail-on", "error"]) == 4
    assert "no page was read" in capsys.readouterr().err
    sample = ["pages", str(SAMPLE / "sample_feed.xml"), "--folder", str(SAMPLE / "pages")]
    assert main([*sample, "--fail-on", "warning", "--junit", "pages.xml", "--sarif", "pages.sarif"]) == 4
    assert {case.name for suite in JUnitXml.fromfile("pages.xml") for case in suite} == {
        name for name in catalogue()["check"] if name.startswith("page_")
    }
    assert all(rule["id"].startswith("page_") for rule in _run("pages.sarif")["tool"]["driver"]["rules"])


def test_junit_has_a_suite_a_destination_and_a_case_a_check(feed: Path) -> None:
    assert check(feed, "--target", "google,openai", "--junit", "out.xml") == 0
    document = JUnitXml.fromfile("out.xml")
    suites = {suite.name: suite for suite in document}
    assert list(suites) == ["Google", "OpenAI", "Good practice"]
    cases = {case.name: case for case in suites["Google"]}
    assert cases["price_invalid"].is_failure and "A-1: " in cases["price_invalid"].result[0].text
    assert cases["gtin_check_digit"].is_passed and "image_unreachable" not in cases
    assert cases["price_invalid"].classname == "feedeval.check.google"
    mild = [case for suite in document for case in suite if case.system_out]
    assert mild and all(case.is_passed for case in mild)
    assert suites["Google"].failures == sum(case.is_failure for case in cases.values()) > 0
    assert check(feed, "--junit", "strict.xml", "--fail-on", "info") == 4
    assert not [case for suite in JUnitXml.fromfile("strict.xml") for case in suite if case.system_out]
    assert check(feed, "--junit", "there/is/none.xml") == 2


TEXT = {"type": "string", "minLength": 1}
SHORT = {"type": "string", "minLength": 1, "maxLength": 1024}
NUMBER = {"type": "integer", "minimum": 1}


def shape(needed: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(needed),
        "properties": {**needed, **(more or {})},
        "additionalProperties": False,
    }


LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = shape({"text": TEXT}, {"markdown": TEXT})
RULE = shape(
    {
        "id": TEXT,
        "shortDescription": shape({"text": SHORT}),
        "fullDescription": shape({"text": SHORT}),
        "help": MESSAGE,
    },
    {
        "name": {"type": "string", "maxLength": 255},
        "defaultConfiguration": shape({"level": LEVEL}),
        "properties": shape(
            {"tags": {"type": "array", "maxItems": 10, "uniqueItems": True, "items": TEXT}},
            {
                "precision": {"enum": ["very-high", "high", "medium", "low"]},
                "problem.severity": {"enum": ["error", "warning", "recommendation"]},
            },
        ),
    },
)
REGION = shape({name: NUMBER for name in ("startLine", "startColumn", "endLine", "endColumn")})
PLACE = shape({"artifactLocation": shape({"uri": {**TEXT, "format": "uri-reference"}}), "region": REGION})
RESULT = shape(
    {
        "message": MESSAGE,
        "locations": {"type": "array", "minItems": 1, "maxItems": 1, "items": shape({"physicalLocation": PLACE})},
        "partialFingerprints": shape({"primaryLocationLineHash": TEXT}),
    },
    {"ruleId": TEXT, "ruleIndex": {"type": "integer", "minimum": 0}, "level": LEVEL, "properties": {"type": "object"}},
)
INVOCATION = shape(
    {"executionSuccessful": {"type": "boolean"}},
    {"toolExecutionNotifications": {"type": "array", "items": shape({"message": MESSAGE}, {"level": LEVEL})}},
)
DRIVER = shape(
    {"name": TEXT, "rules": {"type": "array", "maxItems": 25_000, "uniqueItems": True, "items": RULE}},
    {"version": TEXT, "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"}},
)
RUN = shape(
    {
        "tool": shape({"driver": DRIVER}),
        "results": {"type": "array", "maxItems": 5_000, "items": RESULT},
    },
    {
        "automationDetails": shape({"id": TEXT}),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "invocations": {"type": "array", "items": INVOCATION},
    },
)
SARIF = shape(
    {
        "$schema": {**TEXT, "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "maxItems": 20, "items": RUN},
    }
)
"""What of SARIF 2.1.0 is written: the properties that the standard knows, and those that code scanning requires."""


def _run(path: str) -> Any:
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(document)
    [run] = document["runs"]
    return run


def test_sarif_is_what_the_standard_and_code_scanning_ask_for(feed: Path) -> None:
    assert check(feed, "--target", "google,meta", "--sarif", "out.sarif") == 0
    run = _run("out.sarif")
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    levels = [result["level"] for result in run["results"]]
    assert levels == sorted(levels, key=["error", "warning", "note"].index) and "error" in levels
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "feeds/shop.csv"
        product = result["properties"].get("product_id", "")
        assert place["region"]["startLine"] == {"": 1, "A-1": 2, "A-2": 4}[product]
    marks = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(marks)) == len(marks)
    text = Path("out.sarif").read_text(encoding="utf-8")
    assert "](https://evil" not in text and "\x1b" not in text and "{0}" not in text.replace("{{0}}", "")


def test_an_alert_is_the_same_one_after_its_product_has_moved(feed: Path) -> None:
    def marks(name: str) -> dict[str, int]:
        assert check(feed, "--sarif", name) == 0
        return {
            result["partialFingerprints"]["primaryLocationLineHash"]: result["locations"][0]["physicalLocation"][
                "region"
            ]["startLine"]
            for result in _run(name)["results"]
        }

    before = marks("before.sarif")
    lines = FEED.splitlines()
    feed.write_text("\n".join([lines[0], lines[3], *lines[1:3]]) + "\n", encoding="utf-8")
    after = marks("after.sarif")
    assert set(before) == set(after) and before != after


def test_what_is_beyond_the_limit_is_counted_and_the_gravest_stay(feed: Path) -> None:
    products = [{"id": f"P{n}", "title": "Kettle", "price": "free" if n == 5_999 else "9.90 GBP"} for n in range(6_000)]
    findings = check_feed(products)
    assert len(findings) > sarif.MOST_RESULTS
    report = Report(findings, feed=str(feed), found_by="check", fails_from="error")
    Path("large.sarif").write_text(json.dumps(sarif.sarif_document(report)), encoding="utf-8")
    run = _run("large.sarif")
    assert len(run["results"]) == sarif.MOST_RESULTS
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert f"{len(findings) - sarif.MOST_RESULTS:,} further findings" in note["message"]["text"]


def test_a_feed_elsewhere_and_one_at_an_address_have_a_place_too(feed: Path) -> None:
    findings = check_feed(_read(feed))
    uris = {
        name: Report(findings, feed=name, found_by="check", fails_from="error").uri
        for name in ("feeds/my shop.csv", "/elsewhere/feed.xml", "https://user:pass@shop.example/feed?token=secret")
    }
    assert uris["feeds/my shop.csv"] == "feeds/my%20shop.csv"
    assert uris["/elsewhere/feed.xml"] == "file:///elsewhere/feed.xml"
    address = uris["https://user:pass@shop.example/feed?token=secret"]
    assert address.startswith("https://shop.example/feed") and "secret" not in address and "pass" not in address


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("rss.xml", "<rss>\n<item>\n<g:id>A &amp; 1</g:id>\n<g:gtin>2</g:gtin>\n<g:id><![CDATA[2]]></g:id>", (3, 5)),
        ("yml.xml", '<?xml version="1.0"?>\n<offer id="A &amp; 1" available="true">\n<offer id=\'2\'>', (2, 3)),
        ("feed.json", '[\n{"price": 2, "id": "A \\u0026 1"},\n{"id": 2}\n]', (2, 3)),
        ("feed.tsv", 'title\tid\n"two\nlines"\tA & 1\nx\t2\n', (2, 4)),
        ("wide.csv", "\ufeffid;title\r\nA & 1;x\r\n2;y\r\n", (2, 3)),
    ],
)
def test_lines_of_products_are_found_in_what_people_commit(
    tmp_path: Path, name: str, text: str, lines: tuple[int, int]
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    found = lines_of(path, {"A & 1", "2", "never"})
    assert {key: line.number for key, line in found.items()} == {"A & 1": lines[0], "2": lines[1]}


def test_what_is_no_text_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "feed.gz").write_bytes(b"\x1f\x8b\x08\x00id")
    assert lines_of(tmp_path / "feed.gz", {"id"}) == lines_of(tmp_path / "none.xml", {"id"}) == {}


def test_the_help_and_the_readme_hold_the_one_table_of_exit_codes() -> None:
    shown = parser().format_help()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| exit code | means |")[2].partition("\n\n")[0].splitlines()[2:]
    assert [row.split("|")[1].strip() for row in table] == [str(code.value) for code in Exit]
    for code, row in zip(Exit, table, strict=True):
        assert f"  {code.value}  {code.words}" in shown
        assert row.split("|")[2].strip().replace("`", "") == code.words


def test_the_program_ends_with_the_code(feed: Path) -> None:
    command = [sys.executable, "-m", "feedeval", "check", str(feed), "--fail-on", "error"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 4 and "threshold missed" in done.stderr
