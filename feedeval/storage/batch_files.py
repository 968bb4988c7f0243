"""What stands in a session's batch files, without holding the values in memory.

Batch files are decoded by type: of each result only the columns asked for are made into objects, the rest is passed
over at the speed of memory. One file at a time is held.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import ValidationError

from feedeval.errors import SessionDamaged
from feedeval.records import SCHEMA_VERSION, BatchFile, BatchReport
from feedeval.storage.batch_shapes import BatchOf, RecordRow, batch_decoder
from feedeval.storage.encoding import check_version, damaged
from feedeval.storage.paths import FileKind, FileState, SessionPaths, StoredFile

T = TypeVar("T")
_HASH_BYTES = 16


RecordBatch = BatchOf[RecordRow, RecordRow]

_decode_records = batch_decoder(RecordRow, RecordRow)


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """One complete batch in figures."""

    number: int
    start_index: int
    end_index: int
    """Inclusive."""
    successful: int
    failed: int
    reused: int
    calls: int
    retries: int
    tokens: int
    cost_usd: float | None
    """None where the cost of a record is not known."""
    elapsed_ms: float


class HashIndex(Mapping[int, str]):
    """Content hash by record index, in 17 bytes a record instead of the 200 that a dict of strings takes."""

    def __init__(self) -> None:
        self._hashes = bytearray()
        self._known = bytearray()
        self._odd: dict[int, str] = {}
        """Hashes that are not 32 lower-case hex digits, as a job of one's own may make them."""
        self._count = 0

    def add(self, index: int, content_hash: str) -> None:
        """Note the hash of a record."""
        missing = index + 1 - len(self._known)
        if missing > 0:
            # Grown by a share, so that indexes that come one by one do not copy the whole each time.
            missing += len(self._known) // 4
            self._known.extend(bytes(missing))
            self._hashes.extend(bytes(missing * _HASH_BYTES))
        self._count += not self._known[index]
        self._known[index] = 1
        self._odd.pop(index, None)
        try:
            raw = bytes.fromhex(content_hash)
        except ValueError:
            raw = b""
        if len(raw) == _HASH_BYTES and raw.hex() == content_hash:
            self._hashes[index * _HASH_BYTES : (index + 1) * _HASH_BYTES] = raw
        else:
            self._odd[index] = content_hash

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._known) or not self._known[index]:
            raise KeyError(index)
        if index in self._odd:
            return self._odd[index]
        return self._hashes[index * _HASH_BYTES : (index + 1) * _HASH_BYTES].hex()

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and 0 <= index < len(self._known) and bool(self._known[index])

    def __iter__(self) -> Iterator[int]:
        return (index for index, known in enumerate(self._known) if known)

    def __len__(self) -> int:
        return self._count


@dataclass(slots=True)
class Scan:
    """What is done, what failed, and the batches it stands in."""

    done_hash: HashIndex = field(default_factory=HashIndex)
    """Content hash of each record that has a result, by its index."""
    failed: set[int] = field(default_factory=set)
    """Indexes of records that failed."""
    batches: dict[int, BatchSummary] = field(default_factory=dict)
    """By batch number, in order."""
    keys: dict[int, str] = field(default_factory=dict)
    """Key by index, done or failed; empty unless asked for."""


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Switch the garbage collector off while many objects are made that all live on: it would only walk them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def batch_files(paths: SessionPaths) -> list[tuple[int, StoredFile]]:
    """Return number and place of all batch files of a session in the order of their numbers."""
    numbers = (f.number for f in paths.files() if f.kind is FileKind.BATCH and f.state is FileState.IN_USE)
    return [(n, paths.stored(paths.batch(n))) for n in numbers if n is not None]


def iter_batches(
    paths: SessionPaths,
    decode: Callable[[bytes], T],
    *,
    on_damaged: Callable[[Path, str], None] | None = None,
) -> Iterator[tuple[int, T]]:
    """Yield number and decoded content of each batch file, in the order of their numbers; takes no lock.

    Args:
        paths: The session.
        decode: Makes of a file's bytes what is wanted, such as the `decode` of a `msgspec.json.Decoder`.
        on_damaged: Called with the path and what is wrong of a file that cannot be decoded, which is passed over.

    Raises:
        SessionDamaged: A file cannot be decoded and `on_damaged` is not given.
        SchemaTooNew: A later version of feedeval wrote a file.
    """
    for number, file in batch_files(paths):
        try:
            content = read_batch(file, decode)
        except SessionDamaged as exc:
            if on_damaged is None:
                raise
            on_damaged(file.path, str(exc))
            continue
        if content is not None:
            yield number, content


def read_batch(file: StoredFile, decode: Callable[[bytes], T]) -> T | None:
    """Return what `decode` makes of one batch file, or None where it was set aside since the folder was listed.

    Raises:
        SessionDamaged: It cannot be decoded.
        SchemaTooNew: A later version of feedeval wrote it.
    """
    data = file.read()
    return None if data is None else _decoded(data, file.path, decode)


