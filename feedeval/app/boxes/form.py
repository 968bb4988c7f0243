"""The whole page of the app, from the feed at the top to the results at the bottom."""

from __future__ import annotations

from typing import Protocol

import ipywidgets

from feedeval.app.boxes.common import Line, PageStep, row
from feedeval.app.boxes.feed import FeedBox
from feedeval.app.boxes.fields import FieldBox
from feedeval.app.boxes.filled import FilledBox
from feedeval.app.boxes.products import ProductsBox
from feedeval.app.boxes.settings import SettingsBox
from feedeval.app.render import block
from feedeval.html import Markup
from feedeval.notebook.browser.style import dark_arrow
from feedeval.notebook.panel.output import NOTHING, Bundle
from feedeval.notebook.widgets import text_button

_START = ("Start the audit", "play", "Start, or go on where an audit of this feed with these settings stopped")
_FORM_WIDTH = "900px"
_APP = "feedeval-app"
"""CSS class of the whole app."""
_GO_ON = ("Go on with this key and budget", "play", "Take the key and the budget from above, and go on")


class Acts(Protocol):
    """What the buttons do. Each returns at once."""

    def read(self) -> None:
        """Read the feed."""

    def read_again(self) -> None:
        """Read the feed with what was said of its columns."""

    def estimate(self) -> None:
        """Estimate what the audit would take."""

    def start(self) -> None:
        """Start the audit, or let the one that waits for a person go on."""


class Form:
    """The widgets of the app.

    Args:
        acts: What the buttons do.
        places: Let feeds and endpoints be named by path and address.
        above: What stands between the title and the feed.
    """

    def __init__(self, acts: Acts, *, places: bool, above: ipywidgets.Widget) -> None:
        self.feed = FeedBox(acts.read, acts.read_again, places=places)
        self.fields = FieldBox()
        self.settings = SettingsBox(places=places)
        self.estimate_button = text_button(
            "Estimate first", "calculator", "Try a few products and say what all would take", acts.estimate
        )
        self.start_button = text_button(*_START, acts.start)
        self.start_button.button_style = "primary"
        self.estimate_line, self.estimate = Line(), Line()
        self.start_line = Line()
        # Folded into one line when the audit is through.
        self.panel = ipywidgets.Accordion(children=[ipywidgets.VBox()], selected_index=0)
        self.panel.layout.display = "none"
        self.results_line, self.found, self.table, self.report = Line(), Line(), Line(), Line()
        self.plots, self.details = Line(), Line()
        self.products = ProductsBox()
        self._start = PageStep(
            4,
            "Estimate and start",
            [
                row(self.start_button, self.estimate_button),
                self.start_line.widget,
                self.estimate_line.widget,
                self.estimate.widget,
                self.panel,
            ],
        )
        self._results = PageStep(
            5,
            "Results",
            [
                *(line.widget for line in self._result_lines),
                self.products.widget,
                self.details.widget,
                self.plots.widget,
            ],
        )
        # The results take the width that there is; so many words in a line are hard to read in a form.
        steps = (self.feed.step, self.fields.step, self.settings.step, self._start)
        for step in steps:
            step.widget.layout.max_width = _FORM_WIDTH
        self.root = ipywidgets.VBox(
            [
                ipywidgets.HTML(f"<style>{dark_arrow(_APP)}</style>{_TITLE}"),
                above,
                *(step.widget for step in steps),
                self._results.widget,
            ],
            layout={"width": "100%"},
        )
        self.mark = f"feedeval-app-{self.root.model_id}"
        """CSS class that says the app is on the page."""
        self.root.add_class(self.mark)
        self.root.add_class(_APP)
        self.show_choices(False)
        self._results.show(False)

    @property
    def _result_lines(self) -> tuple[Line, ...]:
        return self.results_line, self.found, self.table, self.report

    def view(self) -> Bundle:
        """Return the bundle that shows the app, and nothing where widgets are not known."""
        bundle: Bundle = self.root._repr_mimebundle_() | NOTHING
        return bundle

    def add_filled(self, box: FilledBox) -> None:
        """Show what a workbook changes below the feed, and before and after above the results."""
        feed, results = self.feed.step.widget, self._results.widget
        feed.children = (*feed.children, box.widget)
        results.children = (results.children[0], box.outcome.widget, *results.children[1:])

    def show_choices(self, shown: bool) -> None:
        """Show what comes after a feed was read, or hide it."""
        for step in (self.fields.step, self.settings.step, self._start):
            step.show(shown)

    def show_run(self) -> None:
        """Show what belongs to a run whose feed was not read here."""
        self.settings.step.show()
        self._start.show()

    def beat(self) -> None:
        """Make a widget and take it away again, which the page does not show."""
        ipywidgets.Layout().close()

    def show_panel(self, panel: ipywidgets.Widget) -> None:
        """Show the panel of a run, in place of an earlier one's."""
        self.panel.children = (panel,)
        self.panel.titles = ("How the audit goes",)
        self.panel.selected_index = 0
        self.panel.layout.display = None
        self._results.show(False)

    def fold_panel(self, words: str) -> None:
        """Fold the panel into one line, and bring the results into view."""
        self.panel.titles = (words,)
        self.panel.selected_index = None
        self.products.come_into_view()

    def show_results(self) -> None:
        """Show the results, empty at first."""
        for line in (*self._result_lines, self.details, self.plots):
            line.show(Markup(""))
        self.products.clear()
        self._results.show()

    def offer_start(self, usable: bool, *, going_on: bool = False) -> None:
        """Let the start button be pressed or not, and say what it does."""
        words, icon, tooltip = _GO_ON if going_on else _START
        button = self.start_button
        button.description, button.icon, button.tooltip = words, icon, tooltip
        button.disabled = not usable


_TITLE = block(
    Markup(
        '<div role="heading" aria-level="2" style="font-size:20px;font-weight:600">Audit a product feed</div>'
        "<div>What would a buyer ask about these products, which of it does the feed answer, "
        "and what should be added first?</div>"
    )
)
