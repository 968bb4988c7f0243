"""The box in which a person says what the columns of a table are that the reader does not understand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets

from feedeval.app.boxes.common import Line, display, row
from feedeval.app.render import block
from feedeval.errors import InputError
from feedeval.feed.parsing.columns import attributes
from feedeval.feed.parsing.faults import ReadColumn
from feedeval.feed.parsing.proposals import unread
from feedeval.formatting import clip
from feedeval.html import Markup, escape
from feedeval.notebook.widgets import answering, close, text_button

MOST = 60
"""Columns that are offered; those that are not understood come first."""
_AS_IT_IS = "not an attribute"
_FIRST = ("id", "title", "description", "price", "link", "image_link", "brand", "availability", "gtin", "product_type")
_SAMPLE_CHARS = 70
_REFUSED = (
    "The columns of this table are not understood. Say below what they mean, a title and one more at least, and press "
    "Read with these columns; what is proposed is a guess."
)
_MOSTLY = "Most columns of this table are not understood, so what they hold would not be judged. Say what they mean."


class ColumnsBox:
    """Shows what each column is read as, with a proposal and a sample, and takes what a person says instead.

    Args:
        read: Called when the table is to be read with what was chosen.
    """

    def __init__(self, read: Callable[[], None]) -> None:
        self._columns: tuple[ReadColumn, ...] = ()
        self._choices: dict[str, ipywidgets.Dropdown] = {}
        self._said: dict[str, str] = {}
        self._open = text_button("", "columns", "What each column of the table is read as", self._unfold)
        self._line = Line()
        self._rows = ipywidgets.VBox()
        self._read = text_button("Read with these columns", "search", "Read the table again", read)
        self._body = ipywidgets.VBox([self._line.widget, self._rows, row(self._read)])
        self.widget = ipywidgets.VBox([row(self._open), self._body])
        display(self.widget, False)

    def hide(self) -> None:
        """Take the table away: the feed is none, or needs no word about its columns."""
        display(self.widget, False)

    def offer(self, columns: Sequence[ReadColumn], said: Mapping[str, str], *, refused: bool) -> None:
        """Show the columns of a table.

        Args:
            columns: What they are read as.
            said: What a person has said of them already.
            refused: The table cannot be read as a feed as it is.
        """
        self._said = dict(said)
        filled = sorted((column for column in columns if column.sample), key=lambda column: bool(column.means))
        self._columns = tuple(filled[:MOST])
        lost = [column for column in self._columns if not column.means]
        wanted = refused or bool(unread(columns))
        display(self.widget, bool(lost or said))
        display(self._open, not wanted)
        display(self._body, wanted)
        count = f"{len(lost)} column{'s are' if len(lost) != 1 else ' is'} not understood" if lost else "Columns"
        self._open.description = f"{count}: say what they mean" if lost else "Columns: what each is read as"
        advice = _REFUSED if refused else _MOSTLY if wanted else ""
        self._line.show(block(Markup(f'<b role="status">{escape(advice)}</b>')))
        self._draw()

    def chosen(self) -> dict[str, str]:
        """Return what a person says that columns are, where it is not what the reader makes of them anyway.

        Raises:
            InputError: Nothing was chosen.
        """
        means = {column.column: column.means for column in self._columns}
        picked = {name: choice.value for name, choice in self._choices.items() if choice.value}
        said = {name: value for name, value in picked.items() if name in self._said or value != means[name]}
        if not said:
            raise InputError("no column has been given a meaning that it has not already: choose at least one")
        return said

    def _unfold(self) -> None:
        display(self._body, True)
        display(self._open, False)

    def _draw(self) -> None:
        old = self._rows.children
        choices = {column.column: _choice(column) for column in self._columns}
        self._rows.children = tuple(
            row(ipywidgets.HTML(_words(column), layout={"width": "26em"}), choices[column.column])
            for column in self._columns
        )
        self._choices = choices
        for widget in old:
            close(widget)


def _choice(column: ReadColumn) -> ipywidgets.Dropdown:
    names = [*_FIRST, *sorted(name for name in attributes() if name not in _FIRST)]
    value = column.means or column.proposal
    if value and value not in names:
        names.insert(0, value)
    made = ipywidgets.Dropdown(
        options=[(_AS_IT_IS, ""), *((name, name) for name in names)],
        value=value,
        tooltip=f"What {column.column} means",
        layout={"width": "14em"},
    )
    return answering(made)


def _words(column: ReadColumn) -> Markup:
    why = "" if column.means or not column.why else f" · proposed for {column.why}"
    return block(
        Markup(
            f'<div style="line-height:1.3;padding:2px 0"><b>{escape(clip(column.column, 60))}</b>'
            f'<span style="opacity:.72">{escape(clip(why, 80))}</span><br>'
            f'<span style="opacity:.72">{escape(clip(column.sample, _SAMPLE_CHARS))}</span></div>'
        )
    )
