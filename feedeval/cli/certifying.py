"""The command that says what coverage is as people would have judged it: certify."""

from __future__ import annotations

import argparse
import dataclasses

from feedeval.cli.output import Exit, json_option, say, tell
from feedeval.formatting import plain, plain_line

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    text = "say what coverage is as people would have judged it, from verdicts that people checked"
    certify = commands.add_parser("certify", parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
    certify.set_defaults(handler=certify_command)
    certify.add_argument("session", metavar="SESSION", help="the session: name or beginning, or `latest`")
    certify.add_argument(
        "labels", metavar="LABELS", help="a CSV with product_id, question, label and perhaps probability"
    )
    certify.add_argument("--to", metavar="FILE", help="also write a report of the audit with the figure (.html)")
    json_option(certify)


def certify_command(arguments: Arguments) -> int:
    """Certify a session."""
    from feedeval.results.session import load_session

    named = None if arguments.session == "latest" else arguments.session
    session = load_session(named, output_dir=arguments.output_dir)
    found = session.certify(arguments.labels)
    written = None
    if arguments.to is not None:
        from feedeval.notebook.report.report import report

        written = report(session, arguments.to, certified=found)
    fields = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    tell(
        lambda: "\n".join(map(plain_line, str(found).splitlines())),
        lambda: {"sentence": found.sentence, **fields, "written": written},
    )
    if written:
        say(f"\nWritten: {plain(written)}")
    return Exit.DONE
