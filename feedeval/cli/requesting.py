"""The commands pause and stop: what another process is asked to do with the session that it works on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from feedeval.cli.output import Exit, json_option, tell
from feedeval.errors import SessionError
from feedeval.formatting import plain

if TYPE_CHECKING:
    from feedeval.storage.paths import SessionPaths

_DONE = {
    "pause": "Session {} pauses: calls that are under way finish first. `feedeval resume {}` lets it go on.",
    "stop": "Session {} stops: calls that are under way finish and are saved. `feedeval resume {}` goes on with it.",
    "resume": "Session {} goes on, in the process that works on it.",
}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    texts = {
        "pause": "let a session that another process works on pause",
        "stop": "let a session that another process works on stop",
    }
    for action, text in texts.items():
        command = commands.add_parser(action, parents=[common], help=text, description=f"{text.capitalize()}.")
        command.add_argument(
            "session",
            nargs="?",
            metavar="SESSION",
            help="name of a session or the beginning of one; the one that is worked on by default",
        )
        command.set_defaults(handler=request_command, action=action)
        json_option(command)


def request_command(arguments: argparse.Namespace) -> int:
    """Ask whoever works on a session to pause or to stop."""
    return put(_session_of(arguments), arguments.action)


def put(paths: SessionPaths, action: str) -> int:
    """Put a request to whoever works on a session, and say what came of it."""
    from feedeval.storage.requests import HEARD_WITHIN_S, Action, ask, heard

    ask(paths, Action(action))
    if not heard(paths):
        raise SessionError(
            f"session {paths.sid}: there was no answer to the request to {action} within {HEARD_WITHIN_S:.0f} s; it "
            "stands until the program that works on it looks. One of an earlier version of feedeval does not: stop it "
            "with Ctrl-C there"
        )
    tell(
        lambda: _DONE[action].format(paths.sid, paths.sid),
        lambda: {"session": paths.sid, "asked": action, "output_dir": paths.folder},
    )
    return Exit.DONE


def _session_of(arguments: argparse.Namespace) -> SessionPaths:
    from feedeval.storage.addresses import shown
    from feedeval.storage.paths import folder_path, session_paths
    from feedeval.storage.readers import is_being_written, session_ids

    folder = folder_path(arguments.output_dir)
    if arguments.session is not None:
        from feedeval.results.finding import find_session

        return session_paths(folder, find_session(arguments.session, folder))
    working = [sid for sid in session_ids(folder) if is_being_written(session_paths(folder, sid))]
    if not working:
        raise SessionError(
            f"no session in {plain(shown(folder))} is being worked on, so there is nothing to {arguments.action}"
        )
    if len(working) > 1:
        raise SessionError(f"several sessions are worked on: name one of {', '.join(working)}")
    return session_paths(folder, working[0])
