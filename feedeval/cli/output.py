"""What reaches the terminal, as text or as one JSON document, and the exit codes."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from enum import IntEnum
from typing import Any, TextIO

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
    MISSED = 4

    @property
    def words(self) -> str:
        """What it means, as the help and the README say it."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.DONE: "all done",
    Exit.SOME_FAILED: "some records failed, or what --strict or verify looks for was found",
    Exit.USAGE: "wrong usage or input",
    Exit.UNFINISHED: "stopped or paused before the end, or something could not be written",
    Exit.MISSED: "done, and a threshold was missed: --fail-on, --max-findings, --fail-under, --fail-if-worse",
}

_DOCUMENT: ContextVar[TextIO | None] = ContextVar("feedeval_document", default=None)
"""Where the one JSON document goes while all else that is printed goes to standard error; None: text was asked for."""


def width() -> int:
    """Return how wide the output may be; COLUMNS decides where it is set."""
    return max(40, shutil.get_terminal_size((PIPED_WIDTH, 24)).columns)


def json_option(command: argparse.ArgumentParser) -> None:
    """Add the option to a command that hands what it found to `tell`."""
    text = "print one JSON document on standard output, and all else on standard error"
    command.add_argument("--json", action="store_true", help=text)


@contextlib.contextmanager
def one_document(wanted: bool) -> Iterator[None]:
    """Keep standard output for the document of `tell`, whoever else prints meanwhile: it goes to standard error."""
    if not wanted:
        yield
        return
    token = _DOCUMENT.set(sys.stdout)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _DOCUMENT.reset(token)


def tell(text: Callable[[], str], document: Callable[[], Mapping[str, Any]]) -> None:
    """Print what a command found: as text, or as one JSON document where that was asked for.

    Of the two only the one that is asked for is made.

    Raises:
        StorageError: The output goes to a file that cannot be written.
    """
    out = _DOCUMENT.get()
    if out is None:
        say(text())
        return
    from feedeval.cli.documents import encoded

    # What is read by programs is UTF-8, or else nothing that another encoding could not hold.
    _print(encoded(document(), ascii_only=(out.encoding or "").lower().replace("-", "") != "utf8"), "\n", out)


def say(text: str, *, end: str = "\n") -> None:
    """Print text that has been made safe for terminals, and flush; a reader that has gone away is no error.

    Raises:
        StorageError: The output goes to a file that cannot be written.
    """
    _print(text, end, sys.stdout)


def _print(text: str, end: str, out: TextIO) -> None:
    try:
        print(text, end=end, file=out, flush=True)
    except BrokenPipeError:
        # Whoever read has seen enough (`| head`).
        _say_no_more(out)
    except OSError as exc:
        _say_no_more(out)
        raise StorageError(f"the output cannot be written: {exc.strerror or exc}") from exc


def _say_no_more(out: TextIO) -> None:
    """Send the rest nowhere, so that neither this program nor the interpreter's last flush stumbles over it again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)


def complain(text: str) -> None:
    """Print one line to standard error."""
    with contextlib.suppress(BrokenPipeError):
        print(f"feedeval: {plain(text)}", file=sys.stderr, flush=True)
