"""SARIF 2.1.0 (OASIS), with what GitHub's code scanning asks for beyond the standard, and within its limits.

GitHub shows the 5,000 gravest results of a run; more are not written, and a notification says how many. The place of a
finding is the line that names its product, or the first line where that is not known: GitHub shows none without one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from feedeval.cli.documents import encoded
from feedeval.cli.pipeline.lines import Line, lines_of
from feedeval.cli.pipeline.report import Report, file_to_write
from feedeval.feed.checks.findings import PRACTICE, Check, Severity
from feedeval.feed.consequences import consequences_by_check
from feedeval.feed.rules import Target
from feedeval.feed.tables import table
from feedeval.formatting import clip, plain
from feedeval.results.export import write_whole
from feedeval.version import __version__

MOST_RESULTS = 5_000
"""That GitHub shows of a run."""
MOST_CHARS = 1_000
"""Of a description; GitHub cuts those of rules at 1,024."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_FIRST = Line(1, 1)


def write_sarif(report: Report, name: str) -> Path:
    """Write a report as SARIF and return its path.

    Raises:
        InputError: The folder is not there.
        StorageError: The file cannot be written.
    """
    target = file_to_write(name)
    text = encoded(sarif_document(report))

    def write(unfinished: Path) -> None:
        unfinished.write_text(text + "\n", encoding="utf-8")

    write_whole(target, write)
    return target


def sarif_document(report: Report) -> dict[str, Any]:
    """Return a report as a SARIF log with one run."""
    ranks = {severity.value: place for place, severity in enumerate(Severity)}
    order = report.findings["severity"].map(ranks).sort_values(kind="stable").index
    shown = report.findings.loc[order[:MOST_RESULTS]]
    rules = report.rules
    numbers = {rule.name: number for number, rule in enumerate(rules)}
    driver = {
        "name": "feedeval",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": _rules(rules),
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"feedeval/{report.found_by}/{report.uri}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, **_notes(len(report.findings) - len(shown))}],
        "results": list(_results(report, shown, numbers)),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _notes(left: int) -> dict[str, Any]:
    if not left:
        return {}
    said = f"{left:,} further findings, the mildest, are left out: a run has {MOST_RESULTS:,} results at most."
    return {"toolExecutionNotifications": [{"level": "note", "message": {"text": said}}]}


def _rules(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Return the rules, all of them each time: code scanning takes one that is gone for one that was mended."""
    titles = {row["code"]: f"{row['title']} ({row['address']})" for row in table("spec/sources") if row["address"]}
    said = consequences_by_check()
    return [_rule(check, said.get(check.name, ""), titles) for check in checks]


def _rule(check: Check, said: str, titles: Mapping[str, str]) -> dict[str, Any]:
    short = check.name.replace("_", " ").capitalize()
    does = f"What destinations do: {said}." if said else ""
    text = " ".join(filter(None, (check.fix, does, _source(check, titles))))
    return {
        "id": check.name,
        "name": check.name,
        "shortDescription": {"text": _message(short)},
        "fullDescription": {"text": _message(f"{short}. {check.fix}")},
        "help": {"text": _message(text), "markdown": f"**{short}**\n\n{_message(text)}"},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": ["product-feed"],
            "precision": "high",
            "problem.severity": _PROBLEMS[check.severity],
        },
    }


def _source(check: Check, titles: Mapping[str, str]) -> str:
    if check.source == PRACTICE:
        return "No destination's rule, but what merchandisers agree on."
    named = [titles[code.strip()] for code in check.source.split(",") if code.strip() in titles]
    return f"Source: {'; '.join(named)}." if named else ""


def _results(report: Report, findings: pd.DataFrame, numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    uri = report.uri
    places = lines_of(Path(report.feed).expanduser(), set(findings["product_id"]))
    seen: Counter[str] = Counter()
    for row in findings.to_dict("records"):
        product, target = row["product_id"], row["target"]
        said = f"{product}: {row['message']}" if product else row["message"]
        whose = f" ({Target(target).display_name})" if target else ""
        key = "\0".join((product, row["field"], row["check"], target)).encode("utf-8", "replace")
        fingerprint = hashlib.sha256(key).hexdigest()[:32]
        seen[fingerprint] += 1
        names = ("product_id", "field", "target", "consequence", "since")
        yield {
            "ruleId": row["check"],
            "ruleIndex": numbers[row["check"]],
            "level": _LEVELS[Severity(row["severity"])],
            "message": {"text": _message(f"{said}{whose}")},
            "locations": [_location(uri, places.get(product, _FIRST))],
            "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}"},
            "properties": {name: row[name] for name in names if row[name]},
        }


def _location(uri: str, line: Line) -> dict[str, Any]:
    region = {"startLine": line.number, "startColumn": 1, "endLine": line.number, "endColumn": max(line.chars, 1) + 1}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _message(text: str) -> str:
    """Return a text as a message of SARIF: no placeholder, and no link that a stranger's words could make."""
    return clip(plain(text), MOST_CHARS).replace("{", "{{").replace("}", "}}").replace("](", "] (")
