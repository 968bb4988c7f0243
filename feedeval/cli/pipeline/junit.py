"""JUnit XML: a suite a destination, a test case a check.

Build servers list test cases and follow them from build to build: a check keeps its name whatever the feed holds, and a
case for each product would be thousands of lines that nobody reads. A check fails where it has findings of the severity
that counts (errors, unless `--fail-on` says otherwise); milder ones stand in the output of a case that passed.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from junitparser import Failure, JUnitXml, TestCase, TestSuite

from feedeval.cli.pipeline.report import Report, file_to_write
from feedeval.feed.checks.findings import Check, Severity
from feedeval.feed.rules import Target
from feedeval.formatting import plain
from feedeval.results.export import fit, write_whole

MOST_LINES = 20
"""Findings that a test case lists."""
_PRACTICE = "Good practice"


def write_junit(report: Report, name: str) -> Path:
    """Write a report as JUnit XML and return its path.

    Raises:
        InputError: The folder is not there.
        StorageError: The file cannot be written.
    """
    target = file_to_write(name)
    document = JUnitXml(f"feedeval {report.found_by}")
    for destination in report.targets:
        document.add_testsuite(_suite(report, destination))
    document.update_statistics()  # type: ignore[no-untyped-call]  # as the package has it
    write_whole(target, lambda unfinished: document.write(str(unfinished)))
    return target


def _suite(report: Report, destination: str) -> TestSuite:
    suite = TestSuite(Target(destination).display_name if destination else _PRACTICE)
    suite.add_property("feed", fit(plain(report.uri)))
    found = report.findings[report.findings["target"] == destination]
    groups = {str(check): group for check, group in found.groupby("check")}
    where = f"feedeval.{report.found_by}.{destination or 'practice'}"
    suite.add_testcases([_case(report, check, groups.get(check.name), where) for check in report.made_for(destination)])
    return suite


def _case(report: Report, check: Check, findings: pd.DataFrame | None, where: str) -> TestCase:
    case = TestCase(check.name, where, 0.0)
    if findings is None:
        return case
    severity = next(known.value for known in Severity if (findings["severity"] == known.value).any())
    text = _listed(findings, check)
    if not report.fails(severity):
        case.system_out = text
        return case
    products = findings.loc[findings["product_id"] != "", "product_id"].nunique()
    of_products = f" in {products:,} product{'s' * (products != 1)}" if products else ""
    failure = Failure(f"{len(findings):,} finding{'s' * (len(findings) != 1)}{of_products}. {check.fix}", severity)
    failure.text = text
    case.result = [failure]
    return case


def _listed(findings: pd.DataFrame, check: Check) -> str:
    names = ["severity", "product_id", "message", "consequence"]
    lines = [
        f"{severity}: {f'{product}: ' if product else ''}{message}{f' ({consequence})' if consequence else ''}"
        for severity, product, message, consequence in findings[names].head(MOST_LINES).itertuples(index=False)
    ]
    left = len(findings) - len(lines)
    more = [f"… and {left:,} more"] if left else []
    # XML has no place for control characters, and `plain` makes them visible.
    return fit("\n".join([*map(plain, lines), *more, f"→ {check.fix}"]))
