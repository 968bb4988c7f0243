"""The words that are planted to see whether a judge keeps to the definitions, and whether it reads other languages.

Facets are those of the question bank, whose wordings are asked: so the embedded engine can be probed as well. All of
them can be asked of any product that is sent to somebody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from feedeval.records import Verdict


class Definition(StrEnum):
    """A part of what the verdicts mean."""

    VAGUE = "vague claim"
    PLACEHOLDER = "placeholder"
    OTHER_PART = "measure of something else"
    HALF = "one half of what is asked"
    NEGATIVE = "explicit negative"


RIGHT: Mapping[Definition, frozenset[Verdict]] = {
    Definition.VAGUE: frozenset({Verdict.PARTIAL, Verdict.NO}),
    Definition.PLACEHOLDER: frozenset({Verdict.NO}),
    Definition.OTHER_PART: frozenset({Verdict.NO}),
    Definition.HALF: frozenset({Verdict.PARTIAL}),
    Definition.NEGATIVE: frozenset({Verdict.YES}),
}
"""The verdicts that a judge may give by the definitions."""


class Stated(NamedTuple):
    """A sentence on a facet, by language."""

    definition: Definition
    facet: str
    says: Mapping[str, str]


STATED: Sequence[Stated] = (
    Stated(
        Definition.VAGUE,
        "weight",
        {"en": "A real lightweight.", "de": "Ein echtes Leichtgewicht.", "fr": "Un vrai poids plume.",
         "es": "Un auténtico peso pluma."},
    ),
    Stated(
        Definition.VAGUE,
        "warranty",
        {"en": "You are covered by our warranty.", "de": "Mit unserer Garantie sind Sie abgesichert.",
         "fr": "Vous êtes couvert par notre garantie.", "es": "Está cubierto por nuestra garantía."},
    ),
    Stated(
        Definition.VAGUE,
        "returns",
        {"en": "Easy returns.", "de": "Einfache Rückgabe.", "fr": "Retours faciles.", "es": "Devoluciones fáciles."},
    ),
    Stated(
        Definition.PLACEHOLDER,
        "weight",
        {"en": "Weight: n/a.", "de": "Gewicht: k. A.", "fr": "Poids : n/a.", "es": "Peso: n/d."},
    ),
    Stated(
        Definition.PLACEHOLDER,
        "origin",
        {"en": "Country of origin: to be confirmed.", "de": "Herkunftsland: noch offen.",
         "fr": "Pays de fabrication : à confirmer.", "es": "País de origen: por confirmar."},
    ),
    Stated(
        Definition.PLACEHOLDER,
        "warranty",
        {"en": "Warranty: -.", "de": "Garantie: -.", "fr": "Garantie : -.", "es": "Garantía: -."},
    ),
    Stated(
        Definition.OTHER_PART,
        "weight",
        {"en": "The gift box that it comes in weighs 310 g.", "de": "Der Geschenkkarton wiegt 310 g.",
         "fr": "Le coffret cadeau pèse 310 g.", "es": "La caja de regalo pesa 310 g."},
    ),
    Stated(
        Definition.OTHER_PART,
        "dimensions",
        {"en": "The label is 4 x 2 cm.", "de": "Das Etikett misst 4 x 2 cm.", "fr": "L'étiquette mesure 4 x 2 cm.",
         "es": "La etiqueta mide 4 x 2 cm."},
    ),
    Stated(
        Definition.OTHER_PART,
        "origin",
        {"en": "The gift box is made in Denmark.", "de": "Der Geschenkkarton wird in Dänemark hergestellt.",
         "fr": "Le coffret cadeau est fabriqué au Danemark.", "es": "La caja de regalo se fabrica en Dinamarca."},
    ),
    Stated(
        Definition.HALF,
        "delivery",
        {"en": "Delivered within 3 working days.", "de": "Lieferung innerhalb von 3 Werktagen.",
         "fr": "Livré en 3 jours ouvrés.", "es": "Entrega en 3 días laborables."},
    ),
    Stated(
        Definition.HALF,
        "dimensions",
        {"en": "It is 32 cm wide.", "de": "Es ist 32 cm breit.", "fr": "Sa largeur est de 32 cm.",
         "es": "Mide 32 cm de ancho."},
    ),
    Stated(
        Definition.NEGATIVE,
        "water_resistance",
        {"en": "It is not waterproof.", "de": "Es ist nicht wasserdicht.", "fr": "Il n'est pas étanche.",
         "es": "No es impermeable."},
    ),
    Stated(
        Definition.NEGATIVE,
        "assembly",
        {"en": "No assembly required.", "de": "Keine Montage erforderlich.", "fr": "Aucun montage nécessaire.",
         "es": "No requiere montaje."},
    ),
)  # fmt: skip

ANSWERS: Mapping[str, Mapping[str, str]] = {
    "weight": {
        "en": "It weighs 2.4 kg.", "de": "Das Gewicht beträgt 2,4 kg.", "fr": "Il pèse 2,4 kg.", "es": "Pesa 2,4 kg.",
        "it": "Pesa 2,4 kg.", "nl": "Het gewicht is 2,4 kg.", "pl": "Waga wynosi 2,4 kg.",
        "cs": "Hmotnost je 2,4 kg.", "pt": "Pesa 2,4 kg.", "ja": "重さは2.4kgです。",
    },
    "warranty": {
        "en": "The warranty lasts 3 years.", "de": "Die Garantie gilt 3 Jahre.", "fr": "La garantie est de 3 ans.",
        "es": "La garantía es de 3 años.", "it": "La garanzia dura 3 anni.", "nl": "De garantie duurt 3 jaar.",
        "pl": "Gwarancja trwa 3 lata.", "cs": "Záruka trvá 3 roky.", "pt": "A garantia é de 3 anos.",
        "ja": "保証期間は3年です。",
    },
    "origin": {
        "en": "Made in Portugal.", "de": "Hergestellt in Portugal.", "fr": "Fabriqué au Portugal.",
        "es": "Fabricado en Portugal.", "it": "Prodotto in Portogallo.", "nl": "Gemaakt in Portugal.",
        "pl": "Wyprodukowano w Portugalii.", "cs": "Vyrobeno v Portugalsku.", "pt": "Fabricado em Portugal.",
        "ja": "ポルトガル製です。",
    },
    "returns": {
        "en": "It can be returned within 30 days.", "de": "Rückgabe innerhalb von 30 Tagen möglich.",
        "fr": "Retour possible sous 30 jours.", "es": "Devolución posible en un plazo de 30 días.",
        "it": "Reso possibile entro 30 giorni.", "nl": "Retourneren kan binnen 30 dagen.",
        "pl": "Zwrot możliwy w ciągu 30 dni.", "cs": "Vrácení je možné do 30 dnů.",
        "pt": "Devolução possível no prazo de 30 dias.", "ja": "30日以内であれば返品できます。",
    },
}  # fmt: skip
"""Whole answers, by facet and language."""

OPENINGS: Mapping[str, str] = {
    "en": "Customers like it for many reasons.", "de": "Unsere Kunden mögen es aus vielen Gründen.",
    "fr": "Nos clients l'apprécient pour de nombreuses raisons.",
    "es": "A nuestros clientes les gusta por muchas razones.", "it": "Piace ai nostri clienti per molte ragioni.",
    "nl": "Onze klanten waarderen het om veel redenen.", "pl": "Nasi klienci cenią go z wielu powodów.",
    "cs": "Naši zákazníci ho mají rádi z mnoha důvodů.", "pt": "Os nossos clientes gostam dele por muitas razões.",
    "ja": "多くのお客様にご好評をいただいています。",
}  # fmt: skip
"""How a description in each language begins; it answers nothing."""

SPOKEN_OF: Mapping[str, str] = {
    "weight": r"weigh|weight|gewicht|wiegt|pèse|poids|\bpes[ao]|hmotnost|\bwag[ai]|重|\d\s?(?:kg|g|lbs?|oz|кг)\b",
    "warranty": r"warrant|guarant|garant|garanz|gwaranc|záruk|保証|гарант",
    "returns": r"return|rückgabe|retour|devol|\breso\b|zwrot|vrácen|返品|возврат|money.?back",
    "origin": r"made in|orig[ie]n|herkunft|hergestellt|fabri|prodott|gemaakt|wyprodu|vyroben|製|manufactur",
    "delivery": r"deliver|shipping|liefer|versand|livr|expédi|entreg|envío|consegn|lever|dostaw|doruč|配送|достав",
    "dimensions": r"\d\s?(?:mm|cm|m|in|inch)\b|\d[″\"]|\d\s?[x×]\s?\d|dimension|width|wide|height|maße|breit|larg|anch",
    "water_resistance": r"water|wasser|étanche|imperm|\bip\d|rain|防水|regen|wodo|vodo|\beau\b|\bagua\b",
    "assembly": r"assembl|montage|montaj|montiert|aufbau|\bmontare\b|montaż|montáž|組み?立",
}
"""What a text has that says something on a facet already."""
