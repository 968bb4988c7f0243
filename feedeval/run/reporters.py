"""Reporters for terminals and plain output: text and tqdm bars."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from feedeval.errors import InputError
from feedeval.formatting import counted, duration, money
from feedeval.records import BatchReport, Status
from feedeval.records.kinds import units
from feedeval.run.progress import Reporter, Snapshot
from feedeval.run.telling.words import headline, reason_in_words, standing, what_is_left

_LINE_EVERY_S = 30.0
_PLAN_EVERY_S = 5.0
_LINES = 10
"""Lines that a run gets for its share done, one every 10 %."""
_BAR_CELLS = 24


def status_line(snapshot: Snapshot) -> str:
    """Return the state of a run in one line."""
    counts = snapshot.counts
    through = counts.done + counts.failed
    parts = [f"{through:,}/{counts.total:,} ({100 * snapshot.share:.0f} %)"]
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    if snapshot.parts_out:
        parts.append(parts_text(snapshot))
    elif snapshot.status is Status.RUNNING and not snapshot.leaving:
        left = snapshot.waits_for or what_is_left(snapshot)
        parts.append(left or f"{snapshot.rate_per_s:.1f}/s, {duration(snapshot.eta_s)} left")
    if snapshot.calls or snapshot.cost_usd is None:
        parts.append(money(snapshot.cost_usd))
    if snapshot.status is not Status.RUNNING or snapshot.leaving:
        parts.append(standing(snapshot))
    return " · ".join(parts)


def parts_text(snapshot: Snapshot) -> str:
    """Return how much is at the endpoint in parts; empty where nothing is."""
    out = snapshot.parts_out
    if not out:
        return ""
    done, total = sum(part.completed for part in out), sum(part.requests for part in out)
    return f"{counted(len(out), 'part')} out, {done:,}/{total:,} answered"


def batch_block(report: BatchReport, snapshot: Snapshot) -> str:
    """Return the figures of a complete batch as a few lines."""
    one, several = units(snapshot.kind)
    unreadable = f" ({report.unreadable:,} of them unreadable rows)" if report.unreadable else ""
    counts = snapshot.counts
    through = counts.done + counts.failed
    cost = f" · {counted(report.calls, 'call')} · {money(report.cost_usd)}" if report.calls else ""
    return (
        f"Batch {report.batch_number:,}/{report.total_batches:,} · {several} {report.batch_start_index + 1:,}"
        f"–{report.batch_end_index + 1:,} · overall {through:,}/{counts.total:,} ({100 * snapshot.share:.1f} %)\n"
        f"  successful {report.successful:,} · failed {report.failed:,}{unreadable} "
        f"· success rate {100 * report.success_rate:.1f} %{cost}\n"
        f"  elapsed {duration(report.elapsed_ms / 1000)} · average {report.average_time_ms:.1f} ms per {one}"
        f" · estimated remaining {duration(report.estimated_time_remaining_ms / 1000)}"
    )


class TextReporter:
    """Plain text: on a terminal one line that is redrawn, elsewhere a line every 10 % or 30 s; and batch blocks.

    Args:
        stream: Where to write; standard output as it is at that moment by default.
        blocks: Show a block for each batch.
        live: Redraw one line; None asks the stream whether it is a terminal.
        monotonic: The clock.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        blocks: bool = True,
        live: bool | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._blocks = blocks
        self._live = live
        self._monotonic = monotonic
        self._width = 0
        self._shown: tuple[str, bool] | None = None
        self._tenth = 0
        self._line_s = 0.0
        self._planned = False

    @property
    def _out(self) -> TextIO:
        return self._stream if self._stream is not None else sys.stdout

    def plan(self, snapshot: Snapshot) -> None:
        """Say how far the planning is, and why nothing came of it where nothing did."""
        if self._is_live() and not snapshot.done:
            self._redraw(snapshot.status_reason)
            return
        now_s = self._monotonic()
        if snapshot.done or not self._planned or now_s - self._line_s >= _PLAN_EVERY_S:
            self._planned, self._line_s = not snapshot.done, now_s
            self._print(snapshot.status_reason)

    def _is_live(self) -> bool:
        if self._live is None:
            isatty = getattr(self._out, "isatty", None)
            self._live = bool(isatty and isatty())
        return self._live

    def start(self, snapshot: Snapshot) -> None:
        """Say which session begins or goes on."""
        self._is_live()
        self._planned = False
        self._tenth, self._line_s = _tenth(snapshot), self._monotonic()
        before = f", {snapshot.counts.done:,} done before" if snapshot.counts.done else ""
        self._print(
            f"Session {snapshot.session} · {snapshot.engine} · "
            f"{counted(snapshot.counts.total, *units(snapshot.kind))} in "
            f"{counted(snapshot.total_batches, 'batch', 'batches')}{before}"
        )

    def update(self, snapshot: Snapshot) -> None:
        """Redraw the line, or write one when it is time or the state changed."""
        if self._live:
            line = status_line(snapshot)
            cells = round(_BAR_CELLS * snapshot.share)
            self._redraw(f"{'█' * cells}{'·' * (_BAR_CELLS - cells)} {line}")
            return
        state = (snapshot.status.value + snapshot.status_reason, bool(snapshot.leaving))
        changed = self._shown is not None and state != self._shown
        self._shown = state
        now_s = self._monotonic()
        due = _tenth(snapshot) > self._tenth or now_s - self._line_s >= _LINE_EVERY_S
        if changed or (due and not snapshot.done):
            self._tenth, self._line_s = _tenth(snapshot), now_s
            self._print(status_line(snapshot))

    def batch(self, report: BatchReport, snapshot: Snapshot) -> None:
        """Write the block of a batch."""
        if self._blocks:
            self._print(batch_block(report, snapshot))

    def message(self, text: str) -> None:
        """Write a sentence on a line of its own."""
        self._print(text)

    def close(self, snapshot: Snapshot) -> None:
        """Write where the run ended."""
        why = f" ({reason_in_words(snapshot.status_reason).rstrip('.')})" if snapshot.status_reason else ""
        self._print(
            f"Session {snapshot.session}{why} · {headline(snapshot)} · {duration(snapshot.elapsed_s)} · "
            f"{money(snapshot.cost_usd)}"
        )

    def _redraw(self, line: str) -> None:
        text = f"\r{line}"
        self._out.write(text + " " * (self._width - len(text)))
        self._out.flush()
        self._width = len(text)

    def _print(self, text: str) -> None:
        wipe = "\r" + " " * self._width + "\r" if self._width else ""
        self._width = 0
        self._out.write(f"{wipe}{text}\n")
        self._out.flush()


