"""A session in shards: an ordinary session whose records are worked on in sessions of their own, in a folder beside it.

    progress_<sid>.json               as of every session, with the sums; `settings["shards"]` says how many there are
    shards_<sid>/
      shard_0001.parquet              products of the shard: `position` in the feed, `key`, `product` (JSON)
      shard_0001.results.parquet      its results as a table, and what came of each question, once it is through
      shard_0001.places               where each of them stands in the feed: 8 bytes each, little-endian
      parts.json                      instead of the Parquet files: those of a feed that was partitioned already
      categories.json                 of each category the sample that its questions are made from
      questions.json                  the questions of all categories, as the shards ask them
      shard_0000/                     the session in which the questions are made
      shard_0001/                     the session of the shard, as every session is

Whoever lists the folder above sees the parent alone. Readers put the shards' batch files together; the places give each
record its position in the feed, so that records of two shards are never taken for one.

Under an address all of it lies below that, in objects of the same names; each shard's session has a manifest and a
lease of its own. What is no session's is put whole, and fetched by whoever reads it.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from feedeval.storage.batch_files import batch_files
from feedeval.storage.filesystem import FileSystem
from feedeval.storage.paths import FileKind, SessionFolder, SessionPaths, StoredFile, list_files, sid_time

SHARDS = "shards"
"""Name in a progress file's settings, and the beginning of the folder's."""
CATEGORIES = 0
"""Number of the session in which the questions are made."""

_AT_ONCE = 16
"""Shards that are asked for at once where each answer takes its time."""

Places = npt.NDArray[np.int64]
Found = TypeVar("Found")


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
    def place(self) -> FileSystem:
        """Who reads and writes what lies in that folder."""
        return self.paths.file_system.below(self.folder)

    def each(self, look: Callable[[int], Found], numbers: Iterable[int] | None = None) -> list[Found]:
        """Return what a look at each shard gives, in the order of their numbers; several at once where they are far."""
        wanted = list(self.numbers if numbers is None else numbers)
        if not self.paths.file_system.is_far or len(wanted) < 2:
            return [look(number) for number in wanted]
        with ThreadPoolExecutor(min(_AT_ONCE, len(wanted))) as pool:
            return list(pool.map(look, wanted))

    @property
    def numbers(self) -> range:
        """Of the shards, from 1."""
        return range(1, self.count + 1)

    @property
    def categories(self) -> Path:
        """The samples of the categories."""
        return child(self.folder, "categories.json")

    @property
    def questions(self) -> Path:
        """The questions that the shards ask."""
        return child(self.folder, "questions.json")

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
        data = self.place.read(self.places_path(number)) or b""
        return np.frombuffer(data[: len(data) // 8 * 8], dtype="<i8").astype(np.int64, copy=False)

    def session_folder(self, number: int) -> SessionFolder:
        """Return the folder of a shard's session."""
        folder = child(self.folder, f"shard_{number:04d}")
        return SessionFolder(folder, self.paths.file_system.below(folder))

    def session(self, number: int) -> SessionPaths | None:
        """Return the session of a shard, the newest; None where it has not begun."""
        folder = self.session_folder(number)
        found = {file.sid for file in list_files(folder) if sid_time(file.sid) is not None}
        return folder.session(max(found)) if found else None

    def sessions(self) -> Iterator[tuple[int, SessionPaths]]:
        """Yield the sessions of the shards that have begun, by number; not that of the questions."""
        for number, paths in zip(self.numbers, self.each(self.session), strict=True):
            if paths is not None:
                yield number, paths

    def batch_files(self) -> list[StoredFile]:
        """Return the batch files of all shards."""
        return [file for files in self.each(self.batch_files_of) for file in files]

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

    def tables(self) -> dict[int, Path]:
        """Return where on this machine the results of the shards that are through can be read as tables."""
        found = self.each(lambda number: self.place.fetched(self.results(number)))
        return {number: path for number, path in zip(self.numbers, found, strict=True) if path is not None}

    def here(self, path: Path) -> Path:
        """Return where one of these files can be read on this machine, if it is there."""
        return self.place.fetched(path) or path

    @contextmanager
    def made_here(self, path: Path) -> Iterator[Path]:
        """Give a path to write a file to on this machine, and bring it to where it belongs once it is whole."""
        if not self.place.is_far:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="feedeval-") as folder:
            made = child(Path(folder), path.name)
            yield made
            self.place.write(path, made.read_bytes())

    def take_in(self, folder: Path) -> None:
        """Take what a folder of this machine holds for the shards, sessions of shards among it; the folder goes."""
        if not self.paths.file_system.is_far:
            folder.rename(self.folder)
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            # Sessions first: whoever finds a shard's table takes the shard for done.
            for _ in pool.map(self._take_in_session, sorted(path for path in folder.iterdir() if path.is_dir())):
                pass
            files = sorted(path for path in folder.iterdir() if path.is_file())
            for _ in pool.map(lambda path: self.place.write(child(self.folder, path.name), path.read_bytes()), files):
                pass
        shutil.rmtree(folder, ignore_errors=True)

    def _take_in_session(self, folder: Path) -> None:
        there = child(self.folder, folder.name)
        take_in(SessionFolder(folder), SessionFolder(there, self.paths.file_system.below(there)))

    def files(self) -> list[Path]:
        """Return all files beneath the folder; none where it is not there."""
        if not self.paths.file_system.is_far:
            return sorted(path for path in self.folder.rglob("*") if path.is_file()) if self.folder.is_dir() else []
        own = [child(self.folder, name) for name in self.place.names(self.folder)]
        return sorted([*own, *(path for paths in self.each(self._session_files, self._all) for path in paths)])

    def _session_files(self, number: int) -> list[Path]:
        folder = self.session_folder(number)
        return [child(folder.path, name) for name in folder.file_system.names(folder.path)]

    @property
    def _all(self) -> tuple[int, ...]:
        return (CATEGORIES, *self.numbers)

    def remove(self) -> list[Path]:
        """Delete all files beneath the folder, and return them."""
        files = self.files()
        if self.paths.file_system.is_far:
            self.each(lambda number: self.place.clear(self.session_folder(number).path), self._all)
        self.paths.file_system.clear(self.folder)
        return files


def take_in(folder: SessionFolder, there: SessionFolder) -> None:
    """Write the sessions of a folder of this machine to another one, which knows of none of that name.

    Of each session the progress file comes last: one that was cut short does not look whole.

    Raises:
        SessionLocked: Somebody writes one of them.
        StorageError: They cannot be written.
    """
    there.file_system.make_folder(there.path)
    files = sorted(list_files(folder), key=lambda file: (file.sid, file.kind is FileKind.PROGRESS, file.name))
    for sid, group in itertools.groupby(files, key=lambda file: file.sid):
        lock = there.file_system.lock(there.session(sid).lock)
        lock.acquire()
        try:
            for file in group:
                if (data := folder.file_system.read(child(folder.path, file.name))) is not None:
                    there.file_system.write(child(there.path, file.name), data)
        finally:
            lock.release()


def files_of(paths: SessionPaths, shards: Shards | None) -> list[StoredFile]:
    """Return the batch files of a session, in one piece or in shards."""
    return [file for _, file in batch_files(paths)] if shards is None else shards.batch_files()
