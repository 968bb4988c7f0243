"""The buttons of a run's panel, and the order of its parts; what stands in each part is made in `render`.

There is no `Output` widget: it would capture what other cells print and grow with all that is appended to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets

from feedeval.html import Markup
from feedeval.notebook.panel.output import NOTHING, Bundle
from feedeval.notebook.panel.remedies import Remedies
from feedeval.notebook.panel.render import BORDER, PanelParts
from feedeval.notebook.widgets import answering, close, text_button

BUTTONS = {
    # The name of the run's method: what the button says, its icon, its tooltip.
    "pause": ("Pause", "pause", "Let calls that are under way finish, and start no more"),
    "resume": ("Resume", "play", "Go on where the run paused"),
    "stop": ("Stop", "stop", "Let calls that are under way finish, save, and end; starting again goes on from there"),
    "retry_failed": ("Retry failed", "refresh", "Try again what failed, once the run is over"),
}


class Board:
    """The widgets: layout and bindings.

    Pause and Resume are two buttons of which one is hidden: a click always means the word that was read, even where the
    state changed a moment before.

    Args:
        press: Called with the name of the button.
    """

    def __init__(self, press: Callable[[str], None]) -> None:
        self._press = press
        self._root = ipywidgets.VBox(layout={"max_width": "800px"})
        self.mark = f"feedeval-live-{self._root.model_id}"
        """CSS class that says the panel is on the page."""
        self._root.add_class(self.mark)
        self.begin()

    def begin(self) -> None:
        """Lay out the live panel, in place of a summary where there is one."""
        old = self._root.children
        self._parts = {name: ipywidgets.HTML() for name in ("head", "body", "tail", "foot")}
        self._live = {name: ipywidgets.HTML() for name in ("latest", "trace")}
        self._folds = answering(ipywidgets.Accordion(list(self._live.values()), selected_index=0))
        self._folds.layout.display = "none"
        self.remedies = Remedies()
        self._buttons = {name: self._button(name) for name in BUTTONS}
        self._row = ipywidgets.HBox(list(self._buttons.values()), layout={"flex_flow": "row wrap"})
        parts = self._parts
        rows = (parts["head"], parts["body"], self.remedies.row, self._row, self._folds, parts["tail"], parts["foot"])
        with self._root.layout.hold_sync():
            self._root.layout.border = BORDER
            self._root.layout.padding = "8px 12px"
        self._root.children = rows
        for widget in old:
            close(widget)

    @property
    def root(self) -> ipywidgets.Widget:
        """The whole panel, to be laid out among other widgets."""
        return self._root

    def view(self) -> Bundle:
        """Return the bundle that shows the whole panel, and nothing where widgets are not known."""
        bundle: Bundle = self._root._repr_mimebundle_() | NOTHING
        return bundle

    def offer_view(self) -> Bundle:
        """Return the bundle that shows the button that is left beside a summary, if one is."""
        buttons = self._root.children[1:]
        return (buttons[0]._repr_mimebundle_() if buttons else {}) | NOTHING

    def paint(self, parts: PanelParts, foot: str, usable: Mapping[str, bool]) -> None:
        """Send what changed; the word for the state comes last, so that nothing moves once it is read."""
        for name, button in self._buttons.items():
            button.layout.display = None if name in usable else "none"
            button.disabled = not usable.get(name, False)
        for name, value in {"body": parts.body, "tail": parts.tail, "foot": foot, "head": parts.head}.items():
            self._parts[name].value = str(value)

    @property
    def unfolded(self) -> str:
        """What is unfolded: `latest`, `trace` or nothing."""
        index = self._folds.selected_index
        return "" if index is None else list(self._live)[index]

    def paint_live(self, name: str, html: Markup, titles: Sequence[str]) -> None:
        """Send what is unfolded; what is folded costs no message."""
        if self._folds.layout.display == "none":
            self._folds.titles = tuple(titles)
            self._folds.layout.display = None
        self._live[name].value = str(html)

    def when_unfolded(self, act: Callable[[], None]) -> None:
        """Do something each time that a person unfolds another part."""
        self._folds.observe(lambda _: act(), "selected_index")

    def finish(self, summary: str, usable: Mapping[str, bool]) -> None:
        """Leave a summary and the buttons that still make sense; close everything else."""
        if not self._parts:
            self._root.children[0].value = summary
            return
        kept = [button for name, button in self._buttons.items() if usable.get(name)]
        for button in kept:
            button.layout.display, button.disabled = None, False
        with self._root.layout.hold_sync():
            self._root.layout.border = None
            self._root.layout.padding = None
        old = (
            self._folds,
            self.remedies.row,
            *self._parts.values(),
            *(button for button in self._buttons.values() if button not in kept),
        )
        self._parts.clear()
        self._row.children = ()
        self._root.children = (ipywidgets.HTML(summary), *kept)
        for widget in (*old, self._row):
            close(widget)

    def _button(self, name: str) -> ipywidgets.Button:
        text, icon, tooltip = BUTTONS[name]
        return text_button(text, icon, tooltip, lambda: self._press(name))