def _tenth(snapshot: Snapshot) -> int:
    return int(_LINES * snapshot.share + 1e-9)


class TqdmReporter:
    """tqdm bars: one for the run and one for the oldest open batch. A notebook gets widgets, a terminal lines."""

    def __init__(self, bar: Callable[..., Any] | None = None) -> None:
        self._make = bar
        self._overall: Any = None
        self._batch: Any = None
        self._plan: Any = None
        self._number = 0

    def plan(self, snapshot: Snapshot) -> None:
        """Move a bar of its own while the run is planned."""
        if self._plan is None:
            make = self._make or _tqdm()
            self._plan = make(total=snapshot.counts.total or None, desc="planning", unit="rec", leave=False)
        self._plan.n = snapshot.planned
        if self._plan.total is not None:
            self._plan.total = snapshot.counts.total if snapshot.counts.total > snapshot.planned else None
        self._plan.refresh()
        if snapshot.done:
            self._end_plan()
            self.message(snapshot.status_reason)

    def _end_plan(self) -> None:
        if self._plan is not None:
            # A bar that ends before its total is drawn as one that failed.
            self._plan.total = self._plan.n
            self._plan.close()
            self._plan = None

    def start(self, snapshot: Snapshot) -> None:
        """Open the bars."""
        make = self._make or _tqdm()
        self._end_plan()
        self._number = 0
        through = snapshot.counts.done + snapshot.counts.failed
        self._overall = make(total=snapshot.counts.total, initial=through, desc=snapshot.session, unit="rec")
        self._batch = make(total=snapshot.batch_size, desc="batch", unit="rec", leave=False)
        self.update(snapshot)

    def update(self, snapshot: Snapshot) -> None:
        """Move the bars."""
        counts = snapshot.counts
        self._overall.n = counts.done + counts.failed
        self._overall.set_postfix_str(
            ", ".join(
                filter(
                    None,
                    (
                        f"{counts.failed:,} failed",
                        money(snapshot.cost_usd),
                        parts_text(snapshot),
                        snapshot.waits_for or what_is_left(snapshot) or standing(snapshot),
                    ),
                )
            ),
            refresh=False,
        )
        self._overall.refresh()
        if snapshot.batch is None:
            if snapshot.batches_complete == snapshot.total_batches and self._number:
                # The last batch was complete, and gone, before its last record was drawn.
                self._batch.n = self._batch.total
                self._batch.refresh()
            return
        if snapshot.batch.number != self._number:
            self._number = snapshot.batch.number
            self._batch.reset(total=snapshot.batch.size)
            self._batch.set_description_str(f"batch {self._number}/{snapshot.total_batches}", refresh=False)
        self._batch.n = snapshot.batch.through
        self._batch.refresh()

    def batch(self, report: BatchReport, snapshot: Snapshot) -> None:
        """Leave batches to the second bar."""

    def message(self, text: str) -> None:
        """Write a sentence above the bars."""
        if self._overall is None:
            sys.stderr.write(text + "\n")
        else:
            self._overall.write(text, file=sys.stderr)

    def close(self, snapshot: Snapshot) -> None:
        """Show the last state and close the bars."""
        self.update(snapshot)
        if snapshot.counts.failed or snapshot.status is not Status.FINISHED:
            self._overall.write(headline(snapshot), file=sys.stderr)
        # A bar that ends before its total is drawn in red, as one that failed; that of a batch is only a part.
        self._batch.total = self._batch.n
        self._batch.close()
        self._overall.close()


def _tqdm() -> Callable[..., Any]:
    # tqdm.auto warns and draws half a widget where it is not in a notebook: ask for it only there.
    if "ipykernel" in sys.modules:
        from tqdm.auto import tqdm

        return tqdm
    from tqdm.std import tqdm as plain

    return plain


def choose_reporter(progress: str | None = None, *, stream: TextIO | None = None) -> Sequence[Reporter]:
    """Return the reporters for `progress`: "text", "tqdm", "none", or None to choose by where the output goes.

    Raises:
        InputError: `progress` is none of these.
    """
    if progress is None:
        return (TextReporter(stream, blocks=False),)
    if progress == "text":
        return (TextReporter(stream),)
    if progress == "tqdm":
        return (TqdmReporter(),)
    if progress == "none":
        return ()
    raise InputError(f'progress={progress!r} is not known; choose "text", "tqdm", "none" or None.')
