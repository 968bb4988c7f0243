"""A clean product, and for every check changes to it that the check reports, beside changes that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

Product = dict[str, Any]
TEXT = "The bottle keeps cold drinks cold for a day and hot drinks hot for ten hours. Its lid closes tightly."
CLEAN: Product = {
    "id": "B-1",
    "title": "Acme insulated steel bottle 0.75 l, matt green",
    "description": TEXT,
    "link": "https://shop.example.com/b-1",
    "image_link": "https://shop.example.com/b-1.jpg",
    "price": "24.90 EUR",
    "availability": "in stock",
    "brand": "Acme",
    "gtin": "4006381333931",
    "condition": "new",
    "google_product_category": "2920",
}
GERMAN = (
    "Die Flasche hält kalte Getränke einen ganzen Tag lang kalt und heiße Getränke zehn Stunden lang heiß. "
    "Der Deckel schließt dicht, und die Flasche passt in jede Halterung am Fahrrad oder im Auto."
)
PARTS = "Ersatzteile AB1234 XKLM-99 NX.GNPAA.004 NX.GNSSA.003 NX.GNTAA.010 NX.GNVAA.009 NX.GTHEU.003 passend dazu "
SHOP = "https://shop.example.com"
REFURBISHED = "Acme phone, refurbished, 64 GB"


class Case(NamedTuple):
    """One attribute with a value that `check` reports and one that it does not; `more` changes both products."""

    check: str
    attribute: str
    bad: Any
    good: Any
    more: Mapping[str, Any] = MappingProxyType({})
    field: str = ""
    """Where the finding stands, if not at the attribute itself."""
    target: str = "google"
    country: str | None = None


def images(count: int) -> list[str]:
    return [f"{SHOP}/{number}.jpg" for number in range(count)]


def pairs(count: int, question: str = "Does it leak?", answer: str = "No.") -> list[Product]:
    return [{"question": f"{question}{number:03}", "answer": answer} for number in range(count)]


def parcel(**parts: str) -> list[Product]:
    return [{"country": "DE", "price": "4.90 EUR", **parts}]


def certificate(name: str) -> list[Product]:
    return [{"certification_authority": "EC", "certification_name": name, "certification_code": "1"}]


ENERGY = {"energy_efficiency_class": "B"}
SENT = {"shipping": parcel()}
VOLUME = {"attribute_name": "Volume", "attribute_value": "0.75 l"}
JEANS = {
    "google_product_category": "Apparel & Accessories > Clothing > Pants",
    "gender": "female",
    "age_group": "adult",
    "color": "red",
}
PREORDER = {"availability": "preorder"}
NO_GTIN = {"gtin": None}
PER_LITRE = {"unit_pricing_measure": "750 ml"}
SMALL = {"shipping_length": "20 cm", "shipping_height": "9 cm"}

MISSING = [
    Case("missing_required", "image_link", None, f"{SHOP}/1.jpg"),
    Case("missing_required", "seller_name", None, "Shop", target="openai"),
    Case("missing_required", "condition", None, "used", target="meta"),
    Case("missing_brand", "brand", None, "Acme"),
    Case("missing_brand", "google_product_category", "2920", "784", {"brand": None}, field="brand"),
    Case("missing_brand", "identifier_exists", "yes", "no", {"brand": None, **NO_GTIN}, "brand", "meta"),
    Case("missing_apparel_attribute", "size", None, "M", JEANS),
    Case("missing_identifier", "mpn", None, "B1", NO_GTIN, field="gtin"),
    Case("missing_identifier", "identifier_exists", "yes", "no", NO_GTIN, field="gtin"),
    Case("missing_availability_date", "availability", "preorder", "out of stock", field="availability_date"),
    Case("missing_condition", "title", REFURBISHED, "Acme used-oil pump for cars", field="condition"),
    Case("missing_condition", "condition", None, "refurbished", {"title": REFURBISHED}),
    Case(
        "missing_category",
        "product_type",
        None,
        ["Bottles"],
        {"google_product_category": None},
        "google_product_category",
    ),
    Case("identifier_contradiction", "identifier_exists", "no", "yes"),
]
GENERAL = [
    Case("too_long", "title", "Acme steel bottle " * 9, "Acme steel bottle " * 8),
    Case("too_long", "link", f"{SHOP}/{'b' * 2050}", f"{SHOP}/{'b' * 2000}", target="meta"),
    Case("too_long", "brand", "A" * 71, "A" * 70),
    Case(
        "too_long", "question_and_answer", pairs(1, "q" * 998), pairs(1, "q" * 997), {}, "question_and_answer.question"
    ),
    Case("too_long", "question_and_answer", pairs(6, "q" * 900, "a" * 900), pairs(5, "q" * 900, "a" * 900)),
    Case("unknown_value", "availability", "sold", "Out Of Stock"),
    Case("unknown_value", "availability", "limited", "limited_availability"),
    Case("unknown_value", "availability", "backorder", "available for order", target="meta"),
    Case("unknown_value", "size_system", "EUR", "EU"),
    Case("unknown_value", "gender", "women", "Female"),
    Case("unknown_value", "age_group", "baby", "newborn"),
    Case("unknown_value", "energy_efficiency_class", "H", "A++"),
    Case(
        "unknown_value",
        "certification",
        certificate("Blue Angel"),
        certificate("EU_ECOLABEL"),
        field="certification.certification_name",
    ),
    Case("value_form", "availability", "in-stock", "in_stock"),
    Case("value_form", "availability", "in_stock", "in stock", target="meta"),
    Case("value_form", "availability", "preorder", "pre_order", target="openai"),
    Case("value_form", "gtin", "4-006381-333931", "4006381333931"),
    Case("repeated_value", "price", ["24.90 EUR", "19.90 EUR"], ["24.90 EUR", "24.90 EUR"]),
    Case("too_many_values", "additional_image_link", images(11), images(10)),
    Case("too_many_values", "question_and_answer", pairs(31), pairs(30)),
    Case("too_few_values", "product_highlight", ["Keeps cold"], ["Keeps cold", "Closes tightly"]),
    Case("incomplete_group", "product_detail", [{"attribute_name": "Volume"}], [VOLUME]),
    Case("placeholder", "brand", "N/A", "Nan Shoes"),
    Case("measure_invalid", "product_weight", "2,5 kg", "2.5 kg"),
    Case("measure_invalid", "product_weight", "2.5", "2.5kg"),
    Case("measure_invalid", "unit_pricing_base_measure", "1.5 l", "1 l", PER_LITRE),
    Case("measure_out_of_range", "product_weight", "2001 kg", "2000 kg"),
    Case("measure_out_of_range", "product_weight", "0 g", "1 g"),
    Case("unit_family_differs", "unit_pricing_base_measure", "1 kg", "100 ml", PER_LITRE),
    Case("unit_measure_missing", "unit_pricing_measure", None, "2 kg", {"unit_pricing_base_measure": "1 kg"}),
    Case("shipping_dimensions_incomplete", "shipping_width", None, "20 cm", SMALL),
    Case(
        "shipping_times_incomplete",
        "shipping",
        parcel(max_handling_time="2"),
        parcel(max_handling_time="2", max_transit_time="3"),
        field="shipping.max_transit_time",
    ),
    Case("min_above_max", "min_handling_time", "3", "2", {"max_handling_time": "2"}),
    Case(
        "min_above_max",
        "shipping",
        parcel(max_handling_time="1", min_transit_time="5", max_transit_time="3"),
        parcel(max_handling_time="1", min_transit_time="3", max_transit_time="5"),
        field="shipping.min_transit_time",
    ),
    Case("number_invalid", "multipack", "1", "2"),
    Case("number_invalid", "popularity_rank", "100.5", "99.5"),
    Case("country_unknown", "shipping", [{"country": "Germany"}], [{"country": "DE"}], field="shipping.country"),
    Case("country_unknown", "ships_from_country", "EU", "fr"),
    Case("energy_class_replaced", "energy_efficiency_class", "B", None, {"shipping": parcel()}),
    Case("energy_class_replaced", "shipping", parcel(), parcel(country="CH"), ENERGY, "energy_efficiency_class"),
    Case(
        "energy_class_replaced", "certification", None, certificate("EPREL"), ENERGY | SENT, "energy_efficiency_class"
    ),
    Case("energy_class_replaced", "shipping", parcel(country="fr"), None, ENERGY, "energy_efficiency_class"),
    Case("category_unknown", "google_product_category", "Electronics > Bottles", "2920"),
    Case("category_unknown", "google_product_category", "Electronics > Bottles", "Electronics > Audio"),
    Case("category_unknown", "google_product_category", "99999", "267"),
    Case("category_unknown", "google_product_category", "223 - Media", "223 - Électronique > Audio"),
    Case("category_unrecognised", "google_product_category", "Électronique > Audio", "Elektronik > Audio"),
]
CODES = [
    Case("gtin_invalid", "gtin", "4.00638E+12", "96385074"),
    Case("gtin_invalid", "gtin", "ABC6381333931", "036000291452"),
    Case("gtin_check_digit", "gtin", "4006381333932", "04006381333931"),
    Case("gtin_restricted", "gtin", "2012345678903", "9783161484100"),
    Case("gtin_restricted", "gtin", "212345678909", "012345678905"),
    Case("gtin_restricted", "gtin", "0412345678903", "036000291452"),
    Case("gtin_coupon", "gtin", "9912345678909", "9783161484100"),
    Case("gtin_coupon", "gtin", "512345678900", "036000291452"),
    Case("gtin_all_zero", "gtin", "0000000000000", None, {"mpn": "B1"}),
    Case("price_invalid", "price", "on request", "24.9 EUR"),
    Case("price_currency_missing", "price", "24.90", "24 EUR"),
    Case("price_currency_missing", "price", "€ 24", "24 EUR"),
    Case("price_format", "price", "24,90 EUR", "24.90EUR"),
    Case("price_format", "price", "1.299,00 EUR", "1299.00 EUR"),
    Case("price_format", "price", "EUR 24.90", "24.90 EUR"),
    Case("currency_unknown", "price", "24.90 EUX", "24.90 PLN"),
    Case("currency_unknown", "price", "24.90 DEM", "24.90 JPY"),
    Case(
        "price_not_positive", "installment", None, {"months": "24", "amount": "9 EUR"}, {"price": "0.00 EUR"}, "price"
    ),
    Case("price_not_positive", "price", "-5 EUR", "5 EUR"),
    Case("sale_price_not_lower", "sale_price", "24.90 EUR", "19.90 EUR"),
    Case("sale_currency_differs", "sale_price", "19.90 USD", "19.90 EUR"),
    Case("date_invalid", "expiration_date", "24.12.2026", "2026-12-10"),
    Case("date_invalid", "expiration_date", "2026-02-30", "20261210T0900Z"),
    Case("date_invalid", "sale_price_effective_date", "2026-11-25", "2026-11-25T13:00+0100/2026-11-29"),
    Case("date_range_reversed", "sale_price_effective_date", "2026-11-29/2026-11-25", "2026-11-25/2026-11-29"),
    Case("date_too_far", "expiration_date", "2026-12-22", "2026-12-20"),
    Case("date_too_far", "availability_date", "2027-12-01", "2027-11-19", PREORDER),
    Case("date_past", "availability_date", "2026-11-01", "2026-12-01", PREORDER),
    Case(
        "date_past", "availability", "backorder", "in stock", {"availability_date": "2026-11-01"}, "availability_date"
    ),
    Case("date_past", "expiration_date", "2026-11-01", "2026-11-20"),
    Case("url_invalid", "link", "/b-1", "http://shop.example.com"),
    Case("url_invalid", "link", f"{SHOP}/b 1", f"{SHOP}/b%201"),
    Case("url_invalid", "link", "https://localhost/b", "https://bücher.example/b"),
    Case("url_invalid", "link", "ftp://shop.example.com/b", "HTTPS://shop.example.com/b"),
    Case("url_invalid", "link", "https://[shop/b", "https://192.0.2.7:8080/b"),
    Case("url_not_ascii", "image_link", f"{SHOP}/grün.jpg", f"{SHOP}/gr%C3%BCn.jpg"),
    Case("image_type", "image_link", f"{SHOP}/b.svg?v=1.jpg", f"{SHOP}/b.jpg?v=1.svg"),
    Case("image_type", "image_link", f"{SHOP}/b.pdf", f"{SHOP}/picture/v1.0"),
    Case("file_type", "virtual_model_link", f"{SHOP}/b.obj", f"{SHOP}/b.glb"),
]
DESTINATIONS = [
    Case("category_too_broad", "google_product_category", "166", "1604", target="meta"),
    Case("category_too_broad", "google_product_category", "electronics", "Electronics > Audio", target="meta"),
    Case("longer_than_advised", "title", "Acme bottle " * 13, "Acme bottle " * 12, target="openai"),
    Case("group_equals_id", "item_group_id", "B-1", "B", target="openai"),
    Case("unit_missing", "weight", "1.5", "1.5 kg", target="openai"),
    Case("unit_missing", "item_weight_unit", None, "kg", {"weight": "1.5"}, "weight", "openai"),
    Case("unit_missing", "dimensions", "12x8x5", "12x8x5 in", target="openai"),
    Case("shipping_parts", "shipping", "US:CA:Overnight:16.00 USD:1:3", "US:CA:Overnight:16.00 USD", target="openai"),
    Case("shipping_parts", "shipping", parcel(min_handling_time="1", max_handling_time="2"), parcel(), target="openai"),
    Case("number_invalid", "star_rating", "4.666", "4.66", {"review_count": "3"}, target="openai"),
    Case("number_invalid", "length", "0", "0.5", {"dimensions_unit": "cm"}, target="openai"),
    Case("needed_beside", "star_rating", "4.6", None, field="review_count", target="openai"),
    Case("needed_beside", "review_count", "0", "12", {"star_rating": "4.6"}, target="openai"),
    Case("needed_beside", "listing_has_variations", "true", "false", field="variant_dict", target="openai"),
    Case("needed_beside", "is_eligible_checkout", True, False, field="seller_tos", target="openai"),
    Case("needed_beside", "enable_checkout", "true", "false", field="is_eligible_search", target="openai"),
    Case("url_invalid", "link", "https://me:pw@shop.example.com/b", SHOP, target="openai_google_profile"),
    Case(
        "category_too_broad", "fb_product_category", "electronics > audio", "electronics > audio > hi-fi", target="meta"
    ),
    Case("energy_class_replaced", "energy_efficiency_class", "B", None, country="DE"),
]
TEXTS = [
    Case("title_too_short", "title", "Steel bottle", "ステンレスボトル水筒０．７五"),
    Case("description_too_short", "description", f"<p>A bottle made of steel.</p>{'<br>' * 9}", TEXT),
    Case("description_equals_title", "description", "  acme insulated steel bottle 0.75 L, matt green.", TEXT),
    Case("capitals", "title", "ACME INSULATED STEEL BOTTLE matt green", "ACME INSULATED bottle 0.75 l, matt green"),
    Case("capitals", "description", TEXT.upper(), PARTS * 3),
    Case("emoji", "title", "Acme insulated steel bottle 🔥", "Acme® insulated steel bottle™ ✓ 20°"),
    Case("promotion", "title", "Acme steel bottle, 20 % off today", "Acme 100 % steel bottle, matt green"),
    Case("promotion", "title", "Acme steel bottle SALE, matt green", "Acme point of sale terminal, matt"),
    Case("promotion", "description", f"{TEXT} Free shipping!", f"{TEXT} Made for sale signs."),
    Case("cut_off", "description", f"{TEXT} It fits every holder on the", f"{TEXT} It fits every holder"),
    Case("cut_off", "description", f"{TEXT} It fits every hol...", f"{TEXT} etc."),
    Case("cut_off", "description", f"{TEXT} It fits holders,", f"{TEXT} It fits holders"),
    Case("html", "description", f"<p>{TEXT}</p>", f"{TEXT} Up to <10 °C, a<b and b>c."),
    Case("double_escaped", "title", "Acme &amp; Sons insulated steel bottle", "Acme & Sons insulated steel bottle"),
    Case("double_escaped", "_double_escaped", ["title"], ["color"], field="title"),
    Case("double_escaped", "link", f"{SHOP}/?a=1&amp;b=2", f"{SHOP}/?a=1&b=2"),
    Case("broken_characters", "title", "Acme insulated cafÃ© bottle, green", "Acme insulated café bottle, SÃO PAULO"),
    Case("broken_characters", "title", "Acme insulated caf\ufffd bottle", "ÂME insulated steel bottle, green"),
    Case("invisible_characters", "title", "Acme insulated\u200b steel bottle", "Acme insulated\u00a0steel bottle"),
    Case("invisible_characters", "description", f"{TEXT}\ue000", f"{TEXT} \u2764\ufe0f"),
    Case("invisible_characters", "link", f"{SHOP}/\u2060b-1", f"{SHOP}/b-1"),
    Case("invisible_characters", "gtin", "4006381333931\u200e", "4006381333931"),
    Case("invisible_characters", "availability", "in\u00ad_stock", "in_stock"),
    Case("other_language", "description", GERMAN, "Flasche für Getränke, dicht."),
]
CASES = [*MISSING, *GENERAL, *CODES, *DESTINATIONS, *TEXTS]
