"""Pages on disk: a file each, with its time and where it came from, so that none is fetched twice and none is held.

A file is gzip: a line of JSON, then the page as it came. It is written beside and renamed, so a kill leaves whole ones.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.pages.page import Stored

_UNREADABLE = (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError)


class PageCache:
    """The pages of a folder.

    Args:
        folder: Where they are; made when the first page is kept.
        max_age_days: For how long a page counts as fresh.
    """

    def __init__(self, folder: str | Path, *, max_age_days: float) -> None:
        self.folder = Path(folder)
        self._max_age = timedelta(days=max_age_days)

    def is_fresh(self, link: str) -> bool:
        """Whether a page need not be asked for: it is there, or will not be, as was found out a short while ago."""
        head = self._head(link)
        if head is None or head.get("passing"):
            return False
        try:
            return datetime.now(UTC) - datetime.fromisoformat(head["fetched"]) < self._max_age
        except _UNREADABLE:
            return False

    def load(self, link: str) -> Stored | None:
        """Return a page of whatever age; None where there is none, or its file is damaged."""
        try:
            with gzip.open(self._path(link)) as file:
                head = json.loads(file.readline())
                return Stored(**{**head, "content": file.read()})
        except _UNREADABLE:
            return None

    def save(self, stored: Stored) -> None:
        """Keep a page.

        Raises:
            InputError: The folder cannot be written.
        """
        path = self._path(stored.link)
        head = {name: value for name, value in asdict(stored).items() if name != "content"}
        content = stored.content.encode("utf-8", "replace") if isinstance(stored.content, str) else stored.content
        half = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(gzip.compress(json.dumps(head).encode() + b"\n" + content, compresslevel=3))
            half.replace(path)
        except OSError as error:
            raise InputError(
                f"cannot keep a page in {self.folder}: {error.strerror or error}; give cache_dir="
            ) from error

    def _head(self, link: str) -> dict[str, Any] | None:
        try:
            with gzip.open(self._path(link)) as file:
                head = json.loads(file.readline())
                return head if isinstance(head, dict) and head.get("link") == link else None
        except _UNREADABLE:
            return None

    def _path(self, link: str) -> Path:
        name = hashlib.sha256(link.encode("utf-8", "replace")).hexdigest()[:40]
        return self.folder / name[:2] / f"{name}.page.gz"
