"""What a person should know of the place where a session lies, while a run writes to it and at the end."""

from __future__ import annotations

from collections.abc import Callable

from feedeval.storage.store import SessionStore


class PlaceWatch:
    """Says once what is wrong with the place, and once that it is well again.

    Args:
        store: The session.
        tell: Says a sentence wherever the run is shown.
    """

    def __init__(self, store: SessionStore, tell: Callable[[str], None]) -> None:
        self._store = store
        self._tell = tell
        self._is_told = False

    def look(self) -> None:
        """See whether there is anything new to say."""
        trouble = self._store.trouble
        if trouble and not self._is_told:
            self._tell(trouble)
        elif self._is_told and not trouble:
            self._tell("What had waited for the output folder was put there.")
        self._is_told = bool(trouble)

    def leave(self) -> None:
        """Say what could not be brought to where the session belongs."""
        for text in self._store.left:
            self._tell(text)
