from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedeval.errors import SessionDamaged
from feedeval.records.delivery import Part, PartState
from feedeval.storage.parts import PARTS, PartFiles, has_parts, hashes_in
from feedeval.storage.store import SessionStore

NOW = datetime(2026, 1, 31, 14, 25, tzinfo=UTC)
DATA = b'{"custom_id":"a","body":{}}\n{"custom_id":"b","body":{"text":"\xe2\x80\xa8"}}\n'


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore.create(tmp_path, now=NOW)


def test_a_part_is_a_file_and_an_entry(store: SessionStore) -> None:
    files = PartFiles(store.paths, store)
    assert files.load() == ([], 0, None) and not has_parts(store.paths)
    files.write(3, DATA)
    part = Part(number=3, requests=2, size_bytes=len(DATA), batches=((1, 2),), state=PartState.OUT, batch_id="b")
    files.save([part], 7, 500)
    assert has_parts(store.paths)
    assert files.load() == ([part], 7, 500) and files.numbers() == [3]
    assert hashes_in(files.read(3)) == ["a", "b"]
    assert store.paths.part(3).stat().st_mode & 0o777 == 0o600
    files.remove(3)
    files.remove(3)
    assert files.numbers() == []
    with pytest.raises(SessionDamaged, match="part 3"):
        files.read(3)


def test_a_document_of_another_shape_is_said_to_be_damaged(store: SessionStore) -> None:
    store.save(PARTS, {"parts": [{"number": "x"}], "last_number": 1, "most_tokens": None})
    with pytest.raises(SessionDamaged, match="parts_"):
        PartFiles(store.paths, store).load()


def test_the_files_of_parts_belong_to_the_session(store: SessionStore) -> None:
    PartFiles(store.paths, store).write(1, DATA)
    assert store.paths.part(1).name in {file.name for file in store.paths.files()}
