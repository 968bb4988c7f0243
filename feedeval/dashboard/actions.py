"""What the buttons of an opened session do; each returns what to tell the person, or raises what to tell them."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from feedeval.errors import InputError, SessionError, SessionLocked
from feedeval.evaluator import resume
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.launching import OFFLINE, live_run
from feedeval.evaluator.options import calls_of
from feedeval.formatting import counted, plain
from feedeval.model.settings import NO_KEY, OPENAI_URL, ModelSettings
from feedeval.records import Status
from feedeval.results.archive import backup
from feedeval.results.library import cleanup
from feedeval.results.session import Session
from feedeval.run.delivery import words as delivery_words
from feedeval.storage.addresses import shown
from feedeval.storage.parts import read_parts
from feedeval.storage.readers import writer_of
from feedeval.storage.requests import HEARD_WITHIN_S, Action, ask, heard

CONFIRM_WITHIN_S = 5.0
"""How long the question stands whether to delete."""
DOUBLE_CLICK_S = 0.5
"""A second click that comes sooner belongs to a double click and confirms nothing."""
_DOES = {
    Action.PAUSE: "Session {} pauses: calls that are under way finish first.",
    Action.RESUME: "Session {} goes on.",
    Action.STOP: "Session {} stops: calls that are under way finish and are saved.",
}
"""What is told once a request was heard."""


def own_run(session: Session) -> EvaluationRun | None:
    """Return the run of a session that this kernel has going, or None."""
    return live_run(session.paths)


def who_works_on(session: Session) -> str:
    """Return who works on a session, in a sentence; empty where nobody does."""
    if own_run(session) is not None:
        return "This notebook is working on it."
    writer = writer_of(session.paths)
    return "" if writer is None else f"Another notebook or program is working on it ({writer})."


def reachable(session: Session) -> tuple[Action, ...]:
    """Return what can be asked of the other kernel or process that works on a session; nothing where none does."""
    if own_run(session) is not None or writer_of(session.paths) is None:
        return ()
    try:
        paused = session.status is Status.PAUSED
    except SessionError:
        return ()
    return Action.RESUME if paused else Action.PAUSE, Action.STOP


def request(session: Session, action: Action) -> str:
    """Ask whoever works on a session to pause, to go on or to stop, and wait until that was heard.

    Raises:
        SessionError: Nobody works on it, or nobody listens.
        StorageError: The folder cannot be written.
    """
    ask(session.paths, action)
    if heard(session.paths):
        return _DOES[action].format(session.id)
    raise SessionError(
        f"Session {session.id}: there was no answer to the request to {action} within {HEARD_WITHIN_S:.0f} s. A "
        "program of an earlier version of feedeval does not listen: stop it where it runs."
    )


def refuse_while_worked_on(session: Session, what: str) -> None:
    """Refuse to touch a session that somebody works on.

    Args:
        session: The session.
        what: What cannot be done meanwhile, such as `be deleted`.

    Raises:
        SessionLocked: This kernel or another one works on it.
    """
    if by := who_works_on(session):
        raise SessionLocked(f"Session {session.id} cannot {what} now. {by} Stop it there first.", session.id)


def resume_words(session: Session) -> tuple[str, str]:
    """Return what the button that goes on with a session says, and its tooltip; empty where there is nothing to do."""
    try:
        status, counts = session.status, session.progress.counts
    except SessionError:
        return "Resume", "Repair the files of the session and go on with it"
    if own_run(session) is not None:
        return "Show its panel", "This notebook is working on it: show the panel with its buttons"
    if status is not Status.FINISHED:
        return "Resume", f"Go on with the {counts.left:,} that are left; what is done is not asked again"
    if counts.failed:
        return "Retry failed", f"Try again the {counts.failed:,} that failed"
    return "", "It is finished and nothing failed: there is nothing to go on with"


class Key(StrEnum):
    """Whether going on with a session takes a key from a person."""

    NONE = "none"
    """Nobody is asked, or the environment has one."""
    OFFERED = "offered"
    """Its endpoint may want one, which the environment does not give to it."""
    NEEDED = "needed"


def key_for(session: Session) -> Key:
    """Return whether going on with a session takes a key; nothing where there is nothing to go on with."""
    try:
        then = session.progress
        if not resume_words(session)[0] or own_run(session) is not None or then.engine == OFFLINE:
            return Key.NONE
        calls = calls_of({"endpoint": OPENAI_URL, **then.fingerprint})
        known = {name: calls[name] for name in ("base_url", "api_version", "azure_deployment") if name in calls}
        return Key.OFFERED if ModelSettings(model=then.engine, **known).key() == NO_KEY else Key.NONE
    except InputError:
        return Key.NEEDED
    except SessionError:
        return Key.NONE


def go_on(session: Session, api_key: str | None = None) -> EvaluationRun:
    """Go on with a session in the background; where this kernel does already, return its run.

    Args:
        session: The session.
        api_key: The endpoint's key; None: the environment's. It is kept in memory only.

    Raises:
        SessionLocked: Another kernel works on it.
        FeedevalError: It cannot be gone on with from here; the message says how from a cell.
    """
    if (run := own_run(session)) is not None:
        return run
    refuse_while_worked_on(session, "be gone on with here")
    if api_key is None and key_for(session) is Key.NEEDED:
        raise InputError(f"{session.progress.engine} needs a key: enter it beside the button, and press again.")
    try:
        return resume(Session(session.id, session.output_dir), api_key=api_key)
    except InputError as exc:
        raise InputError(
            f"{exc} In a cell, feed and key can be given: fe.resume({session.id!r}, feed, api_key=…, "
            f"output_dir={shown(session.output_dir)!r})"
        ) from exc


def table_path(session: Session) -> Path:
    """Return where the results are written to unless somebody says otherwise."""
    return session.output_dir / f"results_{session.id}.csv"


def write_table(session: Session, path: str, suffix: str) -> str:
    """Write the results as they stand on disk now as one table.

    Args:
        session: The session.
        path: What stands in the path field; its suffix gives way to `suffix`.
        suffix: `.csv` or `.parquet`.

    Raises:
        InputError: No path, no such folder, or a package is missing.
        StorageError: The file cannot be written.
    """
    if not path.strip():
        raise InputError("say where to write: the path is empty")
    target = Path(path.strip()).expanduser()
    target = target.with_suffix(suffix) if target.name else target
    replaced = target.exists()
    fresh = Session(session.id, session.output_dir)
    # Who opens a CSV looks at it; who reads Parquet computes with it.
    written = fresh.consolidate(target, rows="table" if suffix == ".csv" else "products")
    again = ", in place of the file that was there" if replaced else ""
    size = _size(written)
    return f"Wrote {len(fresh.figures):,} rows ({size}) to {plain(written.absolute())}{again}."


def is_audit(session: Session) -> bool:
    """Say whether a session audits a feed; one whose files are damaged says nothing."""
    try:
        return session.is_audit
    except SessionError:
        return False


def write_workbook(session: Session) -> Path:
    """Write what was found and what to add as a workbook beside the session's files, and return its path.

    Raises:
        InputError: The session is no audit, or no product is done.
        StorageError: The file cannot be written.
    """
    fresh = Session(session.id, session.output_dir)
    return fresh.workbook(session.output_dir / f"audit_{session.id}.xlsx").path


def back_up(session: Session) -> str:
    """Write all files of a session into one archive beside them.

    Raises:
        SessionError: The session cannot be read.
        StorageError: The archive cannot be written.
    """
    written = backup(session)
    return f"Backed up to {plain(written.absolute())} ({_size(written)}); fe.restore() unpacks it."


def what_deleting_loses(session: Session) -> str:
    """Return what is told before a session is deleted that has parts of a batch at the endpoint; empty for others."""
    return delivery_words.what_deleting_loses(session.id, read_parts(session.paths))


def delete(session: Session) -> str:
    """Delete the files of a session, and nothing else.

    Raises:
        SessionLocked: Somebody works on it.
        StorageError: A file cannot be removed.
    """
    refuse_while_worked_on(session, "be deleted")
    gone = cleanup(session)
    return f"Deleted session {session.id}: {counted(len(gone), 'file')}."


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


class Confirmation:
    """A button that has to be pressed twice: not as a double click, and not much later either.

    Args:
        within_s: How long the question stands.
        monotonic: The clock.
    """

    def __init__(self, *, within_s: float = CONFIRM_WITHIN_S, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.within_s = within_s
        self._monotonic = monotonic
        self._asked_s: float | None = None

    @property
    def asking(self) -> bool:
        """Whether the question stands."""
        return self._asked_s is not None and self._monotonic() - self._asked_s < self.within_s

    def press(self) -> bool:
        """Return whether this press confirms; one that does not asks."""
        if not self.asking:
            self._asked_s = self._monotonic()
            return False
        if self._asked_s is not None and self._monotonic() - self._asked_s < DOUBLE_CLICK_S:
            return False
        self._asked_s = None
        return True

    def reset(self) -> None:
        """Withdraw the question."""
        self._asked_s = None
