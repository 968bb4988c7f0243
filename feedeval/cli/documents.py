"""What commands found as plain JSON: frames as rows, what is not known as null, times in ISO 8601."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Set
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from feedeval.results.session import Session

_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal could obey or an encoding cannot hold; JSON has a spelling for it that means the same."""


def encoded(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Return a document as one line of JSON.

    Args:
        document: Frames, records, dates and numbers of numpy may stand in it.
        ascii_only: Spell all that is not ASCII as JSON's escapes do.
    """
    text = json.dumps(as_plain(document), ensure_ascii=ascii_only, allow_nan=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def as_plain(value: Any) -> Any:
    """Return a value as JSON knows it: objects, arrays, text, numbers, true, false and null."""
    if isinstance(value, Enum):
        return as_plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "itertuples"):
        return rows_of(value)
    if isinstance(value, Mapping):
        return {str(name): as_plain(inner) for name, inner in value.items()}
    if hasattr(value, "_asdict"):
        return as_plain(value._asdict())
    if isinstance(value, list | tuple | Set):
        return [as_plain(inner) for inner in value]
    return _of_object(value)


def _of_object(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "model_dump"):
        return as_plain(value.model_dump())
    if dataclasses.is_dataclass(value):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "item"):
        return as_plain(value.item())
    return str(value)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as an object a row, keyed by its columns."""
    from feedeval.results.export import plain_columns

    names = [str(name) for name in frame.columns]
    rows = zip(*plain_columns(frame), strict=True)
    return [{name: as_plain(cell) for name, cell in zip(names, row, strict=True)} for row in rows]


def session_document(session: Session) -> dict[str, Any]:
    """Return where a session stands: its state as `list` has it, counts, cost, coverage and what to type next.

    Of an audit that takes long to read, coverage is left out.
    """
    from feedeval.results.library import session_info
    from feedeval.results.summary import next_steps

    known = session_info(session)
    document = {name: iso_time(value) for name, value in known["state"].items()}
    document |= {name: known[name] for name in ("usage", "errors_by_type", "health", "note")}
    if session.is_audit and session.is_small and session.progress.counts.done:
        document["coverage"] = coverage_document(session)
    return {**document, "next_steps": next_steps(session), "output_dir": session.output_dir}


def coverage_document(session: Session) -> dict[str, Any]:
    """Return the coverage of an audit with what it stands on."""
    standing = session.standing
    counts = dataclasses.asdict(standing.basis)
    return {
        "coverage_pct": standing.coverage_pct,
        "judged_share": standing.basis.share,
        "sentence": standing.sentence,
        **counts,
    }


def iso_time(value: Any) -> Any:
    """Return a time of this machine, as tables show it, in the form that ISO 8601 asks for; all else as it is."""
    is_time = isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value)
    return value.replace(" ", "T", 1) if is_time else value
