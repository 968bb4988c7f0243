"""The commands that audit: run, estimate, resume."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from feedeval.cli.caching import cache_options, caching
from feedeval.cli.calls import call_options, said_again, spoken, way, way_options
from feedeval.cli.clustering import cluster_options, clustering
from feedeval.cli.output import Exit, complain, json_option, say, tell, width
from feedeval.cli.paging import page_choice, page_options
from feedeval.cli.reading import feed_of, feed_options
from feedeval.cli.thresholds import ended, look_at_options, too_low, under_option
from feedeval.errors import BudgetReached, InputError
from feedeval.formatting import duration, plain, plain_line

if TYPE_CHECKING:
    from feedeval.evaluator import ProductFeedEvaluator
    from feedeval.evaluator.evaluation_run import EvaluationRun
    from feedeval.results.session import Session

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it

SCOPES = ("category", "product")
DELIVERIES = ("live", "batch")
PROGRESS = ("text", "tqdm", "none")


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    here = sitting_options()
    audit = argparse.ArgumentParser(add_help=False)
    _audit_options(audit)

    run = commands.add_parser("run", parents=[common, audit, here], help="audit a feed and print the summary")
    run.set_defaults(handler=run_command)
    run.add_argument(
        "--sample", type=int, metavar="N", help="N products drawn by category; totals are estimates for the whole feed"
    )
    run.add_argument(
        "--batch-size", type=int, metavar="N", help="products in a batch file (default: 20, or 15 above 1,000)"
    )
    run.add_argument("--fixes", metavar="FILE", help="lay a filled file over the feed, see `feedeval gaps --fix-file`")
    run.add_argument("--no-resume", action="store_true", help="start a new session whatever is there")
    run.add_argument("--no-reuse", action="store_true", help="take over nothing from earlier sessions")
    run.add_argument("--keep-calls", action="store_true", help="keep the raw replies of the model")
    cache_options(run)
    cluster_options(run, shards="products")
    page_options(run)
    under_option(run)
    json_option(run)

    estimate = commands.add_parser(
        "estimate", parents=[common, audit], help="estimate money and time for a whole feed from a few real products"
    )
    estimate.set_defaults(handler=estimate_command)
    estimate.add_argument("--pilot", type=int, default=5, metavar="N", help="products to try (default: 5)")
    json_option(estimate)

    resume = commands.add_parser("resume", parents=[common, here], help="go on with a session")
    resume.set_defaults(handler=resume_command)
    resume.add_argument(
        "session", nargs="?", metavar="SESSION", help="id, its beginning, or name; the latest unfinished one by default"
    )
    resume.add_argument("--base-url", metavar="URL", help="the session's endpoint, to say that it may get the key")
    resume.add_argument(
        "--feed", metavar="FEED", help="the feed or the labels, where they are no longer where they were"
    )
    resume.add_argument("--fixes", metavar="FILE", help="a filled file that was laid over the feed")
    way_options(resume)
    cluster_options(resume)
    under_option(resume)
    json_option(resume)


def _audit_options(command: argparse.ArgumentParser) -> None:
    """Add what the results of an audit depend on, and the prices."""
    feed_options(command)
    command.add_argument(
        "--model", help='name of a model, or "offline" (default: gpt-4o-mini with a key, else offline)'
    )
    command.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible endpoint (default: OPENAI_BASE_URL)")
    command.add_argument("--locale", default="en-GB", help="language of the questions (default: en-GB)")
    command.add_argument("--fields", metavar="NAME,NAME", help="fields to judge by (default: all descriptive ones)")
    command.add_argument("--num-questions", type=int, metavar="N", help="questions for each product (default: 12)")
    command.add_argument("--question-scope", choices=SCOPES, help="who shares questions (default: category)")
    command.add_argument(
        "--questions", metavar="SESSION", help="ask the questions of an earlier session again, to compare the two"
    )
    command.add_argument("--limit", type=int, metavar="N", help="only the first N products")
    price_options(command)
    call_options(command)


def price_options(command: argparse.ArgumentParser) -> None:
    """Add the prices."""
    for name in ("--input-price", "--output-price"):
        command.add_argument(name, type=float, metavar="USD", help="for a million tokens, where it is not known")


def sitting_options() -> argparse.ArgumentParser:
    """Return the options of one sitting, which results do not depend on."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--name", help="what to call the session (default: the feed's title, its file or its shop)")
    options.add_argument("--budget", type=float, metavar="USD", help="pause before the session costs more")
    options.add_argument(
        "--give-up-after",
        type=float,
        metavar="S",
        help="stop after waiting so many seconds for disk, memory, network or an endpoint that asks to wait (1800)",
    )
    options.add_argument("--max-in-flight", type=int, metavar="N", help="most calls at once")
    options.add_argument("--delivery", choices=DELIVERIES, help="batch: half the price, within a day (default: live)")
    options.add_argument(
        "--leftover", choices=DELIVERIES, help="how to ask what a batch did not get to (default: live)"
    )
    options.add_argument("--progress", choices=PROGRESS, help="how to show progress (default: one line, as it fits)")
    options.add_argument("--quiet", action="store_true", help="print nothing but errors and warnings")
    return options


