"""Cleaning, the context that a judge sees, and its content hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import pandas as pd

from feedeval.feed.markup import clean_text
from feedeval.feed.parsing.columns import Role, role_of
from feedeval.feed.parsing.product import FieldValue, Product
from feedeval.feed.parsing.understood import UNDERSTOOD
from feedeval.feed.taxonomy import taxonomy_path
from feedeval.records import Context, ContextField

__all__ = [
    "MOST_CATEGORY_CHARS",
    "category_of",
    "clean_text",
    "clean_url",
    "content_hash",
    "descriptive_fields",
    "field_text",
    "make_context",
    "record_keys",
]

MAX_CONTEXT_CHARS = 24_000
"""Longest context: about 6,000 tokens, so that one absurd product cannot use up a budget."""
MOST_CATEGORY_CHARS = 500
CUT = " […]"
_TRACKING = re.compile(
    r"^(?:utm_\w+|gclid|gclsrc|gbraid|wbraid|dclid|fbclid|msclkid|yclid|ttclid|twclid|li_fat_id|igshid|mc_cid|mc_eid|"
    r"_ga|_gl|_hsenc|_hsmi|mkt_tok|vero_id|oly_enc_id|oly_anon_id|rb_clickid|s_cid|srsltid|wickedid|zanpid|awc|"
    r"irclickid|epik|pk_\w+|mtm_\w+|matomo_\w+|hsa_\w+|ga_\w+|campaignid|adgroupid|adid|gad_source|gad_campaignid|"
    r"_kx|_ke|trk_\w+)$",
    re.IGNORECASE,
)
_PATH_SIGN = re.compile(r"\s*(?:>|›|»|→)\s*")


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

    `product_type`, else `google_product_category` (a known id as its path), else `category`; the first where there are
    several.
    """
    for name in ("product_type", "google_product_category", "category"):
        if written := _first(product.get(name)):
            path_of = _known_path if len(written) <= MOST_CATEGORY_CHARS else _path_of
            if path := path_of(name, written):
                return path
    return ""


def _path_of(name: str, written: str) -> str:
    """Return a category as a path."""
    text = clean_text(written)
    if text and name == "google_product_category":
        text = taxonomy_path(text) or text
    return " > ".join([part for part in _PATH_SIGN.split(text.replace("\n", " ")) if part])


_known_path = lru_cache(maxsize=4096)(_path_of)
"""The same of what is no text by mistake: many products have one category."""


_ORDER = (
    "title",
    "structured_title",
    "short_title",
    "description",
    "structured_description",
    "brand",
    "product_type",
    "google_product_category",
    "price",
    "sale_price",
    "availability",
    "condition",
)
_STRUCTURED = frozenset({"structured_title", "structured_description"})
"""Groups of a text and how it came to be, which is nothing that a buyer asks."""
_RANKS = {name: rank for rank, name in enumerate(_ORDER)}


def descriptive_fields(feed: pd.DataFrame | Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the fields that the feed fills and a buyer can read: no links, identifiers or fields for the platform.

    Fields of customers' reviews and of internal costs are left out too; name them in `selected_fields` to use them.
    """
    filled: dict[str, bool] = {}
    if isinstance(feed, pd.DataFrame):
        for name in feed.columns:
            filled[str(name)] = any(_is_link(cell) is False for cell in feed[name])
        for cell in feed[UNDERSTOOD] if UNDERSTOOD in feed.columns else ():
            filled |= dict.fromkeys(cell if isinstance(cell, dict) else (), True)
    else:
        for product in feed:
            for name, cell in product.items():
                if not filled.get(name):
                    filled[name] = _is_link(cell) is False
            # An address of schema.org that is understood reads as a word.
            filled |= dict.fromkeys(_meant(product), True)
    names = [name for name, is_text in filled.items() if is_text and role_of(name) is Role.TEXT]
    return [name for name in _ORDER if name in names] + [name for name in names if name not in _ORDER]


def _meant(product: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what the reader understood of values that are written otherwise than the attribute's own words."""
    meant = product.get(UNDERSTOOD)
    return meant if isinstance(meant, dict) else {}


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
    meant = _meant(product)
    for name in _descriptive(product, meant) if fields is None else fields:
        value = meant.get(name) or product.get(name)
        text = field_text(name, value) if value else ""
        if text:
            texts[name] = text
    room = max_chars - sum(map(len, texts)) - 3 * len(texts)
    if sum(map(len, texts.values())) > room:
        longest = _longest_allowed([len(text) for text in texts.values()], room)
        texts = {name: _cut(text, longest) for name, text in texts.items()}
    parts = tuple([ContextField(name, text) for name, text in texts.items()])
    return Context(category=category_of(product)[:MOST_CATEGORY_CHARS], fields=parts)


def _descriptive(product: Product, meant: Mapping[str, str]) -> Sequence[str]:
    """Return what `descriptive_fields` finds in one product, by a shorter way."""
    filled = [name for name, cell in product.items() if name in meant or _is_link(cell) is False]
    return _readable((*filled, *(meant.keys() - product.keys())))


@lru_cache(maxsize=4096)
def _readable(names: tuple[str, ...]) -> Sequence[str]:
    """Return the fields that a buyer can read, in order; products of a feed mostly fill the same."""
    return sorted([name for name in names if role_of(name) is Role.TEXT], key=_rank)


def _rank(name: str) -> int:
    return _RANKS.get(name, len(_RANKS))


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
    if name in _STRUCTURED and "content" in cleaned:
        return cleaned["content"]
    if name == "product_detail":
        heading = " / ".join(cleaned[k] for k in ("section_name", "attribute_name") if k in cleaned)
        value = cleaned.get("attribute_value", "")
        return f"{heading}: {value}" if heading and value else heading or value
    if name == "question_and_answer":
        return "\n".join(f"{mark}: {cleaned[k]}" for mark, k in (("Q", "question"), ("A", "answer")) if k in cleaned)
    if name == "shipping":
        extra = [
            f"{k.replace('_', ' ')} {v}"
            for k, v in cleaned.items()
            if k not in ("country", "region", "service", "price")
        ]
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
    """Return 32 hex characters that change when the category or any field of the context does.

    The order of the fields does not count: a frame has one order for all its products, and an XML feed one for each.
    """
    digest = hashlib.blake2b(digest_size=16)
    fields = sorted([(field.name, field.text) for field in context.fields])
    parts = [part for name, text in fields for part in (_counted_name(name), _counted(text))]
    digest.update(b"".join([_counted_name(context.category), *parts]))
    return digest.hexdigest()


def _counted(text: str) -> bytes:
    """Return a text behind its length, so that no two lists of texts are the same bytes."""
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(8, "big") + data


_counted_name = lru_cache(maxsize=4096)(_counted)


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
