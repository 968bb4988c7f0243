"""What the summary of a shadow run says beyond that of any session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from feedeval.formatting import clip, duration, plain
from feedeval.results.agreement.agreement import percent
from feedeval.results.blocks import Block
from feedeval.results.frames.results import RowStatus

if TYPE_CHECKING:
    from feedeval.results.stored import StoredSession

SHOWN = 10
"""Errors and batches that are shown; all of them stand in the summary file."""
_CHARS = 200


def shadow_facts(session: StoredSession) -> dict[str, str]:
    """Return how far predictions agree with people, and what became of the rows."""
    results = session.results
    facts: dict[str, str] = {}
    if ((results["status"] == RowStatus.DONE.value) & results["true_class"].notna()).any():
        # Imported here: the statistics take longer to import than most sessions to be read.
        from feedeval.results.agreement.measure import agreement

        found = agreement(results)
        unsure = f"; {found.abstained:,} unsure, counted as not right" if found.abstained else ""
        label, share = found.majority
        facts["Agreement"] = f"{percent(found.accuracy)} of {found.n:,} predictions are what people said{unsure}"
        facts["Always the same"] = f"{100 * share:.1f} % right by always saying {label!r}"
        if found.kappa.estimate == found.kappa.estimate:
            facts["Cohen's kappa"] = format(found.kappa, ".2f")
        if (critical := found.criticals) is not None and critical.n:
            facts["Critical"] = (
                f"{critical.found:,} of {critical.labelled:,} found, {len(critical.missed):,} missed, "
                f"{len(critical.false):,} false"
            )
    unreadable = session.progress.unreadable
    if unreadable:
        failed = session.progress.counts.failed - unreadable
        calls = "1 call" if failed == 1 else f"{failed:,} calls"
        facts["Unreadable rows"] = f"{unreadable:,}, which nobody was asked about; {calls} failed beside them"
    return facts


def shadow_blocks(session: StoredSession) -> list[Block]:
    """Return the lists: batches, rows that could not be read, calls that failed."""
    failures = session.failures
    unreadable, failed = failures[failures["unreadable"]], failures[~failures["unreadable"]]
    return [
        _batches(session),
        _errors("Rows that could not be read", unreadable, session),
        _errors("Calls that failed", failed, session),
    ]


def _batches(session: StoredSession) -> Block:
    reports = session.reports
    rows = tuple(
        (
            f"{row['batch_number']} of {row['total_batches']}",
            f"{row['batch_start_index'] + 1:,} to {row['batch_end_index'] + 1:,}",
            f"{row['successful']:,}",
            f"{row['failed']:,}",
            f"{100 * row['success_rate']:.1f} %",
            duration(row["elapsed_ms"] / 1000),
            f"{row['average_time_ms']:,.0f} ms",
        )
        for row in reports.tail(SHOWN).to_dict("records")
    )
    header = ("Batch", "Images", "Successful", "Failed", "Success rate", "Elapsed", "An image")
    return Block("Batches", header, rows, _more(len(reports), "batches", session))


def _errors(title: str, failures: pd.DataFrame, session: StoredSession) -> Block:
    rows = tuple(
        (
            _line(line),
            plain(name) if isinstance(name, str) else "",
            kind,
            clip(plain(_without_line(message, line)), _CHARS),
        )
        for line, name, kind, message in zip(
            *(failures.head(SHOWN)[name] for name in ("line", "filename", "error_type", "message")), strict=True
        )
    )
    return Block(title, ("Line", "File", "Type", "What is wrong"), rows, _more(len(failures), "errors", session))


def _without_line(message: str, line: object) -> str:
    """Return what a message says beyond the line, which stands beside it."""
    return message.partition(": ")[2] if message.startswith(("line ", "row ")) else message


def _line(line: object) -> str:
    return "" if pd.isna(line) else str(line)  # type: ignore[call-overload]


def _more(count: int, what: str, session: StoredSession) -> str:
    return f"{SHOWN} of {count:,}; all {what} stand in summary_{session.id}.json" if count > SHOWN else ""