def _decoded(data: bytes, path: Path, decode: Callable[[bytes], T]) -> T:
    try:
        content = decode(data)
    except (ValueError, msgspec.DecodeError, ValidationError, UnicodeDecodeError) as exc:
        # A file of a later version is refused, not called damaged, so the version is looked at first.
        check_version(data, path)
        raise damaged(path, f"it is not a batch file ({_first_line(exc)})") from exc
    if getattr(content, "schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        # It looks like one of ours, but may mean something else.
        check_version(data, path)
    return content


def _first_line(exc: Exception) -> str:
    return str(exc).split("\n", maxsplit=1)[0]


def read_batch_file(file: StoredFile) -> BatchFile:
    """Read and check one batch file.

    Raises:
        SessionDamaged: It is not there, not JSON, of another shape, or not what its name says.
        SchemaTooNew: A later version of feedeval wrote it.
    """
    path = file.path

    def decode(data: bytes) -> BatchFile:
        # The record would take a version that is missing for the present one.
        check_version(data, path)
        return BatchFile.model_validate_json(data)

    batch = read_batch(file, decode)
    if batch is None:
        raise SessionDamaged(f"{path} is not there; run `feedeval verify` to see what is left of the session.")
    indexes = [r.index for r in batch.results] + [f.index for f in batch.failures]
    span = (batch.session, batch.batch_number, batch.start_index, batch.end_index)
    if problem := _contradiction(path, span, indexes):
        raise damaged(path, problem)
    return batch


def _contradiction(path: Path, span: tuple[str, int, int, int], indexes: list[int]) -> str:
    """Return how a batch file contradicts its own name or itself; empty where it does not."""
    sid, number, start, end = span
    if path.name != f"batch_{number:04d}_{sid}.json":
        return f"it says that it is batch {number} of session {sid}"
    if not 0 <= start <= end:
        return f"its range of records {start} to {end} is none"
    if len(indexes) != end - start + 1 or set(indexes) != set(range(start, end + 1)):
        return f"its {len(indexes)} records are not those from {start} to {end}"
    return ""


def scan_batches(paths: SessionPaths, *, on_damaged: Callable[[Path, str], None], with_keys: bool = False) -> Scan:
    """Read what stands in all batch files.

    Args:
        paths: The session.
        on_damaged: Called with the path and what is wrong of each damaged file, which then counts as not there.
        with_keys: Whether keys are wanted as well.

    Raises:
        SchemaTooNew: A later version of feedeval wrote a file.
    """
    scan = Scan()
    reached = -1
    with collector_paused():
        for number, file in batch_files(paths):
            path = file.path
            try:
                batch = read_batch(file, _decode_records)
                if batch is None:
                    continue
                _check(batch, path)
                if batch.start_index <= reached:
                    raise damaged(path, f"its records from {batch.start_index} stand in an earlier batch already")
            except SessionDamaged as exc:
                on_damaged(path, str(exc))
                continue
            reached = batch.end_index
            scan.batches[number] = _add(scan, batch, with_keys=with_keys)
    return scan


def check_batch(data: bytes, path: Path) -> None:
    """Check the content of a batch file against itself and its name.

    Raises:
        SessionDamaged: It is not a batch file, or not the one that its name says.
        SchemaTooNew: A later version of feedeval wrote it.
    """
    _check(_decoded(data, path, _decode_records), path)


def _check(batch: RecordBatch, path: Path) -> None:
    indexes = [row.index for row in batch.results]
    indexes += [row.index for row in batch.failures]
    span = (batch.session, batch.batch_number, batch.start_index, batch.end_index)
    if problem := _contradiction(path, span, indexes):
        raise damaged(path, problem)
    try:
        BatchReport.model_validate_json(bytes(batch.report))
    except ValidationError as exc:
        raise damaged(path, f"its report is not one ({_first_line(exc)})") from exc


def _add(scan: Scan, batch: RecordBatch, *, with_keys: bool) -> BatchSummary:
    for row in batch.results:
        scan.done_hash.add(row.index, row.content_hash)
    scan.failed.update(row.index for row in batch.failures)
    rows = batch.results + batch.failures
    if with_keys:
        scan.keys.update((row.index, row.key) for row in rows)
    costs = [row.cost_usd for row in rows]
    return BatchSummary(
        number=batch.batch_number,
        start_index=batch.start_index,
        end_index=batch.end_index,
        successful=len(batch.results),
        failed=len(batch.failures),
        reused=sum(row.reused_from is not None for row in batch.results),
        calls=sum(row.calls for row in rows),
        retries=sum(row.retries for row in rows),
        tokens=sum(row.tokens for row in rows),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        elapsed_ms=sum(row.elapsed_ms for row in rows),
    )
