"""The sessions of a folder, looked at with care: a file that leads elsewhere is not followed."""

from __future__ import annotations

from pathlib import Path

from feedeval.errors import InputError, SessionError
from feedeval.results.session import Session, load_session
from feedeval.storage.readers import session_ids


class Audits:
    """The sessions of a folder.

    Args:
        folder: Theirs; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()

    @property
    def ids(self) -> list[str]:
        """Of all sessions, the oldest first."""
        return session_ids(self.folder)

    def session(self, name: str | None) -> Session:
        """Return a session whose files are all where they seem to be; without a name, the latest audit.

        Raises:
            SessionNotFound: There is none.
            SessionError: A file of it is a link.
        """
        latest = None if name else next((sid for sid in reversed(self.ids) if self._is_audit(sid)), None)
        session = load_session(name or latest, output_dir=self.folder)
        self._refuse_links(session.id)
        return session

    def before(self, later: Session) -> Session:
        """Return the latest audit before another.

        Raises:
            InputError: There is none.
        """
        found = next((sid for sid in reversed(self.ids) if sid < later.id and self._is_audit(sid)), None)
        if found is None:
            raise InputError(f"there is no audit before {later.id}: name two to compare")
        return self.session(found)

    def one_line(self, sid: str) -> str:
        """Return what a session is, or why it cannot be read."""
        try:
            session = self.session(sid)
            kind, done = session.progress.kind, session.progress.counts.done
            return f"{sid}: {session.title}, {kind}, {session.status.value}, {done:,} done"
        except SessionError as exc:
            return f"{sid}: {exc}"

    def _refuse_links(self, sid: str) -> None:
        links = (path for path in self.folder.iterdir() if sid in path.name and path.is_symlink())
        if (link := next(links, None)) is not None:
            raise SessionError(f"session {sid}: {link.name} is a link, which may lead anywhere, and is not read")

    def _is_audit(self, sid: str) -> bool:
        try:
            self._refuse_links(sid)
            return Session(sid, self.folder).is_audit
        except SessionError:
            return False
