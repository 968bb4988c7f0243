"""Requests that travel together: their files, and the document that says how each part stands.

    part_0001_<sid>.jsonl   the requests of a part, a line each, as they are uploaded
    parts_<sid>.json        how each part stands, and what was learned of the endpoint's room

The file of a part comes first and its entry in the document second; nothing is sent before both are there. A file
without an entry was never sent and is removed. The file goes once the answers are in the call logs and its entry says
so: what it asked stands in the batch files then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import orjson
from pydantic import ValidationError

from feedeval.errors import SessionDamaged
from feedeval.records.delivery import Part
from feedeval.storage.paths import FileKind, FileState, SessionPaths
from feedeval.storage.readers import read_document

PARTS = "parts"
"""Name of the session's document."""


class _Documents(Protocol):
    def load(self, name: str) -> dict[str, Any] | None: ...

    def save(self, name: str, document: Mapping[str, Any]) -> None: ...


class PartFiles:
    """The parts of a session, for its one writer.

    Args:
        paths: Where its files lie.
        documents: What keeps its documents.
    """

    def __init__(self, paths: SessionPaths, documents: _Documents) -> None:
        self._paths = paths
        self._documents = documents

    def load(self) -> tuple[list[Part], int, int | None]:
        """Return the parts, the highest number given so far, and how many tokens a part may have as far as is known.

        Raises:
            SessionDamaged: The document is not what it should be.
        """
        document = self._documents.load(PARTS)
        if document is None:
            return [], 0, None
        try:
            parts = [Part.model_validate(each) for each in document["parts"]]
            return parts, document["last_number"], document["most_tokens"]
        except (KeyError, TypeError, ValidationError) as exc:
            path = self._paths.document(PARTS)
            raise SessionDamaged(f"{path.name} is damaged: set it aside to send anew what it tells of.") from exc

    def save(self, parts: Iterable[Part], last_number: int, most_tokens: int | None) -> None:
        """Write how all parts stand.

        Args:
            parts: The parts.
            last_number: The highest number that a part ever had: none is given twice, as batches are looked up by it.
            most_tokens: How many tokens a part may have, as far as that is known.
        """
        told = [part.model_dump(mode="json", exclude_defaults=True) for part in parts]
        self._documents.save(PARTS, {"parts": told, "last_number": last_number, "most_tokens": most_tokens})

    def name(self, number: int) -> str:
        """Return the name of a part's file, by which it can be looked up at the endpoint, too."""
        return self._paths.part(number).name

    def write(self, number: int, data: bytes) -> None:
        """Write the requests of a part."""
        self._paths.file_system.write(self._paths.part(number), data)

    def read(self, number: int) -> bytes:
        """Return the requests of a part.

        Raises:
            SessionDamaged: The file is gone.
        """
        path = self._paths.part(number)
        data = self._paths.file_system.read(path)
        if data is None:
            raise SessionDamaged(f"{path.name} is gone, and with it what part {number} asked.")
        return data

    def remove(self, number: int) -> None:
        """Remove the file of a part; nothing happens where there is none."""
        self._paths.file_system.remove(self._paths.part(number))

    def numbers(self) -> list[int]:
        """Return the numbers of the parts whose files are there."""
        files = (f for f in self._paths.files() if f.kind is FileKind.PART and f.state is FileState.IN_USE)
        return [file.number for file in files if file.number is not None]


def hashes_in(data: bytes) -> list[str]:
    """Return the request hash of each line of a part's file, in order."""
    return [str(orjson.loads(line)["custom_id"]) for line in data.splitlines() if line]


def read_parts(paths: SessionPaths) -> list[Part]:
    """Return the parts of a session as they were last written down, for whoever only reads it."""
    with contextlib.suppress(SessionDamaged, KeyError, TypeError, ValidationError):
        document = read_document(paths, PARTS) or {"parts": []}
        return [Part.model_validate(each) for each in document["parts"]]
    return []


def has_parts(paths: SessionPaths) -> bool:
    """Say whether anything of a session was put into parts."""
    return paths.file_system.exists(paths.document(PARTS))
