"""The commands check and targets: what a feed's destinations would refuse, without asking a model."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING

from feedeval.cli.output import Exit, json_option, say, tell, width
from feedeval.cli.reading import feed_options, said_of_feed
from feedeval.cli.thresholds import ended, findings_options, look_at_options, too_many, write_reports
from feedeval.formatting import columns, counted, plain

if TYPE_CHECKING:
    import pandas as pd

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    check = commands.add_parser("check", parents=[common], help="check a feed against the rules of its destination")
    check.set_defaults(handler=check_command)
    feed_options(check)
    whose = "whose rules, several separated by commas or given one by one (default: google); see feedeval targets"
    check.add_argument("--target", action="append", metavar="NAME", help=whose)
    check.add_argument(
        "--country", metavar="CODE", help="where the feed is meant for, such as DE (default: as it says)"
    )
    check.add_argument("--locale", help="language of the feed, such as de-DE (default: that of most descriptions)")
    check.add_argument("--limit", type=int, metavar="N", help="only the first N products")
    check.add_argument("--supplemental", action="store_true", help="it is laid over another feed, which has the rest")
    check.add_argument("--images", action="store_true", help="also look at some of the pictures, over the network")
    check.add_argument("--csv", metavar="FILE", help="write all findings to this file")
    check.add_argument("--strict", action="store_true", help="exit with 1 where there are findings of severity error")
    findings_options(check)
    json_option(check)
    known = commands.add_parser("targets", parents=[common], help="list the destinations that there are rules for")
    known.set_defaults(handler=targets_command)
    json_option(known)


def check_command(arguments: Arguments) -> int:
    """Check a feed without asking a model."""
    from feedeval.feed.checks.check_feed import check_feed
    from feedeval.feed.reader import read_feed
    from feedeval.results.export import write_frame

    look_at_options(arguments)
    feed = read_feed(arguments.feed, limit=arguments.limit, **said_of_feed(arguments))
    findings = check_feed(
        feed,
        targets=_named(arguments.target),
        country=arguments.country,
        locale=arguments.locale,
        supplemental=arguments.supplemental,
        check_images=arguments.images,
    )
    written = {"csv": write_frame(findings, arguments.csv)} if arguments.csv else {}
    written |= write_reports(findings, arguments, found_by="check")
    missed = too_many(findings, arguments)
    tell(
        lambda: check_table(findings, products=len(feed), width=width()),
        lambda: {
            "checked": findings.attrs["feedeval"],
            "findings": findings,
            "written": written,
            "missed": missed,
        },
    )
    if written:
        say("\n" + "\n".join(f"Written: {plain(path)}" for path in written.values()))
    errors = bool((findings["severity"] == "error").any())
    return ended(Exit.SOME_FAILED if arguments.strict and errors else Exit.DONE, missed)


def _named(given: list[str] | None) -> list[str]:
    """Return the destinations that are named, each option of which may hold several."""
    if given is None:
        return ["google"]
    return [name.strip() for option in given for name in option.split(",") if name.strip()]


def targets_command(arguments: Arguments) -> int:
    """List the destinations that there are rules for."""
    from feedeval.feed.targets import targets

    known = targets()
    shown = known[["target", "name", "as_of", "attributes", "about"]]
    heads = ("Target", "Name", "As of", "Attributes", "What its rules cover")
    rows = list(shown.itertuples(index=False, name=None))
    tell(lambda: columns(rows, heads, width=width()), lambda: {"targets": known})
    return Exit.DONE


def check_table(findings: pd.DataFrame, *, products: int, width: int) -> str:
    """Return findings grouped by check: how many products have it, an example, and what to do."""
    from feedeval.feed.checks.check_feed import Severity, catalogue

    if findings.empty:
        return f"{counted(products, 'product')} checked: nothing found."
    known = catalogue()
    fixes = dict(zip(known["check"], known["fix"], strict=True))
    affected = findings.loc[findings["product_id"] != "", "product_id"].nunique()
    checked, found_in_all = counted(products, "product"), counted(len(findings), "finding")
    parts = [f"{checked} checked, {affected:,} with findings; {found_in_all} in all."]
    several = findings["target"][findings["target"] != ""].nunique() > 1
    for severity in Severity:
        found = findings[findings["severity"] == severity.value]
        rows = [(len(group), str(check), _example(group, several)) for check, group in found.groupby("check")]
        if rows:
            rows.sort(key=lambda row: (-row[0], row[1]))
            parts.append(_with_fixes(severity.value, rows, fixes, width))
    return "\n\n".join(parts)


def _example(findings: pd.DataFrame, several: bool) -> str:
    first = findings.iloc[0]
    said = f"{first['product_id']}: {first['message']}" if first["product_id"] else str(first["message"])
    where = ", ".join(name for name in findings["target"].unique() if name)
    return f"[{where}] {said}" if several and where else said


def _with_fixes(severity: str, rows: list[tuple[int, str, str]], fixes: dict[str, str], width: int) -> str:
    head, rule, *lines = columns(rows, ("Findings", "Check", "For example"), width=width, indent="  ").splitlines()
    texts = [severity.capitalize(), head, rule]
    for line, (_, check, _) in zip(lines, rows, strict=True):
        indent = " " * 12
        fix = textwrap.fill(fixes.get(check, ""), width, initial_indent=f"{indent}→ ", subsequent_indent=f"{indent}  ")
        texts += [line, fix]
    return "\n".join(texts)
