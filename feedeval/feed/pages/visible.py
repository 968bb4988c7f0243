"""What a page shows: its title, the text of its main part, its pictures and the address it calls its own.

The text keeps prices, stock and options, which extractors of articles drop as they are no prose; what frames a page
(navigation, footer, cookies) and what else it recommends are left out.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from feedeval.feed.parsing.decode import bom_encoding, guess_encoding, known_encoding

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_TEXT_CHARS = 60_000
MOST_PICTURES = 500
MOST_PIECES = 30_000
"""Blocks of a page that are set apart; more than its text may hold."""
MAX_OPEN = 8_000
"""Elements that may stand open at once. Reading takes the square of it, and no page of a shop has a hundredth."""
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_HIDDEN = (
    "script,style,noscript,template,svg,iframe,object,embed,canvas,head,dialog,[hidden],[aria-hidden=true]:not(ins):not(.amount),"
    'input[type=hidden],[style*="display:none"],[style*="display: none"],[style*="visibility:hidden"]'
)
_FRAME = (
    "nav,body > header,body > footer,footer,aside,[role=navigation],[role=banner],[role=contentinfo],[role=dialog],"
    "[role=alertdialog],[role=search]"
)
_OTHERS = re.compile(
    r"(?:^|[\s_-])(?:related|recommend\w*|recommendations|upsells?|up-sells?|cross-?sells?|crossselling|cross-selling|"
    r"crosssells?|similar|recently-viewed|recentlyviewed|also-bought|also-purchased|also-like|featured-products?|"
    r"product-miniatures?|product-accessories|product-slider|breadcrumbs?|cookie\w*|newsletter|mini-?cart|"
    r"cart-drawer|visually-hidden|sr-only|screen-reader-text|a11y-hidden|visuallyhidden)(?:$|[\s_-])",
    re.IGNORECASE,
)
_STRUCK = "del,s,strike,[style*='line-through']"
"""What costs so much no more."""
_OTHER_LISTS = "[itemprop=isRelatedTo],[itemprop=isSimilarTo],[property=isRelatedTo],[property=isSimilarTo]"
_KEPT = ("html", "body", "main")
_MAIN = ("main", "[role=main]", "#main", "#MainContent", "#content", "#maincontent")
_BREAKS = (
    "address,article,blockquote,br,button,dd,details,div,dl,dt,fieldset,figcaption,figure,form,h1,h2,h3,h4,h5,h6,hr,"
    "label,li,main,ol,option,p,pre,section,select,summary,table,tbody,tr,ul"
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_NEVER_OPEN_WORDS = """
    area base br col embed hr img input link meta param source track wbr p li option dt dd tr td th
"""
_DRAWN_WORDS = "path use circle rect line polygon polyline ellipse stop g image"
_NEVER_OPEN, _DRAWN = frozenset(_NEVER_OPEN_WORDS.split()), frozenset(_DRAWN_WORDS.split())
"""Elements of drawings, which a slash at their end closes."""
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
_SOURCES = ("src", "data-src", "data-zoom-image", "data-large_image", "href")


def html_text(content: bytes, content_type: str = "") -> str:
    """Return a page's text in the encoding that it really has: by its mark, its header, its own words, its bytes."""
    said = _HTTP_CHARSET.search(content_type)
    meta = _META_CHARSET.search(content[:4096])
    names = (said[1] if said else None, meta[1].decode("ascii", "ignore") if meta else None)
    declared = [name for name in map(known_encoding, names) if name]
    for encoding in filter(None, (bom_encoding(content), *declared, "utf-8")):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    # A page that was cut at its size limit may end within a character; a few stray bytes are no other encoding.
    text = content.decode("utf-8", "replace")
    wrong = text.rstrip("\ufffd").count("\ufffd")
    whole = sum(char > "\x7f" for char in text) - wrong
    if whole > 20 * wrong:
        return text
    return content.decode(guess_encoding(content), "replace")


def not_too_deep(text: str) -> str:
    """Return a page up to where so many elements stand open in each other that only a trap can be behind it."""
    still_open = closed_at_once = 0
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if name in _NEVER_OPEN:
            continue
        if tag[1]:
            still_open = max(0, still_open - 1)
        elif name in _DRAWN and text[text.find(">", tag.end()) - 1] == "/":
            closed_at_once += 1
        else:
            still_open += 1
        if still_open > MAX_OPEN or closed_at_once > 5 * MAX_OPEN:
            return text[: tag.start()]
    return text


