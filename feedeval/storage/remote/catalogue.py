"""What lies under an address, for whoever reads it: a listing that is a moment old at most, and contents that are kept.

A content is fetched once: that of a batch file is kept on this machine's disk and checked against the manifest each
time, that of a small file in memory for as long as the listing shows it unchanged. Batch files are asked for one after
the other, so the next ones are fetched along with each.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from feedeval.errors import SessionDamaged, StorageError
from feedeval.storage.remote.manifest import Entry, Manifest, file_of, manifest_name, session_of
from feedeval.storage.remote.objects import ObjectInfo, Objects
from feedeval.storage.remote.standing import Standing, is_batch

FRESH_S = 1.0
_PATIENCE = 10.0
"""A listing that took long is looked at for so many times as long, as it would else be all that is done."""
AHEAD_FILES, AHEAD_BYTES = 64, 32_000_000
_IN_MEMORY_BYTES = 32_000_000


class Catalogue:
    """The objects under an address, to be read. Safe to use from several threads.

    Args:
        objects: What lies there.
        cache: A folder of this machine for what was fetched.
    """

    def __init__(self, objects: Objects, cache: Path) -> None:
        self.objects = objects
        self._cache = cache
        self._mutex = threading.RLock()
        self._listing: dict[str, ObjectInfo] = {}
        self._manifests: dict[str, tuple[str, Manifest]] = {}
        self._standing: dict[str, Standing] = {}
        self._until_s = float("-inf")
        self._kept_bytes = 0
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def forget(self) -> None:
        """Look anew the next time."""
        with self._mutex:
            self._until_s = float("-inf")

    def listing(self) -> Mapping[str, ObjectInfo]:
        """Return the objects that are there."""
        with self._mutex:
            began_s = time.monotonic()
            if began_s < self._until_s:
                return self._listing
            listing = self.objects.listed()
            sids = {name: sid for name in listing if (sid := session_of(name)) and name == manifest_name(sid)}
            changed = [name for name in sids if self._manifests.get(sids[name], ("",))[0] != listing[name].tag]
            for name, data in self._got(changed).items():
                self._manifests[sids[name]] = (listing[name].tag, Manifest.decoded(data))
            self._manifests = {sid: self._manifests[sid] for sid in sids.values() if sid in self._manifests}
            took_s = time.monotonic() - began_s
            self._standing.clear()
            self._listing, self._until_s = listing, began_s + took_s + max(FRESH_S, _PATIENCE * took_s)
            return listing

    def _got(self, names: Sequence[str]) -> dict[str, bytes]:
        got: dict[str, bytes] = {}
        for at in range(0, len(names), AHEAD_FILES):
            got |= self.objects.get(names[at : at + AHEAD_FILES])
        return got

    def manifest(self, sid: str) -> Manifest:
        """Return what stands of a session; an empty manifest where there is none."""
        with self._mutex:
            self.listing()
            return self._manifests.get(sid, ("", Manifest()))[1]

    def standing(self, sid: str) -> Standing:
        """Return the objects of a session: those that the manifest names, and those that are there besides.

        Args:
            sid: The session; empty for what belongs to none.
        """
        with self._mutex:
            listing = self.listing()
            if sid not in self._standing:
                self._standing[sid] = self._put_together(sid, listing)
            return self._standing[sid]

    def _put_together(self, sid: str, listing: Mapping[str, ObjectInfo]) -> Standing:
        named = self._manifests.get(sid, ("", Manifest()))[1].objects
        put_s = listing[manifest_name(sid)].changed_s if manifest_name(sid) in listing else 0.0
        standing = Standing(named)
        for name, info in listing.items():
            if (session_of(name) or "") != sid:
                continue
            # What was put after the manifest is taken as it is. A clock that counts in seconds calls both equal: then a
            # batch file is the one that the manifest names if it has that length, a small file may be a later one.
            later = info.changed_s > put_s or (info.changed_s == put_s and not is_batch(name))
            entry = named.get(name)
            if entry is None or later or (info.changed_s == put_s and info.size != entry.size):
                standing.add(name, Entry(info.size))
        return standing

    def files(self) -> set[str]:
        """Return the names of the files that the objects hold, and of those that a manifest names and that are lost."""
        with self._mutex:
            names = set(self.listing())
            for _, manifest in self._manifests.values():
                names.update(manifest.objects)
        return {file for name in names if (file := file_of(name)) is not None}

    def content(self, file: str, standing: Standing) -> bytes | None:
        """Return the content of a file; None where there is none.

        Args:
            file: Its name.
            standing: The objects that stand.

        Raises:
            SessionDamaged: It is a batch file that the manifest names, and has gone or is not what the manifest says.
            StorageError: The store cannot be reached.
        """
        pieces = standing.pieces(file)
        if is_batch(file):
            return self._batch(file, pieces[0][1], standing) if pieces else None
        # Lines and documents say themselves whether they are whole; what has gone is not there, as on a disk.
        found = [data for name, _ in pieces if (data := self._small(name)) is not None]
        return b"".join(found) if found else None

    def note(self, name: str) -> bytes | None:
        """Return an object that is no file but says how files stand; None where it is not there."""
        with self._mutex:
            there = name in self.listing()
        return self._small(name) if there else None

    def fetched(self, name: str) -> Path | None:
        """Return where an object is on this machine once it was fetched; None where it is not there.

        Raises:
            StorageError: The store cannot be reached, or it cannot be kept here.
        """
        with self._mutex:
            info = self.listing().get(name)
        if info is None:
            return None
        path = self._cache / f"{hashlib.blake2b(info.tag.encode(), digest_size=6).hexdigest()}.{name}"
        if not path.exists():
            if (data := self.objects.get([name]).get(name)) is None:
                return None
            self.keep(path.name, data)
            if not path.exists():
                raise StorageError(f"could not keep {self.objects.address}/{name} in {self._cache}: make room there.")
        return path

    def _small(self, name: str) -> bytes | None:
        """Return the content of an object that is not kept on disk; None where it has gone."""
        with self._mutex:
            info = self._listing.get(name)
            data = self._kept.get((name, info.tag)) if info else None
        if data is None:
            data = self.objects.get([name]).get(name)
            if info is not None and data is not None:
                self._keep((name, info.tag), data)
        return data

    def _keep(self, key: tuple[str, str], data: bytes) -> None:
        with self._mutex:
            self._kept_bytes += len(data) - len(self._kept.get(key, b""))
            self._kept[key] = data
            while self._kept_bytes > _IN_MEMORY_BYTES:
                self._kept_bytes -= len(self._kept.popitem(last=False)[1])

    def _checked(self, name: str, entry: Entry, data: bytes | None) -> bytes:
        if data is None:
            raise SessionDamaged(
                f"{self.objects.address}/{name} has gone, though the session's manifest names it. Run `feedeval "
                "verify --repair` on the session, or go on with it: what is lost is made again."
            )
        # Of what was put after the manifest nothing is known.
        if entry.crc is not None and not entry.fits(data):
            raise SessionDamaged(
                f"{self.objects.address}/{name} is damaged: it is not what the session's manifest says. Run `feedeval "
                "verify --repair` on the session to mend it."
            )
        return data

    def _batch(self, name: str, entry: Entry, standing: Standing) -> bytes:
        """Return the content of a batch file, by way of the cache."""
        data = self.cached(name, entry)
        if data is None:
            wanted = {name: entry, **self._ahead(entry.size, standing.batches_after(name, AHEAD_FILES))}
            got = self.objects.get(list(wanted))
            data = self._checked(name, entry, got.get(name))
            for other, content in got.items():
                if wanted[other].fits(content):
                    self.keep(other, content)
        return data

    def _ahead(self, size: int, later: Iterable[tuple[str, Entry]]) -> dict[str, Entry]:
        """Return those of the batch files to come that are fetched along with one of a size."""
        wanted: dict[str, Entry] = {}
        for name, entry in later:
            if size >= AHEAD_BYTES:
                break
            if not (self._cache / name).exists():
                wanted[name] = entry
                size += entry.size
        return wanted

    def cached(self, name: str, entry: Entry) -> bytes | None:
        """Return the content of a batch file as it was fetched, if it is what stands."""
        if entry.crc is None:
            return None
        try:
            data = (self._cache / name).read_bytes()
        except OSError:
            return None
        return data if entry.fits(data) else None

    def keep(self, name: str, data: bytes) -> None:
        """Keep the content of a batch file on this machine; nothing happens where that is not possible."""
        part = self._cache / f".{name}.{secrets.token_hex(4)}.part"
        with contextlib.suppress(OSError):
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
            part.replace(self._cache / name)

    def take_in(self, path: Path) -> None:
        """Move a batch file that was put to what is kept; where that is not possible it stays."""
        with contextlib.suppress(OSError):
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.replace(self._cache / path.name)

    def drop(self, names: Iterable[str]) -> None:
        """Delete what is kept of objects that are no more."""
        for name in names:
            with contextlib.suppress(OSError):
                (self._cache / name).unlink(missing_ok=True)
