import pytest

from feedeval.errors import InputError
from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.engine import SHOP_WIDE, OfflineEngine
from feedeval.jobs.offline.families import GENERAL, family_of
from feedeval.records import Context, ContextField, Question, QuestionSet, Taxonomy, Verdict


def product(title: str, description: str = "", category: str = "") -> Context:
    fields = (ContextField(name="title", text=title), ContextField(name="description", text=description))
    return Context(category=category, fields=fields)


def questions(category: str, *sample: Context, num_questions: int = 12, locale: str = "en-GB") -> QuestionSet:
    return OfflineEngine(locale).question_set(sample, category=category, num_questions=num_questions)


def facets(made: QuestionSet) -> list[str]:
    return [question.facet or "" for question in made.questions]


@pytest.mark.parametrize(
    ("category", "family"),
    [
        ("Apparel & Accessories > Clothing > Shirts & Tops", "apparel"),
        ("Apparel & Accessories > Shoes", "shoes"),
        ("Home & Garden > Kitchen & Dining > Kitchen Appliances > Coffee Makers", "kitchen_appliances"),
        ("Electronics > Audio > Headphones", "audio"),
        ("Elektronika > Počítače > Příslušenství > Baterie pro notebooky", "power_supplies"),
        ("Products > Телевизоры > QLED TV", "tv_displays"),
        ("Möbel > Tische", "furniture"),
        ("Maison > Linge de lit", "bedding_textiles"),
        ("Juguetes > Puzzles", "toys"),
        ("Food, Beverages & Tobacco > Food Items", "food"),
        ("Animals & Pet Supplies > Dog Supplies > Dog Food", "pet"),
    ],
)
def test_a_category_path_names_its_family(category: str, family: str) -> None:
    found = family_of(category, load_bank())
    assert found is not None
    assert found.id == family


@pytest.mark.parametrize(
    "category",
    """Vins > Rouges; Vins & Spiritueux; Bières; Wein & Sekt > Rotwein; Weißweine; Spirituosen; Vini > Rossi;
    Birre artigianali; Vinos > Tintos; Cervezas; Vinhos > Tintos; Wijn > Rode wijn; Bieren; Wina > Czerwone; Alkohole;
    Vína > Červená; Lihoviny; ワイン > 赤; 日本酒; Вино > Красное; Viner; Wines > Red; Spirits > Whisky""".replace(
        "\n", " "
    ).split(";"),
)
def test_wine_beer_and_spirits_are_food_in_many_languages(category: str) -> None:
    found = family_of(category.strip(), load_bank())
    assert found is not None
    assert found.id == "food"


@pytest.mark.parametrize(
    ("category", "family"),
    [
        ("Wine Glasses", "kitchenware"),
        ("Art de la table > Verres à vin", "kitchenware"),
        ("Weingläser", "kitchenware"),
        ("Copas de vino", "kitchenware"),
        ("ワイングラス", "kitchenware"),
        ("Électroménager > Caves à vin", "large_appliances"),
        ("Wine coolers", "large_appliances"),
        ("Hardware > Twine", "tools"),
        ("Tiere > Schweine", None),
        ("Musik > Drums", None),
        ("Informatique > Portables", None),
    ],
)
def test_what_is_only_made_for_wine_or_sounds_like_it_is_no_food(category: str, family: str | None) -> None:
    found = family_of(category, load_bank())
    assert (found and found.id) == family


@pytest.mark.parametrize(
    ("title", "family"),
    [
        ("Vin rouge de Loire", "food"),
        ("Example Hill Pinot Noir 2022", "food"),
        ("Set of 6 wine glasses", "kitchenware"),
        ("Cave à vin 36 bouteilles", "large_appliances"),
        ("Champagne satin dress", "apparel"),
        ("Wine red dress", "apparel"),
        ("Women's Trail Running Shoe, UK 6", "shoes"),
        ("Damen Winterparka mit Kapuze", "apparel"),
        ("Espresso Machine 15 bar", "kitchen_appliances"),
        ("T-TRADEUP", GENERAL),
    ],
)
def test_without_a_category_the_title_names_the_family(title: str, family: str) -> None:
    assert OfflineEngine().category_for(product(title)) == family


def test_a_family_asks_what_its_buyers_need_first() -> None:
    made = questions("Shoes")
    assert len(made.questions) == 12
    assert {"size", "wide_fit", "material"} <= set(facets(made)[:5])
    assert "voltage" not in facets(made)


