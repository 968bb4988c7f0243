"""What the worker processes that a run starts for itself do before their first shard; Dask calls `dask_setup`."""

from __future__ import annotations

import gc
from typing import Any

_GC_THRESHOLDS = (20_000, 20, 20)
"""A shard's results live until its end and hardly any of them in a cycle: looking for cycles as often as Python does by
itself takes a thirtieth of the time. In processes that are not ours this is not for us to set."""


def dask_setup(worker: Any) -> None:
    """Make a process ready for shards."""
    gc.set_threshold(*_GC_THRESHOLDS)
