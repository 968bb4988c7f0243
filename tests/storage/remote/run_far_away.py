"""A run under an address, in a process of its own that is killed.

python -m tests.storage.remote.run_far_away ADDRESS FOLDER [LATENCY_S]
"""

from __future__ import annotations

import sys
from pathlib import Path

from feedeval.run.runner import RunSettings, start
from tests.run.run_disturbed import Witnessed

RECORDS = 240


def sitting(address: str, folder: Path, *, latency_s: float) -> str:
    """Run, or go on, to the end."""
    job = Witnessed(folder, latency_s=latency_s, records=RECORDS)
    run = start(job, address, RunSettings(batch_size=15, max_workers=16, progress_interval_s=0.2))
    print(run.sid, flush=True)
    run.wait()
    return run.sid


if __name__ == "__main__":
    sitting(sys.argv[1], Path(sys.argv[2]), latency_s=float(sys.argv[3]))
