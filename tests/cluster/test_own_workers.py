"""Worker processes that a run starts for itself, and those of others."""

from __future__ import annotations

import gc
from typing import Any

from feedeval.evaluator.cluster.crew import client_of


def test_only_processes_of_its_own_look_for_cycles_less_often(client: Any) -> None:
    usual = gc.get_threshold()
    assert set(client.run(gc.get_threshold).values()) == {usual}
    mine, close = client_of(1)
    try:
        [own] = mine.run(gc.get_threshold).values()
    finally:
        close()
    assert own > usual
    assert gc.get_threshold() == usual
