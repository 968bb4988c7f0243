"""Amounts, durations and counts in words, and text for terminals: said once for all who show them.

Control characters are made visible, columns align whatever script they are written in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from numbers import Integral
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedeval.records import Counts

MIN_COLUMN = 8
"""No column is squeezed below so many cells, whatever the terminal's width."""

_FIGURE = re.compile(r"[-+$]?[\d,.]+( %| MB)?|")

BIDI_CONTROLS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)))
"""Characters that reorder the text around them: in a cell they could make a stranger's words look like ours."""


def plain(value: object) -> str:
    r"""Return `value` as one line that a terminal shows and does not obey.

    White space becomes single spaces. Control characters, which could move the cursor, set a title or hide what
    follows, are written as `\x1b`; bidirectional controls and lone surrogates as `\u202e`.
    """
    return plain_line(" ".join(("" if value is None else str(value)).split()))


def plain_line(text: str) -> str:
    """Return one line of text as `plain` does, with its spaces as they are."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Cc":
        return f"\\x{ord(char):02x}"
    return f"\\u{ord(char):04x}" if kind == "Cs" or char in BIDI_CONTROLS else char


def cells(text: str) -> int:
    """Return how many terminal cells `text` takes: two for East Asian wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(char) for char in text)


def _cells_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clip(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, with an ellipsis where something was cut off."""
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _cells_of(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` filled up with spaces to `width` cells, aligned left or right."""
    filling = " " * max(0, width - cells(text))
    return filling + text if right else text + filling


def wrapped(text: object, width: int) -> str:
    """Return `text` as `plain` does, broken between words into lines of at most `width` characters."""
    lines: list[str] = []
    for word in plain(text).split():
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def columns(rows: Iterable[Sequence[object]], header: Sequence[str] = (), *, width: int = 100, indent: str = "") -> str:
    """Return rows as aligned columns within `width` cells.

    Columns of numbers are right-aligned, also of numbers as text such as `1,255` and `12.5 %`. Where the rows are too
    wide, the widest columns are cut first.
    """
    table = list(rows)
    if not table:
        return ""
    texts = [[plain(figure(cell)) for cell in row] for row in table]
    numeric = [all(_FIGURE.fullmatch(row[n]) for row in texts) for n in range(len(texts[0]))]
    if header:
        texts.insert(0, [plain(cell) for cell in header])
    widths = _fit([max(cells(row[n]) for row in texts) for n in range(len(texts[0]))], width - cells(indent))
    lines = [
        indent
        + "  ".join(pad(clip(cell, widths[n]), widths[n], right=numeric[n]) for n, cell in enumerate(row)).rstrip()
        for row in texts
    ]
    if header:
        lines.insert(1, indent + "  ".join("─" * size for size in widths))
    return "\n".join(lines)


def _fit(widths: list[int], room: int) -> list[int]:
    room -= 2 * (len(widths) - 1)
    widths = list(widths)
    while sum(widths) > room and max(widths) > MIN_COLUMN:
        ranked = sorted(set(widths), reverse=True)
        widest = ranked[0]
        floor = max(ranked[1] if len(ranked) > 1 else MIN_COLUMN, MIN_COLUMN)
        excess, sharing = sum(widths) - room, widths.count(widest)
        cut = min(widest - floor, -(-excess // sharing)) or 1
        widths = [size - cut if size == widest else size for size in widths]
    return widths


def figure(cell: object) -> object:
    """Return a whole number as people write it, such as `1,054`, and anything else as it is."""
    return f"{cell:,}" if isinstance(cell, Integral) and not isinstance(cell, bool) else cell


def counted(count: int, one: str, several: str = "") -> str:
    """Return a number of things, such as `1 product` and `1,255 products`.

    Args:
        count: How many.
        one: What one is called.
        several: What several are called; by default the same with an s.
    """
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def counts_in_words(counts: Counts) -> str:
    """Return counts as a person says them, such as `1,240 of 1,255 done, 3 failed, 12 left`."""
    parts = [f"{counts.done:,} of {counts.total:,} done"]
    parts += [f"{counts.failed:,} failed"] if counts.failed else []
    parts += [f"{counts.left:,} left"] if counts.left else []
    parts += [f"{counts.reused:,} of them at no cost"] if counts.reused else []
    return ", ".join(parts)


def money(amount_usd: float | None) -> str:
    """Return an amount in US dollars, or that its price is not known; four digits below a dollar."""
    if amount_usd is None or math.isnan(amount_usd):
        return "price unknown"
    if math.isinf(amount_usd):
        return "unknown"
    return f"${amount_usd:,.2f}" if amount_usd >= 1 or amount_usd == 0 else f"${amount_usd:.4f}"


def brief_money(amount_usd: float | None) -> str:
    """Return an amount in US dollars in a few characters, for columns."""
    if amount_usd is None or amount_usd != amount_usd:
        return "not known"
    return f"${amount_usd:,.2f}" if amount_usd >= 0.01 or amount_usd == 0 else "< $0.01"


def duration(seconds: float | None) -> str:
    """Return a time span for people: `1h 02m`, `3m 20s`, `4.2s`, or `–` where it is not known."""
    if seconds is None:
        return "–"
    if math.isinf(seconds):
        return "unknown"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m {rest_s:02d}s"


def local_moment(timestamp: str) -> str:
    """Return an ISO 8601 time in this machine's time, for a table: one that sorts, and that programs can read.

    Such as `2026-01-31 14:25:00`; what is no time stays as it is.
    """
    found = _local(timestamp)
    return timestamp if found is None else f"{found:%Y-%m-%d %H:%M:%S}"


def moment_words(timestamp: object, *, seconds: bool = False) -> str:
    """Return an ISO 8601 time as people read it, in this machine's time; a dash where it is none.

    Such as `31 Jan 2026, 14:25`, or `31 Jan 2026, 14:25:07` with its seconds.
    """
    found = _local(timestamp)
    return "–" if found is None else f"{found.day} {found.strftime('%b %Y, %H:%M:%S' if seconds else '%b %Y, %H:%M')}"


def day_words(timestamp: object) -> str:
    """Return the day of an ISO 8601 time as people read it, such as `31 Jan 2026`; a dash where it is none."""
    return moment_words(timestamp).partition(",")[0]


def _local(timestamp: object) -> datetime | None:
    """Return a time with the offset of this machine; one without any is of this machine."""
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone()
    except ValueError:
        return None
