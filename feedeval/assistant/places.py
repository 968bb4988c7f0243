"""The folders that may be read, and nothing beyond them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from feedeval.errors import InputError
from feedeval.formatting import clip, plain
from feedeval.storage.paths import parse_name

MOST_MB = 200
"""A larger file is for the terminal: nobody waits so long for an answer."""
MOST_LISTED = 50
MOST_LOOKED_AT = 5_000
"""Files of the folders that are looked at to list feeds."""

_SUFFIXES = frozenset(
    {".xml", ".rss", ".atom", ".tsv", ".csv", ".txt", ".json", ".jsonl", ".ndjson", ".gz"}
    | {".xlsx", ".xlsb", ".xls", ".ods", ".parquet", ".arrow", ".feather"}
)
_SHOWN = 120


class Places:
    """Folders that were named, from which files can be read by name.

    A name is a path below one of the folders, or a whole path inside one; links are followed, and where they lead has
    to be inside as well.

    Args:
        folders: One or several.

    Raises:
        InputError: One is no folder.
    """

    def __init__(self, folders: Sequence[str | Path]) -> None:
        self.folders = tuple(dict.fromkeys(map(_folder, folders)))

    def file(self, name: str) -> Path:
        """Return the file of that name, with all links resolved.

        Raises:
            InputError: It is an address, leads out of the folders, is hidden, is no file, or is too large. Of what is
                outside nothing is said, not even whether it is there.
        """
        shown = repr(clip(plain(name), _SHOWN))
        if "://" in name or name.lower().startswith(("http:", "https:", "file:", "data:", "//", "\\\\")):
            raise InputError(f"{shown} is an address: files of the folders that were named at start are read only")
        parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
        if ".." in parts or "\0" in name or not name.strip():
            raise InputError(f"{shown} is no path inside the folders that were named at start")
        inside = [path for path in self._candidates(name) if self.holds(path)]
        if not inside:
            raise InputError(f"{shown} is outside of the folders that were named at start")
        found = next(filter(_is_file, inside), None)
        if found is None:
            raise InputError(f"there is no file {shown} in the folders that were named at start")
        if any(part.startswith(".") for part in found.relative_to(self._root(found)).parts):
            raise InputError(f"{shown} is hidden, and hidden files are not read")
        if found.stat().st_size > MOST_MB * 1e6:
            raise InputError(f"{shown} is larger than {MOST_MB} MB: check it in a terminal, `feedeval check`")
        return found

    def holds(self, path: Path) -> bool:
        """Whether a path, with all links resolved, is inside."""
        return any(path.is_relative_to(folder) for folder in self.folders)

    def feeds(self) -> Iterator[Path]:
        """Yield the files that may be feeds, by their suffix, without those of sessions."""
        looked_at = 0
        for folder in self.folders:
            for parent, folders, files in os.walk(folder):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(files):
                    looked_at += 1
                    if looked_at > MOST_LOOKED_AT:
                        return
                    path = Path(parent, name)
                    if _may_be_a_feed(path) and self.holds(path.resolve()):
                        yield path

    def short(self, path: Path) -> str:
        """Return a file as it can be named here."""
        return path.relative_to(self._root(path)).as_posix()

    def _candidates(self, name: str) -> Iterator[Path]:
        for folder in self.folders:
            try:
                # What is a whole path by itself stays one.
                yield (folder / name).resolve()
            except (OSError, RuntimeError, ValueError):
                continue

    def _root(self, path: Path) -> Path:
        return next(folder for folder in self.folders if path.is_relative_to(folder))


def _may_be_a_feed(path: Path) -> bool:
    is_named_so = not path.name.startswith(".") and path.suffix.lower() in _SUFFIXES
    return is_named_so and parse_name(path.name) is None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long for one
        return False


def _folder(name: str | Path) -> Path:
    path = Path(name).expanduser().resolve()
    if not path.is_dir():
        raise InputError(f"{path} is no folder: name folders that may be read")
    return path
