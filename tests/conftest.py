"""Fixtures that every room's tests may use, and how the tests are shared out to several processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# The workers of pytest-xdist say that they are terminals of 80 columns; what is tested is written to pipes.
os.environ.pop("COLUMNS", None)

ROOT = Path(__file__).resolve().parents[1]
BROWSER = "tests/browser/"
TOGETHER = (
    # One JupyterLab and one browser are enough for a machine.
    BROWSER,
    # And so is one cluster.
    "tests/cluster/",
    # An audit or a report that they all look at takes longer to make than to look at.
    "tests/dashboard/test_shadow.py",
    "tests/notebook/test_report.py",
    "tests/results/test_gaps.py",
    # They add to one audit, and count what they added.
    "tests/test_shadow_judge.py",
    # Sessions that were written against an endpoint go on against one at the same address.
    "tests/test_stored_sessions.py",
)
"""How the names of tests begin that one process has all of."""
MOST_WORKERS = 8
"""More would have nothing to do: the tests of the browser take as long, one after another, as all others then."""


class InGroups(LoadScopeScheduling):
    """Gives each process the next test, or all tests of the next group.

    The groups that pytest-xdist 3.8 has marks for are passed over in silence under pytest 9.2, which no longer has the
    private attribute that they are written to.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((group for group in TOGETHER if nodeid.startswith(group)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InGroups:
    """Share the tests out in groups."""
    return InGroups(config, log)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Take one process more than there are processors, as many a test waits for something."""
    # Files and single tests that were named run in this process, where a debugger reaches them.
    if all(Path(argument.split("::")[0]).is_file() for argument in config.args):
        return 0
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors + 1, MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: begun late, it would be waited for by processes that have nothing left to do."""
    items.sort(key=lambda item: (not item.nodeid.startswith(BROWSER), item.get_closest_marker("slow") is None))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real feeds and labelled sets beside the project; tests that read it are skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder with real feeds is not here")
    return folder
