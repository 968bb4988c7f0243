"""How the feed of a command is read: what a person says of its form in the terminal."""

from __future__ import annotations

import argparse
from typing import Any

from feedeval.cli.output import FEED_HELP


def feed_options(command: argparse.ArgumentParser) -> None:
    """Add the feed, and the options that say how it is read."""
    command.add_argument("feed", metavar="FEED", help=FEED_HELP)
    command.add_argument("--item", metavar="NAME", help="the XML element that holds a product (default: found)")
    command.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook (default: the one most like a feed)")


def said_of_feed(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of how the feed is read, as `read_feed` takes it."""
    return {name: said for name in ("item", "sheet") if (said := getattr(arguments, name, None)) is not None}


def feed_of(arguments: argparse.Namespace) -> Any:
    """Return the feed: as it is named, or read where something was said of how."""
    said = said_of_feed(arguments)
    if not said:
        return arguments.feed
    from feedeval.feed.reader import read_feed

    return read_feed(arguments.feed, **said)
