"""The embedded engine of shadow mode: names the colour of what stands out in a picture, and asks no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedeval.jobs.shadow.classifier import UNSURE, Prediction, ShadowItem
from feedeval.jobs.shadow.colour_names import Palette, colour_names, distances, table_version
from feedeval.jobs.shadow.colour_reading import foreground
from feedeval.records import NO_CALLS, Ledger

CODE_VERSION = "2"
"""Raised when a change of the code changes predictions."""

_DOMINANT_SHARE = 0.5
"""Of what stands out: a colour with less does not dominate."""
_NAMED_SHARE = 0.05
_NAMED = 3


class ColourClassifier:
    """Names the dominant colour of what stands out from a plain background.

    What is transparent, else the border's pixels, are taken as the background; each pixel that stands out bears the
    name whose examples it is nearest to (CIEDE2000). The confidence is the share of the named colour among these
    pixels, each weighed by how clear its name is: 1 at an example of the colour, ½ midway between two names. It is
    measured and not learned, so that an agreement says how far to trust it.
    """

    name = "offline"
    note = (
        "No vision model was asked: the embedded engine names the dominant colour of what stands out from a plain "
        "background. It calls nothing critical, and does not see an object that has the colour of its background."
    )
    needs_picture = True
    backend = NO_CALLS

    def __init__(self) -> None:
        self._palette = lru_cache(maxsize=16)(Palette)

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the name and the version of table and code."""
        return {"model": self.name, "endpoint": "embedded", "prompts": f"{CODE_VERSION}-{table_version()}"}

    def check(self, classes: Sequence[str]) -> None:
        """Refuse classes that are no colours.

        Raises:
            InputError: It names them, and the colours that are known.
        """
        self._palette(tuple(classes))

    async def classify(self, item: ShadowItem, ledger: Ledger) -> Prediction:
        """Return the colour of what stands out, or `unsure` with what was found instead."""
        if item.picture is None:
            return _unsure("the image was not opened")
        return name_colour(item.picture.data, self._palette(item.classes))


def name_colour(data: bytes, palette: Palette) -> Prediction:
    """Return the class that the dominant colour of an image file belongs to, or `unsure`."""
    seen = foreground(data)
    if seen.problem:
        return _unsure(seen.problem)
    weights: NDArray[np.float64] = seen.counts / seen.counts.sum()
    far = distances(seen.bins)
    evidence = _in_words(np.bincount(far.argmin(axis=1), weights, far.shape[1]).astype(float))
    # Names that are neither a class nor of the kind of one compete with the classes, and win nothing.
    classes = tuple(dict.fromkeys(palette.class_of))
    group = np.array([classes.index(each) for each in palette.class_of])
    nearest = np.stack([far[:, group == n].min(axis=1) for n in range(len(classes))], axis=1)
    shares = np.bincount(nearest.argmin(axis=1), weights, len(classes))
    best = int(shares.argmax())
    found = classes[best]
    if shares[best] < _DOMINANT_SHARE:
        if palette.several is None:
            return _unsure(f"{evidence}; no class makes up half of it")
        return Prediction(predicted_class=palette.several, confidence=round(1 - shares[best], 3), evidence=evidence)
    if found is None:
        return _unsure(f"{evidence}; that is none of the classes")
    own, others = nearest[:, best], np.delete(nearest, best, axis=1).min(axis=1, initial=np.inf)
    clear = np.where(own < others, 1 - own / (own + others), 0)
    return Prediction(predicted_class=found, confidence=round(float(clear @ weights), 3), evidence=evidence)


def _unsure(why: str) -> Prediction:
    return Prediction(predicted_class=UNSURE, confidence=0, evidence=why)


def _in_words(shares: NDArray[np.float64]) -> str:
    """Return the colours that make up most, by the names of the table."""
    ranked = np.argsort(-shares, kind="stable")[:_NAMED]
    named = [f"{100 * shares[n]:.0f} % {colour_names()[n].name}" for n in ranked if shares[n] >= _NAMED_SHARE]
    return f"what stands out is {', '.join(named)}" if named else "what stands out has many colours"
