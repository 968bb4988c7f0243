"""The call log: every reply that was paid for, on disk before its batch is complete.

One line a reply, written by one `os.write` to a file opened for appending: what the system has taken survives the
death of the process, and `fsync` (grouped, off the event loop) makes it survive a power cut. Each line carries a
CRC-32 of its content, so that a line cut short, glued to another or full of zeros after a power cut is known for what
it is and never taken for a reply.

    {"schema_version":1,"crc32":"5d70f6a5","call":{"request_hash":"...","text":"...", ...}}
    {"schema_version":1,"crc32":"0f7e2b11","batch_complete":true}

The second kind ends what belongs to a complete batch, where logs are kept (`keep_calls=True`): a record of it that
failed is asked anew later on, as it would be without the log.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from pydantic import ValidationError

from feedeval.errors import SessionDamaged, StorageError
from feedeval.records import SCHEMA_VERSION, Call
from feedeval.storage.atomic import free_aside
from feedeval.storage.encoding import check_version, encode
from feedeval.storage.paths import FileKind, FileState, SessionPaths, StoredFile

_HEAD = b'{"schema_version":%d,"crc32":"' % SCHEMA_VERSION
_BODY_AT = len(_HEAD) + 8 + len(b'",')
_CALL = b'"call":'
_COMPLETE = b'"batch_complete":true'


def _line(body: bytes) -> bytes:
    return b'%b%08x",%b}\n' % (_HEAD, crc32(body), body)


COMPLETE_LINE = _line(_COMPLETE)


def call_line(call: Call) -> bytes:
    """Return the line that stands for a call."""
    return _line(_CALL + encode(call))


@dataclass(slots=True)
class LogContent:
    """What a call log holds."""

    calls: dict[str, Call] = field(default_factory=dict)
    """By request hash; those of a complete batch left out."""
    good_lines: list[bytes] = field(default_factory=list)
    bad_lines: list[int] = field(default_factory=list)
    """Numbers, from 1, of lines that are not whole, the last one left out."""
    torn_bytes: int = 0
    """Length of a last line that was cut short; 0 where none was."""
    ends_with_newline: bool = True


def parse_log(data: bytes, path: Path, *, all_calls: bool = False) -> LogContent:
    """Read a call log as far as its lines are whole.

    Args:
        data: Content of the file.
        path: Its path, for messages.
        all_calls: Whether calls of a complete batch count as well (its batch file being lost).

    Raises:
        SchemaTooNew: A later version of feedeval wrote a line.
    """
    content = LogContent(ends_with_newline=data.endswith(b"\n") or not data)
    lines = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        body = _body_of(line)
        call = None if body is None or body == _COMPLETE else _call_of(body)
        if body == _COMPLETE:
            if not all_calls:
                content.calls.clear()
        elif call is not None:
            content.calls[call.request_hash] = call
        else:
            _refuse_newer(line, path)
            if number == len(lines):
                content.torn_bytes = len(line)
            else:
                content.bad_lines.append(number)
            continue
        content.good_lines.append(line)
    return content


def _body_of(line: bytes) -> bytes | None:
    """Return what a whole line says, None for any other."""
    if not line.startswith(_HEAD) or not line.endswith(b"}"):
        return None
    body = line[_BODY_AT:-1]
    return body if line == _line(body)[:-1] else None


def _call_of(body: bytes) -> Call | None:
    try:
        return Call.model_validate_json(body[len(_CALL) :]) if body.startswith(_CALL) else None
    except ValidationError:
        return None


def _refuse_newer(line: bytes, path: Path) -> None:
    with contextlib.suppress(SessionDamaged):
        check_version(line, path)


def open_logs(paths: SessionPaths) -> list[int]:
    """Return the numbers of the batches that have a call log, in order."""
    return [f.number for f in paths.files() if _is_log(f.kind, f.state) and f.number is not None]


def _is_log(kind: FileKind, state: FileState) -> bool:
    return kind is FileKind.CALLS and state is FileState.IN_USE


def read_calls(paths: SessionPaths) -> dict[str, Call]:
    """Return the replies in a session's call logs that no complete batch has used up, by request hash.

    Reads only, so it may be used on a session that somebody else writes.
    """
    calls: dict[str, Call] = {}
    for number in open_logs(paths):
        log = paths.stored(paths.calls(number))
        complete = paths.file_system.exists(paths.batch(number))
        if complete and is_used_up(log):
            continue
        data = log.read()
        if data is not None:
            calls |= parse_log(data, log.path, all_calls=not complete).calls
    return calls


def is_used_up(log: StoredFile) -> bool:
    """Say whether a log ends with the end of its batch; looks at its last bytes only, as thousands may be kept."""
    try:
        return log.file_system.read_end(log.path, len(COMPLETE_LINE)) == COMPLETE_LINE
    except StorageError:
        return False


def repair_log(log: StoredFile) -> str | None:
    """Mend a call log and say what was done; None where it was whole.

    A last line that was cut short is cut off. Where lines before it are not whole either (a power cut), a copy of
    the log is set aside and the log is written anew without them.

    Raises:
        StorageError: The log cannot be written.
        SchemaTooNew: A later version of feedeval wrote it.
    """
    path, file_system = log.path, log.file_system
    data = log.read()
    if not data:
        return None
    content = parse_log(data, path)
    if content.bad_lines:
        aside = free_aside(path, file_system.exists)
        # The copy first: at no moment is there less than what can still be read.
        file_system.write(aside, data)
        file_system.write(path, b"".join(line + b"\n" for line in content.good_lines))
        return (
            f"{path.name}: {len(content.bad_lines) + bool(content.torn_bytes)} damaged lines were taken out, "
            f"{len(content.good_lines)} kept; the log as it was is {aside.name}"
        )
    if content.ends_with_newline:
        return None
    if not content.torn_bytes:
        # Only the end of the line was missing.
        with contextlib.closing(file_system.open_append(path)) as end:
            end.append(b"\n")
            end.sync()
        return f"{path.name}: the end of its last line was put back; no reply was lost"
    file_system.truncate(path, len(data) - content.torn_bytes)
    return (
        f"{path.name}: a last line cut short ({content.torn_bytes} bytes) was cut off; its reply had not arrived whole"
    )
