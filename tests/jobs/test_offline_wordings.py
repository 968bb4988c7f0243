"""How shops say things in passing, in ten languages, and what is said where a text answers nothing."""

from pathlib import Path

import pytest

from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.offline.facets import ANY_LANGUAGE
from feedeval.records import Context, ContextField, Judgement, Question, Taxonomy, Verdict
from tests.jobs.verdicts import is_wrong, verdict_on

HERE = Path(__file__).parent
BANK = load_bank()
ENGINE = OfflineEngine()
LANGUAGES = ("cs", "de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt")
WORDINGS = [
    line.split("|", 3)
    for line in (HERE / "offline_wordings.txt").read_text(encoding="utf-8").splitlines()
    if line[:1] != "#"
]
SILENCE = [
    line.split("|", 1)
    for line in (HERE / "offline_silence.txt").read_text(encoding="utf-8").splitlines()
    if line[:1] != "#"
]
FIELDS = [
    ("weight", "yes", "gewicht_kg", "1,2"),
    ("weight", "partial", "peso", "6"),
    ("weight", "partial", "bruttogewicht", "1,2 kg"),
    ("dimensions", "yes", "wymiary_cm", "30 x 20"),
    ("dimensions", "partial", "délka", "30 cm"),
    ("dimensions", "partial", "largura", "30 cm"),
    ("capacity", "yes", "inhoud", "500 ml"),
    ("material", "yes", "gehäuse", "Aluminium"),
    ("material", "yes", "gehäuse", "Zinkdruckguss"),
    ("colour", "yes", "kolor_glowny", "niebieski"),
    ("origin", "yes", "produttore_paese", "Italia"),
    ("warranty", "yes", "zaruka_mesice", "24"),
    ("delivery", "partial", "dodaci_doba", "3 dny"),
    ("delivery", "partial", "spese_spedizione", "0"),
    ("use", "yes", "aplicacion", "industrial"),
    ("compatibility", "yes", "marka_samochodu", "Audi"),
    ("voltage", "yes", "eingangsspannung", "36-40 VDC"),
    ("capacity", "yes", "kapazitaet_personen", "60"),
    ("returns", "yes", "giorni_reso", "30 giorni"),
    ("power", "yes", "kw", "3.5"),
    ("use", "yes", "functie", "Koelen & verwarmen"),
    ("in_box", "yes", "set", "Buitenunit + 3x binnenunit"),
    ("size", "no", "shipping", "FR 5.38 EUR"),
    ("age", "yes", "product_detail", "Meses: 0-3M"),
]
FREE = (
    "Uma peça que fica bem em muitos lugares e que guarda o seu encanto com o passar do tempo, feita por quem sabe, "
    "com a calma de outros anos e a vontade de agradar a quem a recebe."
)
"""A text of some length that says nothing on any facet."""


def verdict(facet: str, text: str, language: str) -> str:
    return verdict_on(facet, "description", text, language=language, bank=BANK)


