"""What to do first, as cards of which each shows its products in the table; layout and bindings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from feedeval.html import Markup, escape
from feedeval.notebook.browser.grid import bar, stack
from feedeval.notebook.widgets import close, text_button
from feedeval.results.gaps.actions import Action, Actions
from feedeval.results.gaps.cards import head_html, notes_html, open_numbers, required_html, rest_html, together_html

Act = Callable[[Callable[[], Any]], None]


class ActionsView:
    """The actions of a session.

    Args:
        act: Does what a button says, and shows what it raises.
        actions: What to do.
        show_them: Shows the products of an action.
        known: Notes that stand on the page already.
    """

    def __init__(
        self, act: Act, actions: Actions, show_them: Callable[[Action], None], *, known: Sequence[str] = ()
    ) -> None:
        self._act = act
        self._actions = actions
        self._show_them = show_them
        self._cards = ipywidgets.VBox()
        self._more = text_button(f"All {len(actions):,} actions", "angle-down", "Show those that gain less", self._all)
        first = open_numbers(actions)
        self._more.layout.display = None if len(actions) > len(first) else "none"
        heading = '<div class="fe-title" role="heading" aria-level="3">What to do first</div>'
        title = Markup(f"{heading}{together_html(actions)}")
        nothing = "" if len(actions) else f"<p>{escape(actions.nothing)}</p>"
        said = Markup(f"{nothing}{required_html(actions)}{notes_html(actions, known)}")
        self.root = stack(ipywidgets.HTML(title), self._cards, self._more, ipywidgets.HTML(said))
        self._draw(first)

    def come_into_view(self) -> bool:
        """Scroll the page to the first action; return whether there is one.

        Its button takes the focus, and the page scrolls to what has it.
        """
        if not self._cards.children:
            return False
        self._cards.children[0].children[1].children[0].focus()
        return True

    def _all(self) -> None:
        self._more.layout.display = "none"
        self._act(lambda: self._draw(range(1, len(self._actions) + 1)))

    def _draw(self, numbers: Sequence[int]) -> None:
        old, self._cards.children = (
            self._cards.children,
            tuple(self._card(self._actions[number - 1], number) for number in numbers),
        )
        for widget in old:
            close(widget)

    def _card(self, action: Action, number: int) -> ipywidgets.Widget:
        words = f"Show them ({len(action.positions):,})"
        button = text_button(
            words,
            "filter",
            f"Show the products of action {number} in the table",
            lambda: self._act(lambda: self._show_them(action)),
        )
        # The button takes the focus when the actions come into view: far below the first lines, it would hide them.
        parts = [ipywidgets.HTML(head_html(action, number)), bar(button), ipywidgets.HTML(rest_html(action))]
        card = ipywidgets.VBox(parts, layout=ipywidgets.Layout(border="1px solid #8886", padding="6px 12px"))
        for name in ("fe-action", "fe-card"):
            card.add_class(name)
        return card
