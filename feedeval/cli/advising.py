"""The commands that say what to add first: gaps, and workbook, in which that is filled in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from feedeval.cli.output import Exit, json_option, say, tell, width
from feedeval.formatting import columns, plain, plain_line

if TYPE_CHECKING:
    import pandas as pd

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it

BY = ("attribute", "taxonomy", "question")
SHOWN = 15
"""Rows of the table; a file that `--to` names holds all."""


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    text = "say what to add first, and what it would gain"
    gaps = commands.add_parser("gaps", parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
    gaps.set_defaults(handler=gaps_command)
    gaps.add_argument("session", nargs="?", metavar="SESSION", help="id, its beginning, or name; the latest by default")
    gaps.add_argument("--by", choices=BY, default=BY[0], help="what open questions are summed up by")
    gaps.add_argument("--within", choices=("category",), help="a row a category (default: the whole feed)")
    gaps.add_argument("--to", metavar="FILE", help="also write all rows (.csv, .xlsx, .jsonl, .parquet)")
    gaps.add_argument("--fix-file", metavar="FILE", help="also write a supplemental feed to fill in (.tsv)")
    json_option(gaps)
    text = "write a workbook of what was found, what to do, and a sheet to fill in"
    book = commands.add_parser("workbook", parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
    book.set_defaults(handler=workbook_command)
    book.add_argument("session", nargs="?", metavar="SESSION", help="id, its beginning, or name; the latest by default")
    book.add_argument("--to", metavar="FILE", help="an .xlsx file (default: audit_SESSION.xlsx)")
    book.add_argument("--target", default="google", help="the destination whose values cells offer (default: google)")
    book.add_argument("--limit", type=int, metavar="N", help="the N products that gain most")
    json_option(book)


def gaps_command(arguments: Arguments) -> int:
    """Show the gaps of an audit."""
    from feedeval.results.export import write_frame
    from feedeval.results.session import load_session

    session = load_session(arguments.session, output_dir=arguments.output_dir)
    frame = session.gaps(by=arguments.by, within=arguments.within)
    steps = session.next_steps(within=arguments.within)
    lines = "\n".join(map(plain_line, steps.text().splitlines()))
    together = session.action_cards.together_by_name
    lines += f"\n{plain_line(together)}" if together else ""
    written = {"to": write_frame(frame, arguments.to)} if arguments.to else {}
    fixes = session.fix_file(arguments.fix_file) if arguments.fix_file else None
    tell(
        lambda: lines if frame.empty else f"{lines}\n\n{gap_lines(frame)}",
        lambda: {
            "session": session.id,
            "gaps": frame,
            "next_steps": [str(step) for step in steps],
            "together": together,
            "notes": steps.notes,
            "written": written | ({"fix_file": fixes.path} if fixes else {}),
        },
    )
    if written:
        say(f"\nWritten: {plain(written['to'])}")
    if fixes:
        say(f"\n{fixes}")
    return Exit.DONE


def workbook_command(arguments: Arguments) -> int:
    """Write the workbook of an audit."""
    from feedeval.results.session import load_session

    session = load_session(arguments.session, output_dir=arguments.output_dir)
    path = arguments.to or f"audit_{session.id}.xlsx"
    book = session.workbook(path, target=arguments.target, limit=arguments.limit)
    hint = f"Filled in, it goes into the app, or into fe.apply_fixes(feed, {path!r})."
    tell(
        lambda: f"{book.text()}\n{hint}",
        lambda: {
            "session": session.id,
            "written": book.path,
            "products": book.products,
            "columns": book.columns,
            "notes": book.notes,
        },
    )
    return Exit.DONE


def gap_lines(frame: pd.DataFrame) -> str:
    """Return the first gaps as aligned columns."""
    names = [name for name in (*BY, "action", "category") if name in frame.columns]
    header = [
        *("Topic" if name == "taxonomy" else name.capitalize() for name in names),
        "Products",
        "Open",
        "Required",
        "Now",
        "Then",
        "Gain, in points",
    ]
    rows = [
        (*(_short(name, row[name]) for name in names), *_figures(row)) for row in frame.head(SHOWN).to_dict("records")
    ]
    more = len(frame) - len(rows)
    return columns(rows, header, width=width()) + (f"\n… and {more:,} more" if more > 0 else "")


def _short(column: str, value: str) -> str:
    """Return a topic in words, and a category by its own name.

    What stands before that is much the same in all rows, and fills them.
    """
    if column == "taxonomy":
        from feedeval.records.audit import topic_words

        return topic_words(value)
    if column != "category":
        return value
    *above, own = (value or "(not stated)").split(" > ")
    return f"… > {own}" if above else own


def _figures(row: dict[Any, Any]) -> tuple[object, ...]:
    lacking = row["products"] or row.get("missing_core", 0)
    gain = f"{row['gain']:.1f}"
    if row["gain"] and row["gain_low"] == row["gain_low"]:
        gain += f" ({row['gain_low']:.1f} to {row['gain_high']:.1f})"
    known = (row["coverage_pct"], row["coverage_if_filled_pct"])
    coverage = tuple("" if pct != pct else f"{pct:.1f} %" for pct in known)
    return (int(lacking), int(row["open_questions"]), int(row["required_open"]), *coverage, gain)
