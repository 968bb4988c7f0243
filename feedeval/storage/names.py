"""Names of a session and of its files.

A name is `<stem>_<sid>.<suffix>`, a `<sid>` such as `20260131_142500_4f7k2c`; a session's files are those whose name
fits exactly, so that nothing else in the output folder is ever touched. Two more shapes belong to a file:
`<name>.corrupt` (`<name>.2.corrupt`, ...), which was set aside, and `.<name>.<8 hex>.tmp`, which is being written or
was when its process died.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_TIME_FORMAT = "%Y%m%d_%H%M%S"
"""A session's id begins with the time it started, so that names sort by age."""

_SUFFIX_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: without i, l, o and u, which are misread or make words; without capitals, which some file
systems do not tell from small letters."""
_SUFFIX_LENGTH = 6
"""2^30 suffixes: two sessions that start in the same second share one with a probability of one in a thousand million,
and of a hundred that do so any two with one in two hundred thousand, in one folder or in many."""

_SID = rf"\d{{8}}_\d{{6}}(?:_[{_SUFFIX_LETTERS}]{{{_SUFFIX_LENGTH}}})?"
"""Sessions of earlier versions are named by the time alone."""

_NAME = re.compile(
    r"(?P<stem>(?P<numbered>batch|calls|part)_(?P<digits>\d{4,})|[a-z]+(?:-[a-z]+)*)"
    rf"_(?P<sid>{_SID})(?P<suffix>\.jsonl|\.json|\.lock|\.csv)(?P<aside>(?:\.\d+)?\.corrupt)?",
    re.ASCII,
)
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")


class FileKind(StrEnum):
    """What a file of a session holds."""

    PROGRESS = "progress"
    SESSION = "session"
    """Copy of the progress file from when its settings were last set; a lost progress file is rebuilt from it."""
    BATCH = "batch"
    CALLS = "calls"
    PART = "part"
    """Requests that are sent together; gone once their answers are in the call logs."""
    ERRORS = "errors"
    SUMMARY = "summary"
    LABELS = "labels"
    """What people said of the verdicts: a table, so that they can open it."""
    LOCK = "lock"
    DOCUMENT = "document"


class FileState(StrEnum):
    """Whether a file is in use."""

    IN_USE = "in use"
    ASIDE = "set aside"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class SessionFile:
    """A file of a session, as its name tells."""

    name: str
    sid: str
    kind: FileKind
    state: FileState
    number: int | None = None
    """Number of a batch file, call log or part."""


def parse_name(name: str) -> SessionFile | None:
    """Return what a file's name says, or None where it is not the name of a session's file."""
    state = FileState.IN_USE
    inner = name
    if temporary := _TEMPORARY.fullmatch(name):
        state, inner = FileState.TEMPORARY, temporary["name"]
    match = _NAME.fullmatch(inner)
    if match is None:
        return None
    if match["aside"]:
        state = FileState.ASIDE
    kind, number = _kind_of(match)
    return None if kind is None else SessionFile(name, match["sid"], kind, state, number)


def _kind_of(match: re.Match[str]) -> tuple[FileKind | None, int | None]:
    stem, suffix = match["stem"], match["suffix"]
    if match["numbered"]:
        number = int(match["digits"])
        fits = number > 0 and match["digits"] == f"{number:04d}"
        wanted = ".json" if match["numbered"] == FileKind.BATCH else ".jsonl"
        return (FileKind(match["numbered"]), number) if fits and suffix == wanted else (None, None)
    if suffix == ".lock":
        return (FileKind.LOCK if stem == "session" else None), None
    if suffix == ".csv":
        return (FileKind.LABELS if stem == FileKind.LABELS else None), None
    if suffix != ".json" or stem in ("batch", "calls", "part", "lock", "document"):
        return None, None
    fixed = (FileKind.PROGRESS, FileKind.SESSION, FileKind.ERRORS, FileKind.SUMMARY)
    return (FileKind(stem) if stem in fixed else FileKind.DOCUMENT), None


def new_sid(time: datetime) -> str:
    """Return an id for a session that starts at `time`; another one each time, also for the same second."""
    suffix = "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(_SUFFIX_LENGTH))
    return f"{time.strftime(_TIME_FORMAT)}_{suffix}"


def is_unique(sid: str) -> bool:
    """Say whether no other session bears this id: those of earlier versions are named by their second alone."""
    return sid.count("_") > 1


def sid_time(sid: str) -> datetime | None:
    """Return the time that a session's id names, or None where it names none."""
    if not re.fullmatch(_SID, sid, re.ASCII):
        return None
    try:
        return datetime.strptime(sid[:15], _TIME_FORMAT)  # noqa: DTZ007 - a name, not a moment: it carries no offset
    except ValueError:
        return None
