"""`fe.label()`: what is labelled, where it is shown, and what stands in its place without a page."""

from __future__ import annotations

import threading
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from feedeval.errors import FeedevalError
from feedeval.formatting import plain
from feedeval.html import Markup, escape, section
from feedeval.notebook.labelling import render
from feedeval.notebook.panel.output import Bundle, Output, kernel_shell
from feedeval.results.labelling.book import Label, LabelBook
from feedeval.results.labelling.sheet import read_sheet, write_sheet
from feedeval.results.stored import StoredSession

if TYPE_CHECKING:
    from feedeval.notebook.labelling.view import LabelView

_OUTPUTS_KEPT = 4
"""Cells whose static form is kept up to date; older ones were most likely run again."""


class Labelling:
    """Verdicts of a session that a person checks; displayed in a notebook, by keys or buttons.

    Each answer is saved at once, in `labels_<session>.csv` beside the session's files.
    """

    def __init__(self, book: LabelBook, *, show_verdict: bool) -> None:
        """Use `label`."""
        self._book = book
        self._show_verdict = show_verdict
        self._view: LabelView | None = None
        self._outputs: deque[Output] = deque(maxlen=_OUTPUTS_KEPT)
        self._lock = threading.RLock()

    @property
    def labels(self) -> pd.DataFrame:
        """The labels, a row each, in the order in which they were given; what the file holds.

        Columns: product_id (str: the record's key, the id or `id#2` where an id repeats); question, prediction (str);
        label (str: yes, partial, no, not_applicable); probability (float64, in (0, 1]: that the verdict is among those
        labelled, which is less than was drawn with as long as not all cases are labelled).
        """
        return self._book.frame()

    @property
    def cases(self) -> pd.DataFrame:
        """The verdicts that were drawn, as `feedeval.results.labelling.draw.draw_cases` returns them."""
        return self._book.cases.copy(deep=False)

    @property
    def path(self) -> Path:
        """The file that keeps the labels."""
        return self._book.path

    def export(self, path: str | Path) -> Path:
        """Write the cases as a table to be labelled elsewhere, and return its path.

        Columns are case, product_id, title, question, quote (of the judge), text (that was judged) and label: to be
        filled with yes, partial, no or not_applicable, or with y, p, n or x. What has a label already has it there.

        Args:
            path: `.csv`, safe to open in a spreadsheet.

        Raises:
            InputError: Another suffix, or a folder that is not there.
            StorageError: The file cannot be written.
        """
        return write_sheet(self._book, path, show_verdict=self._show_verdict)

    def read(self, path: str | Path) -> Labelling:
        """Take over the labels of a table that `export` wrote, and return this labelling.

        They take the place of earlier ones; rows without a label change nothing. Separators and encodings that
        spreadsheets choose are understood.

        Raises:
            InputError: The table cannot be read, or a row is none of the cases or has a label that is none; then
                nothing is taken over.
            StorageError: The labels cannot be saved.
        """
        with self._lock:
            self._book.take(read_sheet(self._book, path))
            self._paint()
        return self

    def press(self, key: str) -> None:
        """Do what a key says: y, p, n, x label the current case, s leaves it for later, u takes the last answer back.

        What cannot be done is shown in the widget.
        """
        from feedeval.notebook.labelling.view import SKIP, UNDO, label_of

        with self._lock:
            fault = ""
            try:
                if key == UNDO:
                    self._book.undo()
                elif key == SKIP:
                    self._book.skip()
                elif (label := label_of(key)) is not None:
                    self._book.answer(label)
                else:
                    fault = f"{key!r} is no key of this widget: press y, p, n, x, s or u"
            except FeedevalError as exc:
                fault = f"That did not work: {exc}"
            self._paint(fault)

    def display(self) -> None:
        """Show the widget in the output of the cell that is being executed; outside a notebook, print what to do."""
        if kernel_shell() is None or find_spec("ipywidgets") is None:
            print(self)
            return
        with self._lock:
            if self._view is None:
                from feedeval.notebook.labelling.view import LabelView

                self._view = LabelView(self._book, self.press, show_verdict=self._show_verdict)
            self._paint()
            # The second output is what a saved notebook shows; the page hides it for as long as it shows the first.
            Output(self._view.bundle())
            self._outputs.append(Output(self._still()))

    _ipython_display_ = display

    def close(self) -> None:
        """Take the widget off the page; the labels stay."""
        with self._lock:
            if self._view is not None:
                self._view.close()
                self._view = None

    def __repr__(self) -> str:
        book = self._book
        lines = [f"Labels of session {book.session.id}: {book.done:,} of {book.total:,} cases labelled."]
        if book.done < book.total:
            lines += [
                "Display it in a notebook to label by keys. Elsewhere:",
                '  .export("to_label.csv") writes the cases;',
                f"  fill its column `label` with {', '.join(label.value for label in Label)};",
                '  .read("to_label.csv") takes them back.',
            ]
        return "\n".join([*lines, f"Saved in {plain(book.path)}"])

    def _repr_html_(self) -> str:
        book = self._book
        how = (
            'Run this cell again to go on, or label elsewhere: <code>.export("to_label.csv")</code>, fill the column '
            '<code>label</code>, <code>.read("to_label.csv")</code>.'
        )
        parts = [render.progress_html(book), Markup(f"<p>{how if book.done < book.total else 'All are labelled.'}</p>")]
        return section(f"Labels of session {book.session.id}", *parts, Markup(f"<p>Saved in {escape(book.path)}</p>"))

    def _paint(self, fault: str = "") -> None:
        if self._view is not None:
            self._view.paint(fault)
        for output in self._outputs:
            output.change(self._still())

    def _still(self) -> Bundle:
        html = self._repr_html_()
        if self._view is not None:
            mark = self._view.mark
            hide = f"<style>body:has(.{mark}) .behind-{mark}{{display:none}}</style>"
            html = f'{hide}<div class="behind-{mark}">{html}</div>'
        return {"text/html": html, "text/plain": repr(self)}


def label(session: StoredSession, n: int = 100, *, seed: int = 0, show_verdict: bool = False) -> Labelling:
    """Have a person check verdicts of a session: return a widget that puts them one after the other.

    It draws the `n` verdicts that tell most about the session: from every kind of verdict, more where the judge's
    errors would move the coverage most, each with a known probability. Keys: y (yes), p (partial), n (no), x (the
    question does not apply), s (skip), u or Backspace (undo). The judge's verdict is told after the answer, so that it
    sways nobody. Each answer is saved; a second call goes on where the first stopped.

    Without a page, `.export` writes the cases as a table to be labelled, and `.read` takes it back.

    Args:
        session: An audit, finished or not.
        n: How many verdicts; where there are fewer, all of them. A second call with more goes on with more.
        seed: The same session and seed give the same cases.
        show_verdict: Show the judge's verdict before the answer, too.

    Raises:
        InputError: The session has no verdicts, or `n` or `seed` is no whole number in range.
        SessionDamaged: There are labels of this session that cannot be read.
    """
    return Labelling(LabelBook(session, n, seed), show_verdict=show_verdict)
