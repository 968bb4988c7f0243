"""Every check of the catalogue: a product that it reports, and one like it that it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from feedeval.feed.checks.check_feed import catalogue, check_feed
from feedeval.feed.reader import read_feed
from tests.feed.check_cases import CASES, CLEAN, Case, Product

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def findings(product: Product, **options: Any) -> pd.DataFrame:
    return check_feed([product], **{"locale": "en-GB", "now": NOW, **options})


def test_a_clean_product_has_no_findings() -> None:
    found = findings(CLEAN)
    assert found.empty, found.to_string()
    before = ["product_id", "product_url", "field", "check", "severity", "message", "value"]
    assert list(found.columns) == [*before, "target", "consequence", "since"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.attribute}-{case.target}")
def test_check_reports_the_bad_and_spares_the_good(case: Case) -> None:
    where = {"target": case.target, "country": case.country}
    bad = findings({**CLEAN, **case.more, case.attribute: case.bad}, **where)
    good = findings({**CLEAN, **case.more, case.attribute: case.good}, **where)
    field = case.field or case.attribute
    assert (field, case.check) in set(zip(bad["field"], bad["check"], strict=True))
    assert (field, case.check) not in set(zip(good["field"], good["check"], strict=True)), good.to_string()
    row = bad.loc[bad["check"] == case.check].iloc[0]
    assert row["product_id"] == "B-1"
    assert row["message"]
    assert row["severity"] in {"error", "warning", "info"}


def test_every_check_of_the_catalogue_is_provoked() -> None:
    of_whole_feeds = {
        *("duplicate_id", "mixed_currencies", "country_unstated", "inventory_feed"),
        *("unread_columns", "supplemental_feed"),
        *("variants_alike", "variant_attribute_missing", "variant_brands_differ"),
        *("image_unreachable", "image_too_small", "image_too_large", "images_sampled"),
    }
    of_whole_feeds |= {check for check in catalogue()["check"] if check.startswith("page_")}
    assert {case.check for case in CASES} | of_whole_feeds == set(catalogue()["check"])


def test_the_catalogue_says_how_to_mend_each_check_and_where_it_comes_from() -> None:
    entries = catalogue()
    assert entries["check"].is_unique
    assert (entries["source"].str.len() > 0).all()
    assert entries["fix"].str.fullmatch(r"[A-Z][^!?]*\.").all()
    assert set(entries["severity"]) == {"error", "warning", "info"}


def test_a_lost_leading_zero_and_a_spreadsheet_number_are_explained() -> None:
    assert "036000291452" in findings({**CLEAN, "gtin": "36000291452"})["message"].iloc[0]
    assert "spreadsheet" in findings({**CLEAN, "gtin": "4006381333931.0"})["message"].iloc[0]


def test_values_of_one_attribute_make_one_finding_that_counts_them() -> None:
    links = ["/1.jpg", "https://shop.example.com/2.jpg", "/3.jpg"]
    found = findings({**CLEAN, "additional_image_link": links})
    assert list(found["check"]) == ["url_invalid"]
    assert "2 of 3 values" in found["message"].iloc[0]


def test_repeated_attributes_that_may_repeat_are_no_finding() -> None:
    links = ["https://shop.example.com/1.jpg", "https://shop.example.com/2.jpg"]
    product = {
        **CLEAN,
        "additional_image_link": links,
        "product_highlight": ["Cold", "Tight"],
        "product_type": ["A > B", "C"],
    }
    assert findings(product).empty


def test_words_of_other_languages_are_no_offers() -> None:
    title = {"title": "Sale fino di Cervia, barattolo 300 g"}
    assert "promotion" not in set(findings({**CLEAN, **title}, locale="it")["check"])
    assert "promotion" in set(findings({**CLEAN, **title}, locale="en")["check"])


def test_long_values_are_shown_as_an_excerpt() -> None:
    found = findings({**CLEAN, "title": "bottle\n" * 100})
    assert found["value"].str.len().max() <= 120
    assert not found["value"].str.contains("\n").any()


def test_what_is_missing_is_called_as_the_destination_calls_it() -> None:
    product = {**CLEAN, "availability": "in_stock", "image_link": None, "seller_name": "Shop"}
    found = findings(product, target="openai")
    assert found[["field", "message"]].to_numpy().tolist() == [["image_link", "OpenAI requires image_url"]]


def test_attributes_that_a_destination_does_not_have_are_not_checked_for_it() -> None:
    product = {
        **CLEAN,
        "availability": "in_stock",
        "seller_name": "Shop",
        "expiration_date": "2020-01-01",
        "multipack": "N/A",
    }
    assert findings(product, target="openai").empty


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم کتاب\u200cهای خوب",
        "क्\u200dष और शब्द",
        "\u200fעברית (ABC)\u200e טקסט",
        "ภาษา\u200bไทย",
        "Family \U0001f468\u200d\U0001f469\u200d\U0001f467 set \u2764\ufe0f 1\ufe0f\u20e3 \u00a9\ufe0f \u2139\ufe0f",
        "Scarf \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "葛\U000e0100城",
        "1\u202f299,00\u00a0€ «\u00a0oui\u00a0»",
        "first line\nsecond line\tend",
    ],
)
def test_characters_that_a_script_needs_are_not_reported_as_invisible(text: str) -> None:
    assert "invisible_characters" not in set(findings({**CLEAN, "title": text})["check"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bottle with\u200b lid", "U+200B zero width space after “with”"),
        ("\ufeffBottle", "U+FEFF byte order mark at the beginning"),
        ("a\u00adb a\u00adb", "U+00AD soft hyphen after “a” (2 times)"),
        ("so\ue000", "U+E000 private use character after “so”"),
        ("an \u202eevil", "U+202E right-to-left override after “an”"),
        ("עברית \u202eרע", "U+202E right-to-left override"),
        ("half\ud83d", "U+D83D half of a surrogate pair after “half”"),
        ("blank\u3164", "U+3164 hangul filler"),
        ("Kiosk\u200dreiniger", "U+200D zero width joiner"),
        ("x\x95y", "U+0095 control character"),
        ("plain A\ufe0f", "U+FE0F variation selector-16 after “A”"),
    ],
)
def test_invisible_characters_are_named_with_their_place(text: str, said: str) -> None:
    found = findings({**CLEAN, "title": text}).set_index("check")
    assert said in found.loc["invisible_characters", "message"]


def test_an_invisible_character_reaches_the_checks_from_a_file() -> None:
    table = "\ufeffid,title,link\n\ufeffA\u200b-1,Steel\ufeff bottle,https://shop.example/1\n"
    frame = read_feed(table.encode())
    assert list(frame.columns) == ["id", "title", "link"]
    found = check_feed(frame)
    assert list(found.loc[found["check"] == "invisible_characters", "field"]) == ["id", "title"]


def test_structured_texts_are_checked_as_title_and_description_are() -> None:
    text = {"digital_source_type": "trained_algorithmic_media"}
    said = "LACED WINTER BOOTS FJARA FREE SHIPPING"
    product = {
        **{name: value for name, value in CLEAN.items() if name not in ("title", "description")},
        "structured_title": {**text, "content": said},
        "structured_description": {**text, "content": said},
    }
    found = check_feed([product])
    by_field = {field: set(checks) for field, checks in found.groupby("field")["check"]}
    assert by_field["structured_title.content"] >= {"capitals", "promotion"}
    assert by_field["structured_description.content"] >= {"description_too_short", "promotion"}
    assert "description_equals_title" in by_field["structured_description"]
    assert "missing_required" not in set(found["check"])
