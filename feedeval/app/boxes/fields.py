"""The box in which the fields are chosen in which answers are looked for."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from feedeval.app.boxes.common import Line, PageStep, row
from feedeval.app.choices import chosen_fields
from feedeval.app.feeds import Filled, Preview
from feedeval.app.render import block
from feedeval.formatting import clip, plain
from feedeval.html import Markup, escape
from feedeval.notebook.widgets import answering, close, text_button

_NAME_CHARS = 40
_GRID = {"display": "grid", "grid_template_columns": "repeat(auto-fill, minmax(min(19em, 100%), 1fr))", "width": "100%"}


class FieldBox:
    """Offers the fields of a feed, each with the share of products that fill it."""

    def __init__(self) -> None:
        self._preview: Preview | None = None
        self._boxes: dict[str, ipywidgets.Checkbox] = {}
        self._count = Line()
        self._grids = {title: ipywidgets.Box(layout=_GRID) for title in _GROUPS}
        self._titles = {title: ipywidgets.HTML() for title in _GROUPS}
        buttons = (
            text_button("Default", "undo", "Choose what a buyer can read", self._choose_default),
            text_button("All", "check-square-o", "Choose every field", lambda: self._choose(self._boxes)),
            text_button("None", "square-o", "Choose no field", lambda: self._choose(())),
        )
        rows = [row(*buttons, self._count.widget)]
        for title in _GROUPS:
            rows += [self._titles[title], self._grids[title]]
        self.step = PageStep(2, "Where answers are looked for", rows)

    def offer(self, preview: Preview) -> None:
        """Offer the fields of another feed; what was chosen of those that it has too stays chosen."""
        before = self._preview
        chosen = {*self._chosen()} if before is not None else set()
        known = {field.name for field in before.fields} if before is not None else set()
        old = list(self._boxes.values())
        self._preview = preview
        self._boxes = {
            field.name: self._box(field, preview, field.name in chosen if field.name in known else field.descriptive)
            for field in preview.fields
        }
        for title, descriptive in _GROUPS.items():
            members = [field for field in preview.fields if field.descriptive is descriptive]
            self._grids[title].children = [self._boxes[field.name] for field in members]
            self._titles[title].value = str(_title(title)) if members else ""
        for box in old:
            close(box)
        self._tell()

    def chosen(self) -> tuple[str, ...] | None:
        """Return the names of the fields to audit; None for the default ones.

        Raises:
            InputError: None is chosen.
        """
        return chosen_fields(self._chosen(), self._preview.default_fields if self._preview is not None else ())

    def _chosen(self) -> tuple[str, ...]:
        return tuple(name for name, box in self._boxes.items() if box.value)

    def _choose_default(self) -> None:
        if self._preview is not None:
            self._choose(self._preview.default_fields)

    def _choose(self, names: Sequence[str] | dict[str, ipywidgets.Checkbox]) -> None:
        for name, box in self._boxes.items():
            box.value = name in names

    def _box(self, field: Filled, preview: Preview, value: bool) -> ipywidgets.Checkbox:
        share = field.products / preview.products if preview.products else 0.0
        words = f"{clip(plain(field.name), _NAME_CHARS)} · {percent(share)}"
        made = ipywidgets.Checkbox(
            value, description=words, indent=False, tooltip=plain(field.name), layout={"width": "auto", "margin": "0"}
        )
        made.observe(lambda _: self._tell(), "value")
        return answering(made)

    def _tell(self) -> None:
        default = self._preview.default_fields if self._preview is not None else ()
        chosen = self._chosen()
        same = " (the default)" if set(chosen) == set(default) else ""
        self._count.show(block(Markup(f"<b>{len(chosen)} of {len(self._boxes)}</b> chosen{same}")))


_GROUPS = {
    "What a buyer can read · share of products that fill it": True,
    "Links, identifiers and fields for the platform": False,
}


def percent(share: float) -> str:
    """Return a share for people; one that is not quite all or nothing does not read as if it were."""
    if 0 < share < 0.01:
        return "under 1 %"
    return f"{min(100 * share, 99.0) if share < 1 else 100:.0f} %"


def _title(text: str) -> Markup:
    return block(Markup(f'<div style="opacity:.72;margin-top:4px">{escape(text)}</div>'))
