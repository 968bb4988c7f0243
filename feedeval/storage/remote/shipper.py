"""Puts what changes in a session's scratch folder to where the session belongs, a few seconds later.

A round, every `SHIP_EVERY_S`: the lease is renewed; files that were written are put whole, and of each call log what
was appended since, as one more numbered piece; then the manifest, which says what stands now; then what the manifest no
longer names is deleted. So whatever a manifest names is there, and a reply that was paid for is in a piece until the
batch that used it stands.

Where the store cannot be reached, the run goes on in the scratch folder and rounds are tried again, with pauses that
grow up to `LONGEST_PAUSE_S`. Where the lease is lost, nothing is put any more.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence

from feedeval.errors import StorageError
from feedeval.formatting import duration
from feedeval.storage.atomic import read_bytes
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.names import FileKind, FileState, parse_name
from feedeval.storage.remote.berth import Berth, Log
from feedeval.storage.remote.lease import LeaseLost
from feedeval.storage.remote.manifest import Entry, Manifest, file_of, manifest_name, piece_name
from feedeval.storage.remote.standing import Standing, is_batch

SHIP_EVERY_S = 2.0
LONGEST_PAUSE_S = 60.0
TELL_AFTER_S = 30.0
"""What has waited for so long to be put is told."""
FLUSH_FOR_S = 60.0
"""How long the end of a session goes on trying after the last put that went through."""
_LONGEST_AT_THE_END_S = 8.0
_LOOK_S = 0.05
_MANIFEST_SHARE = 20.0
"""A large manifest is put so seldom that its puts take no more than one part in so many of the time."""
_AT_ONCE, _BYTES_AT_ONCE = 64, 32_000_000
_OTHERS = ("labels_", "request_")
"""Files that others than the writer put, so that the writer's manifest does not speak for them."""


