"""What stands of a session in a store, and what the objects of a session are called.

Beside the files, which have the names that they have on a disk, a session has

    manifest_<sid>.json                    names, sizes and checksums of its objects; written last
    lease_<sid>.json                       who writes it now
    calls_0007_<sid>.jsonl.0002-000031     the 31st piece of a call log, put by the second writer

An object that is named has to be there and to be what the manifest says, unless it was put after the manifest. Those
that are not named yet were put in the last seconds: they are whole, as all objects are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from zlib import crc32

import orjson

from feedeval.storage.encoding import encode
from feedeval.storage.names import parse_name

_PIECE = re.compile(r"(?P<log>.+\.jsonl)\.(?P<writer>\d{4,})-(?P<number>\d{6,})")
_NAMES = 1 << 17
"""A session of a million products has 70,000 files, and each is asked for its session time and again."""
_OWN = re.compile(r"(?:manifest|lease)_(?P<sid>\d{8}_\d{6}(?:_[0-9a-z]{6})?)\.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """An object that stands."""

    size: int
    crc: int | None = None
    """CRC-32 of its content; None where it is not known, as nobody has read it yet."""

    @classmethod
    def of(cls, data: bytes) -> Entry:
        """Return the entry of a content."""
        return cls(len(data), crc32(data))

    def fits(self, data: bytes) -> bool:
        """Say whether a content may be the one that is meant."""
        return len(data) == self.size and self.crc in (None, crc32(data))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands of a session."""

    writer: str = ""
    """The scratch folder that it was put from, by its id."""
    generation: int = 0
    """How many writers the session has had."""
    objects: Mapping[str, Entry] = field(default_factory=dict)

    def encoded(self, sid: str) -> bytes:
        """Return the content of the manifest of session `sid`."""
        objects = {name: [entry.size, entry.crc] for name, entry in self.objects.items()}
        head = {"schema_version": 1, "session": sid, "writer": self.writer, "generation": self.generation}
        return encode({**head, "objects": objects})

    @classmethod
    def decoded(cls, data: bytes) -> Manifest:
        """Return what a manifest says; an empty one for what is none, as the objects are there all the same."""
        try:
            said = orjson.loads(data)
            objects = {str(name): Entry(int(size), crc) for name, (size, crc) in said["objects"].items()}
            return cls(str(said["writer"]), int(said["generation"]), objects)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


def manifest_name(sid: str) -> str:
    """Return the name of a session's manifest."""
    return f"manifest_{sid}.json"


def lease_name(sid: str) -> str:
    """Return the name of a session's lease."""
    return f"lease_{sid}.json"


def piece_name(log: str, writer: int, number: int) -> str:
    """Return the name of a piece of a call log; a later one sorts later."""
    return f"{log}.{writer:04d}-{number:06d}"


def file_of(name: str) -> str | None:
    """Return the file that an object holds, or a piece of; None where it is no file but says how files stand."""
    if _OWN.fullmatch(name):
        return None
    piece = _PIECE.fullmatch(name)
    return piece["log"] if piece else name


@lru_cache(maxsize=_NAMES)
def session_of(name: str) -> str | None:
    """Return the session that an object or file belongs to; None where it is none of a session's."""
    if own := _OWN.fullmatch(name):
        return own["sid"]
    file = parse_name(file_of(name) or "")
    return file.sid if file else None
