from pathlib import Path

import pytest

from feedeval.errors import InputError
from feedeval.feed.reader import iter_feed
from feedeval.feed.text import make_context
from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.engine import SHOP_WIDE, UNPLACED, OfflineEngine
from feedeval.jobs.offline.families import GENERAL, Families
from feedeval.records import Context, ContextField, Question, QuestionSet, Taxonomy, Verdict

FAMILIES = Families(load_bank())


def product(title: str, description: str = "", category: str = "") -> Context:
    fields = (ContextField(name="title", text=title), ContextField(name="description", text=description))
    return Context(category=category, fields=fields)


def questions(category: str, *sample: Context, num_questions: int = 12, locale: str = "en-GB") -> QuestionSet:
    return OfflineEngine(locale).question_set(sample, category=category, num_questions=num_questions)


def facets(made: QuestionSet) -> list[str]:
    return [question.facet or "" for question in made.questions]


def placed(title: str, category: str = "", google: str = "", description: str = "") -> str:
    named = {"title": title, "description": description, "product_type": category, "google_product_category": google}
    fields = tuple(ContextField(name=name, text=text) for name, text in named.items() if text)
    return FAMILIES.place(Context(category=category or google, fields=fields)).family.id


@pytest.mark.parametrize(
    ("category", "family"),
    [
        ("Apparel & Accessories > Clothing > Shirts & Tops", "apparel"),
        ("Apparel & Accessories > Shoes", "shoes"),
        (
            "Home & Garden > Kitchen & Dining > Kitchen Appliances > Coffee Makers & Espresso Machines",
            "kitchen_appliances",
        ),
        ("Electronics > Audio > Headphones", "audio"),
        ("Elektronika > Počítače > Příslušenství > Baterie pro notebooky", "batteries"),
        ("Products > Телевизоры > QLED TV", "tv_displays"),
        ("Möbel > Tische", "furniture"),
        ("Maison > Linge de lit", "bedding_textiles"),
        ("Juguetes > Puzzles", "games"),
        ("Food, Beverages & Tobacco > Food Items", "food"),
        ("Animals & Pet Supplies > Pet Supplies > Dog Supplies > Dog Food", "pet_food"),
        ("Scarpe > Donna", "shoes"),
        ("Kosmetyki > Szampony", "cosmetics"),
        ("Damesschoenen", "shoes"),
        ("おもちゃ", "toys"),
    ],
)
def test_a_category_path_names_its_family(category: str, family: str) -> None:
    found = FAMILIES.of_category(category)
    assert found is not None
    assert found.id == family


@pytest.mark.parametrize(
    "google", ["592", "Home & Garden > Decor > Home Fragrances", "592 - Home & Garden > Decor > Home Fragrances"]
)
def test_an_id_or_a_path_of_the_taxonomy_places_what_its_title_would_not(google: str) -> None:
    assert placed("Winter Forest", google=google) == "candles"


def test_a_german_path_of_the_taxonomy_places_a_product() -> None:
    assert placed("Modell 7", google="Bekleidung & Accessoires > Schuhe") == "shoes"


def test_of_several_categories_of_the_taxonomy_the_deepest_counts() -> None:
    assert placed("Model 7", google="Baby & Toddler > Baby Safety > Baby Monitors") == "baby_monitors"
    assert placed("Model 7", google="Baby & Toddler > Baby Safety > Baby Safety Locks & Guards") == "baby_gear"


def test_a_true_category_of_the_taxonomy_outranks_a_title() -> None:
    assert placed("Coffee Lover", google="Apparel & Accessories > Clothing > Shirts & Tops") == "apparel"


@pytest.mark.parametrize("category", ["Home", "Zboží", "Vins", "Accessoires", "Shop > Sale"])
def test_a_title_outranks_a_vague_category(category: str) -> None:
    assert placed("Set of 6 wine glasses", category) == "drinkware"


def test_a_wide_category_of_the_taxonomy_leaves_it_to_the_title() -> None:
    assert placed("Ceramic mug, 350 ml", google="Home & Garden") == "drinkware"
    assert placed("Example", google="Animals & Pet Supplies > Pet Supplies") == "pet_supplies"


def test_both_categories_are_used_where_both_are_there() -> None:
    assert placed("Example", "Angebote", google="328") == "computers"
    assert placed("Example", "Kaffeemaschinen", google="Haus & Garten") == "kitchen_appliances"


@pytest.mark.parametrize(
    "category",
    """Vins > Rouges; Wein & Sekt > Rotwein; Weißweine; Vini > Rossi; Vinos > Tintos; Vinhos > Tintos;
    Wijn > Rode wijn; Wina > Czerwone; Vína > Červená; ワイン > 赤; Вино > Красное; Viner; Wines > Red; Vini;
    Wein; Vinos; Wijn; Víno; ワイン""".replace("\n", " ").split(";"),
)
def test_wine_is_told_in_many_languages(category: str) -> None:
    assert placed("Example Hill 2022", category.strip()) == "wine"


