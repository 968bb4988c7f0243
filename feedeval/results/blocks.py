"""A titled list of a summary, as text and as HTML, and how long one is."""

from __future__ import annotations

from dataclasses import dataclass

from feedeval.formatting import columns
from feedeval.html import Markup, escape, link, section, table


@dataclass(frozen=True)
class Block:
    """One list of the summary."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    explanation: str = ""
    links: tuple[str, ...] = ()
    """Addresses that the last column leads to in HTML, one a row."""

    def text(self, width: int) -> str:
        """Return the list as aligned columns under its title."""
        lines = [self.title, *([f"  {self.explanation}"] if self.explanation else [])]
        return "\n".join([*lines, columns(self.rows, self.header, width=width, indent="  ")])

    def html(self) -> Markup:
        """Return the list as a table under its title."""
        rows = self.rows
        if self.links:
            rows = tuple((*row[:-1], link(url, row[-1])) for row, url in zip(rows, self.links, strict=True))
        return section(self.title, escape(self.explanation), table(rows, self.header))


TOP = 8
"""Rows of each list."""
