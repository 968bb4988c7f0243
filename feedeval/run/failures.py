"""What became of a record, as rows."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from typing import Any

from feedeval.errors import Unreadable
from feedeval.records import Failure, Record, Result
from feedeval.run.ledger import CallTotals

_KEYS = re.compile(r"(?i:bearer)\s+[^\s\"',;]+|\bsk-[A-Za-z0-9_*.\-]{6,}")
_FRAMES = 4
_MESSAGE_CHARS = 2000
_TRACEBACK_CHARS = 4000


def without_keys(text: str) -> str:
    """Return the text with everything replaced that has the form of an API key.

    The model client takes its own key out of what a server says; this is for whatever else a job may raise.
    """
    return _KEYS.sub("[key]", text)


def sentence(exc: BaseException) -> str:
    """Return what an exception says, for a person."""
    return without_keys(str(exc))[:_MESSAGE_CHARS] or type(exc).__name__


def make_result(record: Record, value: dict[str, Any], tally: CallTotals, elapsed_ms: float) -> Result:
    """Return the row of a record that was done."""
    return Result(
        key=record.key,
        index=record.index,
        content_hash=record.content_hash,
        meta=dict(record.meta),
        value=value,
        calls=tally.calls,
        retries=tally.retries,
        tokens=tally.tokens,
        cost_usd=tally.cost_usd,
        elapsed_ms=elapsed_ms,
    )


def make_failure(
    record: Record, exc: BaseException, tally: CallTotals, *, elapsed_ms: float, context: Mapping[str, Any]
) -> Failure:
    """Return the row of a record that could not be done; `context` holds `timestamp` beside what is kept as it is."""
    kept = dict(context)
    timestamp = str(kept.pop("timestamp", ""))
    frames = "".join(traceback.format_exception(exc, limit=-_FRAMES, chain=False))
    if isinstance(exc, Unreadable):
        # A line of somebody's table is at fault: which one says more than where it was found.
        kept["line"], frames = exc.line, ""
    if exc.__cause__ is not None:
        kept["cause"] = f"{type(exc.__cause__).__name__}: {sentence(exc.__cause__)[:300]}"
    return Failure(
        key=record.key,
        index=record.index,
        content_hash=record.content_hash,
        meta=dict(record.meta),
        error_type=type(exc).__name__,
        message=sentence(exc),
        context=kept,
        traceback=without_keys(frames)[-_TRACEBACK_CHARS:],
        calls=tally.calls,
        retries=tally.retries,
        tokens=tally.tokens,
        cost_usd=tally.cost_usd,
        elapsed_ms=elapsed_ms,
        timestamp=timestamp,
    )
