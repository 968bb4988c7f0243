"""Colours as people see them: sRGB to CIE L*a*b*, and how different two colours look."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
