"""Cleaning, the context that a judge sees, and its content hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import pandas as pd
from selectolax.lexbor import LexborHTMLParser

from feedeval.feed.columns import Role, role_of
from feedeval.feed.product import FieldValue, Product
from feedeval.feed.spec import taxonomy_path
from feedeval.feed.values import resolve_entities
from feedeval.records import Context, ContextField

MAX_CONTEXT_CHARS = 24_000
"""Longest context: about 6,000 tokens, so that one absurd product cannot use up a budget."""
CUT = " […]"
_MAX_VALUE_CHARS = 400_000
"""Nothing behind this is cleaned: it would be cut from the context anyway."""
_ROUNDS = 8

_BLOCKS = (
    "address article aside blockquote br center dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav "
    "ol option p pre section table tbody tfoot thead tr ul"
).split()
_CELLS = ("td", "th")
_DROPPED = ["script", "style", "template", "noscript", "head", "svg", "object", "iframe", "textarea", "select"]
_INLINE = (
    "a abbr acronym audio b bdi bdo big body button caption cite code col colgroup data del dfn em embed fieldset font html i img "
    "input ins kbd label legend link mark meta o:p param picture q s samp small source span strike strong sub summary details sup "
    "time title tt u var video wbr"
).split()
_NAMES = "|".join(sorted({*_BLOCKS, *_CELLS, *_DROPPED, *_INLINE}, key=len, reverse=True))
# A tag ends where a browser would end it; lengths are bounded so that hostile text costs no more than linear time.
_TAG = rf"/?(?:{_NAMES}|[a-z][\w]*-[\w-]+)(?:\s(?:\"[^\"]{{0,2000}}\"|'[^']{{0,2000}}'|[^<>\"']{{0,500}}){{0,40}}|\s[^<>]{{0,4000}}|/)?>"
_HTML = re.compile(rf"<(?:{_TAG}|!--|!doctype|\?xml|!\[cdata\[)", re.IGNORECASE)
_TEXT_ANGLE = re.compile(rf"<(?!{_TAG}|!--|!doctype|\?xml|!\[cdata\[)", re.IGNORECASE)
_BREAKING = re.compile(rf"<(?:{'|'.join(_BLOCKS)})\b", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Joiners shape Arabic, Persian and Indic words and hold emoji together; anywhere else they only hide.
_JOINED = "\u0600-\u08ff\u0900-\u0dff\u200d\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINERS = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")

_TRACKING = re.compile(
    r"^(?:utm_\w+|gclid|gclsrc|gbraid|wbraid|dclid|fbclid|msclkid|yclid|ttclid|twclid|li_fat_id|igshid|mc_cid|mc_eid|_ga|_gl|"
    r"_hsenc|_hsmi|mkt_tok|vero_id|oly_enc_id|oly_anon_id|rb_clickid|s_cid|srsltid|wickedid|zanpid|awc|irclickid|epik|pk_\w+|"
    r"mtm_\w+|matomo_\w+|hsa_\w+|ga_\w+|campaignid|adgroupid|adid|gad_source|gad_campaignid|_kx|_ke|trk_\w+)$",
    re.IGNORECASE,
)
_PATH_SIGN = re.compile(r"\s*(?:>|›|»|→)\s*")


def clean_text(value: str) -> str:
    """Return a value as a person would read it: no markup, no entities, no invisible characters, one space between words.

    What stands in blocks, list items and table rows gets a line of its own. `<` that opens no HTML tag stays, so `5 < 6` is safe.
    """
    text = value[:_MAX_VALUE_CHARS]
    if "<" in text or "&" in text:
        # Cleaning can bring to light what was escaped more than once; each round makes the text shorter.
        for _ in range(_ROUNDS):
            before = text
            text = _without_markup(text)
            if text == before:
                break
    return _tidy(text)


def _without_markup(text: str) -> str:
    text = resolve_entities(text) if not _HTML.search(text) else _html_text(text)
    return text


def _html_text(html: str) -> str:
    html = _CDATA.sub("", html)
    if _BREAKING.search(html):
        html = _LINE_ENDS.sub("\n", html).replace("\n", " ")
    tree = LexborHTMLParser(_TEXT_ANGLE.sub("&lt;", html))
    tree.strip_tags(_DROPPED)
    for node in tree.css(",".join(_BLOCKS)):
        node.insert_before("\n")
        node.insert_after("\n")
    for node in tree.css(",".join(_CELLS)):
        node.insert_after(" ")
    body = tree.body
    return body.text(deep=True, separator="") if body is not None else ""


def _tidy(text: str) -> str:
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    text = _LINE_ENDS.sub("\n", text)
    text = _JOINERS.sub("", _INVISIBLE.sub("", text))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def clean_url(url: str) -> str:
    """Return an address without tracking parameters; everything else stays as it is."""
    url = url.strip()
    address, mark, query = url.partition("?")
    if not mark:
        return url
    query, hash_sign, fragment = query.partition("#")
    kept = [part for part in query.split("&") if not _TRACKING.match(unquote(part.partition("=")[0]))]
    return address + ("?" + "&".join(kept) if any(kept) else "") + hash_sign + fragment


def _first(value: FieldValue | None) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = " > ".join(value.values())
    return value or ""


def category_of(product: Product) -> str:
    """Return the product's category as a path joined by ` > `; empty where it has none.

    `product_type`, else `google_product_category` (ids are resolved), else `category`; the first where there are several.
    """
    for name in ("product_type", "google_product_category", "category"):
        text = clean_text(_first(product.get(name)))
        if text and name == "google_product_category":
            text = taxonomy_path(text) or text
        parts = [part for part in _PATH_SIGN.split(text.replace("\n", " ")) if part]
        if parts:
            return " > ".join(parts)
    return ""


_ORDER = ("title", "short_title", "description", "brand", "product_type", "google_product_category", "price", "sale_price", "availability", "condition")


def descriptive_fields(feed: pd.DataFrame | Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the fields that the feed fills and a buyer can read: no links, identifiers or fields for the platform alone.

    Fields of customers' reviews and of internal costs are left out too; name them in `selected_fields` to use them.
    """
    filled: dict[str, bool] = {}
    if isinstance(feed, pd.DataFrame):
        for name in feed.columns:
            filled[str(name)] = any(_is_link(cell) is False for cell in feed[name])
    else:
        for product in feed:
            for name, cell in product.items():
                if not filled.get(name):
                    filled[name] = _is_link(cell) is False
    names = [name for name, is_text in filled.items() if is_text and role_of(name) is Role.TEXT]
    return [name for name in _ORDER if name in names] + [name for name in names if name not in _ORDER]


