"""A workbook that comes back filled in: laid over the feed, audited again, and set beside the audit before."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from feedeval.app import render
from feedeval.app.feeds import Filled, Given, Preview
from feedeval.app.render import Tone, fault_in_words
from feedeval.errors import FeedevalError
from feedeval.feed.filled import SHEET, read_filled
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.source import FeedSource
from feedeval.feed.text import descriptive_fields
from feedeval.html import Markup
from feedeval.notebook.links import offered
from feedeval.results.compare.compare import compare
from feedeval.results.session import Session
from feedeval.storage.readers import session_ids

if TYPE_CHECKING:
    from feedeval.app.boxes.filled import FilledBox


@dataclass(frozen=True, eq=False)
class FilledFeed(Given):
    """A feed with what was filled in."""

    frame: pd.DataFrame | None = None

    def for_audit(self, limit: int | None) -> FeedSource:
        """Return the frame as a source."""
        return FeedSource(self.frame, limit, quiet=True)


class Page(Protocol):
    """What the rest of the app does with a feed that was filled in."""

    def given_feed(self) -> Given | None:
        """Return the feed that was read last."""

    def audit(self, given: Given, found: Preview) -> None:
        """Audit a feed with the settings that stand in the form, and the fields that it has now.

        Raises:
            InputError: An audit goes on.
        """


class Filling:
    """What comes of workbooks that are filled in.

    Args:
        folder: Of the sessions.
        page: The rest of the app.
    """

    def __init__(self, folder: Path, page: Page) -> None:
        # Imported where it is needed: a terminal has no use for widgets.
        from feedeval.app.boxes.filled import FilledBox

        self._folder = folder
        self._page = page
        self._lock = threading.Lock()
        self._waiting: tuple[str, pd.DataFrame] | None = None
        """A workbook for which no feed was read yet."""
        self._ready: FilledFeed | None = None
        self._shown: Session | None = None
        self._before: Session | None = None
        """The audit that the one to come is set beside."""
        self.box: FilledBox = FilledBox(self.audit_again)

    def offer(self, session: Session) -> Markup:
        """Write the workbook of a session, and return the link that saves it."""
        self._shown = session
        try:
            book = session.workbook(session.output_dir / f"audit_{session.id}.xlsx")
        except FeedevalError as exc:
            return render.said(Tone.PROBLEM, f"the workbook could not be written: {exc}")
        return offered(book.path, "Save what to fix, as a workbook to fill in (Excel)")

    def take(self, name: str, content: bytes) -> bool:
        """Take a file that was uploaded, and return whether it is a workbook that was filled in.

        Raises:
            FeedError: It is a damaged workbook.
        """
        filled = read_filled(content)
        if filled is None:
            return False
        filled.attrs["feedeval"]["source"] = name
        with self._lock:
            self._waiting = (name, filled)
        self.lay()
        return True

    def lay(self) -> None:
        """Lay the workbook that waits over the feed that was read, once both are there."""
        given = self._page.given_feed()
        with self._lock:
            if self._waiting is None:
                return
            name, filled = self._waiting
            if given is None:
                said = f"{name} is a workbook that was filled in. Now give the feed that it belongs to, above."
                self.box.say(Tone.HINT, said)
                return
            self._waiting = None
        self._in_background(lambda: self._lay(name, filled, given))

    def _lay(self, name: str, filled: pd.DataFrame, given: Given) -> None:
        self.box.say(Tone.WORKING, f"Laying {name} over {given.name} …")
        feed = _frame_of(given)
        fixed = apply_fixes(feed, filled)
        tally = fixed.attrs["feedeval"]["fixes"]
        unknown = len(tally["unknown_ids"])
        strangers = f" {unknown:,} of its products are not in this feed." if unknown else ""
        if not tally["cells"]:
            self._ready = None
            self.box.say(Tone.PROBLEM, f"the sheet “{SHEET}” of {name} changes nothing in {given.name}.{strangers}")
            return
        self._ready = FilledFeed(
            f"{given.name} with {name}", b"", kind=f"{given.name} with the fixes of {name}", frame=fixed
        )
        cells, products = tally["cells"], tally["products"]
        self.box.say(
            Tone.DONE,
            f"{name}: {cells:,} value{'s' * (cells != 1)} for {products:,} product{'s' * (products != 1)} of "
            f"{given.name}.{strangers}",
            usable=True,
        )

    def audit_again(self) -> None:
        """Audit the feed with what was filled in."""
        ready = self._ready
        if ready is None:
            return
        earlier, found = self._before, _preview(ready)
        # First, as the audit may be through before this thread is.
        self._before, self._ready = self._shown or _latest_audit(self._folder), None
        self.box.offer(False)
        try:
            self._page.audit(ready, found)
        except FeedevalError as exc:
            self._before, self._ready = earlier, ready
            self.box.say(Tone.PROBLEM, str(exc), usable=True)

    def compared(self, session: Session) -> None:
        """Show before → after, where the audit that ended is one of what was filled in."""
        before = self._before
        if before == session:
            return  # it was still being drawn when the next one began
        self._before = None
        if before is None:
            self.box.outcome.show(Markup(""))
            return
        try:
            self.box.outcome.show(render.compared(compare(before, session)))
        except FeedevalError as exc:
            self.box.outcome.say(Tone.PROBLEM, f"before and after cannot be compared: {exc}")

    def _in_background(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as exc:  # shown to the person who waits
                self.box.say(Tone.PROBLEM, fault_in_words(exc))

        threading.Thread(target=guarded, name="feedeval-app-filling", daemon=True).start()


def _frame_of(given: Given) -> pd.DataFrame:
    rows = list(given.for_audit(None).products())
    names = dict.fromkeys(name for row in rows for name in row)
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    frame.attrs["feedeval"] = {"source": given.name}
    return frame


def _preview(feed: FilledFeed) -> Preview:
    """Return the fields of a feed with what was filled in, so that the judge sees new ones too."""
    rows = list(feed.for_audit(None).products())
    counts = Counter(name for row in rows for name, value in row.items() if value and not name.startswith("_"))
    descriptive = descriptive_fields(rows)
    names = [*descriptive, *(name for name in counts if name not in descriptive)]
    return Preview(
        name=feed.name,
        format="",
        products=len(rows),
        whole=True,
        warnings=(),
        rows=(),
        categories=(),
        fields=tuple(Filled(name, counts[name], name in descriptive) for name in names),
    )


def _latest_audit(folder: Path) -> Session | None:
    """Return the latest audit that has results, of whichever kernel."""
    for sid in reversed(session_ids(folder)):
        try:
            session = Session(sid, folder)
            if session.is_audit and session.progress.counts.done and not session.stands_aside:
                return session
        except FeedevalError:
            continue
    return None
