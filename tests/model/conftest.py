"""Fixtures of the model room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server import ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model server that is well."""
    with ModelServer(seed=3) as running:
        yield running
