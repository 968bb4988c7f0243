"""What the columns of a table are read as, and what those seem to be that nobody understands.

A proposal is never read by itself: a person takes it over with `columns=`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from feedeval.feed.parsing.columns import ColumnNames, attributes, squeeze, standard_name
from feedeval.feed.parsing.faults import ReadColumn
from feedeval.feed.parsing.shops.rows import Shop

_SAMPLE_CHARS = 120
_IMAGE = re.compile(r"^https?://\S+\.(?:jpe?g|png|gif|webp|avif|bmp|tiff?)(?:[?#]\S*)?$", re.IGNORECASE)
_ADDRESS = re.compile(r"^https?://\S+$", re.IGNORECASE)
_DIGITS = re.compile(r"^\d{8}$|^\d{12,14}$")
_MONEY = re.compile(
    r"^(?:[A-Z]{3}|[€$£¥₽₴₺]|zł|Kč|kr)?\s?\d{1,3}(?:[\s.,']?\d{3})*(?:[.,]\d{1,2})?\s?(?:[A-Z]{3}|[€$£¥₽₴₺円]|zł|Kč|kr)?$"
)
_CODE = re.compile(r"^(?=.*\d)[\w./-]{1,40}$")
_MIN_TEXT = 80
_WORDS = {
    "id": "artnr nummer ref refcode codigo codice kod número numero code nr no num",
    "title": "produkt artikel ding produit article libelle libellé producto artículo articulo prodotto articolo "
    "product towar zboží výrobek товар 商品",
    "description": "text info infos langtext details texte détails detalle detalles dettagli текст 詳細",
    "price": "betrag kosten vk vkpreis brutto montant tarif importe importo kwota částka сумма 金額 値段",
    "image_link": "foto photo plaatje fotka 写真",
    "link": "webseite webadresse seite pagina página strona stránka страница ページ",
    "brand": "firma lieferant fournisseur proveedor fornitore leverancier dostawca dodavatel поставщик",
    "product_type": "gruppe rubrik sortiment groupe rayon grupo gruppo groep grupa skupina группа",
    "availability": "bestand lager lagerbestand vorrat lieferbar disponible existencias giacenza voorraad skladem "
    "остаток",
    "gtin": "strichcode barcodes",
}
"""Words that are likely to mean an attribute and could mean something else."""


def read_columns(header: Sequence[str], sample_rows: Sequence[Sequence[str]], shop: Shop | None) -> list[ReadColumn]:
    """Return what each column is read as, and a proposal for those that are not understood.

    No attribute is proposed twice, but `additional_image_link`.
    """
    if shop is not None:
        return _columns_of_shop(header, sample_rows, shop)
    known = [target.name if target.name in attributes() else "" for target in ColumnNames().resolve(header)]
    taken = {"image_link" if name == "images" else name for name in known if name}
    found = []
    for place, (column, means) in enumerate(zip(header, known, strict=True)):
        values = [value for value in _column(sample_rows, place) if value]
        proposal, why = ("", "") if means else _guess(column, values, taken)
        if proposal:
            taken.add(proposal)
        found.append(ReadColumn(column, means, proposal, _first(values), why))
    return found


def _columns_of_shop(header: Sequence[str], rows: Sequence[Sequence[str]], shop: Shop) -> list[ReadColumn]:
    """Return what the columns of a shop's export are read as; one that the shop does not name may hold anything."""
    means = [shop.means(name) for name in header]
    taken = {"image_link" if name == "images" else name for name in means if name in attributes()}
    found = []
    for place, (column, name) in enumerate(zip(header, means, strict=True)):
        values = [value for value in _column(rows, place) if value]
        half, why = shop.halves.get(squeeze(column), ""), f"{shop.name} states a part of it"
        if not half and squeeze(column) not in shop.names and name not in attributes():
            half, why = _guess(column, values, taken)
        found.append(ReadColumn(column, "" if half else name, half, _first(values), why if half else ""))
    return found


def _guess(column: str, values: list[str], taken: set[str]) -> tuple[str, str]:
    """Return what a column seems to be that is not taken yet, and why."""
    stem = column.rstrip("0123456789 _-")
    named = standard_name(stem)
    by_name = named if named in attributes() else _words().get(squeeze(stem), "")
    for attribute, why in ((by_name, f"the word “{column}”"), *_by_values(values)):
        if attribute == "image_link" and "image_link" in taken:
            attribute = "additional_image_link"
        if attribute and (attribute not in taken or attribute == "additional_image_link"):
            return attribute, why
    return "", ""


@cache
def _words() -> dict[str, str]:
    return {squeeze(word): attribute for attribute, words in _WORDS.items() for word in words.split()}


def _by_values(values: list[str]) -> list[tuple[str, str]]:
    if not values:
        return []
    first = [re.split(r"[,;|\s](?=https?://)", value)[0] for value in values]
    if all(map(_IMAGE.match, first)):
        return [("image_link", "addresses of images")]
    if all(map(_ADDRESS.match, first)):
        return [("link", "addresses")]
    if all(map(_is_gtin, values)):
        return [("gtin", "digits with the check digit of a gtin")]
    different = len(set(values)) == len(values)
    if all(map(_MONEY.match, values)):
        marked = any(re.search(r"[^\d\s.,']|[.,]\d{1,2}$", value) for value in values)
        if marked:
            return [("price", "amounts of money")]
    if sum(map(len, values)) / len(values) >= _MIN_TEXT:
        return [("description", "long texts")]
    if different and len(values) > 1 and all(map(_CODE.match, values)):
        return [("id", "short codes, each of its own")]
    if different and len(values) > 1 and all(" " in value and not value[0].isdigit() for value in values):
        return [("title", "short texts, each of its own")]
    return []


def _is_gtin(value: str) -> bool:
    if not _DIGITS.match(value) or not int(value):
        return False
    weighted = (int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(value)))
    return sum(weighted) % 10 == 0


def _column(rows: Sequence[Sequence[str]], place: int) -> list[str]:
    return [row[place].strip() if len(row) > place else "" for row in rows]


def _first(values: Sequence[str]) -> str:
    return next((" ".join(value.split())[:_SAMPLE_CHARS] for value in values if value), "")


def mapping(columns: Sequence[ReadColumn]) -> str:
    """Return the proposals as one would write them in `columns=`; empty where there are none."""
    found = {column.column: column.proposal for column in columns if column.proposal}
    return f"columns={found!r}" if found else ""


def unread(columns: Sequence[ReadColumn]) -> list[str]:
    """Return the filled columns that are not understood, where these are more than half of the filled ones."""
    filled = [column for column in columns if column.sample]
    lost = [column.column for column in filled if not column.means]
    return lost if 2 * len(lost) > len(filled) else []


def note_of(columns: Sequence[ReadColumn]) -> str:
    """Return a sentence on a table whose columns are mostly not understood, empty for any other."""
    lost = unread(columns)
    if not lost:
        return ""
    names = ", ".join(lost[:8]) + (", …" if len(lost) > 8 else "")
    proposed = mapping(columns)
    advice = (
        f"if this is what they are, read it with {proposed}"
        if proposed
        else "say with columns= (in a terminal --map) what they are"
    )
    return f"{len(lost)} of {len(columns)} columns are not understood ({names}); {advice}"