def title_of(tree: LexborHTMLParser) -> str:
    """Return what a page calls its product: its only heading of the first order, or else its title."""
    headings = [found for node in tree.css("h1") if (found := _line(node.text(deep=True, separator=" ")))]
    if len(set(headings)) == 1:
        return headings[0]
    node = tree.css_first("head > title") or tree.css_first("title")
    return _line(node.text(deep=True)) if node is not None else ""


def canonical_of(tree: LexborHTMLParser, base: str) -> tuple[str, str]:
    """Return the address that a page's canonical link names, and that of its `og:url`; empty where there is none."""
    link = tree.css_first('link[rel~="canonical" i][href]')
    canonical = _joined(base, (link.attributes.get("href") or "") if link is not None else "")
    return canonical, _joined(base, meta(tree, "og:url"))


def meta(tree: LexborHTMLParser, name: str) -> str:
    """Return the content of a `meta` element by its property or name."""
    node = tree.css_first(f'meta[property="{name}"]') or tree.css_first(f'meta[name="{name}"]')
    return _line(node.attributes.get("content") or "") if node is not None else ""


def pictures_of(tree: LexborHTMLParser, base: str) -> list[str]:
    """Return the addresses of a page's pictures, each once."""
    found: dict[str, None] = {}
    for address in _pictures(tree):
        if len(found) >= MOST_PICTURES:
            break
        if address and not address.startswith("data:"):
            found[_joined(base, address)] = None
    return [address for address in found if address]


def _pictures(tree: LexborHTMLParser) -> Iterator[str]:
    yield meta(tree, "og:image")
    for node in tree.css("img,source,a[href$='.jpg' i],a[href$='.jpeg' i],a[href$='.png' i],a[href$='.webp' i]"):
        for name in _SOURCES:
            yield (node.attributes.get(name) or "").strip()
        for part in (node.attributes.get("srcset") or node.attributes.get("data-srcset") or "").split(", ")[:20]:
            yield part.strip().split(" ")[0]


def text_of(tree: LexborHTMLParser) -> str:
    """Return the visible text of a page's main part, a line a block. Changes the tree, so it is asked last."""
    body = tree.body
    if body is None:
        return ""
    for selector in (_HIDDEN, _FRAME, _OTHER_LISTS, _STRUCK):
        _drop(tree.css(selector))
    _drop([node for node in tree.css("[class],[id]") if recommends(node)])
    parts = (part for name in _MAIN if (part := tree.css_first(name)) is not None)
    main = next((part for part in parts if _says_much(part, body)), body)
    for node in main.css(_BREAKS)[:MOST_PIECES]:
        node.insert_before("\n")
        node.insert_after("\n")
    for node in main.css("td,th,span,a,sup")[:MOST_PIECES]:
        # Cells and prices in pieces are read apart, but for the cents that stand raised behind a price.
        node.insert_after(" ")
    text = main.text(deep=True, separator="")[: 4 * MAX_TEXT_CHARS]
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()[:MAX_TEXT_CHARS]


def _drop(nodes: list[LexborNode]) -> None:
    """Take nodes out of their tree, the innermost first: what stood inside one that is gone may not be touched."""
    for node in reversed({node.mem_id: node for node in nodes}.values()):
        node.decompose()


def recommends(node: LexborNode) -> bool:
    """Whether an element is by its own names what frames a page, or what else it recommends."""
    words = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"[:400]
    return node.tag not in _KEPT and bool(_OTHERS.search(words))


def _says_much(node: LexborNode, body: LexborNode) -> bool:
    """Whether a part holds what a page has to say: some shops leave theirs empty, or write beside it."""
    inside = len(node.text(deep=True))
    return inside > 0 and inside * 10 >= len(body.text(deep=True))


def _joined(base: str, address: str) -> str:
    try:
        return urllib.parse.urljoin(base, address.strip()) if address.strip() else ""
    except ValueError:
        return ""


def _line(text: str) -> str:
    return " ".join(text[:4000].split())[:1000]