def given(**options: Any) -> dict[str, Any]:
    """Leave out what was not given, so that each default is written in one place."""
    return {name: value for name, value in options.items() if value is not None}


def _evaluator(arguments: Arguments) -> ProductFeedEvaluator:
    from feedeval.evaluator import ProductFeedEvaluator

    prices = given(input_price=arguments.input_price, output_price=arguments.output_price)
    return ProductFeedEvaluator(
        # An endpoint that a person names beside their key is meant to get it.
        api_key=key_of_environment() if arguments.base_url else None,
        model=arguments.model,
        base_url=arguments.base_url,
        locale=arguments.locale,
        output_dir=arguments.output_dir,
        **prices,
        **spoken(arguments),
    )


def _audit(arguments: Arguments) -> dict[str, Any]:
    fields = None
    if arguments.fields is not None:
        fields = [name.strip() for name in arguments.fields.split(",") if name.strip()]
        if not fields:
            raise InputError("--fields names no field: give names separated by commas")
    return given(
        selected_fields=fields,
        num_questions=arguments.num_questions,
        question_scope=arguments.question_scope,
        question_set=arguments.questions,
        limit=arguments.limit,
    )


def sitting(arguments: Arguments) -> dict[str, Any]:
    """Return what was said of this sitting."""
    return given(
        name=arguments.name,
        budget_usd=arguments.budget,
        give_up_after_s=arguments.give_up_after,
        max_in_flight=arguments.max_in_flight,
        delivery=arguments.delivery,
        leftover=arguments.leftover,
        progress="none" if arguments.quiet else arguments.progress,
    )


def _feed(arguments: Arguments) -> Any:
    """Return the feed that is named, with the fixes that are named laid over it."""
    if arguments.fixes is None:
        return feed_of(arguments)
    from feedeval.feed.fixes import apply_fixes

    if arguments.feed is None:
        raise InputError("--fixes are laid over a feed: name it with --feed")
    return apply_fixes(feed_of(arguments), arguments.fixes)


def run_command(arguments: Arguments) -> int:
    """Audit a feed."""
    look_at_options(arguments)
    feed = _feed(arguments)
    if arguments.sample is not None:
        from feedeval.feed.sample import sample

        feed = sample(feed, arguments.sample)
    run = _evaluator(arguments).start(
        feed,
        **_audit(arguments),
        **sitting(arguments),
        **given(batch_size=arguments.batch_size),
        resume=not arguments.no_resume,
        reuse=not arguments.no_reuse,
        keep_calls=arguments.keep_calls,
        **caching(arguments),
        **clustering(arguments),
        **page_choice(arguments),
    )
    code = see_through(run, arguments)
    if arguments.pages is not None and code in (Exit.DONE, Exit.SOME_FAILED, Exit.MISSED) and not arguments.quiet:
        say(f"\n{run.session().ledger().text(width())}")
    return code


def resume_command(arguments: Arguments) -> int:
    """Go on with a session; one that pauses in another process goes on there."""
    from feedeval.cli.requesting import put
    from feedeval.evaluator import resume
    from feedeval.records import Status
    from feedeval.results.session import load_session
    from feedeval.storage.readers import is_being_written
    from feedeval.storage.requests import Action

    look_at_options(arguments)
    if arguments.session is None:
        session = _latest_unfinished(arguments.output_dir)
        if session is None:
            done = f"Every session in {plain(arguments.output_dir)} is finished: nothing to go on with."
            tell(lambda: done, lambda: {"session": None, "output_dir": arguments.output_dir})
            return Exit.DONE
    else:
        session = load_session(arguments.session, output_dir=arguments.output_dir)
    if session.status is Status.PAUSED and is_being_written(session.paths):
        return put(session.paths, Action.RESUME)
    key = _key_for(session, arguments.base_url)
    run = resume(
        session, _feed(arguments), api_key=key, **sitting(arguments), **way(arguments), **clustering(arguments)
    )
    return see_through(run, arguments)


def _latest_unfinished(output_dir: str) -> Session | None:
    from feedeval.records import Status
    from feedeval.results.session import load_session
    from feedeval.storage.readers import session_ids

    # Where there is no session at all, this says so.
    load_session(output_dir=output_dir)
    for sid in reversed(session_ids(output_dir)):
        session = load_session(sid, output_dir=output_dir)
        if session.status is Status.FINISHED:
            continue
        if not session.stands_aside:
            return session
        if (audit := _audit_of_pages(session)) is not None:
            return audit
    return None


