"""Replies that were paid for, kept across the sessions of an output folder, for who asks for it.

A file of SQLite, so that several runs may read and write it at once. What it holds are the endpoint's own words, quotes
of the feed among them, and nothing of a key. Losing it costs money and no result: the call logs have what a session
needs.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from pathlib import Path

from pydantic import ValidationError

from feedeval.errors import StorageError
from feedeval.records import Call

FOLDER = "cache"
FILE = "replies.sqlite"
KEPT_SHARE = 0.9
"""Share of the limit that is left when the oldest replies have made room."""
BUSY_S = 5.0
_TABLE = (
    "CREATE TABLE IF NOT EXISTS replies "
    "(request_hash TEXT PRIMARY KEY, call BLOB NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL) WITHOUT ROWID"
)


class ReplyCache:
    """The replies of a folder's sessions, by the hash of the request. Lives on a run's event loop.

    Args:
        folder: The output folder.
        limit_mb: Size above which the replies that were not used for longest go.

    Raises:
        StorageError: The cache cannot be opened or is damaged.
    """

    def __init__(self, folder: Path, limit_mb: float) -> None:
        self.path = folder / FOLDER / FILE
        self.found = 0
        """Replies that came from here."""
        self.fault = ""
        """Why nothing is written any more; empty while all is well."""
        self._limit = limit_mb * 1e6
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # It holds words of feeds: for the same eyes as the session's files.
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
            self._connection = _connect(self.path)
            self._connection.execute(_TABLE)
            self._size = _size(self._connection)
        except (OSError, sqlite3.Error) as exc:
            raise StorageError(
                f"The cache of replies {self.path} cannot be used ({exc}): `feedeval cache --clear` begins a new one, "
                "and without cache=True none is needed."
            ) from exc

    def get(self, request_hash: str) -> Call | None:
        """Return the reply to a request that was paid for before."""
        try:
            row = self._connection.execute(
                "SELECT call FROM replies WHERE request_hash = ?", (request_hash,)
            ).fetchone()
            if row is None:
                return None
            call = Call.model_validate_json(zlib.decompress(row[0]))
            self._connection.execute("UPDATE replies SET used = ? WHERE request_hash = ?", (time.time(), request_hash))
        except (sqlite3.Error, zlib.error, ValidationError) as exc:
            self.fault = self.fault or str(exc)
            return None
        self.found += 1
        return call

    def put(self, call: Call) -> None:
        """Keep a reply; where that fails, none is kept from then on."""
        if self.fault:
            return
        body = zlib.compress(call.model_dump_json().encode(), 1)
        try:
            values = (call.request_hash, body, len(body), time.time())
            self._connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", values)
            self._size += len(body)
            if self._size > self._limit:
                self._make_room()
        except sqlite3.Error as exc:
            self.fault = str(exc)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _make_room(self) -> None:
        # Others may have written, too: the sum is taken anew.
        self._size = _size(self._connection)
        over = self._size - KEPT_SHARE * self._limit
        gone: list[tuple[str]] = []
        for request_hash, size in self._connection.execute("SELECT request_hash, size FROM replies ORDER BY used"):
            if over <= 0:
                break
            gone.append((request_hash,))
            over -= size
            self._size -= size
        self._connection.executemany("DELETE FROM replies WHERE request_hash = ?", gone)


def cache_size(folder: Path) -> tuple[int, int]:
    """Return how many replies a folder's cache keeps, and the bytes that they take; 0 and 0 where there is none.

    Raises:
        StorageError: The cache is damaged.
    """
    path = folder / FOLDER / FILE
    if not path.exists():
        return 0, 0
    try:
        connection = _connect(path)
        try:
            count = connection.execute("SELECT COUNT(*) FROM replies").fetchone()[0]
            return int(count), _size(connection)
        finally:
            connection.close()
    except sqlite3.Error as exc:
        raise StorageError(f"The cache of replies {path} cannot be read ({exc}): `feedeval cache --clear`.") from exc


def clear_cache(folder: Path) -> None:
    """Delete the cache of a folder.

    Raises:
        StorageError: It cannot be deleted.
    """
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal"):
        try:
            (folder / FOLDER / name).unlink(missing_ok=True)
        except OSError as exc:
            raise StorageError(f"{folder / FOLDER / name} cannot be deleted: {exc.strerror or exc}.") from exc


def _connect(path: Path) -> sqlite3.Connection:
    # Each statement for itself: a transaction left open, be it by a look, keeps all other runs from writing.
    connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _size(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COALESCE(SUM(size), 0) FROM replies").fetchone()[0])