class Shipper:
    """Puts the files of one session, for its writer. Safe to use from several threads.

    Args:
        berth: What it works between.
        standing: The session's objects as they stand at the beginning.
    """

    def __init__(self, berth: Berth, standing: Standing) -> None:
        self._berth = berth
        self._objects = berth.catalogue.objects
        self.standing = standing
        self.writing = threading.RLock()
        """Held while a file is written and noted, so that it is not moved away in between."""
        self._mutex = threading.Lock()
        self._dirty: dict[str, int] = {}
        self._versions = 0
        self._logs: dict[str, Log] = {}
        self._pieces = 0
        self._doomed: set[str] = set()
        self._put_batches: set[str] = set()
        self._manifest_due = False
        self._manifest_at_s = float("-inf")
        self._had_manifest = bool(berth.catalogue.manifest(berth.sid).generation)
        self.lost = ""
        """Why nothing is put any more; empty while the lease holds."""
        self._fault = ""
        self._behind_since_s: float | None = None
        self._went_through = 0
        self._closing = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"feedeval-shipper-{berth.sid}", daemon=True)

    @property
    def generation(self) -> int:
        """How many writers the session has had, this one included."""
        return self._berth.lease.generation

    def begin(self) -> None:
        """Start to work."""
        self._thread.start()

    def changed(self, name: str) -> None:
        """Note that a file was written."""
        file = parse_name(name)
        if file is not None and file.kind is FileKind.CALLS and file.state is FileState.IN_USE:
            with self._mutex:
                stale = [piece for piece, _ in self.standing.pieces(name)]
                self._logs[name] = Log(pending=True, stale=stale)
                self._behind()
            return
        with self._mutex:
            self._versions += 1
            self._dirty[name] = self._versions
            self._doomed.discard(name)
            self._behind()

    def appended(self, name: str, stood: int) -> None:
        """Note that a call log was appended to, of which so many bytes stood when it was opened."""
        with self._mutex:
            log = self._logs.setdefault(name, Log(shipped=stood))
            log.pending = True
            self._behind()

    def removed(self, name: str) -> None:
        """Note that a file was removed."""
        with self._mutex:
            self._dirty.pop(name, None)
            log = self._logs.pop(name, None)
            gone = {name, *(piece for piece, _ in self.standing.pieces(name)), *(log.stale if log else ())}
            if self.standing.holds(name) or log:
                self._doomed |= gone
                self._manifest_due = True
            self.standing.discard(gone)

    def _behind(self) -> None:
        if self._behind_since_s is None:
            self._behind_since_s = self._berth.clock.monotonic()

    @property
    def waiting(self) -> int:
        """How many files are not yet what they are in the scratch folder."""
        with self._mutex:
            return len(self._dirty) + sum(log.pending for log in self._logs.values())

    @property
    def trouble(self) -> str:
        """What a person should know; empty while all is well."""
        if self.lost:
            return self.lost
        since_s = self._behind_since_s
        behind_s = self._berth.clock.monotonic() - since_s if since_s is not None else 0.0
        if not self._fault or behind_s < TELL_AFTER_S:
            return ""
        return (
            f"For {duration(behind_s)} {_files(self.waiting)} waited to be put: {self._fault.rstrip('.')}. The run "
            f"goes on, and nothing is lost: all is in {self._berth.scratch}."
        )

    def _work(self) -> None:
        pause_s = SHIP_EVERY_S
        while not self._rested(pause_s):
            pause_s = SHIP_EVERY_S if self._went_well() else min(2 * pause_s, LONGEST_PAUSE_S)
            if self.lost:
                return

    def _rested(self, pause_s: float) -> bool:
        """Rest until the next round; return whether there is none."""
        self._hurry.wait(pause_s)
        self._hurry.clear()
        return self._closing.is_set()

    def flush(self) -> None:
        """Wait until all stands that was written so far; the thread goes on.

        Raises:
            StorageError: It does not after `FLUSH_FOR_S`, or the lease is lost.
        """
        monotonic = self._berth.clock.monotonic
        until_s = monotonic() + FLUSH_FOR_S
        self._hurry.set()
        while self.waiting:
            if self.lost or self._closing.wait(_LOOK_S) or monotonic() >= until_s:
                raise StorageError(self.left)

    def _went_well(self, *, last: bool = False) -> bool:
        try:
            self.ship(last=last)
        except LeaseLost as exc:
            self.lost = f"{exc} What it had done by then is in {self._berth.scratch}."
        except StorageError as exc:
            self._fault = str(exc)
        except Exception as exc:  # the thread has to live on: without it the lease would run out
            self._fault = f"{type(exc).__name__}: {exc}"
        else:
            self._fault = ""
            return True
        return False

    def ship(self, *, last: bool = False) -> None:
        """Put what changed.

        Args:
            last: Put the manifest, however large it is.

        Raises:
            LeaseLost: Somebody else writes the session now.
            StorageError: The store cannot be reached; what was not put is put the next time.
        """
        self._berth.lease.keep()
        self._went_through += 1
        self._hear()
        self._put_files()
        self._put_pieces()
        self._put_manifest(at_once=last)
        with self._mutex:
            if not self._dirty and not any(log.pending for log in self._logs.values()):
                self._behind_since_s = None

    def _hear(self) -> None:
        """Bring down what was asked of the run from another machine."""
        name = f"request_{self._berth.sid}.json"
        asked = self._objects.get([name]).get(name)
        if asked is not None:
            LOCAL.write(self._berth.scratch / name, asked)
            self._objects.delete([name])

    def _put_files(self) -> None:
        with self._mutex:
            # The progress file counts what is in the others.
            versions = dict(sorted(self._dirty.items(), key=lambda item: item[0].startswith("progress_")))
        for group in self._groups(versions):
            self._put(group)
            with self._mutex:
                for name, data in group.items():
                    if name not in self._dirty:
                        # Removed while it was put.
                        self._doomed.add(name)
                        continue
                    self.standing.add(name, Entry.of(data))
                    if self._dirty[name] == versions[name]:
                        del self._dirty[name]
                        self._put_batches |= {name} if is_batch(name) else set()

    def _groups(self, versions: Mapping[str, int]) -> Iterator[dict[str, bytes]]:
        group: dict[str, bytes] = {}
        for name, version in versions.items():
            data = read_bytes(self._berth.scratch / name)
            if data is None:
                # Removed, unless it was written again since we looked.
                with self._mutex:
                    if self._dirty.get(name) == version:
                        del self._dirty[name]
                continue
            group[name] = data
            if len(group) >= _AT_ONCE or sum(map(len, group.values())) >= _BYTES_AT_ONCE:
                yield group
                group = {}
        if group:
            yield group

    def _put(self, group: Mapping[str, bytes]) -> None:
        self._berth.lease.keep()
        self._objects.put(group)
        self._went_through += 1
        self._manifest_due = True

    def _put_pieces(self) -> None:
        with self._mutex:
            pending = [(name, log) for name, log in self._logs.items() if log.pending]
        for at in range(0, len(pending), _AT_ONCE):
            self._put_tails(pending[at : at + _AT_ONCE])

    def _put_tails(self, logs: Sequence[tuple[str, Log]]) -> None:
        self._pieces += 1
        pieces: dict[str, tuple[str, Log, bytes]] = {}
        for name, log in logs:
            # Before it is read: what comes after that is noted anew.
            log.pending = False
            piece = piece_name(name, self._berth.lease.generation, self._pieces)
            pieces[piece] = (name, log, self._tail(name, log.shipped))
        try:
            if group := {piece: data for piece, (_, _, data) in pieces.items() if data}:
                self._put(group)
        except StorageError:
            for _, log in logs:
                log.pending = True
            raise
        with self._mutex:
            for piece, (name, log, data) in pieces.items():
                self._piece_stands(name, log, piece, data)

    def _tail(self, name: str, shipped: int) -> bytes:
        """Return the whole lines of a log that were not put yet."""
        data = (read_bytes(self._berth.scratch / name) or b"")[shipped:]
        return data[: data.rfind(b"\n") + 1]

    def _piece_stands(self, name: str, log: Log, piece: str, data: bytes) -> None:
        if self._logs.get(name) is not log:
            # Its batch was completed, or it was mended, while the piece was put.
            self._doomed |= {piece} if data else set()
            return
        if data:
            self.standing.add(piece, Entry.of(data))
            log.shipped += len(data)
        if log.stale:
            self.standing.discard(log.stale)
            self._doomed |= set(log.stale)
            self._manifest_due, log.stale = True, []

    def _put_manifest(self, *, at_once: bool) -> None:
        monotonic = self._berth.clock.monotonic
        began_s = monotonic()
        with self._mutex:
            if not self._manifest_due or (not at_once and began_s < self._manifest_at_s):
                return
            # A log that was used up since this round began stays until the batch that used it was put.
            doomed = [name for name in self._doomed if _user_of(name) not in self._dirty]
            self._manifest_due = len(doomed) < len(self._doomed)
        # Cut short, what is left of a session that is deleted is still known for one.
        doomed.sort(key=lambda name: name.startswith(("progress_", "session_")))
        try:
            self._put_what_stands()
            self._objects.delete(doomed)
        except StorageError:
            self._manifest_due = True
            raise
        self._manifest_at_s = began_s + max(SHIP_EVERY_S / 2, _MANIFEST_SHARE * (monotonic() - began_s))
        with self._mutex:
            self._doomed -= set(doomed)
        self._berth.catalogue.drop(doomed)
        self._clear_away()

    def _put_what_stands(self) -> None:
        name, sid = manifest_name(self._berth.sid), self._berth.sid
        objects = {each: entry for each, entry in self.standing.objects().items() if not each.startswith(_OTHERS)}
        self._berth.lease.keep()
        if objects:
            self._objects.put({name: Manifest(self._berth.writer, self._berth.lease.generation, objects).encoded(sid)})
            self._had_manifest = True
        elif self._had_manifest:
            self._objects.delete([name])
            self._had_manifest = False

    def _clear_away(self) -> None:
        """Keep batch files that stand where fetched ones are kept: the scratch folder has what is not put yet."""
        for name in list(self._put_batches):
            with self.writing:
                with self._mutex:
                    self._put_batches.discard(name)
                    stands = name not in self._dirty and self.standing.holds(name)
                if stands:
                    self._berth.catalogue.take_in(self._berth.scratch / name)

    @property
    def _is_done(self) -> bool:
        with self._mutex:
            return not (self._dirty or self._doomed or self._manifest_due) and not any(
                log.pending for log in self._logs.values()
            )

    def close(self) -> bool:
        """Put what is left and give the lease back; return whether all stands.

        Where the store cannot be reached, this goes on trying for `FLUSH_FOR_S`.
        """
        self._closing.set()
        self._hurry.set()
        if self.lost:
            return False
        if self._thread.is_alive():
            self._thread.join()
        clock, pause_s = self._berth.clock, SHIP_EVERY_S
        until_s = clock.monotonic() + FLUSH_FOR_S
        while True:
            before = self._went_through
            if self._went_well(last=True) and self._is_done:
                # Where it cannot be given back, it runs out by itself.
                with contextlib.suppress(StorageError):
                    self._berth.lease.release()
                return True
            if self._went_through > before:
                until_s, pause_s = clock.monotonic() + FLUSH_FOR_S, SHIP_EVERY_S
            if self.lost or clock.monotonic() >= until_s:
                return False
            if self._fault:
                clock.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_AT_THE_END_S)

    @property
    def left(self) -> str:
        """What to say where not all could be put."""
        if self.lost:
            return self.lost
        return (
            f"{_files(self.waiting)} of session {self._berth.sid} could not be put to {self._objects.address}: "
            f"{self._fault.rstrip('.')}. What is missing there is in {self._berth.scratch}, and the next call that "
            "names this output folder puts it there."
        )


def _user_of(name: str) -> str | None:
    """Return the batch file that a piece of a call log is used up by; None for any other object."""
    file = parse_name(file_of(name) or "")
    return f"batch_{file.number:04d}_{file.sid}.json" if file and file.kind is FileKind.CALLS else None


def _files(count: int) -> str:
    return "one file" if count == 1 else f"{count:,} files"
