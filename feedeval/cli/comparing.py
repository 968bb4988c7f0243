"""The command that sets two sessions side by side: compare."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedeval.cli.output import Exit, json_option, say, tell, width
from feedeval.cli.thresholds import ended, worse
from feedeval.errors import InputError
from feedeval.formatting import plain, plain_line

if TYPE_CHECKING:
    from feedeval.results.compare.comparison import Comparison
    from feedeval.results.session import Session

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    text = "say what changed between two audits that asked the same questions"
    compare = commands.add_parser("compare", parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
    compare.set_defaults(handler=compare_command)
    compare.add_argument(
        "before", nargs="?", metavar="A", help="the earlier session: name or beginning; the audit before B by default"
    )
    compare.add_argument("after", nargs="?", metavar="B", help="the later session; the latest audit by default")
    compare.add_argument(
        "--to", metavar="FILE", help="also write a report (.html), or a row a product (.csv, .xlsx, .jsonl, .parquet)"
    )
    compare.add_argument(
        "--other-engine", action="store_true", help="compare although two engines judged: the engines, not the feed"
    )
    compare.add_argument(
        "--fail-if-worse",
        action="store_true",
        help="exit with 4 where coverage fell beyond chance (its whole 95 %% interval), or cannot be compared",
    )
    json_option(compare)


def compare_command(arguments: Arguments) -> int:
    """Compare two sessions."""
    from feedeval.results.compare.compare import compare
    from feedeval.storage.paths import folder_path

    folder = folder_path(arguments.output_dir)
    before, after = _sides(arguments.before, arguments.after, folder)
    found = compare(before, after, other_engine=arguments.other_engine)
    written = _write(found, Path(arguments.to)) if arguments.to is not None else None
    missed = worse(found) if arguments.fail_if_worse else []
    tell(
        lambda: "\n".join(map(plain_line, found.text(width()).splitlines())),
        lambda: {**_document(found), "written": written, "missed": missed},
    )
    if written:
        say(f"\nWritten: {plain(written)}")
    return ended(Exit.DONE, missed)


def _document(found: Comparison) -> dict[str, Any]:
    """Return a comparison as its fields, with the sessions by their ids."""
    fields = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    return {"headline": found.headline, **fields, "before": found.before.id, "after": found.after.id}


def _sides(before: str | None, after: str | None, folder: Path) -> tuple[Session, Session]:
    """Return the sessions that are named; those that are not are the latest audits."""
    from feedeval.results.session import load_session
    from feedeval.storage.addresses import shown
    from feedeval.storage.readers import session_ids

    def named(name: str | None, what: str, earlier_than: str) -> Session:
        if name is not None:
            return load_session(name, output_dir=folder)
        known = (load_session(sid, output_dir=folder) for sid in reversed(session_ids(folder)) if sid < earlier_than)
        if (found := next((session for session in known if session.is_audit), None)) is None:
            raise InputError(
                f"there is no {what} in {shown(folder)}: audit a feed, or name the two sessions to compare"
            )
        return found

    later = named(after, "audit", "~")
    return named(before, f"audit before {later.id}", later.id), later


def _write(found: Comparison, target: Path) -> Path:
    from feedeval.notebook.report.report import SUFFIXES, report
    from feedeval.results.export import write_frame

    return report(found, target) if target.suffix.lower() in SUFFIXES else write_frame(found.products, target)
