"""Raw values of any container to the field values of a product: the same product whatever format it came in."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from html.entities import html5
from typing import Any

from feedeval.feed.parsing.columns import Attribute, AttributeShape, ColumnMeaning, ColumnNames, attributes, snake
from feedeval.feed.parsing.decode import clean_value
from feedeval.feed.parsing.money import from_micros, join_currency
from feedeval.feed.parsing.product import MADE, STRATUM, FieldValue, Product
from feedeval.feed.parsing.understood import UNDERSTOOD, answered, is_question, understood

Pair = tuple[str, Any]
"""A name and a raw value: text, bool, None, a list or a dict of such."""

ESCAPED = "_double_escaped"
_NOTES = {ESCAPED, STRATUM, MADE, UNDERSTOOD}
_PLANS_KEPT = 4096
_RECORD = {"id", "name", "slug", "code", "url", "link", "href"}
"""What a shop's record of a brand or a category says, of which its name is the value."""
_MEANT = ("availability", "condition")

_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
_AMP_CHAIN = re.compile(r"&(?:amp;|#0{0,5}38;|#[xX]0{0,4}26;){2,}", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_NEXT_ADDRESS = re.compile(r"\s*[,;|\s]\s*(?=https?://)")
_NEXT_PLACE = re.compile(r"\s*[,;]\s*(?=[A-Za-z]{2}:|:)")
_NEXT_DETAIL = re.compile(r",(?=[^,:]*:[^,:]+:[^,:])")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NEXT_GROUP = re.compile(r",\s*(?=[^,:]*:)")
_MONEY = re.compile(r"^[^\W\d]{0,4}\s*\d[\d.,\s]*[^\W\d]{0,4}$")
_MARKED = re.compile(r"([QA])\s*[:.]\s*(.*)", re.IGNORECASE | re.DOTALL)
_ANSWER_IN_LINE = re.compile(r"\sA\s*[:.]", re.IGNORECASE)
_SUB_ALIASES = {
    "product_detail": {
        "name": "attribute_name", "key": "attribute_name", "label": "attribute_name", "value": "attribute_value",
        "section": "section_name", "group": "section_name",
    },
    "question_and_answer": {"q": "question", "a": "answer", "title": "question", "text": "answer"},
}  # fmt: skip


def resolve_entities(text: str) -> str:
    """Return text with its character references resolved once; `&copy=1` without a semicolon is none."""
    if "&" not in text or ";" not in text:
        return text
    return _ENTITY.sub(_character, _AMP_CHAIN.sub("&amp;", text))


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return html5.get(name + ";", match[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return ""
    return chr(code)


class Builder:
    """Makes products of the pairs that one source gives.

    Args:
        names: Resolves the source's names.
        flat: Values are text cells, so repeats and groups are written inside the text (`CZ:::79 CZK`, `a.jpg,b.jpg`).
    """

    def __init__(self, names: ColumnNames, *, flat: bool) -> None:
        self._names = names
        self._flat = flat
        self._table = attributes()
        self._plans: dict[tuple[str, ...], list[tuple[ColumnMeaning, AttributeShape]]] = {}

    def build(self, pairs: Sequence[Pair]) -> Product:
        """Return the product; fields that are empty have no key."""
        product: Product = {}
        escaped: list[str] = []
        images: list[str] = []
        for (name, raw), (target, shape) in zip(pairs, self._plan(tuple([name for name, _ in pairs])), strict=True):
            if not raw and raw is not False:
                continue
            if name in _NOTES:
                if name == ESCAPED and isinstance(raw, list):
                    escaped.extend(raw)
                    continue
                if name in (STRATUM, MADE):
                    product[name] = raw
                    continue
                if name == UNDERSTOOD:
                    # It is found anew: the value that it spoke of may have been changed since.
                    continue
            before = len(escaped)
            value: FieldValue
            if shape is AttributeShape.IMAGES:
                images += _many(raw, "additional_image_link", True, escaped)
                value = ""
            elif shape is AttributeShape.ONE:
                value = _text(raw, escaped) if isinstance(raw, str) else _plain(raw, target.name, escaped)
            else:
                value = self._shaped(raw, target, shape, escaped)
            if len(escaped) > before:
                escaped[before:] = [target.name]
            if isinstance(value, str) and target.name == "availability" and is_question(name):
                value = answered(value)
            if value and target.name in product:
                _put(product, target.name, value, shape)
            elif value:
                product[target.name] = value
        if "currency" in product:
            join_currency(product)
        if images:
            _place_images(product, images)
        if escaped:
            product[ESCAPED] = list(dict.fromkeys(escaped))
        if meant := {name: word for name in _MEANT if name in product and (word := understood(name, product[name]))}:
            product[UNDERSTOOD] = meant
        return product

    def _plan(self, names: tuple[str, ...]) -> list[tuple[ColumnMeaning, AttributeShape]]:
        """Return target and shape of each name; products of a feed mostly have the same names in the same order."""
        plan = self._plans.get(names)
        if plan is None:
            if len(self._plans) > _PLANS_KEPT:
                self._plans.clear()
            targets = self._names.resolve(names)
            shapes = [self._table[t.name].shape if t.name in self._table else AttributeShape.ONE for t in targets]
            plan = self._plans[names] = list(zip(targets, shapes, strict=True))
        return plan

    def _shaped(self, raw: Any, target: ColumnMeaning, shape: AttributeShape, escaped: list[str]) -> FieldValue:
        if shape is AttributeShape.MANY:
            return _many(raw, target.name, self._flat, escaped)
        attribute = self._table[target.name]
        groups = list(_groups(raw, attribute, target.parts or attribute.parts, escaped))
        if shape is AttributeShape.GROUPS:
            return groups
        return groups[0] if len(groups) == 1 else groups


def _text(raw: Any, escaped: list[str]) -> str:
    """Return one text; note in `escaped` that entities were left in it."""
    if isinstance(raw, str):
        text = clean_value(raw)
    elif isinstance(raw, bool):
        return "true" if raw else "false"
    elif raw is None:
        return ""
    elif isinstance(raw, dict | list):
        return _joined(raw, escaped)
    else:
        text = clean_value(str(raw))
    if "&" in text and ";" in text and not _TAG.search(text):
        # Text that holds tags is HTML, where entities are in their place.
        resolved = resolve_entities(text)
        if resolved != text:
            escaped.append("")
            return clean_value(resolved)
    return text


def _joined(raw: Any, escaped: list[str]) -> str:
    """Return something nested too deep for a field value as one text."""
    parts = (
        (f"{k}: {_text(v, escaped)}" for k, v in raw.items())
        if isinstance(raw, dict)
        else (_text(v, escaped) for v in raw)
    )
    return ", ".join(part for part in parts if part)


def _plain(raw: Any, name: str, escaped: list[str]) -> FieldValue:
    """Return the value of an attribute that has no shape of its own, keeping what structure the feed gives it."""
    if isinstance(raw, dict):
        if inner := _wrapped(raw):
            return _plain(inner, name, escaped)
        if name in attributes() and isinstance(raw.get("name"), str) and raw.keys() <= _RECORD:
            # A record of the shop's, such as `{"id": 7, "name": "Oak"}` for a brand.
            return _text(raw["name"], escaped)
        group = _group(raw, {}, escaped)
        if set(group) in ({"value", "currency"}, {"amount", "currency"}, {"amount_micros", "currency_code"}):
            return _money(group)
        return group
    if isinstance(raw, list | tuple):
        kept = [item for item in raw if item not in (None, "", [], {})]
        if kept and all(isinstance(item, dict) for item in kept):
            if name in attributes() and all(isinstance(i.get("name"), str) and i.keys() <= _RECORD for i in kept):
                kept = [item["name"] for item in kept]
                return _plain(kept, name, escaped)
            groups = [group for item in kept if (group := _group(item, {}, escaped))]
            return groups[0] if len(groups) == 1 else groups
        texts = [text for item in kept if (text := _text(item, escaped))]
        return texts[0] if len(texts) == 1 else texts
    return _text(raw, escaped)


def _money(group: dict[str, str]) -> str:
    if "amount_micros" in group:
        return f"{from_micros(group['amount_micros'], group['currency_code'])} {group['currency_code']}"
    return f"{group.get('value') or group.get('amount')} {group['currency']}"


def _wrapped(raw: dict[str, Any]) -> list[Any] | None:
    """Return the list inside an element that only wraps repeated ones, such as `<images><image/><image/></images>`."""
    if len(raw) == 1:
        (inner,) = raw.values()
        if isinstance(inner, list):
            return inner
    return None


def _many(raw: Any, name: str, flat: bool, escaped: list[str]) -> list[str]:
    if isinstance(raw, list | tuple):
        return [text for item in raw for text in _many(item, name, False, escaped)]
    if isinstance(raw, dict):
        if inner := _wrapped(raw):
            return _many(inner, name, False, escaped)
        if address := next((raw[key] for key in ("src", "url", "href", "link", "image_url") if raw.get(key)), None):
            return _many(address, name, False, escaped)
        values = list(raw.values())
        return _many(values if len(values) == 1 else _joined(raw, escaped), name, False, escaped)
    text = _text(raw, escaped)
    if name.endswith("_link"):
        addresses = split_list(text) if flat and '"' in text else [text]
        return [part for address in addresses for part in _NEXT_ADDRESS.split(address) if part]
    return split_list(text) if flat else [text] if text else []


def split_list(text: str) -> list[str]:
    """Return the parts of a comma-separated cell; a part that holds a comma stands in quotation marks."""
    if "," not in text and not _QUOTED.fullmatch(text):
        return [text] if text else []
    try:
        row = next(csv.reader([text.replace("\n", " ")], skipinitialspace=True))
    except (csv.Error, StopIteration):
        return [text]
    return [part.strip() for part in row if part.strip()]


def _groups(raw: Any, attribute: Attribute, parts: tuple[str, ...], escaped: list[str]) -> Iterable[dict[str, str]]:
    if isinstance(raw, list | tuple):
        for item in raw:
            yield from _groups(item, attribute, parts, escaped)
    elif isinstance(raw, dict):
        aliases = _SUB_ALIASES.get(attribute.name, {})
        keys = {aliases.get(snake(str(key)), snake(str(key))) for key in raw}
        nested = [value for value in raw.values() if isinstance(value, dict | list)]
        if nested and len(nested) == len(raw) and not keys & set(parts):
            # A wrapper around groups, such as <product_detail><product_detail>.
            yield from _groups(nested, attribute, parts, escaped)
        elif attribute.name == "product_detail" and not keys & set(attribute.parts):
            for key, value in raw.items():
                if text := _text(value, escaped):
                    yield {"attribute_name": clean_value(str(key)), "attribute_value": text}
        elif group := _group(raw, aliases, escaped):
            yield group
    elif text := _text(raw, escaped):
        yield from _from_text(text, attribute.name, parts)


def _group(raw: dict[str, Any], aliases: dict[str, str], escaped: list[str]) -> dict[str, str]:
    group: dict[str, str] = {}
    for key, value in raw.items():
        if isinstance(value, dict) and set(value) <= {"value", "currency", "amount"} and "currency" in value:
            text = _money({k: _text(v, escaped) for k, v in value.items()})
        else:
            text = _text(value, escaped)
        if text:
            name = snake(str(key))
            group[aliases.get(name, name)] = text
    return group


def _unquoted(text: str) -> str:
    """Return a text without the quotation marks around all of it; those inside it stay."""
    return text.strip('"') if text.count('"') == 2 and text[0] == text[-1] == '"' else text


def _from_text(text: str, name: str, parts: tuple[str, ...]) -> Iterable[dict[str, str]]:
    """Parse the text forms `country:region:service:price`, `section:name:value` and `Q: … A: …`."""
    if name == "question_and_answer":
        asked, mark, said = text.partition("?")
        for question, answer in _questions(text) or [(asked.strip() + mark, said)]:
            yield {k: v for k, v in (("question", question.strip()), ("answer", answer.lstrip(" :").strip())) if v}
        return
    for piece in _entries(text, name, parts):
        piece = _unquoted(piece.strip())
        if ":" not in piece or not parts:
            yield {_only_part(piece, name, parts): piece}
            continue
        cells = piece.split(":", len(parts) - 1)
        if group := {part: _unquoted(cell.strip()) for part, cell in zip(parts, cells, strict=False) if cell.strip()}:
            yield group


def _entries(text: str, name: str, parts: tuple[str, ...]) -> list[str]:
    """Return the entries of a text; those of places are parted by commas, or by semicolons as Meta has them."""
    if name == "product_detail":
        return _NEXT_DETAIL.split(text)
    if attributes()[name].shape is not AttributeShape.GROUPS:
        return [text]
    if parts[:1] != ("country",):
        return _NEXT_GROUP.split(text)
    found, begins = [], 0
    text = text.strip(" ,;")
    for match in _NEXT_PLACE.finditer(text):
        # A comma or semicolon in the name of a service comes before the price that makes an entry whole.
        piece = text[begins : match.start()]
        if any(sign.isdecimal() for sign in piece.partition(":")[2]) or piece.count(":") >= min(3, len(parts) - 1):
            found.append(piece)
            begins = match.end()
    return [*found, text[begins:]]


def _questions(text: str) -> list[tuple[str, str]]:
    """Return questions with their answers, which may be empty, from lines that begin with `Q:` and `A:`.

    Where an answer has no line of its own, it is looked for in the line of the question.
    """
    pairs: list[list[list[str]]] = []
    for line in text.split("\n"):
        match = _MARKED.match(line.lstrip())
        mark, rest = (match[1].upper(), match[2]) if match else ("", line)
        if mark == "Q":
            pairs.append([[rest]])
        elif mark == "A" and pairs and len(pairs[-1]) == 1:
            pairs[-1].append([rest])
        elif pairs:
            pairs[-1][-1].append(line)
    texts = [["\n".join(part).strip() for part in pair] for pair in pairs]
    return [(pair[0], pair[1]) if len(pair) == 2 else _split_answer(pair[0]) for pair in texts]


def _split_answer(text: str) -> tuple[str, str]:
    parts = _ANSWER_IN_LINE.split(text, maxsplit=1)
    return parts[0].strip(), parts[1] if len(parts) == 2 else ""


def _only_part(text: str, name: str, parts: tuple[str, ...]) -> str:
    """Return the sub-attribute that a text without separators fills."""
    if name == "shipping":
        return "price" if _MONEY.match(text) else "service"
    if name == "product_detail":
        return "attribute_value"
    if "business_days" in parts:
        return "business_days"
    return parts[0] if parts else "value"


def _put(product: Product, name: str, value: FieldValue, shape: AttributeShape) -> None:
    """Add a value to those that a field has already."""
    old = product[name]
    if old == value and shape is AttributeShape.ONE:
        return
    merged: list[Any] = [*(old if isinstance(old, list) else [old]), *(value if isinstance(value, list) else [value])]
    product[name] = merged


def _place_images(product: Product, images: list[str]) -> None:
    images = list(dict.fromkeys(images))
    if "image_link" not in product:
        product["image_link"] = images.pop(0)
    rest = [image for image in images if image != product["image_link"]]
    if rest:
        more = product.get("additional_image_link", [])
        product["additional_image_link"] = (
            [*(str(m) for m in more), *rest] if isinstance(more, list) else [str(more), *rest]
        )
