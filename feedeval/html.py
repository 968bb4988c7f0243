"""Static HTML: escaping, tables and bars that read well with and without CSS.

Every `_repr_html_` is made of these, so that a saved notebook, nbconvert and a preview show what the live page shows.
"""

from __future__ import annotations

import html as _html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from feedeval.formatting import BIDI_CONTROLS, figure

_WITHOUT_BIDI = dict.fromkeys(map(ord, BIDI_CONTROLS))
_AMOUNT = r"[-−+]?[$€£]?\d[\d,.]*(?: ?(?:%|ms|s|m|min|h|kB|MB|GB))?"
_FIGURE = re.compile(rf"(?:(?:&lt; )?{_AMOUNT}(?:[ –]{_AMOUNT})?|–)?")
"""What counts as a figure: an amount with its unit or two (`3m 20s`, `21–40`), or a cell that has none."""


class Markup(str):
    """HTML that is already safe; `escape` leaves it as it is."""

    __slots__ = ()


def escape(value: object) -> Markup:
    """Return `value` as text that is safe in HTML content and in quoted attributes."""
    if isinstance(value, Markup):
        return value
    text = "" if value is None else str(value)
    text = "".join(c for c in text if c in "\t\n\r" or unicodedata.category(c) != "Cc").translate(_WITHOUT_BIDI)
    return Markup(_html.escape(text, quote=True))


def foreign(text: object) -> Markup:
    """Return text of a feed, escaped and kept from turning the text around it."""
    return Markup(f'<bdi dir="auto">{escape(text)}</bdi>')


def link(url: object, text: object | None = None) -> Markup:
    """Return an anchor for an http(s) address, and the plain text for any other scheme."""
    address = "" if url is None else str(url).strip()
    label = escape(address if text is None else text)
    if not address.lower().startswith(("http://", "https://")):
        return label
    return Markup(f'<a href="{escape(address)}" rel="noopener noreferrer nofollow" target="_blank">{label}</a>')


def table(rows: Iterable[Sequence[object]], header: Sequence[object] = (), caption: str = "") -> Markup:
    """Return a table; cells are escaped unless they are `Markup`, columns of figures are right-aligned."""
    body = [[escape(figure(cell)) for cell in row] for row in rows]
    width = max((len(row) for row in [header, *body]), default=0)
    columns = [[row[n] for row in body if n < len(row)] for n in range(width)]
    sides = ["right" if cells and all(map(_FIGURE.fullmatch, cells)) else "left" for cells in columns]
    parts = ['<table style="border-collapse:collapse;margin:.3em 0">']
    if caption:
        parts.append(f'<caption style="text-align:left;font-weight:600">{escape(caption)}</caption>')
    if header:
        heads = "".join(
            f'<th scope="col" style="text-align:{side};padding:.15em .8em .15em 0">{escape(name)}</th>'
            for name, side in zip(header, sides, strict=False)
        )
        parts.append(f"<thead><tr>{heads}</tr></thead>")
    parts.append("<tbody>")
    for row in body:
        cells = "".join(
            f'<td style="text-align:{side};vertical-align:top;padding:.15em .8em .15em 0">{cell}</td>'
            for cell, side in zip(row, sides, strict=False)
        )
        parts.append(f"<tr>{cells}</tr>")
    parts.append("</tbody></table>")
    return Markup("".join(parts))


def definitions(items: Mapping[str, object]) -> Markup:
    """Return a two-column table of names and values."""
    return table([(Markup(f"<b>{escape(name)}</b>"), value) for name, value in items.items()])


def bar(share: float, label: str = "") -> Markup:
    """Return a bar for a share in [0, 1] that is still readable as text where styles are stripped."""
    share = min(max(share, 0.0), 1.0)
    text = label or f"{100 * share:.0f} %"
    return Markup(
        f'<span role="img" aria-label="{escape(text)}" style="display:inline-block;width:10em;height:.8em;'
        'border:1px solid #8888;border-radius:.2em;vertical-align:middle">'
        f'<span style="display:block;width:{100 * share:.1f}%;height:100%;background:#2f6db5"></span></span> '
        f"{escape(text)}"
    )


def section(title: object, *body: Markup) -> Markup:
    """Return a titled block, which MathJax leaves alone: it would set two amounts in dollars as a formula."""
    return Markup(
        '<div class="tex2jax_ignore mathjax_ignore" style="margin:.4em 0">'
        f'<div style="font-weight:600">{escape(title)}</div>{"".join(body)}</div>'
    )
