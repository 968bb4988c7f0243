"""What people call a session: by its feed, rather than by the id of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def feed_name(source: Mapping[str, Any]) -> str:
    """Return what people call a feed, from what a session writes down of its source; empty where nothing tells.

    No folders of this machine, no user of an address and no query: they may hold a key.
    """
    if "url" in source:
        address = urlsplit(str(source["url"]))
        return f"{address.hostname or ''}{address.path}"
    if "path" in source:
        return Path(str(source["path"])).name
    kind = str(source.get("kind", ""))
    return kind.removeprefix("the upload ") if kind.startswith("the upload ") else str(source.get("shop", ""))


def session_name(settings: Mapping[str, Any]) -> str:
    """Return what people call a session: the name that it was given, else what its feed calls itself, else `feed_name`.

    Args:
        settings: As its progress file has them; those of earlier versions know of no names.
    """
    given = given_name(settings)
    source = settings.get("source")
    if given or not isinstance(source, Mapping):
        return given
    return str(source.get("title") or "") or feed_name(source)


def given_name(settings: Mapping[str, Any]) -> str:
    """Return the name that somebody gave a session; empty where nobody did."""
    run = settings.get("run")
    return str(run.get("name") or "") if isinstance(run, Mapping) else ""
