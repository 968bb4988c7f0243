"""Several destinations at once: whose rule a finding is, what is done about it from when, and in which countries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedeval as fe
from feedeval.errors import InputError
from feedeval.feed.checks.check_feed import catalogue, check_feed
from feedeval.feed.checks.finding_rows import Products, frame_of
from feedeval.feed.checks.findings import COLUMNS, Finding, Issue
from feedeval.feed.consequences import Consequence, Stated, decided, outcome
from feedeval.feed.rules import Target, rules
from feedeval.feed.tables import table
from tests.feed.check_cases import CASES, CLEAN

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLIER, LATER = "2026-11-20", "2027-03-01"
JEANS = {**CLEAN, "id": "J-1", "google_product_category": "1604", "title": "Acme slim jeans, stretch denim, dark blue"}
THREE = ["google", "openai", "meta"]


def findings(feed: list[dict[str, Any]], **options: Any) -> pd.DataFrame:
    return check_feed(feed, **{"now": NOW, **options})


def test_all_destinations_are_listed_with_what_their_rules_rest_on() -> None:
    known = fe.targets()
    assert list(known.columns) == ["target", "name", "as_of", "attributes", "rules", "sources", "about"]
    assert list(known["target"]) == [target.value for target in Target]
    assert known["name"].tolist() == [target.display_name for target in Target]
    assert {str(known[name].dtype) for name in ("attributes", "rules")} == {"int64"}
    assert (known["rules"] >= known["attributes"]).all() and (known["attributes"] > 5).all()
    assert known["as_of"].str.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}").all()
    assert known["about"].str.endswith(".").all() and (known["sources"] != "").all()


def test_every_row_about_consequences_speaks_of_a_check_and_a_destination() -> None:
    checks = set(catalogue()["check"])
    for row in table("spec/consequences"):
        assert row["check"] in checks and Target(row["target"]) and Consequence(row["consequence"]), row
        assert all(not row[name] or datetime.fromisoformat(row[name]) for name in ("since", "until")), row
        assert not row["attribute"] or row["attribute"] in rules(row["target"]), row
        assert row["source"], row


def test_a_finding_stands_once_for_each_destination_whose_rule_it_is() -> None:
    found = findings(
        [{**CLEAN, "price": "cheap", "title": "BEST PRICE BOTTLE EVER MADE", "seller_name": "S"}], targets=THREE
    )
    prices = found[found["check"] == "price_invalid"]
    assert prices["target"].tolist() == THREE
    practice = found[found["check"] == "capitals"]
    assert practice["target"].tolist() == [""], "good practice is nobody's rule and stands once"


def test_one_destination_is_named_on_every_finding_but_those_of_practice() -> None:
    found = findings([{**CLEAN, "price": "cheap", "title": "Bottle"}], target="meta")
    assert set(found["target"]) == {"meta", ""}
    sources = catalogue().set_index("check")["source"]
    assert ((found["target"] == "") == (found["check"].map(sources) == "practice")).all()


def test_attributes_that_a_destination_does_not_have_are_no_fault_there() -> None:
    found = findings([{**CLEAN, "expiration_date": "2020-01-01", "seller_name": "S"}], targets=THREE)
    assert found.loc[found["check"] == "date_past", "target"].tolist() == ["google", "meta"]


def test_parts_that_a_destination_does_not_read_are_no_fault_there() -> None:
    shipping = [{"country": "DE", "price": "4.90 EUR", "min_handling_time": "3", "max_handling_time": "2"}]
    found = findings([{**CLEAN, "shipping": shipping, "seller_name": "S"}], targets=THREE)
    assert set(found.loc[found["check"].isin(["min_above_max", "shipping_times_incomplete"]), "target"]) == {"google"}


def test_what_was_checked_stands_beside_the_findings() -> None:
    found = findings([{**CLEAN, "price": "cheap"}], targets=["OpenAI ", "google", "openai"], country="uk")
    said = found.attrs["feedeval"]
    assert (said["target"], said["targets"], said["country"]) == ("openai", ["openai", "google"], "GB")
    assert sum(said[severity] for severity in ("error", "warning", "info")) == len(found)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"target": "google", "targets": ["meta"]}, "both given"),
        ({"targets": []}, "no destination"),
        ({"targets": ["google", "amazon"]}, "amazon"),
        ({"country": "Germany"}, "country='Germany'"),
        ({"country": "XX"}, "country='XX'"),
        ({"country": ""}, "country=''"),
    ],
)
def test_unknown_or_contradicting_destinations_and_countries_are_errors(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        findings([CLEAN], **wrong)


PRODUCTS = [{**CLEAN, **case.more, case.attribute: case.bad} for case in CASES]


@settings(max_examples=60, deadline=None)
@given(
    feed=st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=4),
    targets=st.lists(st.sampled_from(list(Target)), min_size=1, max_size=4, unique=True),
)
def test_several_at_once_find_what_each_finds_alone(feed: list[dict[str, Any]], targets: list[Target]) -> None:
    together = findings(feed, targets=targets, locale="en-GB")
    alone = [findings(feed, target=target, locale="en-GB") for target in targets]
    shown = list(COLUMNS)
    expected = {
        row for found in alone for row in found[found["target"] != ""][shown].itertuples(index=False, name=None)
    }
    assert set(together[together["target"] != ""][shown].itertuples(index=False, name=None)) == expected
    practice = {row[:4] for found in alone for row in found[found["target"] == ""].itertuples(index=False, name=None)}
    assert {row[:4] for row in together[together["target"] == ""].itertuples(index=False, name=None)} == practice


@pytest.mark.parametrize(
    ("changes", "options", "country"),
    [
        ({}, {"country": "DE"}, "DE"),
        ({}, {"locale": "fr-FR"}, "FR"),
        ({}, {"locale": "de", "country": "AT"}, "AT"),
        ({"shipping": [{"country": "NL", "price": "1 EUR"}]}, {}, "NL"),
        ({"shipping": {"country": "UK"}}, {}, "GB"),
        ({"price": "2500 JPY"}, {}, "JP"),
        ({"price": "25.00 GBP"}, {}, "GB"),
        ({"price": "25.00 EUR"}, {}, ""),
        ({"price": "25.00 USD"}, {}, ""),
        ({"price": "25.00 GBP", "shipping": [{"country": "DE"}, {"country": "AT"}]}, {}, ""),
        ({"target_country": "US", "price": "25.00 USD"}, {}, "US"),
        ({"shipping": [{"country": "Germany"}]}, {}, ""),
    ],
)
def test_the_country_is_given_or_what_the_feed_says_without_doubt(
    changes: dict[str, Any], options: dict[str, Any], country: str
) -> None:
    assert findings([{**CLEAN, **changes}], **options).attrs["feedeval"]["country"] == country


def test_what_only_some_countries_ask_for_is_an_error_there_alone() -> None:
    asked = findings([JEANS], country="DE")
    assert set(asked.loc[asked["check"] == "missing_apparel_attribute", "field"]) == {
        "color",
        "size",
        "gender",
        "age_group",
    }
    assert findings([JEANS], country="NL").empty


def test_without_a_country_one_finding_names_those_that_ask() -> None:
    found = findings([JEANS, {**JEANS, "id": "J-2"}])
    assert found[["product_id", "check", "severity"]].to_numpy().tolist() == [["", "country_unstated", "info"]]
    message = found["message"].iloc[0]
    assert "BR, DE, FR, GB, JP and US" in message and "color" in message and "size for clothing and shoes" in message
    complete = {"color": "blue", "size": "M", "gender": "unisex", "age_group": "adult"}
    assert findings([{**JEANS, **complete}]).empty
    assert findings([CLEAN]).empty, "no apparel, no question"
    assert findings([{"id": "J-1", "title": JEANS["title"]}], supplemental=True).empty


def test_a_gtin_prefix_counts_where_the_destination_lists_it() -> None:
    found = findings(
        [{**CLEAN, "gtin": "2012345678903", "seller_name": "S"}], targets=[*THREE, "openai_google_profile"]
    )
    restricted = found[found["check"] == "gtin_restricted"]
    assert restricted["target"].tolist() == ["google", "openai_google_profile"]


def test_openai_advises_a_length_where_its_google_profile_has_a_limit() -> None:
    product = {**CLEAN, "title": "Acme bottle " * 20, "seller_name": "S"}
    found = findings([product], targets=["openai", "openai_google_profile"])
    said = found.loc[found["field"] == "title", ["target", "check", "severity"]].to_numpy().tolist()
    assert ["openai", "longer_than_advised", "info"] in said
    assert ["openai_google_profile", "too_long", "error"] in said
    assert not any(target == "openai" and severity == "error" for target, _, severity in said)


def test_the_google_profile_of_openai_asks_for_no_seller() -> None:
    assert "seller_name" not in set(findings([CLEAN], target="openai_google_profile")["field"])
    assert "seller_name" in set(findings([CLEAN], target="openai")["field"])


def test_no_row_means_that_the_destination_does_not_say() -> None:
    said = outcome(Target.TIKTOK, "no_such_check", "title", EARLIER)
    assert (said.consequence, said.since, said.in_force) == ("", "", True)


WARNED = Stated(Consequence.WARNING, "2026-04-01", "2027-01-30")
REFUSED = Stated(Consequence.DISAPPROVED, "2027-01-31", "")


@pytest.mark.parametrize(
    ("rows", "day", "said"),
    [
        ([WARNED, REFUSED], EARLIER, ("disapproved", "2027-01-31", False)),
        ([WARNED, REFUSED], LATER, ("disapproved", "2027-01-31", True)),
        ([WARNED], EARLIER, ("warning", "2026-04-01", True)),
        ([WARNED], LATER, None),
        ([Stated(Consequence.IGNORED, "", ""), Stated(Consequence.LIMITED, "", "")], EARLIER, ("limited", "", True)),
        ([], EARLIER, None),
    ],
)
def test_the_gravest_of_what_is_done_or_to_come_counts(
    rows: list[Stated], day: str, said: tuple[str, str, bool] | None
) -> None:
    assert decided(rows, day) == said


FUTURE = [row for row in table("spec/consequences") if row["since"] > EARLIER]


@pytest.mark.parametrize("row", FUTURE, ids=lambda row: f"{row['target']}-{row['check']}")
def test_what_is_to_come_is_no_error_until_then(row: dict[str, str]) -> None:
    attribute = row["attribute"] or "image_link"
    finding = Finding(0, attribute, Issue(row["check"], "said"), (Target(row["target"]),))
    products = Products(["1"], [""])
    before, after = (
        frame_of([finding], products, [Target(row["target"])], day).iloc[0] for day in (EARLIER, row["since"])
    )
    assert before["severity"] != "error"
    assert before["message"].endswith(f"{row['consequence']} from {row['since']}")
    assert (after["consequence"], after["since"], after["message"]) == (row["consequence"], row["since"], "said")
    if row["consequence"] == "disapproved":
        assert after["severity"] == "error"


ALL = list(Target)


@pytest.mark.parametrize(
    ("changes", "check", "but_for"),
    [
        ({"description": f"<p>{CLEAN['description']}</p>"}, "html", {"acp"}),
        ({"image_link": "https://shop.example.com/b.avif"}, "image_type", {"acp"}),
        ({"price": "0 EUR"}, "price_not_positive", {"acp"}),
        ({"price": "0 EUR", "google_product_category": "267"}, "price_not_positive", {"acp", "microsoft"}),
        ({"gtin": "3-16-148410-X"}, "gtin_invalid", {"microsoft"}),
        ({"gtin": "4006381333931, 9783161484100"}, "gtin_invalid", {"acp", "google", "microsoft"}),
    ],
)
def test_what_a_destination_takes_is_no_fault_there(changes: dict[str, Any], check: str, but_for: set[str]) -> None:
    found = findings([{**CLEAN, **changes}], targets=ALL)
    assert set(found.loc[found["check"] == check, "target"]) == {target.value for target in Target} - but_for


def test_what_a_destination_takes_is_still_looked_at_there() -> None:
    assert "gtin_invalid" in set(findings([{**CLEAN, "gtin": "3161484101"}], target="microsoft")["check"])
    several = findings([{**CLEAN, "gtin": "4006381333931, 9783161484101"}], target="microsoft")
    assert "gtin_check_digit" in set(several["check"])
    assert "price_invalid" in set(findings([{**CLEAN, "price": "free"}], target="acp")["check"])


def test_microsoft_reads_how_google_spells_availability() -> None:
    assert "value_form" not in set(findings([{**CLEAN, "availability": "in_stock"}], target="microsoft")["check"])
    assert "value_form" in set(findings([{**CLEAN, "availability": "in_stock"}], target="meta")["check"])


@pytest.mark.parametrize(
    ("target", "changes", "said"),
    [
        ("google", {"brand": None}, "Google asks for brand on new products, except books, films and music"),
        ("meta", {"brand": None}, "Meta asks for brand unless identifier_exists is no"),
        ("meta", {"gtin": None, "mpn": None}, "Meta asks for gtin or mpn, and there is neither"),
        ("google", {"availability": "preorder"}, "Google requires availability_date for preorders and backorders"),
        ("openai", {"item_group_id": "G"}, "OpenAI requires listing_has_variations for variants of one product"),
        ("meta", {"condition": "fine"}, "“fine” is not a value of condition; Meta takes new, refurbished, used"),
        ("microsoft", {}, "Microsoft requires shipping in AT and DE; some products lack it"),
    ],
)
def test_what_is_missing_or_wrong_names_who_asks_for_what(target: str, changes: dict[str, Any], said: str) -> None:
    assert said in findings([{**CLEAN, "seller_name": "S", **changes}], target=target)["message"].tolist()
