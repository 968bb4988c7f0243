"""Where the files lie that the app offers to take away."""

from __future__ import annotations

from pathlib import Path

from feedeval.notebook.links import LINK_BYTES, megabytes, offered
from feedeval.results.session import Session

__all__ = ["LINK_BYTES", "megabytes", "offered", "report_path", "table_path", "write_table"]


def table_path(session: Session) -> Path:
    """Return where the table of a session's results is written."""
    return session.output_dir / f"results_{session.id}.csv"


def report_path(session: Session) -> Path:
    """Return where the report of a session is written."""
    return session.output_dir / f"report_{session.id}.html"


def write_table(session: Session) -> Path:
    """Write the results as a table for people, without JSON in it, and return its path."""
    return session.consolidate(table_path(session), rows="table")
