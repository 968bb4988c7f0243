"""The box that says what was filled in in a workbook, and audits the feed with it."""

from __future__ import annotations

from collections.abc import Callable

from feedeval.app.boxes.common import Line, row
from feedeval.app.render import Tone
from feedeval.notebook.widgets import text_button


class FilledBox:
    """Says what a workbook changes; hidden until one comes.

    Args:
        audit_again: Called when the feed is to be audited with it.
    """

    def __init__(self, audit_again: Callable[[], None]) -> None:
        self._line = Line()
        self._button = text_button(
            "Audit again with what was filled in",
            "play",
            "Ask about the products that changed, and show before and after",
            audit_again,
        )
        self._button.button_style = "primary"
        self.widget = row(self._button, self._line.widget)
        self.outcome = Line()
        """Before and after, above the results."""
        self.widget.layout.display = "none"

    def say(self, tone: Tone, text: str, *, usable: bool = False) -> None:
        """Say how it stands with the workbook, and whether the feed can be audited with it."""
        self.widget.layout.display = None
        self.offer(usable)
        self._line.say(tone, text)

    def offer(self, usable: bool) -> None:
        """Show the button, or hide it."""
        self._button.layout.display = None if usable else "none"
