"""What something costs in CPU, for tests that compare two costs of the same run; alone, such a figure says nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

GROWTH = 24
"""How many times as much eight times the input may cost: in proportion it would be 8 times, with its square 64."""


def least_cpu_s(action: Callable[[], object], rounds: int = 3) -> float:
    """Return the least CPU that something takes: what else the machine does only ever adds."""
    found = []
    for _ in range(rounds):
        begun_s = time.thread_time()
        action()
        found.append(time.thread_time() - begun_s)
    return min(found)