def judge(facet: str, /, category: str = "", **fields: str) -> Judgement:
    context = Context(category=category, fields=tuple(ContextField(name=n, text=t) for n, t in fields.items()))
    return ENGINE.judge(context, [Question(text=facet, taxonomy=Taxonomy.USE, facet=facet)])[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everyday_wordings_are_judged_as_a_buyer_would(language: str) -> None:
    cases = [case[1:] for case in WORDINGS if case[0] == language]
    assert len({facet for facet, _, _ in cases}) >= 25
    wrong = [
        f"{facet}: {expected} -> {found}: {text}"
        for facet, expected, text in cases
        if is_wrong(found := verdict(facet, text, language), expected)
    ]
    assert not wrong


@pytest.mark.parametrize(
    "columns",
    [
        {"laenge_cm": "35", "breite_cm": "20", "hoehe_cm": "3"},
        {"altezza_cm": "35", "larghezza_cm": "20"},
        {"largo_cm": "35", "ancho_cm": "20", "alto_cm": "3"},
        {"szerokosc": "35 cm", "wysokosc": "20 cm"},
        {"sirka_mm": "35", "vyska_mm": "20"},
        {"幅": "35cm", "高さ": "20cm"},
    ],
)
def test_measures_in_several_columns_are_dimensions_together(columns: dict[str, str]) -> None:
    assert judge("dimensions", title="X", **columns).verdict is Verdict.YES


def test_measures_of_the_parcel_or_without_a_unit_are_not_all_dimensions() -> None:
    assert judge("dimensions", title="X", altezza_cm="35", diametro_confezione="20 cm").verdict is not Verdict.YES
    assert judge("dimensions", title="X", lengte="35", breedte="20").verdict is Verdict.PARTIAL


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_that_say_nothing_answer_nothing(language: str) -> None:
    texts = [text for name, text in SILENCE if name == language]
    assert len(texts) >= 2
    told = [(facet, text) for text in texts for facet in BANK.facets if is_wrong(verdict(facet, text, language), "no")]
    assert not told


@pytest.mark.parametrize(("facet", "expected", "name", "value"), FIELDS)
def test_names_of_a_shops_own_fields_are_known(facet: str, expected: str, name: str, value: str) -> None:
    assert judge(facet, title="Xyzzy 1", **{name: value}).verdict == expected


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_each_language_covers_every_facet_that_english_covers(language: str) -> None:
    covered = {
        name
        for name, facet in BANK.facets.items()
        if facet.named or facet.bare or language in facet.rules or ANY_LANGUAGE in facet.rules
    }
    holes = {name for name, facet in BANK.facets.items() if "en" in facet.rules} - covered
    assert not holes


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_ask_most_has_an_answer_and_a_hint_in_each_language(language: str) -> None:
    # Vague words are what shops write most; these facets are told by figures alone.
    figures = {"returns", "memory", "screen", "noise", "power", "voltage"}
    lacking = {
        name
        for name, facet in BANK.facets.items()
        if "en" in facet.rules and facet.rules["en"].weak and name in LABELLED and name not in figures
        if not (language in facet.rules and facet.rules[language].weak)
    }
    assert not lacking


LABELLED = {facet for _, facet, _, _ in WORDINGS}


def test_a_field_that_lists_names_with_values_answers_for_each() -> None:
    specs = "type: Disc brake, mount: IS/PM, warranty: 6 months, material: aluminium"
    assert judge("warranty", title="Brake", specs=specs).verdict is Verdict.YES
    assert judge("material", title="Brake", specs=specs).verdict is Verdict.YES
    assert judge("connectors", title="Controller", specs="volts: 48, connector: waterproof").verdict is Verdict.NO


def test_a_length_is_the_size_of_a_necklace_and_of_nothing_else() -> None:
    described = {"description": "Collier fin avec étoiles et pendentif.\nLongueur : 36 cm\nRallonge : 5 cm"}
    for facet in ("size", "dimensions"):
        assert judge(facet, title="Collier Étoile", **described).verdict is Verdict.YES
    assert judge("size", title="Table basse Étoile", **described).verdict is not Verdict.YES


def test_what_may_be_said_in_other_words_is_not_judged_and_what_is_short_is_no() -> None:
    silent = judge("use", title="Zyx Q", description=FREE)
    assert silent.verdict is Verdict.NOT_JUDGED
    assert not silent.evidence
    assert "not all of them are read" in silent.reason
    assert judge("use", title="Zyx Q").verdict is Verdict.NO
    assert judge("weight", title="Zyx Q", description=FREE).verdict is Verdict.NO
    assert judge("compatibility", title="Zyx Q", description=FREE).verdict is Verdict.NO
    assert judge("compatibility", title="Zyx Q", description=3 * f"{FREE} ").verdict is Verdict.NOT_JUDGED


def test_a_hint_in_a_long_text_is_not_judged_where_purposes_are_told_in_many_ways() -> None:
    assert judge("use", title="Zyx Q", description="Um presente. " + FREE[:60]).verdict is Verdict.PARTIAL
    assert judge("use", title="Zyx Q", description=f"Um presente. {FREE} {FREE}").verdict is Verdict.NOT_JUDGED


def test_of_a_language_that_is_not_read_that_is_the_reason() -> None:
    text = "Ez a termék sok helyen jól mutat, és az idő múlásával is megőrzi a varázsát, mert gondosan készült. "
    found = judge("use", title="Zyx Q", description=2 * text)
    assert found.verdict is Verdict.NOT_JUDGED
    assert "Hungarian" in found.reason


def test_comfort_is_no_width_and_no_silence_on_it_either() -> None:
    text = "Diese Schuhe sind angenehm und sehr komfortabel, und sie kommen aus unserer Werkstatt."
    found = judge("wide_fit", title="Schuh Zyx", description=text)
    assert found.verdict is Verdict.NOT_JUDGED
    assert "words that are not read" in found.reason


def test_a_doubt_gives_way_to_what_makes_no_sense() -> None:
    wine = {"description": "Ein Wein mit komfortabler Reife, der zu vielen Speisen passt und lange im Glas bleibt."}
    found = judge("wide_fit", "Food, Beverages & Tobacco > Beverages > Alcoholic Beverages > Wine", **wine)
    assert found.verdict is Verdict.NOT_APPLICABLE


def test_googles_english_category_says_nothing_of_the_language_of_a_text() -> None:
    category = "Health & Beauty > Personal Care > Cosmetics > Perfume & Cologne"
    text = {"title": "ZYX Parfum Femme", "description": "Parfum floral doux femme Zyx. Flacon 50ml."}
    assert judge("use", category, **text).verdict is Verdict.YES


def test_delivery_is_answered_by_a_cost_in_a_field_and_a_time_in_the_text() -> None:
    text = {"title": "Voucher", "shipping": "PL Email (PDF) 0.00 PLN"}
    said = "Voucher na kolację dla dwóch osób, dostarczany mailem natychmiast po zakupie."
    assert judge("delivery", description=said, **text).verdict is Verdict.YES
    assert judge("delivery", description="Voucher na kolację dla dwóch osób.", **text).verdict is Verdict.PARTIAL


def test_a_material_is_no_place_of_making() -> None:
    text = "Fabricado en plata 925, este anillo no solo destaca por su estilo."
    assert judge("origin", title="Anillo", description=text).verdict is Verdict.NO
    made = "Fabricado en Portugal, este anillo no solo destaca por su estilo."
    assert judge("origin", title="Anillo", description=made).verdict is Verdict.YES


def test_words_between_quotes_that_end_in_a_figure_are_no_inches() -> None:
    assert judge("dimensions", title='Taza "Anti-77"', description="Taza de regalo.").verdict is Verdict.NO


@pytest.mark.parametrize(
    "title", ["Donation to the animal shelter", "Spende für den Tierschutz", "Darowizna na schronisko"]
)
def test_a_donation_is_no_voucher_and_has_to_say_only_what_it_is_for(title: str) -> None:
    context = Context(category="", fields=(ContextField(name="title", text=title),))
    asked = ENGINE.question_set([context], category=ENGINE.category_for(context), num_questions=12).questions
    assert [question.facet for question in asked if question.required] == ["use"]
    assert not {"validity", "people", "duration", "material", "weight"} & {question.facet for question in asked}
