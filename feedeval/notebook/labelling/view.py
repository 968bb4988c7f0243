"""The widgets of labelling: layout and bindings."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from feedeval.html import Markup
from feedeval.notebook.labelling import render
from feedeval.notebook.labelling.typed import BACKSPACE, PROMPT, typed
from feedeval.notebook.panel.output import NOTHING, Bundle
from feedeval.notebook.widgets import answering, close, text_button
from feedeval.results.labelling.book import Label, LabelBook

UNDO, SKIP = "u", "s"
"""The keys that are no labels."""

_BUTTONS = {
    # The key: what the button says, its icon, its tooltip.
    "y": ("Yes (y)", "check", "The text answers all that is asked"),
    "p": ("Partial (p)", "adjust", "It answers a part, or vaguely"),
    "n": ("No (n)", "times", "It does not answer"),
    "x": ("Does not apply (x)", "ban", "The question makes no sense for this product"),
    "s": ("Skip (s)", "step-forward", "Leave it for later: it comes again at the end"),
    "u": ("Undo (u)", "undo", "Take the last answer back; so does Backspace"),
}


class LabelView:
    """The widgets of one labelling.

    Args:
        book: What is labelled.
        press: Called with a key: that of a label, `UNDO` or `SKIP`.
        show_verdict: Show the judge's verdict before there is a label.
    """

    def __init__(self, book: LabelBook, press: Callable[[str], None], *, show_verdict: bool) -> None:
        self._book, self._press, self._show_verdict = book, press, show_verdict
        self._parts = {name: ipywidgets.HTML() for name in ("progress", "asked", "last", "text")}
        self._keys = answering(
            ipywidgets.Text(
                PROMPT,
                description="Keys",
                continuous_update=True,
                tooltip="Click here and press y, p, n, x, s or u",
                layout={"width": "16em"},
                style={"description_width": "3em"},
            )
        )
        self._typed_before = PROMPT
        self._keys.observe(self._read_keys, "value")
        buttons = [
            text_button(words, icon, tooltip, lambda key=key: self._pressed(key))  # type: ignore[misc]
            for key, (words, icon, tooltip) in _BUTTONS.items()
        ]
        row = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
        hint = ipywidgets.HTML(
            '<div class="fe-quiet">Click into the box, then press y, p, n, x, s (skip) or Backspace (undo).</div>'
        )
        keys = ipywidgets.HBox([self._keys, hint], layout={"flex_flow": "row wrap"})
        top = (ipywidgets.HTML(render.sheet()), self._parts["progress"], self._parts["asked"])
        rules = ipywidgets.HTML(render.RULES)
        self.root = ipywidgets.VBox([*top, keys, row, self._parts["last"], self._parts["text"], rules])
        self.mark = f"{render.ROOT}-{self.root.model_id}"
        """CSS class that says the widget is on the page."""
        # MathJax would set what stands between two dollar signs as a formula.
        for name in (render.ROOT, self.mark, "tex2jax_ignore", "mathjax_ignore"):
            self.root.add_class(name)

    def bundle(self) -> Bundle:
        """Return the bundle that shows the widgets, and nothing where widgets are not known."""
        found: Bundle = self.root._repr_mimebundle_() | NOTHING
        return found

    def paint(self, fault: str = "") -> None:
        """Send what changed; how far it is comes last, so that nothing moves once it is read."""
        case = self._book.current
        parts = {
            "text": render.text_html(case),
            "last": render.fault_html(fault) if fault else render.last_html(self._book.last),
            "asked": render.asked_html(case, show_verdict=self._show_verdict),
            "progress": render.progress_html(self._book),
        }
        for name, html in parts.items():
            self._parts[name].value = str(Markup(html))

    def close(self) -> None:
        """Close all widgets."""
        close(self.root)

    def _pressed(self, key: str) -> None:
        self._press(key)
        # Whoever pressed a button may go on with the keys.
        self._keys.focus()

    def _read_keys(self, change: dict[str, str]) -> None:
        before, self._typed_before = self._typed_before, change["new"]
        if change["new"] == PROMPT and not before:
            return  # our own doing, below
        for key in typed(before, change["new"]):
            self._press(UNDO if key == BACKSPACE else key)
        if not change["new"]:
            self._keys.value = PROMPT


def label_of(key: str) -> Label | None:
    """Return the label that a key stands for."""
    return next((label for label in Label if label.key == key), None)
