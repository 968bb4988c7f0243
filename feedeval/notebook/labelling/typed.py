"""Which keys were pressed, told from what a text box held before and holds now.

ipywidgets has no events of keys, and a text box is the one part of a page that takes letters in JupyterLab, Notebook,
VS Code and Colab alike without their running commands of the notebook (x cuts a cell). It sends its content after each
key, or after a few where the kernel was busy. So it is never emptied while somebody types, which could lose a letter:
the letters stay in it, one after the other, and Backspace takes the last away.
"""

from __future__ import annotations

PROMPT = "› "
"""What stands in the box at first, so that there is something for Backspace to take away."""
BACKSPACE = "\b"


def typed(before: str, now: str) -> list[str]:
    """Return the letters that were typed, in lower case, or a `BACKSPACE` for each that was taken away."""
    start = _alike(before, now)
    end = _alike(before[start:][::-1], now[start:][::-1])
    added, gone = now[start : len(now) - end], before[start : len(before) - end]
    if added.strip():
        # Over a part that was marked; nobody asked for it to be taken back.
        return [letter for letter in added.lower() if not letter.isspace()]
    # Emptied at a stroke: one step back, not all of them.
    return [BACKSPACE] * (len(gone) if now else min(len(gone), 1))


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their start."""
    size = min(len(one), len(other))
    return next((at for at in range(size) if one[at] != other[at]), size)
