"""What every widget of ours needs: callbacks that answer while a cell runs, and an end without leftovers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import ipywidgets

W = TypeVar("W", bound=ipywidgets.Widget)


def answering(widget: W) -> W:
    """Let a widget's callbacks run where the page sends them, also while a cell is being executed; return the widget.

    ipykernel 7.4 hands what a page says to the loop that drew the widget last, which is the one that a cell may block.
    Without this hook it goes to a subshell that is free; other versions do not look for it.
    """
    widget.comm._reply_subshell_for = None
    return widget


def text_button(text: str, icon: str, tooltip: str, press: Callable[[], None]) -> ipywidgets.Button:
    """Return a button as wide as its words.

    Args:
        text: What it says.
        icon: Name of a FontAwesome icon; empty for none.
        tooltip: What it does.
        press: Called at each click, on a thread of the kernel's choice.
    """
    made = ipywidgets.Button(description=text, icon=icon, tooltip=tooltip, layout={"width": "auto"})
    made.on_click(lambda _: press())
    return answering(made)


def close(widget: ipywidgets.Widget) -> None:
    """Close a widget with all that it is made of; ipywidgets keeps what is not closed for ever."""
    for child in getattr(widget, "children", ()):
        close(child)
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if part is not None:
            part.close()
    widget.close()
