"""Fixtures that every room's tests may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# The workers of pytest-xdist say that they are terminals of 80 columns; what is tested is written to pipes.
os.environ.pop("COLUMNS", None)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real feeds and labelled sets beside the project; tests that read it are skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder with real feeds is not here")
    return folder