@pytest.mark.parametrize("family", sorted(load_bank().families))
def test_every_family_has_twelve_questions_and_about_a_third_required(family: str) -> None:
    made = questions(family)
    assert len(made.questions) == len(set(facets(made))) == 12
    assert 3 <= sum(question.required for question in made.questions) <= 5


def test_use_and_compatibility_have_the_largest_share() -> None:
    share = dict.fromkeys(Taxonomy, 0)
    for family in load_bank().families:
        for question in questions(family).questions:
            share[question.taxonomy] += 1
    asked = sum(share.values())
    assert share[Taxonomy.USE] / asked > 0.2
    assert share[Taxonomy.COMPATIBILITY] / asked > 0.1
    assert share[Taxonomy.CARE] / asked < 0.1


def test_delivery_and_returns_are_asked_only_where_the_feed_speaks_of_them() -> None:
    silent = questions("general", product("Thing"), num_questions=24)
    spoken = questions("general", product("Thing", "Free delivery. Returns within 30 days."), num_questions=24)
    assert not set(SHOP_WIDE) & set(facets(silent))
    assert set(SHOP_WIDE) <= set(facets(spoken))


def test_products_of_no_known_family_are_asked_what_they_speak_of_first() -> None:
    made = questions("general", product("Thing", "Operates from -10 °C to 40 °C. Maximum load 20 kg."))
    assert {"temperature", "max_load"} <= set(facets(made)[:4])


def test_fewer_suitable_questions_than_asked_for_are_said_so() -> None:
    made = questions("Apparel & Accessories > Clothing", num_questions=24)
    assert len(made.questions) < 24
    assert any("fewer than the 24" in note for note in made.notes)


@pytest.mark.parametrize("number", [3, 25, 0, -1])
def test_a_number_of_questions_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(InputError, match=f"num_questions is {number}; it has to be 4 to 24"):
        questions("Shoes", num_questions=number)


@pytest.mark.parametrize(
    ("locale", "wording"),
    [
        ("de-DE", "Wie viel wiegt es?"),
        ("fr_FR", "Combien pèse-t-il ?"),
        ("es", "¿Cuánto pesa?"),
        ("cs-CZ", "Kolik to váží?"),
        ("ja-JP", "重さはどれくらいですか？"),
        ("sv-SE", "How much does it weigh?"),
    ],
)
def test_the_wording_follows_the_locale(locale: str, wording: str) -> None:
    assert wording in [question.text for question in questions("Camping", locale=locale).questions]


def test_a_language_that_is_not_read_is_said_so() -> None:
    hungarian = product("Egér", "Ergonomikus egér a kényelmes munkához, hatótávolsága tíz méter minden szobában.")
    made = questions("Elektronika > Egerek", hungarian)
    assert any("attributes and measures only" in note and "Hungarian" in note for note in made.notes)
    assert made.language == "hu"
    judgement = OfflineEngine().judge(hungarian, made.questions)[0]
    assert judgement.verdict is Verdict.NOT_JUDGED and judgement.evidence == ""
    assert "sentences in Hungarian were not read" in judgement.reason


def test_attributes_are_judged_whatever_language_the_sentences_are_in() -> None:
    greek = Context(
        category="Κούπες",
        fields=(
            ContextField(name="title", text="Χειροποίητη κεραμική κούπα"),
            ContextField(name="description", text="Χειροποίητη κεραμική κούπα που πλένεται στο πλυντήριο πιάτων."),
            ContextField(name="material", text="stoneware"),
        ),
    )
    asked = [
        Question(text="What is it made of?", taxonomy=Taxonomy.MATERIALS, facet="material"),
        Question(text="How is it cleaned?", taxonomy=Taxonomy.CARE, facet="care"),
    ]
    made_of, cleaned = OfflineEngine().judge(greek, asked)
    assert made_of.verdict is Verdict.YES
    assert cleaned.verdict is Verdict.NOT_JUDGED and "Greek" in cleaned.reason


def test_a_product_of_attributes_alone_is_judged() -> None:
    bare = Context(category="", fields=(ContextField(name="material", text="stoneware"),))
    asked = [Question(text="How is it cleaned?", taxonomy=Taxonomy.CARE, facet="care")]
    assert OfflineEngine().judge(bare, asked, usual="ja")[0].verdict is Verdict.NO


def test_every_set_says_that_no_language_model_was_asked() -> None:
    assert OfflineEngine.NOTE in questions("Shoes").notes
    assert "No language model" in OfflineEngine.NOTE
