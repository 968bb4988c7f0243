"""What stands out in a picture: its pixels without those of a plain background."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedeval.jobs.shadow.colour_names import bins_of, distance, lab_of

_LONGEST_PX = 96
_BORDER_PX = 2
_PLAIN_SHARE = 0.5
"""Of the border: what is alike in so much of it is a plain background, and anything else may touch the border."""
_ALIKE = 15.0
"""CIEDE2000: so far do shadow and gradient take a background from its most frequent colour."""
_STANDS_OUT = 8.0
"""CIEDE2000 from every colour of the background: less may be its noise."""
_BACKGROUND_COLOURS = 8
_SMALLEST_SHARE = 0.01
"""Of the picture: less is a speck."""


@dataclass(frozen=True)
class Foreground:
    """The colours of what stands out, as numbers of look-up colours with how many pixels have them."""

    bins: NDArray[np.int64]
    counts: NDArray[np.int64]
    problem: str = ""
    """Why nothing can be said of it; empty where something can."""


def foreground(data: bytes) -> Foreground:
    """Return what stands out in an image file.

    The background is what is transparent, else the colour that most of the border has. An object of the colour of its
    background is not seen.
    """
    # Pillow takes a moment to import, and only images need it.
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        # The nearest pixel and no mean of several: a mean is a colour that nothing has.
        scale = max(1.0, max(opened.size) / _LONGEST_PX)
        width, height = (max(1, round(side / scale)) for side in opened.size)
        pixels = np.asarray(opened.convert("RGBA").resize((width, height), Image.Resampling.NEAREST))
    bins, seen = bins_of(pixels[..., :3]), pixels[..., 3] >= 128
    border = _border(seen.shape)
    if not seen.any():
        return _nothing("the image is transparent throughout")
    if seen[border].mean() < _PLAIN_SHARE:
        return _coloured(bins[seen], seen.size)
    background = _background(bins[border & seen])
    if background is None:
        return _nothing("the border has many colours: there is no plain background that something stands out from")
    distinct, where = np.unique(bins, return_inverse=True)
    far = distance(lab_of(distinct)[:, None], lab_of(background)).min(axis=1)
    out = (far > _STANDS_OUT)[where.reshape(bins.shape)] & seen
    if _enclosed(out) > out.sum():
        return _nothing(
            "most of what an outline encloses has the colour of the background: it may be the object or a hole"
        )
    return _coloured(bins[out], seen.size)


def _coloured(bins: NDArray[np.int64], pixels: int) -> Foreground:
    if len(bins) < _SMALLEST_SHARE * pixels:
        return _nothing("nothing stands out from the background")
    distinct, counts = np.unique(bins, return_counts=True)
    return Foreground(distinct, counts)


def _nothing(problem: str) -> Foreground:
    none = np.empty(0, dtype=np.int64)
    return Foreground(none, none, problem)


def _border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    border = np.ones(shape, dtype=bool)
    border[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX] = False
    return border


def _background(bins: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return the most frequent colours of the border that are alike; None where they do not fill it."""
    distinct, counts = np.unique(bins, return_counts=True)
    ranked = np.argsort(-counts, kind="stable")
    distinct, counts = distinct[ranked], counts[ranked]
    colours = lab_of(distinct)
    alike = distance(colours, colours[0]) <= _ALIKE
    if counts[alike].sum() < _PLAIN_SHARE * len(bins):
        return None
    return distinct[alike][:_BACKGROUND_COLOURS]


def _enclosed(out: NDArray[np.bool_]) -> int:
    """Return how many pixels of the background cannot be reached from the border."""
    from scipy import ndimage

    return int(ndimage.binary_fill_holes(out).sum() - out.sum())
