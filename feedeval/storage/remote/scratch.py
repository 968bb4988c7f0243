"""The scratch folder of an address: whose it is, and which sessions in it are ahead of what was put.

`writing_<sid>` marks a session whose files here are not all put, with the number of the writer that left it: its
process lives, or died, or could not reach the store. The mark goes when all stands, and with it the session's files.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from feedeval.errors import StorageError
from feedeval.storage.addresses import home
from feedeval.storage.atomic import read_bytes, storage_error, write_atomic
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.names import FileKind, FileState, SessionFile, parse_name

_MARK = re.compile(r"writing_(?P<sid>\d{8}_\d{6}(?:_[0-9a-z]{6})?)")
SUPERSEDED = "superseded"


class Scratch:
    """A scratch folder.

    Args:
        folder: Its path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._id_file = home() / "id"

    def id(self) -> str:
        """Return what tells this scratch folder from all others, on this machine and on any.

        Raises:
            StorageError: The folder cannot be written.
        """
        path = self._id_file
        if (known := read_bytes(path)) is None:
            LOCAL.make_folder(path.parent)
            # Of two that make one at once the first stands: a link is never put over a file.
            with contextlib.suppress(FileExistsError):
                _write_new(path, secrets.token_hex(8).encode())
            known = read_bytes(path) or b""
        here = hashlib.blake2b(bytes(self.folder), digest_size=4).hexdigest()
        return f"{known.decode('ascii', 'replace')}-{here}"

    def mark(self, sid: str, generation: int) -> None:
        """Note that a session here is ahead of what was put."""
        write_atomic(self.folder / f"writing_{sid}", str(generation).encode())

    def marked(self) -> list[str]:
        """Return the sessions that are ahead of what was put."""
        marks = (_MARK.fullmatch(name) for name in LOCAL.names(self.folder))
        return sorted(mark["sid"] for mark in marks if mark)

    def generation(self, sid: str) -> int | None:
        """Return the number of the writer that marked a session; None where it is not marked."""
        said = read_bytes(self.folder / f"writing_{sid}")
        if said is None:
            return None
        return int(said) if said.isdigit() else 0

    def files(self, sid: str) -> Iterator[SessionFile]:
        """Yield the files of a session that are here, its lock left out."""
        for name in LOCAL.names(self.folder):
            file = parse_name(name) if sid in name else None
            if file is not None and file.sid == sid and file.kind is not FileKind.LOCK:
                yield file

    def supersede(self, sid: str) -> Path | None:
        """Move the files of a session aside that somebody else went on with; return where they are, if any are."""
        names = [file.name for file in self.files(sid) if file.state is not FileState.TEMPORARY]
        target = self.folder / SUPERSEDED / f"{sid}_{datetime.now().astimezone():%Y%m%d_%H%M%S}_{secrets.token_hex(2)}"
        try:
            if names:
                target.mkdir(parents=True, mode=0o700)
            for name in names:
                shutil.move(self.folder / name, target / name)
            (self.folder / f"writing_{sid}").unlink(missing_ok=True)
        except OSError as exc:
            raise storage_error(exc, self.folder, "write to") from exc
        return target if names else None

    def clear(self, sid: str) -> None:
        """Remove what is here of a session that stands whole elsewhere, and its mark last."""
        with contextlib.suppress(StorageError):
            for file in list(self.files(sid)):
                LOCAL.remove(self.folder / file.name)
            LOCAL.remove(self.folder / f"writing_{sid}")


def _write_new(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    write_atomic(part, data)
    try:
        path.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)
