"""What a grid shows: columns, and rows of cells that are ready to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedeval.html import Markup, escape


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column of a grid."""

    name: str
    title: str
    figure: bool = False
    """Aligned to the right."""
    rank: int = 0
    """How soon it gives way where room is short: 0 never, 1 on a phone, 2 in a narrow window."""
    wide: bool = False
    """Takes the room that is left; where no column does, it is the first."""
    sorts: bool = False
    """Its head can be pressed to sort by it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a button that opens it, and the cells of the other columns."""

    words: str
    tip: str
    cells: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list is on the page."""

    count: int
    size: int
    page: int = 0

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.count // self.size))

    @property
    def start(self) -> int:
        """Place of the first entry on the page, from 0."""
        return min(max(self.page, 0), self.pages - 1) * self.size

    @property
    def stop(self) -> int:
        """Place behind the last entry on the page."""
        return min(self.start + self.size, self.count)

    def words(self, what: str) -> str:
        """Return what is on the page, such as `21 to 40 of 1,255 products`."""
        if not self.count:
            return f"no {what}"
        return f"{self.start + 1:,} to {self.stop:,} of {self.count:,} {what}"


def classes(columns: Sequence[GridColumn], place: int) -> list[str]:
    """Return the CSS classes of the cells of a column, its head included."""
    column = columns[place]
    told = {"fe-figure": column.figure, "fe-wide": column.wide, "fe-last": place == len(columns) - 1}
    return [f"fe-c-{column.name}", *(name for name, holds in told.items() if holds)]


def cells_html(columns: Sequence[GridColumn], cells: Sequence[Markup]) -> Markup:
    """Return the cells of a row behind its button, each named for the style sheet."""
    return Markup(
        "".join(
            f'<div class="{" ".join(["fe-cell", *classes(columns, place)])}">{cell}</div>'
            for place, cell in enumerate(cells, 1)
        )
    )


def meter(share: float, text: str) -> Markup:
    """Return a small bar for a share in [0, 1] with its figure."""
    width = 100 * min(max(share, 0.0), 1.0)
    return Markup(f'<span class="fe-meter" aria-hidden="true"><i style="width:{width:.0f}%"></i></span> {escape(text)}')


def picture(address: str) -> Markup:
    """Return a product's picture, or the empty place of one; the shop is not told which page it is shown on."""
    if not address.lower().startswith("https://"):
        return Markup('<span class="fe-picture"></span>')
    return Markup(
        f'<span class="fe-picture"><img src="{escape(address)}" alt="" loading="lazy" decoding="async" '
        'referrerpolicy="no-referrer"></span>'
    )


def quiet(text: str) -> Markup:
    """Return text that is there for those who look for it."""
    return Markup(f'<span class="fe-quiet">{escape(text)}</span>')
