"""The commands about sessions that are there: list, info, status, consolidate, backup, restore, cleanup, verify."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedeval.cli.output import Exit, json_option, say, tell, width
from feedeval.errors import InputError
from feedeval.formatting import brief_money, columns, counted, plain

if TYPE_CHECKING:
    import pandas as pd

    from feedeval.results.session import Session
    from feedeval.storage.verify import FileProblem

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""

    def add(name: str, handler: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.set_defaults(handler=handler)
        json_option(command)
        return command

    session_help = "id of a session, its beginning, or its name; the latest by default"

    add("list", list_command, "list the sessions, the latest first")

    info = add("info", info_command, "show a session: its summary, settings and files")
    info.add_argument("session", nargs="?", metavar="SESSION", help=session_help)

    status = add("status", status_command, "say in a few lines where a session stands and how to go on")
    status.add_argument("session", nargs="?", metavar="SESSION", help=session_help)

    consolidate = add("consolidate", consolidate_command, "write the results of one or several sessions as one table")
    consolidate.add_argument("sessions", nargs="*", metavar="SESSION", help=session_help)
    consolidate.add_argument(
        "--to", metavar="FILE", help="a .csv, .xlsx, .jsonl or .parquet file (default: results_SESSION.csv)"
    )
    consolidate.add_argument(
        "--rows",
        choices=("products", "table", "judgements"),
        default="products",
        help="what a row is: a product, a product for people (no JSON), a judgement (default: products)",
    )

    backup = add("backup", backup_command, "write all files of a session into one archive")
    backup.add_argument("session", nargs="?", metavar="SESSION", help=session_help)
    backup.add_argument("--to", metavar="FILE", help="a .tar.gz or .zip file, or a folder (default: the output folder)")

    restore = add("restore", restore_command, "unpack a backup")
    restore.add_argument("archive", metavar="ARCHIVE")
    restore.add_argument("--overwrite", action="store_true", help="replace a session of the same name")

    cleanup = add("cleanup", cleanup_command, "delete sessions, after asking")
    cleanup.add_argument("sessions", nargs="*", metavar="SESSION", help="whole ids of sessions")
    cleanup.add_argument("--all", action="store_true", help="every session in the folder")
    cleanup.add_argument("--yes", action="store_true", help="do not ask")
    cleanup.add_argument("--dry-run", action="store_true", help="show what would be deleted and delete nothing")

    verify = add("verify", verify_command, "check a session's files against each other")
    verify.add_argument("session", nargs="?", metavar="SESSION", help=session_help)
    verify.add_argument("--repair", action="store_true", help="mend what can be mended")


def _load(arguments: Arguments) -> Session:
    from feedeval.results.session import load_session

    return load_session(arguments.session, output_dir=arguments.output_dir)


def list_command(arguments: Arguments) -> int:
    """Print a line a session."""
    from feedeval.storage.paths import SessionFolder, list_files

    # Only what reads sessions loads pandas: a folder that has none is told by the names of its files.
    frame = _listed(arguments) if any(list_files(SessionFolder.of(arguments.output_dir))) else None
    if frame is None or frame.empty:
        none = f"There is no session in {plain(arguments.output_dir)}. `feedeval run FEED` makes one."
        tell(lambda: none, lambda: {"sessions": []})
        return Exit.DONE
    shown = frame[
        [
            "session",
            "name",
            "kind",
            "status",
            "engine",
            "total",
            "done",
            "failed",
            "coverage_pct",
            "cost_usd",
            "size_mb",
        ]
    ]
    header = ("Session", "Name", "Kind", "State", "Judged by", "All", "Done", "Failed", "Coverage", "Cost", "MB")
    tell(
        lambda: columns([_list_row(row) for row in shown.itertuples(index=False)], header, width=width()),
        lambda: {"sessions": _rows(frame)},
    )
    return Exit.DONE


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    from feedeval.cli.documents import iso_time, rows_of

    return [{name: iso_time(value) for name, value in row.items()} for row in rows_of(frame)]


def _listed(arguments: Arguments) -> pd.DataFrame:
    from feedeval.results.library import list_sessions

    return list_sessions(arguments.output_dir)


def _list_row(row: tuple[object, ...]) -> tuple[object, ...]:
    import pandas as pd

    from feedeval.results.naming import engine_words

    cells = (None if pd.isna(cell) else cell for cell in row)  # type: ignore[call-overload]
    session, name, kind, status, engine, total, done, failed, coverage, cost, size = cells
    counts = tuple("?" if count is None else f"{count:,}" for count in (total, done, failed))
    return (
        session,
        "" if name is None or name == session else name,
        kind or "?",
        status,
        engine_words(str(engine), str(kind)) if engine else "?",
        *counts,
        "" if coverage is None else f"{coverage:.1f} %",
        brief_money(cost),  # type: ignore[arg-type]  # a cell of the frame
        size,
    )


def info_command(arguments: Arguments) -> int:
    """Print the summary, then settings and files."""
    from feedeval.cli.documents import session_document
    from feedeval.results.library import session_info

    session = _load(arguments)
    known = session_info(session)
    more = ("fingerprint", "settings", "files")
    tell(
        lambda: _info(session, known),
        lambda: {**session_document(session), **{name: known[name] for name in more}},
    )
    return Exit.DONE


def _info(session: Session, known: dict[str, Any]) -> str:
    parts = [session.summary().text(width())]
    titles = {"fingerprint": "What the results depend on", "settings": "Other settings", "usage": "Usage"}
    for part, title in titles.items():
        rows = [(name.replace("_", " "), _value(value)) for name, value in known[part].items()]
        parts.append(f"{title}\n{columns(rows, width=width(), indent='  ')}")
    files = [(kind, int(of["number"]), f"{of['size_mb']:.2f} MB") for kind, of in sorted(known["files"].items())]
    parts.append(f"Files\n{columns(files, width=width(), indent='  ')}")
    return "\n\n".join(parts)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)


def status_command(arguments: Arguments) -> int:
    """Print where a session stands."""
    from feedeval.cli.documents import session_document

    session = _load(arguments)
    tell(lambda: _status(session), lambda: session_document(session))
    return Exit.DONE


def _status(session: Session) -> str:
    from feedeval.results.summary import next_steps
    from feedeval.run.telling.words import failures_in_words

    progress, health = session.progress, session.progress.health
    lines = [repr(session)]
    if progress.errors_by_type:
        lines.append(f"Failed     {plain(failures_in_words(progress.errors_by_type))}")
    lines.append(f"Health     {health.overall_status.value}{''.join(f'; {plain(why)}' for why in health.reasons)}")
    lines += [f"           {plain(advice)}" for advice in health.recommendations]
    # The session has named its folder already.
    lines += [f"{name:<11}{plain(step)}" for name, step in next_steps(session).items() if name != "Files"]
    return "\n".join(lines)


def consolidate_command(arguments: Arguments) -> int:
    """Write the results of sessions as one table."""
    from feedeval.results.finding import find_session
    from feedeval.results.library import consolidate

    output_dir = arguments.output_dir
    sids = [find_session(name, output_dir) for name in arguments.sessions or [None]]
    target = Path(arguments.to or f"results_{sids[-1]}.csv")
    written = consolidate(sids, target, rows=arguments.rows, output_dir=output_dir)
    tell(lambda: f"Written: {plain(written)}", lambda: {"sessions": sids, "written": written})
    return Exit.DONE


def backup_command(arguments: Arguments) -> int:
    """Write a session's files into one archive."""
    from feedeval.results.archive import backup

    path = backup(arguments.session, arguments.to, output_dir=arguments.output_dir)
    size_mb = path.stat().st_size / 1e6
    tell(lambda: f"Written: {plain(path)} ({size_mb:.2f} MB)", lambda: {"written": path, "size_mb": size_mb})
    return Exit.DONE