def _audit_of_pages(session: Session) -> Session | None:
    """Return the audit whose second step a session is; None where it is none, or is gone on with elsewhere."""
    from feedeval.errors import SessionError
    from feedeval.records.kinds import JobKind
    from feedeval.results.session import load_session

    if session.progress.kind != JobKind.PAGES:
        return None
    try:
        audit = load_session(str(session.progress.settings["source"]["session"]), output_dir=session.output_dir)
        return audit if audit.progress.settings.get("pages") is not None else None
    except SessionError:
        return None


def key_of_environment() -> str | None:
    """Return the environment's key; None where there is none."""
    return os.environ.get("OPENAI_API_KEY") or None


def _key_for(session: Session, base_url: str | None) -> str | None:
    """Return the key for the endpoint that stands in a session's files, where a person named that endpoint too.

    The files may be somebody else's (a restored backup): on their word alone the key goes nowhere.
    """
    from feedeval.model.settings import OPENAI_URL, ModelSettings

    endpoint = str(session.progress.fingerprint.get("endpoint", ""))
    if base_url is not None:
        if ModelSettings(model=session.progress.engine, base_url=base_url).shown_endpoint != endpoint:
            raise InputError(f"session {session.id} asked {endpoint or 'no endpoint'}, and goes on with that only")
        return key_of_environment()
    trusted = (OPENAI_URL, os.environ.get("OPENAI_BASE_URL", "").rstrip("/"))
    if key_of_environment() and endpoint.startswith("http") and endpoint not in trusted:
        complain(f"note: OPENAI_API_KEY is not sent to {endpoint}; `--base-url {shlex.quote(endpoint)}` sends it")
    return None


def estimate_command(arguments: Arguments) -> int:
    """Estimate what a whole feed would take."""
    estimate = _evaluator(arguments).estimate(feed_of(arguments), arguments.pilot, **_audit(arguments))
    tell(lambda: "\n".join(map(plain_line, str(estimate).splitlines())), estimate.model_dump)
    return Exit.DONE


def see_through(run: EvaluationRun, arguments: Arguments) -> int:
    """Wait until the run is over or needs a person; Ctrl-C and SIGTERM stop it cleanly, a second one leaves at once."""
    from feedeval.records import Status
    from feedeval.run.telling.words import reason_in_words

    with _termination_as_interrupt():
        try:
            snapshot = run.wait(until_paused=True)
            waited = snapshot.waits_for and f"waited {duration(snapshot.waited_s)} in vain: "
        except KeyboardInterrupt:
            waited = ""
            complain("stopping: calls that are under way finish and are saved; Ctrl-C again leaves at once")
            snapshot = run.snapshot()
        reason = f"{waited}{snapshot.waits_for}" if waited else snapshot.status_reason
        if not snapshot.done:
            # What is out at the endpoint stays: a terminal is closed more often than a batch is regretted.
            run.leave()
            snapshot = run.wait()
    if not snapshot.session:
        complain("stopped before it began: there is no session, and nothing was spent")
        return Exit.UNFINISHED
    from feedeval.cli.documents import session_document

    finished = snapshot.status is Status.FINISHED
    missed = too_low(run.session(), getattr(arguments, "fail_under", None)) if finished else []
    if not arguments.quiet or arguments.json:
        tell(
            lambda: f"\n{run.session().summary().text(width())}",
            lambda: {**session_document(run.session()), "missed": missed},
        )
    if not finished:
        why = reason or snapshot.status_reason
        how = _how_to_go_on(run.sid, arguments, reached=why.startswith(BudgetReached.__name__))
        said = f": {reason_in_words(why).rstrip('.')}" if why else ""
        complain(f"not finished{said}; `{how}` goes on")
        return Exit.UNFINISHED
    return ended(Exit.SOME_FAILED if snapshot.counts.failed else Exit.DONE, missed)


def _how_to_go_on(sid: str, arguments: Arguments, *, reached: bool) -> str:
    folder = "" if arguments.output_dir == "output" else f" --output-dir {shlex.quote(arguments.output_dir)}"
    endpoint = f" --base-url {shlex.quote(arguments.base_url)}" if arguments.base_url else ""
    # A cap that was reached has to be a higher one; without any the session would go on uncapped.
    cap = "" if arguments.budget is None else f" --budget {'HIGHER' if reached else format(arguments.budget, 'g')}"
    headers = "".join(f" {shlex.quote(word)}" for word in said_again(arguments))
    return f"feedeval resume {sid}{folder}{endpoint}{cap}{headers}"


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
