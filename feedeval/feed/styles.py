"""Rules of style sheets that were left in a text when its tags were taken out: `.card { margin: 0 auto; }`."""

from __future__ import annotations

import re

_ROUNDS = 4
"""Rules stand in others, as in `@media`: the inner ones go first."""
_MOST_BEFORE_CHARS = 300
_BLOCK = re.compile(r"\{([^{}]{0,4000})\}")
_COMMENT = re.compile(r"/\*[^*]{0,2000}\*/")

_TAGS = """
    a abbr article aside b blockquote body button caption dd div dl dt em fieldset figure footer form h1 h2 h3 h4 h5 h6
    header hr html i iframe img input label li main nav ol p pre section select small span strong svg table tbody td
    tfoot th thead tr ul video
"""
# A tag, a class, an id or what stands for any; behind it what is asked of it, and the signs between two of them.
_SIMPLE = (
    rf"(?:(?<![\w-])(?:{'|'.join(_TAGS.split())})(?![\w-])|[.#][a-z_-][\w-]*+|\*|\[[^\]\s]{{1,60}}\]"
    r"|::?[a-z-]+(?:\([^)]{0,40}\))?)"
)
_SELECTOR = re.compile(rf"(?:@[a-z-]+[^@{{}};]{{0,200}}|{_SIMPLE}(?:\s*+[,>+~]?\s*+{_SIMPLE})*+)\s*+\Z", re.IGNORECASE)

_GROUPS = """
    align animation background border box break clip column flex font grid justify letter line list margin mask max min
    object outline overflow padding page place pointer row scroll tab table text transform transition user vertical
    white word z
"""
_SINGLE = """
    all appearance bottom clear color content cursor direction display fill filter float gap height inset left opacity
    order position quotes resize right src stroke top visibility width zoom
"""
_PROPERTY = rf"(?:--?[\w-]+|(?:{'|'.join(_GROUPS.split())})(?:-[a-z]+)*|{'|'.join(_SINGLE.split())})"
_DECLARATION = re.compile(rf"\s*{_PROPERTY}\s*:\s*\S.*", re.IGNORECASE | re.DOTALL)
_OF_SCREENS = re.compile(
    r"\d(?:px|r?em|v[hw]|pt|%)|#[0-9a-f]{3}|rgba?\(|!important|\b(?:auto|none|inherit|solid|bold|block|center|flex)\b|:\s*0\b",
    re.IGNORECASE,
)
"""What sizes and colours of products are not said in: a table may be `{width: 120 cm}`."""


def without_styles(text: str) -> str:
    """Return a text without the rules of style sheets in it; whatever else stands in braces stays."""
    whole = text
    for _ in range(_ROUNDS):
        kept: list[str] = []
        end = 0
        for block in _BLOCK.finditer(text):
            before = text[max(end, block.start() - _MOST_BEFORE_CHARS) : block.start()]
            selector = _SELECTOR.search(before)
            if selector and _is_style(selector[0], block[1]):
                kept.append(text[end : block.start() - len(selector[0])])
                end = block.end()
        if not kept:
            break
        text = "\n".join((*kept, text[end:]))
    return _COMMENT.sub(" ", text) if text is not whole and "/*" in text else text


def _is_style(selector: str, body: str) -> bool:
    declared = [part for part in _COMMENT.sub("", body).split(";") if part.strip()]
    if not all(map(_DECLARATION.fullmatch, declared)):
        return False
    return selector[:1] in "@.#" or any(map(_OF_SCREENS.search, declared))