def _is_link(cell: Any) -> bool | None:
    """Whether a cell holds an address only; None where it is empty."""
    if isinstance(cell, list):
        cell = cell[0] if cell else None
    if isinstance(cell, str):
        return cell.startswith(("http://", "https://")) and " " not in cell.strip() if cell else None
    return None if cell is None or cell != cell or cell == {} else False


def make_context(product: Product, fields: Sequence[str] | None, max_chars: int = MAX_CONTEXT_CHARS) -> Context:
    """Return the chosen fields of a product, cleaned, in the order given.

    Args:
        product: A product as `iter_feed` gives it.
        fields: Names of fields; None for all that `descriptive_fields` finds in this product.
        max_chars: Longest text of all fields together; the longest fields are cut first, at a word, and end in `[…]`.
    """
    texts: dict[str, str] = {}
    for name in descriptive_fields([product]) if fields is None else fields:
        value = product.get(name)
        text = field_text(name, value) if value else ""
        if text:
            texts[name] = text
    room = max_chars - sum(len(name) + 3 for name in texts)
    longest = _longest_allowed([len(text) for text in texts.values()], room)
    return Context(
        category=category_of(product)[:500],
        fields=tuple(ContextField(name=name, text=_cut(text, longest)) for name, text in texts.items()),
    )


def field_text(name: str, value: FieldValue) -> str:
    """Return a field's value as readable text: lists joined, groups with their parts in order."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return _group_text(name, value)
    if all(isinstance(item, str) for item in value):
        texts = [clean_text(str(item)) for item in value]
        return ("\n" if name == "product_highlight" else ", ").join(text for text in texts if text)
    texts = [_group_text(name, item) if isinstance(item, dict) else clean_text(str(item)) for item in value]
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _group_text(name: str, group: Mapping[str, str]) -> str:
    cleaned = {key: text for key, raw in group.items() if (text := clean_text(raw))}
    if name == "product_detail":
        heading = " / ".join(cleaned[k] for k in ("section_name", "attribute_name") if k in cleaned)
        value = cleaned.get("attribute_value", "")
        return f"{heading}: {value}" if heading and value else heading or value
    if name == "question_and_answer":
        return "\n".join(f"{mark}: {cleaned[k]}" for mark, k in (("Q", "question"), ("A", "answer")) if k in cleaned)
    if name == "shipping":
        extra = [f"{k.replace('_', ' ')} {v}" for k, v in cleaned.items() if k not in ("country", "region", "service", "price")]
        return " ".join([*(cleaned[k] for k in ("country", "region", "service", "price") if k in cleaned), *extra])
    return ", ".join(f"{key.replace('_', ' ')}: {text}" for key, text in cleaned.items())


def _longest_allowed(lengths: Sequence[int], room: int) -> int:
    """Return the length above which texts are cut so that all together fit into `room`."""
    if sum(lengths) <= room:
        return max(lengths, default=0)
    left = max(room, 0)
    for done, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - done)
        if length > share:
            return share
        left -= length
    return left


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    kept = text[: max(0, longest - len(CUT))]
    at_word = kept.rsplit(None, 1)[0] if " " in kept[-200:] else kept
    return at_word.rstrip() + CUT


def content_hash(context: Context) -> str:
    """Return 32 hex characters that change when the category or any field of the context does."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (context.category, *(part for field in context.fields for part in (field.name, field.text))):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def record_keys(feed: Iterable[Product]) -> Iterator[str]:
    """Yield a key for each product: its id, `id#2` where the id was there before, `no-id-<8 hex>` where it has none.

    Keys are the same from run to run for the same products in the same order. Of each key 8 bytes are remembered.
    """
    seen: set[int] = set()
    times: dict[str, int] = {}
    for product in feed:
        base = _first(product.get("id")) or f"no-id-{_digest(product)[:8]}"
        key = base
        while (mark := int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest())) in seen:
            times[base] = times.get(base, 1) + 1
            key = f"{base}#{times[base]}"
        seen.add(mark)
        yield key


def _digest(product: Product) -> str:
    text = repr(sorted((name, value) for name, value in product.items() if not name.startswith("_")))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
