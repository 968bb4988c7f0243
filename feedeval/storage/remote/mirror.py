"""Sessions under an address: the seam that storage goes by, between a scratch folder on this machine and a store.

Who writes a session (and holds its lock) works in the scratch folder with the guarantees of a local disk, and a thread
puts what changed (`shipper`). A file that is not in the scratch folder is the one that stands in the store; one that is
changed otherwise than as a whole is copied up first. Whoever only reads sees the same on the machine that writes, and
what stands in the store on any other.

What others than the writer have to say lies in the store itself: requests to a run, and labels.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import threading
from collections.abc import Hashable, Iterator
from pathlib import Path

from feedeval.errors import SessionDamaged, StorageError
from feedeval.storage.addresses import cache_folder, normal, options_for, scratch_folder
from feedeval.storage.atomic import free_aside, read_bytes
from feedeval.storage.filesystem import GRACE_S, AppendedFile, Lock
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.lock import holder as local_holder
from feedeval.storage.lock import is_held
from feedeval.storage.remote.appended import ShippedFile, refuse_lost
from feedeval.storage.remote.catalogue import Catalogue
from feedeval.storage.remote.deeper import Deeper
from feedeval.storage.remote.lease import Clock, Holder, Terms
from feedeval.storage.remote.manifest import lease_name, session_of
from feedeval.storage.remote.objects import Objects, open_objects
from feedeval.storage.remote.scratch import Scratch
from feedeval.storage.remote.shipper import Shipper
from feedeval.storage.remote.standing import is_batch
from feedeval.storage.remote.writing import RemoteLock, settle

_REQUEST, _LABELS = "request_", "labels_"


class MirroredFileSystem:
    """The sessions under one address.

    Args:
        objects: What lies there.
        folder: The scratch folder.
        cache: Where what was fetched is kept.
        terms: How leases are kept.
    """

    is_far = True

    def __init__(self, objects: Objects, folder: Path, cache: Path, terms: Terms | Clock | None = None) -> None:
        self.folder = folder
        self._objects = objects
        self._terms = terms if isinstance(terms, Terms) else Terms(terms or Clock())
        self._cache = cache
        self._catalogue = Catalogue(objects, cache)
        self._deeper: Deeper[MirroredFileSystem] = Deeper(self._made_below)
        self._above: MirroredFileSystem | None = None
        self._scratch = Scratch(folder)
        self._held: dict[str, Shipper] = {}
        self._left: dict[str, Shipper] = {}
        """Sessions that this process wrote and could not put; what it knows of them needs no network."""

    @property
    def works_here(self) -> bool:
        """Sessions are worked on in a folder of this machine."""
        return True

    def below(self, folder: Path) -> MirroredFileSystem:
        """Return the sessions of a folder below, whose leases are those of shards."""
        place = self
        for name in folder.relative_to(self.folder).parts:
            place = place._deeper.of(name)
        return place

    def _made_below(self, name: str) -> MirroredFileSystem:
        terms = Terms(self._terms.clock, is_part=True)
        made = MirroredFileSystem(self._objects.below(name), self.folder / name, self._cache / name, terms)
        # Whoever uses one keeps those above it, so that each folder has one of them.
        made._above = self
        return made

    def look_anew(self) -> None:
        """Forget what was found when the store was last looked at."""
        self._catalogue.forget()

    def fetched(self, path: Path) -> Path | None:
        """Return where a file that belongs to no session can be read on this machine; None where there is none."""
        return self._catalogue.fetched(path.name)

    def lost(self, path: Path) -> str:
        """Return why a session that this process wrote is its own no more; empty where it is."""
        shipper = self._shipper(path)
        return "" if shipper is None else shipper.lost

    def clear(self, folder: Path) -> None:
        """Delete all files of a folder below, and what is here of them."""
        place = self.below(folder)
        place._objects.delete(place._objects.listed())
        place.leave()
        place._catalogue.forget()

    def leave(self, folder: Path | None = None) -> None:
        """Delete what is here of files that stand in the store; nothing happens where some do not."""
        place = self if folder is None else self.below(folder)
        if not place._held and not place._scratch.marked():
            _forget(place.folder, place._cache)

    def _shipper(self, path: Path) -> Shipper | None:
        return self._held.get(session_of(path.name) or "")

    def _known(self, sid: str) -> Shipper | None:
        """Return who knows what stands of a session without a look at the store."""
        left = self._left.get(sid)
        if left is not None and self._scratch.generation(sid) != left.generation:
            # Another process of this machine has put it.
            self._left.pop(sid, None)
            left = None
        return self._held.get(sid) or left

    def _counts_here(self, sid: str) -> bool:
        """Say whether the scratch folder is ahead of the store, whoever of this machine writes or wrote the session."""
        if self._known(sid) is not None:
            return True
        if self._scratch.generation(sid) is None:
            return False
        return self._catalogue.manifest(sid).writer in ("", self._scratch.id())

    def make_folder(self, folder: Path) -> None:
        """Make the scratch folder, and see that the store can be reached."""
        LOCAL.make_folder(folder)
        self._catalogue.forget()
        self._catalogue.listing()

    def identity(self, folder: Path) -> Hashable:
        """Return the scratch folder's path, which every name of the address leads to."""
        return "mirrored", str(folder)

    def settle(self, folder: Path) -> list[str]:
        """Put what earlier processes of this machine could not; return what a person should know."""
        said = []
        for sid in self._scratch.marked():
            path = self.folder / f"session_{sid}.lock"
            if sid not in self._held and not is_held(path):
                said.append(settle(self._lock(path, 0.0), sid))
        return [text for text in said if text]

    def names(self, folder: Path, naming: str = "") -> Iterator[str]:
        """Yield the names of the files that stand or are in the scratch folder."""
        shipper = self._known(naming)
        if shipper is not None:
            # What a run asks of its own session needs no network.
            yield from shipper.standing.files() | {file.name for file in self._scratch.files(naming)}
            return
        known = {sid: shipper for sid in {*self._held, *self._left} if (shipper := self._known(sid))}
        names = {name for name in self._catalogue.files() if session_of(name) not in known}
        names.update(*(shipper.standing.files() for shipper in known.values()))
        for sid in {*known, *self._scratch.marked()}:
            if self._counts_here(sid):
                names |= {file.name for file in self._scratch.files(sid)}
        yield from (name for name in names if naming in name)

    def _here(self, path: Path) -> bool:
        """Say whether the file is the one in the scratch folder."""
        if path.name.startswith(_LABELS) or not (self.folder / path.name).exists():
            return False
        return self._counts_here(session_of(path.name) or "")

    def _standing_has(self, path: Path) -> bool:
        shipper = self._known(session_of(path.name) or "")
        if shipper is None or path.name.startswith(_LABELS):
            return self._catalogue.standing(session_of(path.name) or "").holds(path.name)
        return not path.name.startswith(_REQUEST) and shipper.standing.holds(path.name)

    def exists(self, path: Path) -> bool:
        """Say whether there is such a file."""
        return self._here(path) or self._standing_has(path)

    def size(self, path: Path) -> int:
        """Return the length of a file in bytes; 0 where there is none."""
        if path.parent != self.folder and path.parent.is_relative_to(self.folder):
            return self.below(path.parent).size(path)
        if self._here(path):
            return LOCAL.size(path)
        shipper = self._known(session_of(path.name) or "")
        if shipper is not None:
            return shipper.standing.size(path.name)
        return self._catalogue.standing(session_of(path.name) or "").size(path.name)

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file; None where there is none."""
        if self._here(path) and (data := read_bytes(path)) is not None:
            return data
        shipper = self._known(session_of(path.name) or "")
        if shipper is not None and not path.name.startswith(_LABELS):
            if path.name.startswith(_REQUEST):
                return None
            return self._catalogue.content(path.name, shipper.standing)
        sid = session_of(path.name) or ""
        with contextlib.suppress(SessionDamaged):
            data = self._catalogue.content(path.name, self._catalogue.standing(sid))
            if data is not None or not is_batch(path.name):
                return data
        # A run may have put another one since we looked, or moved it out of the scratch folder.
        self._catalogue.forget()
        return self._catalogue.content(path.name, self._catalogue.standing(sid))

    def read_start(self, path: Path, size: int) -> bytes | None:
        """Return the first bytes of a file; None where there is none."""
        data = self.read(path)
        return None if data is None else data[:size]

    def read_end(self, path: Path, size: int) -> bytes | None:
        """Return the last bytes of a file; None where there is none."""
        data = self.read(path)
        return None if data is None else data[max(0, len(data) - size) :]

    def write(self, path: Path, data: bytes) -> None:
        """Write a file: to the scratch folder where this process writes the session, else to the store itself."""
        shipper = self._shipper(path)
        if shipper is None or path.name.startswith(_LABELS):
            self._objects.put({path.name: data})
            self._catalogue.forget()
        elif path.name.startswith(_REQUEST):
            LOCAL.write(path, data)
        else:
            refuse_lost(shipper)
            with shipper.writing:
                LOCAL.write(path, data)
                shipper.changed(path.name)

    def _writer(self, path: Path) -> Shipper:
        shipper = self._shipper(path)
        if shipper is None:
            raise StorageError(f"could not change {path.name} in {self._objects.address}: its session is not held")
        refuse_lost(shipper)
        return shipper

    def _copy_up(self, path: Path) -> int:
        """Bring a file to the scratch folder where it is not there; return how much of it stands in the store."""
        if path.exists() or (data := self.read(path)) is None:
            return 0
        LOCAL.write(path, data)
        return len(data)

    def open_append(self, path: Path) -> AppendedFile:
        """Open a file of a session that is held for appending; made where it is not there."""
        shipper = self._writer(path)
        stood = self._copy_up(path)
        return ShippedFile(LOCAL.open_append(path), shipper, path.name, stood)

    def sync_folder(self, folder: Path) -> None:
        """Make the entries of the scratch folder survive a power cut."""
        LOCAL.sync_folder(folder)

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file off after its first bytes, for good."""
        shipper = self._writer(path)
        with shipper.writing:
            self._copy_up(path)
            LOCAL.truncate(path, size)
            shipper.changed(path.name)

    def set_aside(self, path: Path) -> Path:
        """Give a damaged file the first `*.corrupt` name that is free, and return that."""
        shipper = self._writer(path)
        target = free_aside(path, self.exists)
        # As it is, and not as the manifest says that it should be.
        data = read_bytes(path) if path.exists() else self._objects.get([path.name]).get(path.name)
        with shipper.writing:
            if data is not None:
                LOCAL.write(target, data)
                shipper.changed(target.name)
            LOCAL.remove(path)
            shipper.removed(path.name)
        return target

    def remove(self, path: Path) -> None:
        """Remove a file; nothing happens where there is none."""
        shipper = self._shipper(path)
        if shipper is None:
            self._objects.delete([path.name])
            self._catalogue.forget()
            return
        refuse_lost(shipper)
        with shipper.writing:
            LOCAL.remove(path)
            shipper.removed(path.name)

    def exposure(self, path: Path) -> str:
        """Return the mode of a file in the scratch folder that is not for its owner alone.

        Who may read what lies in a store is for its owner to say.
        """
        return LOCAL.exposure(path) if self._here(path) else ""

    def make_private(self, path: Path) -> None:
        """Keep a file in the scratch folder for its owner alone."""
        if self._here(path):
            LOCAL.make_private(path)

    def lock(self, path: Path, *, grace_s: float = GRACE_S) -> Lock:
        """Return the lock of a session, not yet taken."""
        return self._lock(path, grace_s)

    def _lock(self, path: Path, grace_s: float) -> RemoteLock:
        place = (self._catalogue, self._scratch, self._terms)
        return RemoteLock(self.folder / path.name, place, grace_s=grace_s, on_change=self._note)

    def _note(self, sid: str, is_held: bool, shipper: Shipper | None) -> None:
        known = self._held if is_held else self._left
        if shipper is not None:
            known[sid] = shipper
        if not is_held:
            self._held.pop(sid, None)
        if is_held or shipper is None:
            self._left.pop(sid, None)

    def holder(self, path: Path) -> str | None:
        """Return who holds the lock of a session, in words; None where nobody does."""
        here = self.folder / path.name
        if is_held(here):
            return local_holder(here)
        data = self._catalogue.note(lease_name(path.stem.removeprefix("session_")))
        if data is None:
            return None
        found = Holder.read(data)
        # One of this machine whose lock nobody holds is dead.
        dead = found.owner == self._scratch.id() or found.is_over(self._terms.clock.now())
        return None if dead else found.who


def _forget(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


_mirrors: dict[tuple[Path, int], MirroredFileSystem] = {}
_mutex = threading.Lock()


def mirror_of(address: str) -> MirroredFileSystem:
    """Return the sessions under an address: one for this process, so that whoever reads knows of whoever writes.

    Raises:
        InputError: The address cannot be used, or the package for it is missing.
    """
    address = normal(address)
    folder = scratch_folder(address)
    with _mutex:
        # With other options it is another one: it might be another account.
        key = (folder, hash(repr(options_for(address))))
        if key not in _mirrors:
            objects = open_objects(address)
            # So that what people write beside their sessions finds it; who cannot have one may still read.
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if address.startswith("memory://"):
                # Nobody could ever go on with it.
                atexit.register(_forget, folder, cache_folder(address))
            _mirrors[key] = MirroredFileSystem(objects, folder, cache_folder(address))
        return _mirrors[key]
