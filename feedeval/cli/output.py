"""What reaches the terminal, and the exit codes."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from enum import IntEnum

from feedeval.errors import StorageError
from feedeval.formatting import plain

FEED_HELP = "a file or an http(s) address: XML, TSV, CSV, JSON or JSON Lines, also .gz; Excel, OpenDocument or Parquet"

PIPED_WIDTH = 120
"""Cells a line where the output is not a terminal."""


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    UNFINISHED = 3


def width() -> int:
    """Return how wide the output may be; COLUMNS decides where it is set."""
    return max(40, shutil.get_terminal_size((PIPED_WIDTH, 24)).columns)


def say(text: str, *, end: str = "\n") -> None:
    """Print text that has been made safe for terminals, and flush; a reader that has gone away is no error.

    Raises:
        StorageError: The output goes to a file that cannot be written.
    """
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        # Whoever read has seen enough (`| head`).
        _say_no_more()
    except OSError as exc:
        _say_no_more()
        raise StorageError(f"the output cannot be written: {exc.strerror or exc}") from exc


def _say_no_more() -> None:
    """Send the rest nowhere, so that neither this program nor the interpreter's last flush stumbles over it again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def complain(text: str) -> None:
    """Print one line to standard error."""
    with contextlib.suppress(BrokenPipeError):
        print(f"feedeval: {plain(text)}", file=sys.stderr, flush=True)
