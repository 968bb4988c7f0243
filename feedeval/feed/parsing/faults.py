"""What was wrong with a source, counted while it is read and told once at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from feedeval.errors import FeedError, warn_caller

LINES_SHOWN = 10
"""Line numbers that a warning names for each kind of fault; the count says how many there were."""


def warn(message: str) -> None:
    """Warn as the line of the caller's own code: a notebook's cell shows it each time it is run."""
    warn_caller(message, FeedWarning)


class FeedWarning(UserWarning):
    """Something in the feed was mended, guessed or left out; the message says what, how often and where."""


class Fault(StrEnum):
    """Kinds of faults that reading gets over; the value is what a warning says of it."""

    CUT_OFF = "the source ends in the middle of a product, which was left out"
    ENDS_EARLY = "the source ends before its root element does; what followed is missing"
    DECODING = "bytes that do not fit the encoding"
    CONTROL_CHARACTER = "control characters removed"
    BARE_AMPERSAND = 'bare "&" read as text'
    BARE_ANGLE = 'bare "<" read as text'
    NAMED_ENTITY = "HTML entities that XML does not know, resolved"
    HTML_IN_XML = "HTML tags that were neither escaped nor closed, kept as text"
    PREFIX = "namespace prefix not declared, read as Google's"
    OUTSIDE = "markup that is broken outside the products"
    BROKEN_PRODUCT = "products with broken markup, read as far as they go"
    LOST_PRODUCT = "products that could not be read, left out"
    SHORT_ROW = "rows with fewer cells than the header, the missing ones left empty"
    LONG_ROW = "rows with more cells than the header, the surplus left out (the row may be shifted)"
    HEADER_AGAIN = "rows that repeat the header, left out"
    OPEN_QUOTE = "quotation marks that are never closed, read as text"
    REPEATED_COLUMN = "columns that occur more than once, read as one repeated attribute"
    BROKEN_JSON = "entries that are not valid JSON, left out"
    NOT_AN_OBJECT = "entries that are not JSON objects, left out"
    COMPRESSION = "the compressed data is damaged or ends early, read up to there"
    ERROR_CELL = "cells that hold an error of the spreadsheet such as #N/A, left empty"
    LONG_NUMBER = "numbers of more than 15 digits, of which a spreadsheet keeps the first 15"
    UNUSED_COLUMN = "names given in columns= that the source never used"


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """What a column of a table is read as."""

    column: str
    """The heading as the table has it."""
    means: str
    """The attribute, or the name of its own that a known export has it under; empty where it is not understood."""
    proposal: str
    """The attribute that a column which is not understood seems to be; empty where nothing tells."""
    sample: str
    """A value; empty where the first rows have none."""
    why: str = ""
    """What the proposal is based on."""


@dataclass
class _Tally:
    count: int = 0
    lines: list[int] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


@dataclass
class Faults:
    """Collects faults; with `strict`, the first one raises.

    Attributes:
        source: What the source is called in messages.
        strict: Raise `FeedError` instead of going on.
        columns: What the columns of a table are read as, once its header is known.
        adapted: Whether products were read that a platform writes in a form of its own, so that words such as those of
            `availability` are the reader's.
    """

    source: str
    strict: bool = False
    columns: Sequence[ReadColumn] = ()
    adapted: bool = False
    _tallies: dict[Fault, _Tally] = field(default_factory=dict)
    _notes: dict[str, None] = field(default_factory=dict)

    def note(self, sentence: str) -> None:
        """Note how a source is read, such as which element was taken for a product: no fault, so nothing raises.

        Args:
            sentence: A whole sentence without its full stop, in lower case; said once, before the faults.
        """
        self._notes[sentence] = None

    def adapt(self) -> None:
        """Note that products are in a platform's own form, whose words the reader translates."""
        self.adapted = True

    def add(self, fault: Fault, *, line: int | None = None, detail: str = "", count: int = 1) -> None:
        """Note `count` faults of one kind.

        Raises:
            FeedError: The reading is strict.
        """
        if self.strict:
            where = f" at line {line:,}" if line else ""
            what = f" ({detail})" if detail else ""
            raise FeedError(
                f"{self.source}: {fault.value}{what}{where}. Leave strict=True out to read what can be read."
            )
        tally = self._tallies.setdefault(fault, _Tally())
        tally.count += count
        if line and len(tally.lines) < LINES_SHOWN and line not in tally.lines:
            tally.lines.append(line)
        if detail and len(tally.details) < 3 and detail not in tally.details:
            tally.details.append(detail)

    def count(self, fault: Fault) -> int:
        """Return how many faults of this kind were noted."""
        return self._tallies[fault].count if fault in self._tallies else 0

    def __bool__(self) -> bool:
        return bool(self._tallies)

    def sentences(self) -> list[str]:
        """Return the notes, then one sentence for each kind of fault, in the order in which they were first met."""
        return [*self._notes, *(_sentence(fault, tally) for fault, tally in self._tallies.items())]


def _sentence(fault: Fault, tally: _Tally) -> str:
    text = fault.value if tally.count == 1 and not tally.lines else f"{fault.value}: {tally.count:,}"
    if tally.details:
        text += f" ({'; '.join(tally.details)})"
    if tally.lines:
        text += f", {_lines(tally.lines, tally.count)}"
    return text


def _lines(lines: Iterable[int], count: int) -> str:
    shown = list(lines)
    word = "line" if len(shown) == 1 else "lines"
    more = " …" if count > len(shown) and len(shown) >= LINES_SHOWN else ""
    return f"{word} {', '.join(f'{n:,}' for n in shown)}{more}"
