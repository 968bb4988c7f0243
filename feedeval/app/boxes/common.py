"""What the boxes of the app are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from feedeval.app.render import Tone, heading, said
from feedeval.html import Markup
from feedeval.notebook.widgets import answering

LABEL_WIDTH = "9.5em"
INPUT_WIDTH = "36em"


class Line:
    """A line of the page that says how things stand.

    Args:
        indented: It belongs to the input above it.
    """

    def __init__(self, *, indented: bool = False) -> None:
        padding = f"0 0 0 calc({LABEL_WIDTH} + 8px)" if indented else None
        self.widget = ipywidgets.HTML(layout={"padding": padding})
        self.tone = Tone.HINT
        """What the sentence is about that was said last."""

    def say(self, tone: Tone, text: str) -> None:
        """Show a sentence; an empty one clears the line."""
        self.tone = tone
        self.widget.value = said(tone, text)

    def show(self, html: Markup) -> None:
        """Show HTML that is safe already."""
        self.widget.value = str(html)


class PageStep:
    """A numbered part of the page, which can be hidden until it is its turn."""

    def __init__(self, number: int, title: str, rows: Sequence[ipywidgets.Widget]) -> None:
        self.widget = ipywidgets.VBox([ipywidgets.HTML(heading(number, title)), *rows])

    def show(self, shown: bool = True) -> None:
        """Show the step, or hide it."""
        self.widget.layout.display = None if shown else "none"


def field(kind: Callable[..., Any], label: str, **options: Any) -> Any:
    """Return an input with its label on the left, aligned with the others."""
    return answering(
        kind(
            description=label,
            style={"description_width": LABEL_WIDTH},
            layout={"width": "calc(100% - 4px)", "max_width": INPUT_WIDTH},
            **options,
        )
    )


def row(*widgets: ipywidgets.Widget) -> ipywidgets.HBox:
    """Return widgets side by side, as far as there is room."""
    return ipywidgets.HBox(list(widgets), layout={"flex_flow": "row wrap", "align_items": "center"})


def display(widget: ipywidgets.Widget, shown: bool) -> None:
    """Show a widget, or hide it."""
    widget.layout.display = None if shown else "none"
