"""What the batch files of a session tell for its summary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import orjson

from feedeval.run.scan import iter_batches


class _Failed(msgspec.Struct):
    key: str
    index: int
    error_type: str
    message: str
    context: dict[str, Any] = {}


class _Told(msgspec.Struct):
    report: msgspec.Raw
    failures: list[_Failed] = []


_TOLD = msgspec.json.Decoder(_Told)


def told_by_batches(
    output_dir: Path, sid: str, *, on_damaged: Callable[[Path, str], None] | None = None
) -> dict[str, Any]:
    """Return the reports of all batches, and all errors without their tracebacks; read file by file.

    Args:
        output_dir: Folder of the session.
        sid: The session.
        on_damaged: As `iter_batches` takes it.
    """
    reports: list[Any] = []
    errors: list[dict[str, Any]] = []
    for _, batch in iter_batches(output_dir, sid, _TOLD.decode, on_damaged=on_damaged):
        reports.append(orjson.loads(bytes(batch.report)))
        errors += [msgspec.to_builtins(failure) for failure in batch.failures]
    return {"batches": reports, "errors": errors}
