"""A session under an address, for a cluster: what workers call it, and what they are told of its store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.storage.addresses import address_of, is_address, options_for, use_storage
from feedeval.storage.paths import SessionFolder

_told: set[str] = set()
"""Addresses whose options came from a driver, and not from this process itself."""


def refuse_unshared(folder: Path) -> None:
    """Refuse an address that no other process sees.

    Raises:
        InputError: It is one.
    """
    if (address := address_of(folder)) is not None and address.startswith("memory://"):
        raise InputError(f"{address} is seen by this process alone: with cluster=, give a folder or s3://bucket/prefix")


def place_name(folder: SessionFolder) -> str:
    """Return what workers call a folder: its address, or its path where all of them see it."""
    return folder.shown if folder.file_system.is_far else str(folder.path.absolute())


def options_of(folder: SessionFolder) -> Mapping[str, Any] | None:
    """Return the options that this process was told for the store of a folder; None where it was told none."""
    return (dict(options_for(folder.shown)) or None) if folder.file_system.is_far else None


def use_options(folder: str, options: Mapping[str, Any] | None) -> None:
    """Open the store of a folder as a driver says, from now on; its options are kept in this process's memory alone."""
    if not is_address(folder) or dict(options_for(folder)) == dict(options or {}):
        return
    if options:
        use_storage(folder, **options)
        _told.add(folder)
    elif folder in _told:
        # Those of another run: this one's driver leaves it to the worker's own environment.
        use_storage(folder)
        _told.discard(folder)
