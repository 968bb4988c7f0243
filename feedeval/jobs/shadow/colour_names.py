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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feedeval.errors import InputError
from feedeval.feed.tables import DATA, table

MULTICOLOUR = "multicolour"
"""Not in the table, because it is no place among the colours: what has several of them."""

_TABLE = DATA / "colours.tsv"
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
    return tuple(
        ColourName(row["name"], row["kind"], tuple(map(_rgb, row["examples"].split())), tuple(row["words"].split("|")))
        for row in table("colours")
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


Floats = NDArray[np.float64]

# IEC 61966-2-1 (sRGB), for the white point D65.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)
_25_TO_7 = 25.0**7


def lab(rgb: ArrayLike) -> Floats:
    """Return sRGB values (…, 3) from 0 to 255 as CIE L*a*b* (CIE 15:2004)."""
    coded = np.asarray(rgb, dtype=float) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def distance(one: ArrayLike, other: ArrayLike) -> Floats:
    """Return the colour difference CIEDE2000 of L*a*b* colours (…, 3), which are broadcast against each other.

    About 1 is just noticeable side by side; two colours that bear different names mostly are more than 10 apart.
    After G. Sharma, W. Wu, E. N. Dalal, The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary
    Test Data, and Mathematical Observations, Color Research & Application 30 (2005) 21-30; equation numbers are theirs.
    """
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(each, dtype=float), -1, 0) for each in (one, other))
    mean_c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2  # 3
    stretch = 1 + 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + _25_TO_7)))  # 4
    a1, a2 = a1 * stretch, a2 * stretch  # 5
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)  # 6
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))  # 7
    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, (h2 - h1 + 180) % 360 - 180)  # 10
    # Colours that face each other are half a turn apart, and the formula counts that turn forwards.
    turn = np.where(~grey & (turn == -180) & (h2 > h1), 180.0, turn)
    dl, dc = l2 - l1, c2 - c1  # 8, 9
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))  # 11
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2  # 12, 13
    apart = np.abs(h1 - h2) > 180
    mean_h = np.where(grey, h1 + h2, (h1 + h2 + np.where(apart, np.where(h1 + h2 < 360, 360, -360), 0)) / 2)  # 14
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    t = 1 + sum(size * np.cos(np.radians(times * mean_h + shift)) for size, times, shift in waves)  # 15
    rotation = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))  # 16
    reach = 2 * np.sqrt(mean_c**7 / (mean_c**7 + _25_TO_7))  # 17
    scale_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)  # 18
    scale_c, scale_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t  # 19, 20
    twist = -np.sin(np.radians(2 * rotation)) * reach  # 21
    light, chroma, hue = dl / scale_l, dc / scale_c, dh / scale_h
    found: Floats = np.sqrt(np.maximum(light**2 + chroma**2 + hue**2 + twist * chroma * hue, 0))  # 22
    return found