@pytest.mark.parametrize(
    ("category", "family"),
    [
        ("Bières", "beer"),
        ("Cervezas", "beer"),
        ("Birre artigianali", "beer"),
        ("Bieren", "beer"),
        ("Spirituosen", "spirits"),
        ("Lihoviny", "spirits"),
        ("Spirits > Whisky", "spirits"),
        ("Alkohole", "spirits"),
        ("日本酒", "spirits"),
    ],
)
def test_beer_and_spirits_have_families_of_their_own(category: str, family: str) -> None:
    assert placed("Example Hill", category) == family


@pytest.mark.parametrize(
    ("category", "family"),
    [
        ("Wine Glasses", "drinkware"),
        ("Art de la table > Verres à vin", "drinkware"),
        ("Weingläser", "drinkware"),
        ("Copas de vino", "drinkware"),
        ("ワイングラス", "drinkware"),
        ("Électroménager > Caves à vin", "large_appliances"),
        ("Wine coolers", "large_appliances"),
        ("Tiere > Schweine", None),
        ("Informatique > Portables", None),
    ],
)
def test_what_is_only_made_for_wine_or_sounds_like_it_is_no_wine(category: str, family: str | None) -> None:
    found = FAMILIES.of_category(category)
    assert (found and found.id) == family


@pytest.mark.parametrize(
    ("title", "family"),
    [
        ("Vin rouge de Loire", "wine"),
        ("Example Hill Pinot Noir 2022", "wine"),
        ("Case of wine, 6 bottles", "wine"),
        ("Case for iPhone 15", "phone_accessories"),
        ("Cave à vin 36 bouteilles", "large_appliances"),
        ("Champagne satin dress", "apparel"),
        ("Wine red dress", "apparel"),
        ("Women's Trail Running Shoe, UK 6", "shoes"),
        ("Damen Winterparka mit Kapuze", "outerwear"),
        ("Espresso Machine 15 bar", "kitchen_appliances"),
        ("Vanilla candle in a glass", "candles"),
        ("Ceramic mug with a cat", "drinkware"),
        ("Notebook A5, lined, 120 pages", "stationery"),
        ("Notebook HP 15, 16 GB RAM", "computers"),
        ("Cat toy mouse", "pet_gear"),
        ("Wireless mouse", "keyboards_mice"),
        ("Battery drums set", "instruments"),
        ("AA batteries, 8 pack", "batteries"),
        ("Apple iPhone 13", "phones"),
        ("TV wall bracket, 32-65 inch", "mounts"),
        ("Air filter for coffee machines", "filters"),
        ("Hunde-Trockenfutter Lamm 12 kg", "pet_food"),
        ("Hundeleine 2 m", "pet_gear"),
        ("Winterreifen 205/55 R16", "tyres"),
        ("Gutschein Tandemsprung", "services"),
        ("Antivirus, 3 devices, 1 year", "software"),
        ("Rower górski 29", "bikes"),
        ("T-TRADEUP", GENERAL),
    ],
)
def test_without_a_category_the_title_names_the_family(title: str, family: str) -> None:
    assert OfflineEngine().category_for(product(title)) == family


def test_a_title_of_a_mere_name_leaves_it_to_the_description() -> None:
    assert placed("Isabel", description="Vino bianco secco con note di agrumi.") == "wine"


def test_wine_in_a_feed_of_a_shop_is_asked_what_buyers_of_wine_ask(shared: Path) -> None:
    contexts = [make_context(each, None) for each in iter_feed(shared / "cases" / "judge_family_wine.csv")]
    engine = OfflineEngine()
    for context in contexts:
        made = engine.question_set([context], category=context.category, num_questions=12)
        assert {"vintage", "grape", "alcohol"} <= set(facets(made))
        assert not {"power", "compatibility", "battery_type", "material", "dimensions"} & set(facets(made))
    asked = [
        Question(text="", taxonomy=Taxonomy.SPECS, facet="power"),
        Question(text="", taxonomy=Taxonomy.SPECS, facet="material"),
    ]
    power, material = engine.judge(contexts[0], asked)
    assert power.verdict is material.verdict is Verdict.NOT_APPLICABLE
    vintage, grape, alcohol = engine.judge(
        contexts[0],
        [Question(text="", taxonomy=Taxonomy.SPECS, facet=name) for name in ("vintage", "grape", "alcohol")],
    )
    assert (vintage.verdict, grape.verdict, alcohol.verdict) == (Verdict.YES, Verdict.YES, Verdict.NO)


