"""What a shop lets a buyer choose (colour, size, …) -> attributes, in the shop's own language."""

from __future__ import annotations

from typing import Any

from feedeval.feed.parsing.columns import snake, standard_name

_ATTRIBUTES = {"color", "size", "material", "pattern", "gender", "age_group"}
_WORDS = {
    "color": "color_family farbe farben couleur colore kleur kolor barva цвет カラー 色",
    "size": "größe grösse taille talla tamaño taglia maat rozmiar velikost размер サイズ",
    "material": "matériau matière materiale materiaal materiał materiál материал 素材",
    "pattern": "muster motif estampado fantasia patroon wzór vzor узор 柄",
    "gender": "geschlecht genre género sexe genere geslacht płeć pohlaví пол 性別",
    "age_group": "altersgruppe tranche_d_âge grupo_de_edad fascia_d_età leeftijdsgroep grupa_wiekowa věk",
}
_BY_WORD = {word: attribute for attribute, words in _WORDS.items() for word in words.split()}


def option_attribute(name: str) -> str:
    """Return the attribute that an option called `name` is, or an empty string where it is none."""
    attribute = _BY_WORD.get(snake(name)) or standard_name(name)
    return attribute if attribute in _ATTRIBUTES else ""


def add_option(found: dict[str, Any], details: list[dict[str, str]], name: str, value: str) -> None:
    """Add an option to the attributes found; one that is no attribute, or a second of its kind, to the details."""
    attribute = option_attribute(name)
    if attribute and attribute not in found:
        found[attribute] = value
    else:
        details.append({"attribute_name": name, "attribute_value": value})