def restore_command(arguments: Arguments) -> int:
    """Unpack a backup."""
    from feedeval.results.archive import restore

    sids = restore(arguments.archive, arguments.output_dir, overwrite=arguments.overwrite)
    tell(
        lambda: f"Restored to {plain(arguments.output_dir)}: {', '.join(sids)}",
        lambda: {"sessions": sids, "output_dir": arguments.output_dir},
    )
    return Exit.DONE


def cleanup_command(arguments: Arguments) -> int:
    """Delete sessions, after asking."""
    if arguments.all == bool(arguments.sessions):
        raise InputError("name the sessions to delete, or say --all")
    from feedeval.results.library import cleanup
    from feedeval.storage.paths import SessionFolder
    from feedeval.storage.readers import session_ids

    sids = session_ids(arguments.output_dir) if arguments.all else arguments.sessions
    doomed = cleanup(sids, output_dir=arguments.output_dir, dry_run=True)
    file_system = SessionFolder.of(arguments.output_dir).file_system
    size_mb = sum(map(file_system.size, doomed)) / 1e6
    what = f"{counted(len(sids), 'session')} ({counted(len(doomed), 'file')}, {size_mb:.2f} MB)"
    say(f"{what} in {plain(arguments.output_dir)}: {plain(', '.join(sids))}")
    agreed = bool(sids) and not arguments.dry_run and (arguments.yes or _agreed(f"Delete {what}?"))
    with warnings.catch_warnings():
        # What it warns of was told before it was asked for.
        warnings.simplefilter("ignore")
        gone = cleanup(sids, output_dir=arguments.output_dir) if agreed else []
    tell(
        lambda: f"Deleted {counted(len(gone), 'file')}." if agreed else "Nothing deleted.",
        lambda: {"sessions": sids, "files": len(doomed), "size_mb": size_mb, "deleted": len(gone)},
    )
    return Exit.DONE


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("nobody is there to ask before deleting: say --yes to delete without asking")
    say(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def verify_command(arguments: Arguments) -> int:
    """Check a session's files against each other."""
    from feedeval.results.finding import find_session
    from feedeval.storage.paths import session_paths
    from feedeval.storage.verify import ProblemSeverity, verify

    sid = find_session(arguments.session, arguments.output_dir)
    findings = verify(session_paths(arguments.output_dir, sid), repair=arguments.repair)
    tell(lambda: _problems(sid, findings), lambda: {"session": sid, "findings": findings})
    bad = any(finding.severity is ProblemSeverity.ERROR and not finding.repaired for finding in findings)
    return Exit.SOME_FAILED if bad else Exit.DONE


def _problems(sid: str, findings: Sequence[FileProblem]) -> str:
    if not findings:
        return f"Session {sid}: all files are whole and agree."
    return "\n".join(
        f"{found.severity.value:<8} {plain(found.file)}: {plain(found.problem)}{' (repaired)' * found.repaired}\n"
        f"         {plain(found.advice)}"
        for found in findings
    )
