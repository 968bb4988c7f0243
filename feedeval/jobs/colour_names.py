"""The names of colours: which there are, what else they are called, and which class a colour belongs to.

The table behind it is `data/colours.tsv`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.jobs.colour_space import Floats, distance, lab

MULTICOLOUR = "multicolour"
"""Not in the table, because it is no place among the colours: what has several of them."""

_TABLE = Path(__file__).parents[1] / "data" / "colours.tsv"
_SEVERAL = (
    "multicolour|multicolor|multicoloured|multicolored|multi|mehrfarbig|bunt|multicolore|multicouleur|"
    "multicolor|varios colores|meerkleurig|rainbow"
)
_NOT_LETTER = re.compile(r"[\W\d_]+")
_BITS = 5
"""Of each channel: colours that differ by less than 8 of 255 are looked up as one."""


@dataclass(frozen=True)
class ColourName:
    """One row of the table."""

    name: str
    kind: str
    """The basic colour that it counts as; empty for those that are basic, and those that are between two."""
    examples: tuple[tuple[int, int, int], ...]
    words: tuple[str, ...]


@cache
def colour_names() -> tuple[ColourName, ...]:
    """Return the table."""
    lines = [line for line in _TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    rows = (line.split("\t") for line in lines[1:])
    return tuple(
        ColourName(name, kind, tuple(map(_rgb, examples.split())), tuple(words.split("|")))
        for name, kind, examples, words in rows
    )


@cache
def table_version() -> str:
    """Return a digest of the table: part of a run's fingerprint."""
    return hashlib.sha256(_TABLE.read_bytes()).hexdigest()[:12]


def _rgb(digits: str) -> tuple[int, int, int]:
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def squeeze(word: str) -> str:
    """Return a word without case, accents, digits and punctuation: `Gris-Foncé` is `grisfonce`."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return _NOT_LETTER.sub("", "".join(c for c in plain if not unicodedata.combining(c)))


@cache
def _by_word() -> dict[str, str]:
    found = {squeeze(word): each.name for each in colour_names() for word in (each.name, *each.words)}
    return {**found, **{squeeze(word): MULTICOLOUR for word in _SEVERAL.split("|")}}


def colour_name(word: str) -> str | None:
    """Return the English name of what a shop calls a colour, such as `navy` of `Dunkelblau`; None if it is not known.

    Colours of seven languages are known: English, German, French, Spanish, Italian, Dutch and Russian. With it labels
    of a feed become classes that the embedded engine can tell:
    `labels.assign(true_class=labels["true_class"].map(fe.colour_name)).dropna(subset="true_class")`.
    """
    return _by_word().get(squeeze(word)) if isinstance(word, str) else None


class Palette:
    """The classes of a run as colours: each is a name of the table, in whatever language.

    A name of the table that is no class counts as its kind where that is one: `navy` as `blue`.

    Raises:
        InputError: A class is no colour that the table knows, or two classes are the same colour.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        named: dict[str, str] = {}
        strange = []
        for each in classes:
            name = colour_name(each)
            if name is None:
                strange.append(each)
            elif name in named:
                raise InputError(f"the classes {named[name]!r} and {each!r} are the same colour: keep one of them")
            else:
                named[name] = each
        if strange:
            known = ", ".join(each.name for each in colour_names())
            raise InputError(
                f"no colours that the embedded engine knows: {', '.join(map(repr, strange[:8]))}"
                f"{' and others' if len(strange) > 8 else ''}. It tells colours and nothing else ({known} and "
                f"{MULTICOLOUR}, in seven languages): take them as classes, or name a model"
            )
        self.several = named.get(MULTICOLOUR)
        """The class of what has several colours, or None."""
        self.class_of = tuple(named.get(each.name, named.get(each.kind)) for each in colour_names())
        """For each row of the table the class that it counts as, or None."""


def bins_of(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the number of the look-up colour of each pixel (…, 3)."""
    places: NDArray[np.int64] = np.array([1 << 2 * _BITS, 1 << _BITS, 1], dtype=np.int64)
    return (pixels >> (8 - _BITS)).astype(np.int64) @ places


def lab_of(bins: NDArray[np.int64]) -> Floats:
    """Return the look-up colours, each in the middle of what it stands for, as CIE L*a*b*."""
    mask = (1 << _BITS) - 1
    channels = np.stack([bins >> 2 * _BITS, (bins >> _BITS) & mask, bins & mask], axis=-1)
    width = 1 << 8 - _BITS
    return lab(channels * width + width / 2)


class _Nearness:
    """How far each look-up colour is from each row of the table; worked out for the colours that are met."""

    def __init__(self) -> None:
        self._far = np.full((1 << 3 * _BITS, len(colour_names())), np.nan, dtype=np.float32)

    def of(self, bins: NDArray[np.int64]) -> NDArray[np.float32]:
        new = bins[np.isnan(self._far[bins, 0])]
        if len(new):
            met = lab_of(new)[:, None]
            for column, row in enumerate(colour_names()):
                self._far[new, column] = distance(met, lab(row.examples)).min(axis=1)
        return self._far[bins]


@cache
def _nearness() -> _Nearness:
    return _Nearness()


def distances(bins: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return CIEDE2000 from each look-up colour to the nearest example of each row of the table."""
    return _nearness().of(bins)
