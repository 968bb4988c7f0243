"""HTML, entities and invisible characters out of a value, so that words remain."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from feedeval.feed.parsing.values import resolve_entities
from feedeval.feed.styles import without_styles

_MAX_VALUE_CHARS = 100_000
"""Nothing behind this is cleaned: it would be cut from every context anyway."""
_ROUNDS = 8

_BLOCK_WORDS = """
    address article aside blockquote br center dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li
    main nav ol option p pre section table tbody tfoot thead tr ul
"""
_DROPPED_WORDS = "head iframe noscript object script select style svg template textarea title"
_INLINE_WORDS = """
    a abbr acronym audio b bdi bdo big body button caption cite code col colgroup data del details dfn em embed fieldset
    font html i img input ins kbd label legend link mark meta o:p param picture q s samp small source span strike strong
    sub summary sup td th time tt u var video wbr
"""
_BLOCKS, _DROPPED, _INLINE = _BLOCK_WORDS.split(), _DROPPED_WORDS.split(), _INLINE_WORDS.split()
_NAMES = "|".join(sorted({*_BLOCKS, *_DROPPED, *_INLINE}, key=len, reverse=True))
# A tag ends where a browser would end it. Possessive quantifiers (`++`) and bounded lengths keep the search linear
# whatever a stranger wrote.
_ATTRIBUTES = r"""\s(?:"[^"<]{0,2000}+"|'[^'<]{0,2000}+'|[^<>"']++){0,60}+|\s[^<>]{0,4000}+|/"""
_TAG = rf"/?(?:{_NAMES}|[a-z]\w*-[\w-]+)(?:{_ATTRIBUTES})?>"
_OPENS_HTML = rf"{_TAG}|!--|!doctype\b|\?xml\b"
_HTML = re.compile(rf"<(?:{_OPENS_HTML})", re.IGNORECASE)
_TEXT_ANGLE = re.compile(rf"<(?!{_OPENS_HTML})", re.IGNORECASE)
_BREAKING = re.compile(rf"<(?:{'|'.join(_BLOCKS)})\b", re.IGNORECASE)
_LAID_OUT = re.compile(rf"</?({'|'.join([*_BLOCKS, 'td', 'th'])})\b", re.IGNORECASE)
_DROPPED_TAG = re.compile(rf"<(?:{'|'.join(_DROPPED)})\b", re.IGNORECASE)
_CELLS = frozenset(("td", "th"))
_OF_TABLES = frozenset(["table", "thead", "tbody", "tr", "td", "th", "caption"])
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>", re.IGNORECASE)

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# Joiners shape Arabic, Persian and Indic words and hold emoji together; anywhere else they only hide.
_JOINED = "\u0600-\u08ff\u0900-\u0dff\u200c\u200d\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINERS = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINED}])")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_PRINTABLE_ENDS = str.maketrans("\n\t\r", "   ")


def clean_text(value: str) -> str:
    """Return a value as a person would read it: words with one space between them, and no markup or hidden characters.

    What stands in blocks, list items and table rows gets a line of its own; entities are resolved however often they
    were escaped. A `<` that opens no HTML tag stays, so `5 < 6` is safe. Rules of style sheets are no text.
    """
    text = value[:_MAX_VALUE_CHARS] if len(value) > _MAX_VALUE_CHARS else value
    if "<" in text or "&" in text:
        # A round can bring to light what was escaped more than once; each makes the text shorter.
        for _ in range(_ROUNDS):
            before = text
            text = _visible(text)
            text = _html_text(text) if "<" in text and _HTML.search(text) else resolve_entities(_CDATA.sub("", text))
            if text == before or not ("<" in text or "&" in text or "]]" in text):
                break
    if "{" in text and "}" in text:
        text = without_styles(text)
    return _tidy(text)


def _visible(text: str) -> str:
    """Return the text without characters that show nothing: they could also keep a tag from being seen as one."""
    if text.isascii() and (text.isprintable() or text.translate(_PRINTABLE_ENDS).isprintable()):
        return text
    text = _INVISIBLE.sub("", text)
    return _JOINERS.sub("", text) if "\u200c" in text or "\u200d" in text else text


def _html_text(html: str) -> str:
    html = _CDATA.sub("", html)
    if _BREAKING.search(html):
        # Where tags break lines, line ends are only spaces.
        html = _LINE_ENDS.sub(" ", html).replace("\n", " ")
    tree = LexborHTMLParser(_TEXT_ANGLE.sub("&lt;", html))
    # Only what the text names is looked for in the tree: the search for all of it costs more than the parsing.
    if _DROPPED_TAG.search(html):
        tree.strip_tags(_DROPPED)
    named = {name.lower() for name in _LAID_OUT.findall(html)}
    if named & _OF_TABLES:
        named |= {"table", "tbody", "tr"}  # the parser adds what a table has to have
    if blocks := named - _CELLS:
        for node in tree.css(",".join(blocks)):
            node.insert_before("\n")
            node.insert_after("\n")
    if named & _CELLS:
        for node in tree.css("td,th"):
            node.insert_after(" ")
    return tree.body.text(deep=True, separator="") if tree.body is not None else ""


def _tidy(text: str) -> str:
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text else text.strip()
    text = _visible(_LINE_ENDS.sub("\n", text))
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))
