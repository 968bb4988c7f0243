"""The commands that read a feed: run, resume, check."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from feedeval.cli.output import Exit, complain, say, width
from feedeval.errors import InputError
from feedeval.records import Status
from feedeval.results.plaintext import columns, plain

if TYPE_CHECKING:
    import pandas as pd

    from feedeval.evaluator import EvaluationRun, ProductFeedEvaluator
    from feedeval.run.progress import Snapshot

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it

TARGETS = ("google", "openai", "meta")
SCOPES = ("category", "product")
PROGRESS = ("text", "tqdm", "none")

LOOK_EVERY_S = 0.5
"""How often a waiting command looks whether the run needs a person."""


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    showing = argparse.ArgumentParser(add_help=False)
    showing.add_argument("--progress", choices=PROGRESS, help="how to show progress (default: one line, as it fits)")
    showing.add_argument("--quiet", action="store_true", help="print nothing but errors and warnings")
    showing.add_argument("--budget", type=float, metavar="USD", help="pause before the session costs more")
    _engine_options(showing)

    run = commands.add_parser("run", parents=[common, showing], help="audit a feed and print the summary")
    run.set_defaults(handler=run_command)
    run.add_argument(
        "feed", metavar="FEED", help="a file or an http(s) address: XML, TSV, CSV, JSON or JSON Lines, also .gz"
    )
    run.add_argument("--locale", default="en-GB", help="language of the questions (default: en-GB)")
    run.add_argument("--fields", metavar="NAME,NAME", help="fields to judge by (default: all descriptive ones)")
    run.add_argument(
        "--num-questions", type=int, default=12, metavar="N", help="questions for each product (default: 12)"
    )
    run.add_argument(
        "--question-scope", choices=SCOPES, default="category", help="who shares questions (default: category)"
    )
    run.add_argument("--limit", type=int, metavar="N", help="only the first N products")
    run.add_argument("--batch-size", type=int, default=20, metavar="N", help="products in a batch file (default: 20)")
    run.add_argument("--max-in-flight", type=int, metavar="N", help="most calls at once")
    run.add_argument("--no-resume", action="store_true", help="start a new session whatever is there")
    run.add_argument("--no-reuse", action="store_true", help="take over nothing from earlier sessions")
    run.add_argument("--keep-calls", action="store_true", help="keep the raw replies of the model")

    resume = commands.add_parser("resume", parents=[common, showing], help="go on with a session")
    resume.set_defaults(handler=resume_command)
    resume.add_argument("session", nargs="?", metavar="SESSION", help="name or beginning; the latest by default")
    resume.add_argument("--feed", metavar="FEED", help="the feed, where it is no longer where it was")

    check = commands.add_parser("check", parents=[common], help="check a feed against the rules of its destination")
    check.set_defaults(handler=check_command)
    check.add_argument("feed", metavar="FEED", help="as for run")
    check.add_argument("--target", choices=TARGETS, default="google", help="whose rules (default: google)")
    check.add_argument("--locale", help="the language that texts should be in, such as de-DE")
    check.add_argument("--limit", type=int, metavar="N", help="only the first N products")
    check.add_argument("--csv", metavar="FILE", help="write all findings to this file")
    check.add_argument("--strict", action="store_true", help="exit with 1 where there are errors")


def _engine_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", help='name of a model, or "offline" (default: gpt-4o-mini with a key, else offline)'
    )
    command.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible endpoint (default: OPENAI_BASE_URL)")


def run_command(arguments: Arguments) -> int:
    """Audit a feed."""
    evaluator = _evaluator(arguments, locale=arguments.locale)
    fields = [name.strip() for name in arguments.fields.split(",") if name.strip()] if arguments.fields else None
    if arguments.fields is not None and not fields:
        raise InputError("--fields names no field: give names separated by commas")
    run = evaluator.start(
        arguments.feed,
        selected_fields=fields,
        num_questions=arguments.num_questions,
        batch_size=arguments.batch_size,
        resume=not arguments.no_resume,
        question_scope=arguments.question_scope,
        budget_usd=arguments.budget,
        reuse=not arguments.no_reuse,
        progress="none" if arguments.quiet else arguments.progress,
        limit=arguments.limit,
        max_in_flight=arguments.max_in_flight,
        keep_calls=arguments.keep_calls,
    )
    return _see_through(run, arguments)


def resume_command(arguments: Arguments) -> int:
    """Go on with a session."""
    from feedeval.results.session import load_session

    session = load_session(arguments.session, output_dir=arguments.output_dir)
    evaluator = _evaluator(arguments)
    run = evaluator.resume(session, feed=arguments.feed, budget_usd=arguments.budget, progress=arguments.progress)
    return _see_through(run, arguments)


def _evaluator(arguments: Arguments, **more: Any) -> ProductFeedEvaluator:
    from feedeval.evaluator import ProductFeedEvaluator

    return ProductFeedEvaluator(
        model=arguments.model, base_url=arguments.base_url, output_dir=arguments.output_dir, **more
    )


def _see_through(run: EvaluationRun, arguments: Arguments) -> int:
    """Wait until the run is over or needs a person; Ctrl-C and SIGTERM stop it cleanly, a second one at once."""
    from feedeval.results.session import load_session

    with _termination_as_interrupt():
        try:
            snapshot = run.wait(timeout_s=LOOK_EVERY_S)
            while not (snapshot.done or snapshot.needs_person):
                snapshot = run.wait(timeout_s=LOOK_EVERY_S)
        except KeyboardInterrupt:
            complain("stopping: what is in flight finishes first; press Ctrl-C again to leave at once")
            run.stop()
            snapshot = run.wait()
        reason = snapshot.status_reason
        if not snapshot.done:
            run.stop()
            snapshot = run.wait()
    session = load_session(run.sid, output_dir=arguments.output_dir)
    if not arguments.quiet:
        say(f"\n{session.summary().text(width())}")
    if snapshot.status is not Status.FINISHED:
        complain(f"not finished{f': {reason}' if reason else ''}; `{_how_to_go_on(run.sid, arguments)}` goes on")
    return _exit_code(snapshot)


def _how_to_go_on(sid: str, arguments: Arguments) -> str:
    folder = "" if arguments.output_dir == "output" else f" --output-dir {arguments.output_dir}"
    return f"feedeval resume {sid}{folder}"


def _exit_code(snapshot: Snapshot) -> int:
    if snapshot.status is not Status.FINISHED:
        return Exit.UNFINISHED
    return Exit.SOME_FAILED if snapshot.counts.failed else Exit.DONE


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, as service managers and containers send it first."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:
        # Only the main thread may set handlers; a program that calls `main` elsewhere keeps its own.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def check_command(arguments: Arguments) -> int:
    """Check a feed without asking a model."""
    from feedeval.feed.checks import check_feed
    from feedeval.feed.reader import read_feed
    from feedeval.results.export import write_frame

    feed = read_feed(arguments.feed, limit=arguments.limit)
    findings = check_feed(feed, target=arguments.target, locale=arguments.locale)
    say(check_table(findings, products=len(feed), width=width()))
    if arguments.csv:
        say(f"\nWritten: {plain(write_frame(findings, arguments.csv))}")
    errors = bool((findings["severity"] == "error").any())
    return Exit.SOME_FAILED if arguments.strict and errors else Exit.DONE


def check_table(findings: pd.DataFrame, *, products: int, width: int) -> str:
    """Return findings grouped by check: how many products, an example, and the fix."""
    from feedeval.feed.checks import catalogue

    if findings.empty:
        return f"{products:,} products checked: nothing found."
    known = catalogue().drop_duplicates("check").set_index("check")
    fixes = known["fix"].to_dict()
    affected = findings["product_id"].nunique()
    parts = [f"{products:,} products checked: {affected:,} with findings, {len(findings):,} findings in all."]
    for severity in ("error", "warning", "info"):
        rows = []
        for check, group in findings[findings["severity"] == severity].groupby("check", observed=True):
            rows.append((str(check), group["product_id"].nunique(), group["message"].iloc[0], fixes.get(check, "")))
        if rows:
            rows.sort(key=lambda row: (-row[1], row[0]))
            table = columns(rows, ("Check", "Products", "For example", "What to do"), width=width, indent="  ")
            parts.append(f"{severity.capitalize()}\n{table}")
    return "\n\n".join(parts)
