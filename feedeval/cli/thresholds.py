"""What a pipeline asks for: the options that set a threshold, and the sentences on those that are missed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from feedeval.cli.output import Exit, complain
from feedeval.errors import InputError
from feedeval.formatting import plain

if TYPE_CHECKING:
    import pandas as pd

    from feedeval.results.compare.comparison import Comparison
    from feedeval.results.session import Session

SEVERITIES = ("error", "warning", "info")
"""The gravest first."""


def findings_options(command: argparse.ArgumentParser) -> None:
    """Add what a command with findings may be held to, and the files that build servers read."""
    add = command.add_argument
    add("--fail-on", choices=SEVERITIES, help="exit with 4 where there are findings of this severity or a graver one")
    text = "let so many of them pass (default: 0); without --fail-on, findings of any severity count"
    add("--max-findings", type=int, metavar="N", help=text)
    add("--junit", metavar="FILE", help="write the findings as JUnit XML, a test case a check")
    add("--sarif", metavar="FILE", help="write the findings as SARIF 2.1.0, as GitHub's code scanning takes it")


def under_option(command: argparse.ArgumentParser) -> None:
    """Add what an audit may be held to."""
    text = "exit with 4 where the coverage of the feed is below so many per cent, or too little was judged for one"
    command.add_argument("--fail-under", type=float, metavar="PCT", help=text)


def look_at_options(arguments: argparse.Namespace) -> None:
    """Refuse a threshold that cannot be one, before anything is done for it.

    Raises:
        InputError: It is out of range.
    """
    allowed = getattr(arguments, "max_findings", None)
    if allowed is not None and allowed < 0:
        raise InputError(f"--max-findings {allowed}: give a whole number from 0")
    under = getattr(arguments, "fail_under", None)
    if under is not None and not 0 <= under <= 100:
        raise InputError(f"--fail-under {under:g}: give per cent, 0 to 100")


def too_many(findings: pd.DataFrame, arguments: argparse.Namespace) -> list[str]:
    """Return a sentence where there are more findings than were allowed."""
    if arguments.fail_on is None and arguments.max_findings is None:
        return []
    counted = SEVERITIES[: SEVERITIES.index(arguments.fail_on or SEVERITIES[-1]) + 1]
    count, allowed = int(findings["severity"].isin(counted).sum()), arguments.max_findings or 0
    if count <= allowed:
        return []
    which = "" if counted == SEVERITIES else f" of severity {' or '.join(counted)}"
    return [f"{count:,} finding{'s' * (count != 1)}{which}; {allowed:,} {'is' if allowed == 1 else 'are'} allowed"]


def too_low(session: Session, least_pct: float | None) -> list[str]:
    """Return a sentence where the coverage of an audit is below what was asked for, or there is none."""
    if least_pct is None:
        return []
    standing = session.standing
    if standing.coverage_pct is None:
        return [f"--fail-under {least_pct:g} needs a coverage. {standing.basis.no_figure}"]
    # What is shown is what counts: nobody should read “60.0 %, which is below 60”.
    if round(standing.coverage_pct, 1) >= least_pct:
        return []
    return [f"coverage {standing.short} is below the {least_pct:g} % that were asked for"]


def worse(comparison: Comparison) -> list[str]:
    """Return a sentence where the later audit is worse beyond chance, or nobody can tell."""
    from feedeval.results.compare.comparison import headline, points

    change = comparison.change
    if change.estimate != change.estimate:
        return [f"whether it is worse cannot be said. {headline(comparison)}"]
    if change.high < 0:
        return [f"the feed answers less than before: {points(change)}"]
    if change.estimate < 0 and change.high != change.high:
        return [f"coverage fell by {-change.estimate:.1f} points, of too few products to say that it is chance"]
    return []


def ended(code: Exit, missed: Sequence[str]) -> Exit:
    """Say which thresholds were missed, and return the exit code: such a one counts for more than failed records."""
    for sentence in missed:
        complain(f"threshold missed: {plain(sentence)}")
    return Exit.MISSED if missed and code in (Exit.DONE, Exit.SOME_FAILED) else code


def write_reports(findings: pd.DataFrame, arguments: argparse.Namespace, *, found_by: str) -> dict[str, Any]:
    """Write the files that build servers read, where they are named, and return where they are.

    Args:
        findings: Of `check_feed` or `check_pages`.
        arguments: What was typed.
        found_by: The command.
    """
    if not arguments.junit and not arguments.sarif:
        return {}
    from feedeval.cli.pipeline.junit import write_junit
    from feedeval.cli.pipeline.report import Report
    from feedeval.cli.pipeline.sarif import MOST_RESULTS, write_sarif

    report = Report(findings, feed=arguments.feed, found_by=found_by, fails_from=arguments.fail_on or SEVERITIES[0])
    written: dict[str, Any] = {}
    if arguments.junit:
        written["junit"] = write_junit(report, arguments.junit)
    if arguments.sarif:
        written["sarif"] = write_sarif(report, arguments.sarif)
        if (left := len(findings) - MOST_RESULTS) > 0:
            complain(f"note: {plain(arguments.sarif)} has the {MOST_RESULTS:,} gravest findings; {left:,} are left out")
    return written
