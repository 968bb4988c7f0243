"""Every check of the catalogue: a product that it reports, and one like it that it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from feedeval.feed.checks.check_feed import catalogue, check_feed
from tests.feed.check_cases import CASES, CLEAN, Case, Product

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def findings(product: Product, **options: Any) -> pd.DataFrame:
    return check_feed([product], **{"locale": "en-GB", "now": NOW, **options})


def test_a_clean_product_has_no_findings() -> None:
    found = findings(CLEAN)
    assert found.empty, found.to_string()
    assert list(found.columns) == ["product_id", "product_url", "field", "check", "severity", "message", "value"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.attribute}-{case.target}")
def test_check_reports_the_bad_and_spares_the_good(case: Case) -> None:
    bad = findings({**CLEAN, **case.more, case.attribute: case.bad}, target=case.target)
    good = findings({**CLEAN, **case.more, case.attribute: case.good}, target=case.target)
    field = case.field or case.attribute
    assert (field, case.check) in set(zip(bad["field"], bad["check"], strict=True))
    assert (field, case.check) not in set(zip(good["field"], good["check"], strict=True)), good.to_string()
    row = bad.loc[bad["check"] == case.check].iloc[0]
    assert row["product_id"] == "B-1"
    assert row["message"]
    assert row["severity"] in {"error", "warning", "info"}


def test_every_check_of_the_catalogue_is_provoked() -> None:
    of_whole_feeds = {"duplicate_id", "mixed_currencies", "unread_columns", "supplemental_feed"}
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
        "color": "N/A",
    }
    assert findings(product, target="openai").empty
