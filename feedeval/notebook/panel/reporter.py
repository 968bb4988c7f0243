"""The live panel of a run: when it is drawn, what its buttons do, what stays behind.

The run's display thread hands over snapshots and is the one that draws; widgets are made on the cell's thread when the
panel is first shown. A button only calls the run's own methods, which may be called from any thread: ipykernel 7 runs
these callbacks on threads of its own, ipykernel 6 on the main one.

A cell gets two outputs. The first is the panel, and at the end its static summary; the second is the static form of the
last state, hidden for as long as the page shows the panel, and at the end the button that tries failures again. So a
notebook that is saved at any moment shows the last state without its kernel, and a panel is never drawn anew for that.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from feedeval.errors import InputError
from feedeval.formatting import moment_words
from feedeval.notebook.panel import render
from feedeval.notebook.panel.facts import rate
from feedeval.notebook.panel.folds import TRACE_TITLE
from feedeval.notebook.panel.latest import latest, latest_title
from feedeval.notebook.panel.output import NOTHING, Bundle, Output, kernel_shell
from feedeval.notebook.panel.trace import trace
from feedeval.records import BatchReport, Status
from feedeval.run.progress import Snapshot

if TYPE_CHECKING:
    from feedeval.notebook.panel.widgets import Board

PAINT_EVERY_S = 0.2
"""Least time between two redraws."""
LIVE_EVERY_S = 1.0
"""Least time between two redraws of what can be folded away."""
SAVE_EVERY_S = 10.0
"""Least time between two refreshes of what a saved notebook would show; a change of state refreshes it at once."""
MESSAGES_KEPT = 4
_OUTPUTS_KEPT = 8
"""Cells in which the panel was shown that are kept up to date; older ones were most likely run again."""


class Controls(Protocol):
    """What the buttons call; a run that also has `retry_failed()` gets a button for it. Called from any thread."""

    def pause(self) -> None:
        """Start no more calls."""

    def resume(self, **changes: Any) -> None:
        """Go on, with settings changed."""

    def stop(self) -> None:
        """Write the state and end."""

    def snapshot(self) -> Snapshot:
        """Return where it stands."""


class PanelReporter:
    """A reporter that shows a run as a live panel with buttons.

    Args:
        show: Show the panel in the running cell as soon as the run starts; else `display` shows it.
        monotonic: The clock that spaces redraws.
        now: The clock that people see.
    """

    def __init__(
        self,
        *,
        show: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._show = show
        self._monotonic = monotonic
        self._now = now
        self._run: Controls | None = None
        self._lock = threading.RLock()
        self._snapshot: Snapshot | None = None
        self._messages: deque[str] = deque(maxlen=MESSAGES_KEPT)
        self._fault = ""
        self._board: Board | None = None
        self._outputs: deque[tuple[Output, Output]] = deque(maxlen=_OUTPUTS_KEPT)
        self._again = render.RUN_AGAIN
        self._over = False
        self._painted_s = -PAINT_EVERY_S
        self._live_s = -LIVE_EVERY_S
        self._saved_s = 0.0
        self._saved_state = ("", "")

    def attach(self, run: Controls) -> None:
        """Let the buttons drive `run`."""
        with self._lock:
            self._run = run
            self._paint(at_once=True)

    def start(self, snapshot: Snapshot) -> None:
        """Show that a run begins; one that was shown to its end becomes live again."""
        with self._lock:
            again = self._over
            self._snapshot, self._over, self._fault = snapshot, False, ""
            if again and self._board is not None:
                self._board.begin()
                self._paint(at_once=True)
                for first, _ in self._outputs:
                    first.change(self._board.view())
                self._save()
            if self._show and not self._outputs:
                self.display()

    def plan(self, snapshot: Snapshot) -> None:
        """Show how far the planning of the run is; a last time where nothing came of it."""
        with self._lock:
            if snapshot.done:
                self.close(snapshot)
            elif self._over or self._snapshot is None:
                self.start(snapshot)
            else:
                self.update(snapshot)

    def update(self, snapshot: Snapshot) -> None:
        """Show where the run stands."""
        with self._lock:
            self._snapshot = snapshot
            self._paint()

    def batch(self, report: BatchReport, snapshot: Snapshot) -> None:
        """Leave batches to their bar."""

    def message(self, text: str) -> None:
        """Show a sentence at the next redraw."""
        with self._lock:
            self._messages.append(f"{self._now():%H:%M:%S} {text}")

    def close(self, snapshot: Snapshot) -> None:
        """Show the last state, in the saved notebook too, and close the widgets that are not needed any more."""
        with self._lock:
            self._snapshot, self._over = snapshot, True
            if _anybody_there():
                self._finish()

    def display(self) -> None:
        """Show the panel in the output of the cell that is being executed; it may be shown in several."""
        with self._lock:
            if kernel_shell() is None:
                print(self.text())
                return
            if self._board is None and (not self._over or self._can_retry()):
                self._make_board()
            self._saved_s, self._saved_state = self._monotonic(), self._state()
            self._outputs.append((Output(self._first()), Output(self._second())))

    _ipython_display_ = display

    def widget(self, again: str = render.RUN_AGAIN) -> Any:
        """Return the panel as a widget, to be laid out among others; it is the same one each time.

        Args:
            again: What starts the run again there, such as `press Start`.
        """
        with self._lock:
            self._again = again
            return (self._board or self._make_board()).root

    def _make_board(self) -> Board:
        # Imported where it is needed: a run in a terminal has no use for widgets.
        from feedeval.notebook.panel.widgets import Board

        self._board = Board(self._press)
        self._board.when_unfolded(self._unfolded)
        self._paint(at_once=True)
        return self._board

    def html(self) -> str:
        """Return the last state as static HTML."""
        with self._lock:
            shown = render.parts(self._shown(), tuple(self._messages), fault=self._fault)
            return render.framed(
                shown,
                render.footer(self._time(), advice=render.standing_advice(self._shown(), self._again)),
                live=render.live(self._shown()),
            )

    def text(self) -> str:
        """Return the last state as text."""
        with self._lock:
            return render.run_text(self._shown(), tuple(self._messages))

    _repr_html_ = html
    __str__ = text

    def _shown(self) -> Snapshot:
        if self._snapshot is None and self._run is not None:
            self._snapshot = self._run.snapshot()
        if self._snapshot is None:
            raise InputError("the panel has nothing to show yet: give it to a run as a reporter, or use panel_for(run)")
        return self._snapshot

    def _time(self) -> str:
        return moment_words(self._now().isoformat(), seconds=True)

    def _state(self) -> tuple[str, str]:
        snapshot = self._shown()
        return snapshot.status.value, snapshot.status_reason

    def _still(self, behind: str = "") -> Bundle:
        html = render.run_html(
            self._shown(), tuple(self._messages), updated=self._time(), fault=self._fault, behind=behind
        )
        return {"text/plain": self.text(), "text/html": html}

    def _first(self) -> Bundle:
        return self._still() if self._over or self._board is None else self._board.view()

    def _second(self) -> Bundle:
        if self._board is None:
            return NOTHING
        return self._board.offer_view() if self._over else self._still(self._board.mark)

    def _save(self) -> None:
        """Renew what a saved notebook shows, where the page does not show it."""
        self._saved_s, self._saved_state = self._monotonic(), self._state()
        bundle = self._second()
        for _, second in self._outputs:
            second.change(bundle)

    def _paint(self, *, at_once: bool = False) -> None:
        if self._board is None or self._snapshot is None or not _anybody_there():
            return
        if self._over:
            self._finish()
            return
        now_s = self._monotonic()
        if not at_once and now_s - self._painted_s < PAINT_EVERY_S:
            return
        self._painted_s = now_s
        parts = render.parts(self._snapshot, tuple(self._messages), fault=self._fault)
        foot = render.footer(self._now().strftime("%H:%M:%S"), advice=f"if this time stands still, {self._again}")
        self._board.remedies.offer(self._snapshot)
        self._board.paint(parts, foot, _usable(self._snapshot, self._run))
        if now_s - self._live_s >= LIVE_EVERY_S:
            self._paint_live(now_s)
        if self._outputs and (self._state() != self._saved_state or now_s - self._saved_s >= SAVE_EVERY_S):
            self._save()

    def _paint_live(self, now_s: float) -> None:
        """Paint what is unfolded: the latest products, or the trace."""
        board, snapshot = self._board, self._snapshot
        if board is None or snapshot is None or not (snapshot.latest_results or len(snapshot.trace) > 2):
            return
        self._live_s = now_s
        name = board.unfolded
        if name:
            html = latest(snapshot) if name == "latest" else trace(snapshot, rate(snapshot.rate_per_s))
            board.paint_live(name, render.styled(html), (latest_title(snapshot), TRACE_TITLE))

    def _unfolded(self) -> None:
        with self._lock:
            if not self._over:
                self._paint_live(self._monotonic())

    def _can_retry(self) -> bool:
        return bool(_usable(self._shown(), self._run).get("retry_failed"))

    def _finish(self) -> None:
        # First what is saved: a page that shows the end must not save an earlier state.
        still = self._still()
        for first, _ in self._outputs:
            first.change(still)
        if self._board is not None:
            self._board.finish(self.html(), _usable(self._shown(), self._run))
        self._save()
        if not self._can_retry():
            # Nothing is left to press: the panel must not keep the run and all its results alive.
            self._run = None

    def _press(self, name: str) -> None:
        """Do what a button says; its callback must never raise, or the click would seem to be lost."""
        fault = ""
        try:
            if self._run is None:
                raise InputError("the run is not ready yet: press again in a moment")
            if name == "resume" and self._board is not None and (changes := self._board.remedies.changes()):
                self._run.resume(**changes)
            else:
                getattr(self._run, name)()
        except Exception as exc:  # shown to the person who pressed
            fault = str(exc) if isinstance(exc, InputError) else f"{type(exc).__name__}: {exc}"
        with self._lock:
            self._fault = fault
            if self._run is not None and not self._over:
                self._snapshot = self._run.snapshot()
            self._paint(at_once=True)


def _anybody_there() -> bool:
    """Return whether a page may still listen: when the interpreter exits, it has forgotten the widgets already."""
    return threading.main_thread().is_alive()


def _usable(snapshot: Snapshot, run: Controls | None) -> dict[str, bool]:
    """Return the buttons that are to be seen, and whether they can be pressed."""
    retry = snapshot.counts.failed > 0 and hasattr(run, "retry_failed")
    if snapshot.done:
        return {"retry_failed": True} if retry and snapshot.status is Status.FINISHED else {}
    ready = run is not None and snapshot.leaving != "stopping"
    if snapshot.status is Status.PENDING:
        return {"stop": ready}
    waits = snapshot.status is Status.PAUSED or snapshot.leaving == "pausing"
    buttons = {"resume" if waits else "pause": ready, "stop": ready}
    return buttons | ({"retry_failed": False} if retry else {})


def panel_for(run: Controls) -> PanelReporter:
    """Return the panel of a run, which is made when it is first asked for.

    A run that was not given a panel when it started gets one through its `add_reporter`; without that, or when it is
    over, it is shown as it stands.
    """
    with _panels_lock:
        panel = _panels.get(run)
        if panel is not None:
            return panel
        panel = _panels[run] = PanelReporter()
    snapshot = run.snapshot()
    panel.attach(run)
    add = getattr(run, "add_reporter", None)
    if add is not None and not snapshot.done:
        add(panel)
    else:
        panel.start(snapshot)
        panel.close(snapshot)
    return panel


_panels: weakref.WeakKeyDictionary[Controls, PanelReporter] = weakref.WeakKeyDictionary()
_panels_lock = threading.Lock()
