"""The command answers: questions with their answers, as a supplemental feed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from feedeval.cli.output import Exit, json_option, tell

if TYPE_CHECKING:
    import pandas as pd

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    text = "write what was answered as question_and_answer, a supplemental feed"
    answers = commands.add_parser("answers", parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
    answers.set_defaults(handler=answers_command)
    answers.add_argument(
        "session", nargs="?", metavar="SESSION", help="id, its beginning, or name; the latest by default"
    )
    answers.add_argument("--to", metavar="FILE", help="a .tsv file (default: answers_SESSION.tsv)")
    answers.add_argument("--ledger", metavar="FILE", help="what `ledger --to` wrote (default: as the session has it)")
    json_option(answers)


def answers_command(arguments: Arguments) -> int:
    """Write the answered questions of an audit."""
    from feedeval.results.answers.writing import write_questions_and_answers
    from feedeval.results.session import load_session

    session = load_session(arguments.session, output_dir=arguments.output_dir)
    ledger = _ledger(arguments.ledger) if arguments.ledger else session.ledger()
    path = arguments.to or f"answers_{session.id}.tsv"
    written = write_questions_and_answers(session, path, ledger)
    tell(
        lambda: f"{written.text()}\nTo lay it over the feed: fe.apply_fixes(feed, {path!r}).",
        lambda: {
            "session": session.id,
            "written": written.path,
            "sources": written.sources_path,
            "products": written.products,
            "pairs": written.pairs,
            "from_pages": written.from_pages,
            "left_out": written.left_out or {},
        },
    )
    return Exit.DONE


def _ledger(path: str) -> pd.DataFrame:
    import pandas as pd

    from feedeval.errors import InputError
    from feedeval.feed.spreadsheet import bare_cell

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path} as a table: {error}") from error
    return frame.map(bare_cell)
