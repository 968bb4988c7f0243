"""Colours and hatches of the plots.

Colour never stands alone: fills that share an axis differ in lightness by at least 14 steps of CIE L*, so that they can
be told apart in grey and by colour-blind people, and in their hatch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Fill:
    """How an area is filled."""

    colour: str
    hatch: str = ""

    @property
    def contrast(self) -> str:
        """The colour of edges, hatches and text on it."""
        return "#1a1a1a" if lightness(self.colour) > 55 else "#ffffff"

    @property
    def style(self) -> dict[str, Any]:
        """Arguments for matplotlib's bars and patches."""
        return {"facecolor": self.colour, "edgecolor": self.contrast, "hatch": self.hatch, "linewidth": 0.5}


BAR = Fill("#2f6db5")
YES = Fill("#1f4e8c")
PARTIAL = Fill("#dd9b2c", "////")
NO = Fill("#e6e6ec", "..")
SERIES = (Fill("#14315c"), Fill("#a8412b", "\\\\\\"), Fill("#4f9d8f", "xxx"), Fill("#e3b23c", "///"), Fill("#ececf1"))
"""For what has no meaning of its own, such as kinds of error."""
HEALTHY = Fill("#4f9d8f")
DEGRADED = Fill("#e3b23c", "///")
CRITICAL = Fill("#a8412b", "xxx")


def lightness(colour: str) -> float:
    """Return CIE L* of a `#rrggbb` colour, 0 (black) to 100 (white)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return float(116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance)


def ink(ax: Axes) -> str:
    """Return a colour for text and lines that can be read on the background of `ax`."""
    import matplotlib as mpl
    from matplotlib.colors import to_hex, to_rgba

    for colour in (ax.get_facecolor(), ax.figure.get_facecolor(), mpl.rcParams["figure.facecolor"]):
        if to_rgba(colour)[3] > 0.5:
            return "#1a1a1a" if lightness(to_hex(colour)) > 50 else "#eeeeee"
    return to_hex(mpl.rcParams["text.color"])
