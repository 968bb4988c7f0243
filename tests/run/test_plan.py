"""The planning pass."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from feedeval.errors import InputError
from feedeval.records import Record
from feedeval.run.plan import make_plan
from tests.run.jobs import QuickJob


def test_every_repeated_content_has_its_first_record_as_leader() -> None:
    plan = make_plan(QuickJob(["a", "b", "a", "c", "b", "a"]).records())

    assert [plan.leader(n) for n in range(6)] == [0, 1, 0, 3, 1, 0]
    assert (plan.total, plan.twins) == (6, 3)


def test_different_contents_are_their_own_leaders() -> None:
    plan = make_plan(QuickJob(4).records())

    assert plan.leaders is None
    assert plan.leader(3) == 3


def test_the_digest_follows_content_keys_and_order() -> None:
    digests = [
        make_plan(QuickJob(contents, keys=keys).records()).digest
        for contents, keys in [
            (["a", "b"], ["x", "y"]),
            (["a", "c"], ["x", "y"]),
            (["b", "a"], ["x", "y"]),
            (["a", "b"], ["x", "z"]),
            (["a"], ["x"]),
        ]
    ]

    assert len(set(digests)) == 5
    assert digests[0] == make_plan(QuickJob(["a", "b"], keys=["x", "y"]).records()).digest


def test_a_repeated_key_is_refused() -> None:
    with pytest.raises(InputError, match="records 0 and 2 have the same key"):
        make_plan(QuickJob(3, keys=["x", "y", "x"]).records())


def test_an_index_that_is_not_the_position_is_refused() -> None:
    records = list(QuickJob(3).records())

    with pytest.raises(InputError, match="index"):
        make_plan([records[0], replace(records[1], index=5)])


def test_memory_does_not_hold_the_records() -> None:
    def many() -> Iterator[Record]:
        for n in range(50_000):
            yield Record(n, f"key {n}", f"{n:032x}", "x" * 2000)

    tracemalloc.start()
    plan = make_plan(many())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert plan.total == 50_000
    assert peak < 10_000_000
