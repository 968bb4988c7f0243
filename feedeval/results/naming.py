"""What people call a session, by its feed rather than by the id of its files, and who judged in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from feedeval.records.kinds import JobKind


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


def engine_note(engine: str, kind: str = JobKind.AUDIT) -> str:
    """Return the sentence that belongs to the results of `engine`, empty where there is nothing to say."""
    # What is behind the engines takes a moment to import, and most sessions need no note.
    if kind == JobKind.SHADOW:
        from feedeval.jobs.shadow.colour_classifier import ColourClassifier

        return ColourClassifier.note if engine == ColourClassifier.name else ""
    from feedeval.jobs.offline.engine import OfflineEngine

    return OfflineEngine.NOTE if engine == OfflineEngine.name else ""


def engine_words(engine: str, kind: str = JobKind.AUDIT) -> str:
    """Return what people call an engine: one that is embedded by that word, any other by its model's name."""
    return "the embedded engine" if engine_note(engine, kind) else engine
