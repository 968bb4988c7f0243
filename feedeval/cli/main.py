"""The parser and `main`: arguments in, exit code out."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import TextIO

from feedeval.cli import (
    advising,
    answering,
    assisting,
    auditing,
    caching,
    certifying,
    checking,
    comparing,
    paging,
    requesting,
    sessions,
    shadowing,
)
from feedeval.cli.output import Exit, complain, one_document, say
from feedeval.errors import FeedevalError, RunFault, StorageError

DESCRIPTION = "Asks of every product in a feed what a buyer would ask, and shows what the feed leaves unsaid."

EPILOG = """\
The API key is read from OPENAI_API_KEY and never from the command line. Without a key or an endpoint the embedded
engine "offline" screens the feed.

exit codes:
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="feedeval", description=DESCRIPTION, epilog=_epilog(), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--output-dir",
        default="output",
        metavar="DIR",
        help="folder of the sessions, or an address such as s3://bucket/prefix (default: output)",
    )
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    version_help = "show program's version number and exit"
    top.add_argument("--version", action=_ShowVersion, nargs=0, default=argparse.SUPPRESS, help=version_help)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    auditing.register(commands, common)
    checking.register(commands, common)
    paging.register(commands, common)
    advising.register(commands, common)
    answering.register(commands, common)
    comparing.register(commands, common)
    certifying.register(commands, common)
    shadowing.register(commands, common)
    sessions.register(commands, common)
    requesting.register(commands, common)
    caching.register(commands, common)
    assisting.register(commands)
    return top


def _epilog() -> str:
    return EPILOG + "".join(f"  {code.value}  {code.words}\n" for code in Exit)


class _ShowVersion(argparse.Action):
    """As argparse's own action, which wants to know the version before it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from feedeval.version import __version__

        say(f"feedeval {__version__}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: The arguments; those of the process by default.

    Raises:
        SystemExit: The arguments cannot be used (code 2), or help was asked for (code 0).
    """
    _never_fail_to_encode()
    try:
        arguments = parser().parse_args(argv)
    except StorageError as exc:  # what was asked for, such as the version, could not be printed
        complain(f"error: {exc}")
        return Exit.UNFINISHED
    with warnings.catch_warnings(), one_document(getattr(arguments, "json", False)):
        warnings.showwarning = _show_warning
        try:
            return int(arguments.handler(arguments))
        except FeedevalError as exc:
            if arguments.debug:
                traceback.print_exc()
            complain(f"error: {exc}")
            return Exit.UNFINISHED if isinstance(exc, RunFault) else Exit.USAGE
        except KeyboardInterrupt:
            complain("stopped")
            return Exit.UNFINISHED
        finally:
            say("", end="")


def _never_fail_to_encode() -> None:
    """Let a terminal that does not know a character show a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show what a person should know in one line; where in our code it arose tells them nothing."""
    del filename, lineno, file, line
    if category.__module__.split(".")[0] == "feedeval" or os.environ.get("PYTHONWARNINGS"):
        complain(f"warning: {message}")
