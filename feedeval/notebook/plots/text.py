"""Text in plots: neutralised, and made to fit."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from feedeval.formatting import cells, clip

# Zero-width joiners shape Persian and Indic words; all other format characters are invisible or reorder text.
_JOINERS = "\u200c\u200d"
_OTHER_SCRIPTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR", "Source Han Sans"),
    *("Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic"),
    *("WenQuanYi Micro Hei", "Noto Sans Thai", "Noto Sans Devanagari", "Noto Sans Arabic", "Noto Sans Hebrew"),
    *("Thonburi", "Leelawadee UI", "Nirmala UI"),
)


def label(text: object) -> str:
    r"""Return text of a feed as matplotlib draws it letter by letter.

    Control and format characters go, white space becomes single spaces, what no font at hand can draw becomes `□`, and
    dollar signs are written `\$`, because two bare ones would make a formula of what stands between them.
    """
    words = " ".join(("" if text is None else str(text)).split())
    if words.isascii() and words.isprintable():
        return words.replace("$", r"\$")
    kept = (c for c in words if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    drawn = _characters()
    return "".join(c if ord(c) in drawn else "□" for c in kept).replace("$", r"\$")


def elide(text: str, width: int) -> str:
    """Return text cut to `width` cells: of a category path its last parts whole, of other text the middle is left out.

    The end of a path says most.
    """
    if cells(text) <= width:
        return text
    parts = text.split(" > ")
    ends = (f"… > {' > '.join(parts[first:])}" for first in range(1, len(parts)))
    if end := next((end for end in ends if cells(end) <= width), ""):
        return end
    tail = ""
    for char in reversed(text):
        if cells(char + tail) > width * 2 // 3:
            break
        tail = char + tail
    return f"{clip(text, width - cells(tail)).removesuffix('…').rstrip()}…{tail.lstrip()}"


def wrap(text: str, width: int, *, lines: int = 2) -> str:
    """Return text as at most `lines` lines of `width` cells, the last one cut where more follows."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines - 1 and cells(rest) > width:
        head = clip(rest, width + 1).removesuffix("…")
        cut = head.rfind(" ") if " " in head and rest[len(head) : len(head) + 1] != " " else len(head)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return "\n".join([*found, clip(rest, width)])


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """Return the user's font, and those at hand for scripts that it does not have."""
    import matplotlib as mpl
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    return (*mpl.rcParams["font.family"], *(name for name in _OTHER_SCRIPTS if name in there))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset().union(*(get_font(findfont(FontProperties(family=[f]))).get_charmap() for f in families()))
