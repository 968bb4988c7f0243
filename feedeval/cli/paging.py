"""The commands pages and ledger: a feed beside its landing pages, and the options by which an audit reads them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from feedeval.cli.output import Exit, json_option, say, tell, width
from feedeval.cli.reading import feed_options, said_of_feed
from feedeval.cli.thresholds import ended, findings_options, look_at_options, too_many, write_reports
from feedeval.formatting import columns, plain, wrapped

if TYPE_CHECKING:
    import pandas as pd

    from feedeval.feed.pages.contradictions import Contradictions

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it

STANDINGS = ("feed", "page", "contradicted", "nowhere", "unread")


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
    findings_options(pages)
    json_option(pages)
    text = "say where the answer to each question stands: in the feed, on the product's page, or nowhere"
    ledger = commands.add_parser("ledger", parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
    ledger.set_defaults(handler=ledger_command)
    ledger.add_argument(
        "session", nargs="?", metavar="SESSION", help="id, its beginning, or name; the latest by default"
    )
    ledger.add_argument("--standing", choices=STANDINGS, help="only the questions of this standing")
    ledger.add_argument("--to", metavar="FILE", help="also write all rows (.csv, .xlsx, .jsonl, .parquet)")
    json_option(ledger)


def page_options(command: argparse.ArgumentParser) -> None:
    """Add how an audit reads the landing pages."""
    command.add_argument(
        "--pages",
        nargs="?",
        const=True,
        metavar="FOLDER",
        help="then put what the feed leaves open to the landing pages: fetched, or saved in a folder (see `ledger`)",
    )
    command.add_argument(
        "--allow-private", action="store_true", help="with --pages: also fetch from this machine and its network"
    )


def page_choice(arguments: Arguments) -> dict[str, Any]:
    """Return what was said of the pages, as `ProductFeedEvaluator.start` takes it."""
    if arguments.pages is None:
        return {}
    folder = {} if arguments.pages is True else {"folder": arguments.pages}
    return {"pages": {**folder, "allow_private": arguments.allow_private}}


def pages_command(arguments: Arguments) -> int:
    """Read pages and print contradictions."""
    from feedeval.feed.pages.check_pages import check_pages
    from feedeval.feed.pages.limits import PageLimits
    from feedeval.feed.pages.read_pages import read_pages
    from feedeval.feed.reader import read_feed
    from feedeval.results.export import write_frame
    from feedeval.storage.paths import folder_path

    look_at_options(arguments)
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
    written = {"csv": write_frame(found, arguments.csv)} if arguments.csv else {}
    written |= write_reports(found, arguments, found_by="pages")
    missed = _missed(found, arguments)
    tell(
        lambda: pages_table(found, width=width()),
        lambda: {"checked": found.attrs["feedeval"], "contradictions": found, "written": written, "missed": missed},
    )
    if written:
        say("\n" + "\n".join(f"Written: {plain(path)}" for path in written.values()))
    errors = bool((found["severity"] == "error").any())
    return ended(Exit.SOME_FAILED if arguments.strict and errors else Exit.DONE, missed)


def _missed(found: Contradictions, arguments: Arguments) -> list[str]:
    """Return which thresholds were missed; what nobody could read contradicts nothing, and proves nothing."""
    asked = arguments.fail_on is not None or arguments.max_findings is not None
    if asked and not found.attrs["feedeval"]["pages"]:
        return ["no page was read, so nothing could contradict the feed"]
    return too_many(found, arguments)


def ledger_command(arguments: Arguments) -> int:
    """Show where the answers of an audit stand."""
    from feedeval.results.export import write_chunks
    from feedeval.results.session import load_session

    ledger = load_session(arguments.session, output_dir=arguments.output_dir).ledger()
    standing = arguments.standing

    def chosen(frame: pd.DataFrame) -> pd.DataFrame:
        return frame if standing is None else frame[frame["standing"] == standing]

    rows = len(ledger) if standing is None else ledger.counts[standing]
    written = {"to": write_chunks(map(chosen, ledger.parts()), arguments.to, rows=rows)} if arguments.to else {}
    told = {"counts": ledger.counts, "pages_session": ledger.pages_session}
    tell(
        lambda: ledger.text(width(), standing=standing),
        lambda: {**told, "ledger": chosen(ledger.frame), "written": written},
    )
    if written:
        say(f"\nWritten: {plain(written['to'])}")
    if not ledger.pages_session:
        say("\n`feedeval run FEED --pages` reads the pages.")
    return Exit.DONE


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
