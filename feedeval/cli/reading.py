"""How the feed of a command is read: what a person says of its form in the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from feedeval.cli.output import FEED_HELP
from feedeval.errors import InputError


def feed_options(command: argparse.ArgumentParser) -> None:
    """Add the feed, and the options that say how it is read."""
    command.add_argument("feed", metavar="FEED", help=FEED_HELP)
    command.add_argument("--item", metavar="NAME", help="the XML element that holds a product (default: found)")
    command.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook (default: the one most like a feed)")
    command.add_argument(
        "--map",
        action="append",
        metavar="OURS=THEIRS",
        help="column or element of the feed that is title, description, price, …; may be said several times",
    )


def said_of_feed(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of how the feed is read, as `read_feed` takes it."""
    said = {name: said for name in ("item", "sheet") if (said := getattr(arguments, name, None)) is not None}
    columns = mapped(getattr(arguments, "map", None), "title")
    return said if columns is None else {**said, "columns": columns}


def mapped(pairs: Sequence[str] | None, example: str) -> dict[str, str] | None:
    """Return what `--map OURS=THEIRS` says, by their name; None where it is not said.

    Args:
        pairs: As they were typed.
        example: One of our names, for the message.

    Raises:
        InputError: One is no pair.
    """
    columns: dict[str, str] = {}
    for pair in pairs or ():
        ours, sign, theirs = pair.partition("=")
        if not sign or not ours.strip() or not theirs.strip():
            raise InputError(f"--map {pair}: give it as {example}='their name'")
        columns[theirs.strip()] = ours.strip()
    return columns or None


def feed_of(arguments: argparse.Namespace) -> Any:
    """Return the feed: as it is named, or read where something was said of how."""
    said = said_of_feed(arguments)
    if not said:
        return arguments.feed
    from feedeval.feed.reader import read_feed

    return read_feed(arguments.feed, **said)