def test_a_question_of_other_products_is_not_applicable_unless_the_text_answers_it() -> None:
    question = Question(text="", taxonomy=Taxonomy.SPECS, facet="power")
    engine = OfflineEngine()
    silent = engine.judge(product("Red wine", "A dry red.", "Wines > Red"), [question])[0]
    assert silent.verdict is Verdict.NOT_APPLICABLE
    assert "wine" in silent.reason
    said = engine.judge(product("Red wine", "Comes with an electric opener of 20 W.", "Wines > Red"), [question])[0]
    assert said.verdict is Verdict.YES
    unknown = engine.judge(product("T-TRADEUP", "A thing."), [question])[0]
    assert unknown.verdict is Verdict.NO


def test_products_of_no_family_are_said_so() -> None:
    assert UNPLACED in questions("Zboží", product("T-TRADEUP")).notes
    assert UNPLACED not in questions("Shoes").notes


def test_a_family_asks_what_its_buyers_need_first() -> None:
    made = questions("Shoes")
    assert {"size", "wide_fit", "material"} <= set(facets(made)[:5])
    assert "voltage" not in facets(made)


@pytest.mark.parametrize("family", sorted(load_bank().families))
def test_every_family_has_enough_questions_of_which_few_are_required(family: str) -> None:
    made = questions(family)
    assert 4 <= len(made.questions) == len(set(facets(made))) <= 12
    assert sum(question.required for question in made.questions) <= 4
    assert any(question.required for question in made.questions) == (family != GENERAL)
    assert not set(facets(made)) & load_bank().families[family].senseless


def test_a_facet_is_worded_as_buyers_of_a_family_say_it() -> None:
    assert "How much does it contain?" in [question.text for question in questions("Perfumes").questions]
    worded = [question.model_copy(update={"facet": None}) for question in questions("Perfumes").questions]
    assert len(OfflineEngine().judge(product("Eau de parfum, 50 ml"), worded)) == len(worded)


def test_delivery_and_returns_are_asked_only_where_the_feed_speaks_of_them() -> None:
    silent = questions("general", product("Thing"), num_questions=24)
    spoken = questions("general", product("Thing", "Free delivery. Returns within 30 days."), num_questions=24)
    assert not set(SHOP_WIDE) & set(facets(silent))
    assert set(SHOP_WIDE) <= set(facets(spoken))


def test_products_of_no_known_family_are_asked_what_suits_everything_and_what_they_speak_of() -> None:
    made = questions("general", product("Thing", "Operates from -10 °C to 40 °C. Maximum load 20 kg."))
    assert {"temperature", "max_load"} <= set(facets(made)[:4])
    assert not {"power", "compatibility", "battery_type"} & set(facets(made))


def test_electric_things_are_asked_only_of_products_that_are_told_to_be_electric() -> None:
    plain = questions("garden", product("Watering can", "Galvanised steel."))
    driven = questions("garden", product("Lawn mower", "Cordless, 36 V, with a rechargeable battery."))
    assert not {"power", "battery_life"} & set(facets(plain))
    assert {"power", "battery_life"} <= set(facets(driven))


def test_a_mixed_shelf_is_asked_what_buyers_of_all_its_kinds_ask() -> None:
    shelf = [product("Wine glass"), product("Frying pan"), product("Bread knife"), product("Office chair")]
    made = questions("Shop", *shelf)
    assert {"dimensions", "material", "colour"} & set(facets(made)[:4])
    assert not {"max_load", "compatibility", "assembly"} & set(facets(made))
    assert UNPLACED in made.notes


def test_narrower_kinds_on_one_shelf_are_of_the_wider_one() -> None:
    shelf = [product("Hoodie"), product("T-shirt"), product("Beanie"), product("Socks"), product("Rain jacket")]
    found = FAMILIES.of_sample("Shop", shelf)
    assert found.id == "apparel"


def test_a_title_names_a_narrower_kind_than_its_category() -> None:
    assert placed("Keyboard for laptop Acer Aspire 5340", "Computers > Keyboards") == "laptop_keyboards"
    assert placed("Replacement HEPA filter", "Vacuum cleaners") == "filters"


def test_what_could_not_be_placed_is_of_the_kind_of_its_shelf() -> None:
    shelf = [product("Gouden Anna"), product("Isabel de Luxe"), product("Leather handbag"), product("Shoulder bag")]
    assert FAMILIES.of_sample("Collection", shelf).id == "bags"


def test_fewer_suitable_questions_than_asked_for_are_said_so() -> None:
    made = questions("Apparel & Accessories > Clothing", num_questions=24)
    assert len(made.questions) < 24
    assert any(note.startswith("Fewer than 24 questions") for note in made.notes)


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
