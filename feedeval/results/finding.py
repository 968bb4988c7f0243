"""Which session is meant: by its id, the beginning of that, or its name; and what to call several that are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from feedeval.errors import SessionError, SessionNotFound
from feedeval.results.stored import StoredSession
from feedeval.storage.addresses import address_of
from feedeval.storage.paths import AnyFolder, SessionFolder, sid_time
from feedeval.storage.readers import is_there, session_ids


def session_labels(sessions: Sequence[StoredSession]) -> list[str]:
    """Return what to call each of several sessions that are shown together.

    That is its id, and before it the folder where a session of another folder bears the same id.
    """
    shared = Counter(session.id for session in set(sessions))
    named = [s.output_dir / s.id for s in sessions]
    labels = zip(sessions, named, strict=True)
    return [s.id if shared[s.id] == 1 else address_of(path) or path.as_posix() for s, path in labels]


def find_session(session_id: str | None, output_dir: AnyFolder) -> str:
    """Return the id of a session by its id, the beginning of that, its name, or None for the latest.

    The latest is one that looks at a feed (or at images): sessions that look at a judge stand aside, as long as there
    are others.

    Raises:
        SessionNotFound: As `load_session`.
    """
    folder = SessionFolder.of(output_dir)
    # Who names it needs no look at the others.
    if session_id and sid_time(session_id) is not None and is_there(folder.session(session_id)):
        return session_id
    known = session_ids(folder)
    if not known:
        raise SessionNotFound(
            f"there is no session in {folder.shown}: evaluate a feed first, or name the folder with output_dir"
        )
    if session_id is None:
        return next((sid for sid in reversed(known) if not _stands_aside(StoredSession(sid, folder))), known[-1])
    fitting = [sid for sid in known if sid.startswith(session_id)] if session_id else []
    if session_id in fitting or len(fitting) == 1:
        return session_id if session_id in fitting else fitting[0]
    named = _called(session_id, known, folder) if session_id and not fitting else []
    if len(named) == 1:
        return named[0]
    if named:
        raise SessionNotFound(
            f"{len(named):,} sessions in {folder.shown} are called {session_id!r}: name one by its id, one of "
            f"{', '.join(named[-10:])}"
        )
    what = f"several sessions begin with {session_id!r}" if fitting else f"there is no session {session_id!r}"
    shown = ", ".join((fitting or known)[-10:])
    raise SessionNotFound(f"{what} in {folder.shown}; the latest are: {shown}")


def _called(name: str, known: Sequence[str], folder: SessionFolder) -> list[str]:
    """Return the sessions of a name, however it is spaced and capitalised; those that cannot be read have none."""
    wanted, found = _folded(name), []
    for sid in known:
        try:
            if _folded(StoredSession(sid, folder).title) == wanted:
                found.append(sid)
        except SessionError:
            continue
    return found


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _stands_aside(session: StoredSession) -> bool:
    try:
        return session.stands_aside
    except SessionError:
        return False
