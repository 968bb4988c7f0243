"""A session in shards: an ordinary session whose records are worked on in sessions of their own, in a folder beside it.

    progress_<sid>.json               as of every session, with the sums; `settings["shards"]` says how many there are
    shards_<sid>/
      shard_0001.parquet              products of the shard: `position` in the feed, `key`, `product` (JSON)
      shard_0001.results.parquet      its results as a table, and what came of each question, once it is through
      shard_0001.places               where each of them stands in the feed: 8 bytes each, little-endian
      parts.json                      instead of the Parquet files: those of a feed that was partitioned already
      categories.json                 of each category the sample that its questions are made from
      shard_0000/                     the session in which the questions are made
      shard_0001/                     the session of the shard, as every session is

Whoever lists the folder above sees the parent alone. Readers put the shards' batch files together; the places give each
record its position in the feed, so that records of two shards are never taken for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from feedeval.storage.batch_files import batch_files
from feedeval.storage.paths import SessionFolder, SessionPaths, StoredFile, list_files, sid_time

SHARDS = "shards"
"""Name in a progress file's settings, and the beginning of the folder's."""
CATEGORIES = 0
"""Number of the session in which the questions are made."""

Places = npt.NDArray[np.int64]


def child(base: Path, name: str) -> Path:
    """Return where something lies in a folder."""
    return base / name


@dataclass(frozen=True, slots=True)
class ShardFile(StoredFile):
    """A batch file of a shard, with the position in the feed of each of the shard's records."""

    places: Places = field(default_factory=lambda: np.zeros(0, dtype=np.int64), compare=False, repr=False)

    def place(self, index: int) -> int:
        """Return where a record of the shard stands in the feed."""
        return int(self.places[index]) if index < len(self.places) else index


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards of one session."""

    paths: SessionPaths
    """The parent."""
    count: int

    @classmethod
    def of(cls, paths: SessionPaths, settings: Mapping[str, Any]) -> Shards | None:
        """Return the shards of a session, by its progress file's settings; None where it is in one piece."""
        told = settings.get(SHARDS)
        return cls(paths, int(told["count"])) if isinstance(told, Mapping) and "count" in told else None

    @property
    def folder(self) -> Path:
        """What they all lie in."""
        return child(self.paths.folder, f"{SHARDS}_{self.paths.sid}")

    @property
    def numbers(self) -> range:
        """Of the shards, from 1."""
        return range(1, self.count + 1)

    @property
    def categories(self) -> Path:
        """The samples of the categories."""
        return child(self.folder, "categories.json")

    def products(self, number: int) -> Path:
        """Return where the products of a shard are."""
        return child(self.folder, self.products_name(number))

    def places_path(self, number: int) -> Path:
        """Return where it stands at which places of the feed they are."""
        return child(self.folder, self.places_name(number))

    @staticmethod
    def products_name(number: int) -> str:
        """Return what the file of a shard's products is called."""
        return f"shard_{number:04d}.parquet"

    @staticmethod
    def places_name(number: int) -> str:
        """Return what the file of a shard's places is called."""
        return f"shard_{number:04d}.places"

    def places(self, number: int) -> Places:
        """Return the position in the feed of each product of a shard."""
        data = self.paths.file_system.read(self.places_path(number)) or b""
        return np.frombuffer(data[: len(data) // 8 * 8], dtype="<i8").astype(np.int64, copy=False)

    def session_folder(self, number: int) -> SessionFolder:
        """Return the folder of a shard's session."""
        return SessionFolder(child(self.folder, f"shard_{number:04d}"), self.paths.file_system)

    def session(self, number: int) -> SessionPaths | None:
        """Return the session of a shard, the newest; None where it has not begun."""
        folder = self.session_folder(number)
        found = {file.sid for file in list_files(folder) if sid_time(file.sid) is not None}
        return folder.session(max(found)) if found else None

    def sessions(self) -> Iterator[tuple[int, SessionPaths]]:
        """Yield the sessions of the shards that have begun, by number; not that of the questions."""
        for number in self.numbers:
            if (paths := self.session(number)) is not None:
                yield number, paths

    def batch_files(self) -> list[StoredFile]:
        """Return the batch files of all shards."""
        return [file for number in self.numbers for file in self.batch_files_of(number)]

    def batch_files_of(self, number: int) -> list[StoredFile]:
        """Return the batch files of one shard."""
        paths = self.session(number)
        files = [] if paths is None else [file for _, file in batch_files(paths)]
        if not files:
            return []
        places = self.places(number)
        return [ShardFile(file.path, file.file_system, places) for file in files]

    def results(self, number: int) -> Path:
        """Return where the results of a shard are once more as a table, once it is through."""
        return child(self.folder, f"shard_{number:04d}.results.parquet")

    def files(self) -> list[Path]:
        """Return all files beneath the folder; none where it is not there."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file()) if self.folder.is_dir() else []


def files_of(paths: SessionPaths, shards: Shards | None) -> list[StoredFile]:
    """Return the batch files of a session, in one piece or in shards."""
    return [file for _, file in batch_files(paths)] if shards is None else shards.batch_files()
