from __future__ import annotations

import stat
from pathlib import Path

import pytest

from feedeval.errors import StorageError
from feedeval.records import Call, Usage
from feedeval.storage.reply_cache import ReplyCache, cache_size, clear_cache


def call(request_hash: str, text: str = "{}") -> Call:
    return Call(
        request_hash=request_hash,
        model="m",
        text=text,
        finish_reason="stop",
        usage=Usage(input_tokens=10, cached_tokens=0, output_tokens=5),
        cost_usd=0.01,
        latency_ms=1.0,
        retries=0,
        created="2026-01-01T00:00:00.000+00:00",
    )


def noise(seed: int, length: int) -> str:
    """Text that does not shrink when it is packed."""
    import random

    return "".join(chr(random.Random(seed * length + n).randrange(0x4E00, 0x9FFF)) for n in range(length))


def test_a_reply_is_found_by_a_later_sitting_as_it_was(tmp_path: Path) -> None:
    first = ReplyCache(tmp_path, 10)
    first.put(call("a", "größe"))
    first.close()
    second = ReplyCache(tmp_path, 10)
    assert second.get("a") == call("a", "größe")
    assert second.get("b") is None
    assert second.found == 1
    second.close()
    assert cache_size(tmp_path)[0] == 1


def test_two_runs_use_one_cache_at_once(tmp_path: Path) -> None:
    one, other = ReplyCache(tmp_path, 10), ReplyCache(tmp_path, 10)
    one.put(call("a"))
    assert other.get("a") is not None
    one.put(call("b"))
    other.put(call("c"))
    assert one.get("c") is not None and other.get("b") is not None
    assert one.fault == other.fault == ""
    one.close()
    other.close()
    assert cache_size(tmp_path)[0] == 3


def test_replies_that_were_not_used_for_longest_make_room(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path, 0.02)
    for name in "abcdef":
        cache.put(call(name, noise(ord(name), 2000)))
        assert cache.get("a") is not None, "what is used stays"
    cache.close()
    count, size = cache_size(tmp_path)
    assert 0 < count < 6
    assert size <= 0.02e6


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path, 10)
    cache.put(call("a"))
    cache.close()
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600


def test_clearing_leaves_nothing(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path, 10)
    cache.put(call("a"))
    cache.close()
    clear_cache(tmp_path)
    assert cache_size(tmp_path) == (0, 0)
    assert list((tmp_path / "cache").iterdir()) == []
    clear_cache(tmp_path)


def test_a_damaged_cache_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "replies.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="feedeval cache --clear"):
        ReplyCache(tmp_path, 10)
    with pytest.raises(StorageError, match="feedeval cache --clear"):
        cache_size(tmp_path)
    clear_cache(tmp_path)
    ReplyCache(tmp_path, 10).close()


def test_a_reply_that_cannot_be_read_is_asked_for_again(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path, 10)
    cache.put(call("a"))
    cache._connection.execute("UPDATE replies SET call = x'00'")
    assert cache.get("a") is None
    assert cache.fault
    cache.close()
