"""The command pages: where a feed and its landing pages contradict each other, without asking a model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from feedeval.cli.output import Exit, say, width
from feedeval.cli.reading import feed_options, said_of_feed
from feedeval.formatting import columns, plain, wrapped

if TYPE_CHECKING:
    from feedeval.feed.pages.contradictions import Contradictions

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    pages = commands.add_parser(
        "pages", parents=[common], help="fetch the landing pages of a feed, and show where they contradict it"
    )
    pages.set_defaults(handler=pages_command)
    feed_options(pages)
    pages.add_argument("--limit", type=int, metavar="N", help="only the first N products")
    pages.add_argument("--folder", metavar="DIR", help="saved pages to read in place of fetching any")
    pages.add_argument("--allow-private", action="store_true", help="also fetch from this machine and its network")
    pages.add_argument("--pause", type=float, metavar="S", help="seconds between two requests to a host (default: 0.5)")
    pages.add_argument(
        "--max-age", type=float, metavar="DAYS", help="how long a page that was fetched counts (default: 7)"
    )
    pages.add_argument(
        "--cache-dir", metavar="DIR", help="where fetched pages are kept (default: pages in --output-dir)"
    )
    pages.add_argument("--target", default="google", metavar="NAME", help="whose consequences count (default: google)")
    pages.add_argument("--country", metavar="CODE", help="whose rates of tax are tried, such as DE")
    pages.add_argument("--csv", metavar="FILE", help="write all contradictions to this file")
    pages.add_argument("--strict", action="store_true", help="exit with 1 where there are any of severity error")


def pages_command(arguments: Arguments) -> int:
    """Read pages and print contradictions."""
    from feedeval.feed.pages.check_pages import check_pages
    from feedeval.feed.pages.limits import PageLimits
    from feedeval.feed.pages.read_pages import read_pages
    from feedeval.feed.reader import read_feed
    from feedeval.results.export import write_frame
    from feedeval.storage.paths import folder_path

    asked = {"pause_s": arguments.pause, "max_age_days": arguments.max_age}
    limits = PageLimits(**{name: value for name, value in asked.items() if value is not None})
    feed = read_feed(arguments.feed, limit=arguments.limit, **said_of_feed(arguments))
    pages = read_pages(
        feed,
        folder=arguments.folder,
        cache_dir=arguments.cache_dir or folder_path(arguments.output_dir) / "pages",
        allow_private=arguments.allow_private,
        limits=limits,
    )
    found = check_pages(feed, pages, target=arguments.target, country=arguments.country)
    say(pages_table(found, width=width()))
    if arguments.csv:
        say(f"\nWritten: {plain(write_frame(found, arguments.csv))}")
    errors = bool((found["severity"] == "error").any())
    return Exit.SOME_FAILED if arguments.strict and errors else Exit.DONE


def pages_table(found: Contradictions, *, width: int) -> str:
    """Return contradictions side by side, the gravest first, and what could not be compared."""
    from feedeval.feed.pages.contradictions import SAYS, headline, left_open, ordered

    parts = [wrapped(f"{headline(found)}.", width)]
    if not found.empty:
        names = ["severity", "product_id", "field", *SAYS, "check"]
        rows = list(ordered(found)[names].itertuples(index=False, name=None))
        heads = ("Severity", "Product", "Field", "The feed", "The page's data", "The page's text", "Check")
        parts.append(columns(rows, heads, width=width))
    if sentences := left_open(found):
        parts.append("\n".join(["Not compared:", *(wrapped(f"- {sentence}", width) for sentence in sentences)]))
    return "\n\n".join(parts)
