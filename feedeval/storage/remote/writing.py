"""Takes a session in a store for its one writer, and gives it back.

Two locks, the nearer one first: the operating system's on the scratch folder, which tells processes of this machine
apart and dies with its holder, and the lease, which tells machines apart. What the last writer of this machine left in
the scratch folder is gone on with and put, unless somebody went on with the session elsewhere meanwhile: then it is
moved aside, told, and kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from feedeval.errors import FeedevalError, StorageError
from feedeval.storage.atomic import read_bytes
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.lock import SessionLock
from feedeval.storage.names import FileKind, FileState, parse_name
from feedeval.storage.remote.berth import Berth
from feedeval.storage.remote.catalogue import Catalogue
from feedeval.storage.remote.lease import Lease, Terms
from feedeval.storage.remote.manifest import manifest_name
from feedeval.storage.remote.scratch import Scratch
from feedeval.storage.remote.shipper import Shipper
from feedeval.storage.remote.standing import Standing


class RemoteLock:
    """The lock of a session in a store, for its writer.

    Args:
        path: The lock's path in the scratch folder.
        place: What the session lies in: its catalogue, its scratch folder and the terms of leases.
        grace_s: How long to go on trying.
        on_change: Told when the session is taken (True) and when it was given back (False), with the shipper; without
            one where all of it stands.
    """

    def __init__(
        self,
        path: Path,
        place: tuple[Catalogue, Scratch, Terms],
        *,
        grace_s: float,
        on_change: Callable[[str, bool, Shipper | None], None],
    ) -> None:
        self._catalogue, self._scratch, self._terms = place
        self._sid = path.stem.removeprefix("session_")
        self._local = SessionLock(path, grace_s=grace_s)
        self._grace_s = grace_s
        self._on_change = on_change
        self._shipper: Shipper | None = None
        self.notes: list[str] = []

    @property
    def trouble(self) -> str:
        """What a person should know while the session is written; empty while all is well."""
        return self._shipper.trouble if self._shipper is not None else ""

    def acquire(self) -> None:
        """Take the session.

        Raises:
            SessionLocked: Somebody else has it.
            StorageError: The store cannot be reached or written to, or the scratch folder cannot.
        """
        LOCAL.make_folder(self._scratch.folder)
        self._local.acquire()
        try:
            self._take()
        except BaseException:
            self._local.release()
            raise

    def _take(self) -> None:
        catalogue, scratch, sid = self._catalogue, self._scratch, self._sid
        left = scratch.generation(sid)
        lease = Lease(catalogue.objects, sid, scratch.id(), self._terms.clock, terms=self._terms)
        catalogue.forget()
        lease.acquire(self._grace_s, max(catalogue.manifest(sid).generation, left or 0))
        try:
            # Anew, now that nobody else puts anything.
            catalogue.forget()
            if lease.taken_from:
                self.notes.append(f"the session was taken over from {lease.taken_from}, which had fallen silent")
            self._set_superseded_aside(left)
            shipper = self._shipper_of(lease)
            scratch.mark(sid, lease.generation)
        except BaseException:
            with contextlib.suppress(StorageError):
                lease.release()
            raise
        self._shipper = shipper
        self._on_change(sid, True, shipper)
        shipper.begin()

    def _set_superseded_aside(self, left: int | None) -> None:
        writer = self._catalogue.manifest(self._sid).writer
        if left is not None and writer in ("", self._scratch.id()):
            return
        if (aside := self._scratch.supersede(self._sid)) is not None and left is not None:
            self.notes.append(
                f"the session was gone on with on another machine; what this one had not put by then is in {aside}"
            )

    def _shipper_of(self, lease: Lease) -> Shipper:
        catalogue, scratch, sid = self._catalogue, self._scratch, self._sid
        standing = Standing(catalogue.standing(sid).objects())
        lost = [name for name in standing.objects() if name not in catalogue.listing()]
        standing.discard(lost)
        if lost:
            named = ", ".join(sorted(lost)[:3]) + (", …" if len(lost) > 3 else "")
            self.notes.append(
                f"from {catalogue.objects.address} has gone what {manifest_name(sid)} names: {named}, {len(lost):,} in "
                "all. What is lost is made again"
            )
        berth = Berth(sid, scratch.folder, scratch.id(), catalogue, lease, self._terms.clock)
        shipper = Shipper(berth, standing)
        for file in scratch.files(sid):
            if file.state is FileState.TEMPORARY or file.name.startswith("request_"):
                continue
            entry = standing.entry(file.name)
            data = read_bytes(scratch.folder / file.name)
            if data is not None and (file.kind is FileKind.CALLS or not entry or not entry.crc or not entry.fits(data)):
                shipper.changed(file.name)
        for name in self._used_up(standing):
            shipper.removed(name)
        return shipper

    def _used_up(self, standing: Standing) -> Iterator[str]:
        """Yield the call logs that were removed here, their batches being complete, but not yet where they lie."""
        folder, named = self._scratch.folder, self._catalogue.manifest(self._sid).objects
        for file in filter(None, map(parse_name, standing.files())):
            if file.kind is not FileKind.CALLS or (folder / file.name).exists():
                continue
            batch = f"batch_{file.number:04d}_{self._sid}.json"
            is_named = any(piece in named for piece, _ in standing.pieces(file.name))
            if (folder / batch).exists() or (standing.holds(batch) and not is_named):
                yield file.name

    def flush(self) -> None:
        """Wait until what was written so far stands where the session belongs.

        Raises:
            StorageError: It does not after a while; it is put later on.
        """
        if self._shipper is not None:
            self._shipper.flush()

    def release(self) -> None:
        """Put what is left, and give the session back; nothing happens where it is not held."""
        shipper = self._shipper
        if shipper is None:
            return
        stands = False
        try:
            stands = shipper.close()
            if stands:
                self._scratch.clear(self._sid)
            else:
                self.notes.append(shipper.left)
        finally:
            self._shipper = None
            self._catalogue.forget()
            self._on_change(self._sid, False, None if stands or shipper.lost else shipper)
            self._local.release()


def settle(lock: RemoteLock, sid: str) -> str:
    """Put what an earlier process left of a session; return what a person should know of it."""
    try:
        lock.acquire()
    except FeedevalError as exc:
        return f"what is in the scratch folder of session {sid} could not be put: {exc}"
    lock.release()
    return " ".join(lock.notes)
