"""Whole feeds: any frame that a person builds, what concerns the feed itself, real feeds, and the time it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedeval.errors import InputError
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.checks.language import detect, language_of_feed
from feedeval.feed.reader import read_feed
from feedeval.feed.rules import Target, rules
from tests.costs import GROWTH, least_cpu_s
from tests.feed.check_cases import CLEAN, GERMAN, TEXT

SENTENCES = [
    "The bottle keeps drinks cold for a whole day and fits into the holder of every bicycle that we know.",
    "This lamp gives a warm light for reading, and its battery lasts for about a week between two charges.",
    "With three pockets and a padded back the rucksack carries what a family needs on a day in the hills.",
    "The blanket is woven from soft wool and can be washed by hand without losing its shape or its colour.",
]


def many(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        {
            **CLEAN,
            "id": f"B-{number}",
            "description": f"{SENTENCES[number % 4]} {SENTENCES[(number + number // 4) % 4]} Number {number}.",
            **changes,
        }
        for number in range(count)
    ]


def checks_of(feed: Any, **options: Any) -> set[str]:
    return set(check_feed(feed, **options)["check"])


def test_a_feed_without_products_is_an_error_that_says_so() -> None:
    for empty in (pd.DataFrame(), pd.DataFrame({"id": []}), []):
        with pytest.raises(InputError, match="0 products"):
            check_feed(empty)


@pytest.mark.parametrize("wrong", ["feed.xml", {"id": "1"}, 7, ["feed.xml"]])
def test_what_is_no_feed_is_an_error_that_names_the_way(wrong: Any) -> None:
    with pytest.raises(InputError, match="read_feed"):
        check_feed(wrong)


def test_unknown_targets_and_locales_are_errors_that_name_them() -> None:
    with pytest.raises(InputError, match="amazon"):
        check_feed([CLEAN], target="amazon")
    for locale in ("klingon!", "", "xx_notacountry"):
        with pytest.raises(InputError, match="locale="):
            check_feed([CLEAN], locale=locale)


def test_a_repeated_id_is_one_finding_with_its_count() -> None:
    feed = many(4)
    feed[1]["id"] = feed[3]["id"] = "B-0"
    found = check_feed(feed)
    assert list(found["check"]) == ["duplicate_id"]
    assert found["message"].iloc[0] == "3 products have this id (entries 1, 2, 4)"


def test_mixed_currencies_are_one_finding_about_the_feed() -> None:
    feed = many(5)
    feed[4]["price"] = "25 USD"
    found = check_feed(feed)
    assert list(found["check"]) == ["mixed_currencies"]
    assert found["product_id"].iloc[0] == ""
    assert "EUR on 4, USD on 1" in found["message"].iloc[0]


def test_texts_that_pile_up_at_one_length_were_cut() -> None:
    whole = [" ".join(SENTENCES[number % 4 :] + SENTENCES[: number % 4]) for number in range(40)]
    whole = [f"{number} different things in one box. {text[number:]}" for number, text in enumerate(whole)]
    assert "cut_off" not in checks_of(
        [{**product, "description": text} for product, text in zip(many(40), whole, strict=True)]
    )
    cut = [text[:200] for text in whole]
    found = check_feed([{**product, "description": text} for product, text in zip(many(40), cut, strict=True)])
    assert (found["check"] == "cut_off").sum() > 30


def test_variants_with_descriptions_of_one_length_were_not_cut() -> None:
    feed = many(40)
    for number, product in enumerate(feed):
        product["description"] = f"{TEXT} It comes in the size {10 + number}"
    assert "cut_off" not in checks_of(feed)


def test_the_language_of_the_feed_is_that_of_most_descriptions() -> None:
    feed = many(20)
    feed[7]["description"] = GERMAN
    found = check_feed(feed)
    assert found.attrs["feedeval"]["language"] == "en"
    assert found.attrs["feedeval"]["products"] == 20
    assert found[["product_id", "check"]].to_numpy().tolist() == [["B-7", "other_language"]]
    assert "German" in found["message"].iloc[0]


def test_the_detector_is_silent_on_short_texts_and_on_part_numbers() -> None:
    assert detect("Baterie pro notebook") == {}
    assert detect("AP16M5J, KT.00204.008, NX.GNPAA.004, NX.GNSSA.003, " * 20) == {}
    assert language_of_feed([]) == ""
    assert language_of_feed(["7 cm", "8 cm"] * 100) == ""


def test_an_ordinary_frame_is_read_as_it_is() -> None:
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "title": [CLEAN["title"], np.nan],
            "gtin": [4006381333931.0, np.nan],
            "price": [24.9, np.nan],
            " link ": [CLEAN["link"], None],
            "additional_image_link": ["https://a.example/1.jpg, https://a.example/2.jpg", pd.NA],
            "availability": pd.Categorical(["in stock", "in stock"]),
        }
    )
    before = frame.copy(deep=True)
    found = check_feed(frame)
    assert set(found.loc[found["product_id"] == "1", "check"]) >= {"price_currency_missing"}
    assert not found["check"].isin(["gtin_invalid", "url_invalid", "unknown_value"]).any()
    assert {"title", "price"} <= set(found.loc[found["product_id"] == "2", "field"])
    pd.testing.assert_frame_equal(frame, before)


def test_columns_of_the_same_name_are_one_repeated_attribute() -> None:
    frame = pd.DataFrame([[*CLEAN.values(), "1.00 EUR"]], columns=[*CLEAN, "price"])
    assert checks_of(frame) == {"repeated_value"}


def test_names_of_the_destination_are_read_and_reported() -> None:
    feed = [{"item_id": "7", "url": "/7", "image_url": "/7.jpg", "title": CLEAN["title"], "seller_name": "S"}]
    found = check_feed(feed, target="openai")
    assert set(found["product_id"]) == {"7"}
    assert {"url", "image_url"} <= set(found.loc[found["check"] == "url_invalid", "field"])
    assert set(found.loc[found["check"] == "missing_required", "field"]) == {
        "description",
        "brand",
        "availability",
        "price",
    }


def test_markup_in_a_feed_is_escaped_where_findings_are_shown() -> None:
    shown = check_feed([{**CLEAN, "title": "<script>alert(1)</script> bottle of steel"}])._repr_html_()
    assert "<script>" not in shown


NAMES = sorted({name for target in Target for name in rules(target)} | {"_double_escaped", "item_id", "url"})
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "So", "Nd"]), max_size=8),
    st.sampled_from(
        ["0", "-1 EUR", "1e400", "9" * 5000, "2026-13-45", "https://[", "a/b", "<", "&#0;", ">", "²", "\ud800"]
    ),
    st.from_regex(r"[0-9]{1,14}[.,/: -]?[0-9A-Za-z ]{0,12}", fullmatch=True),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.binary(max_size=4), st.just(pd.NA), st.just(pd.NaT)
)
PARTS = st.sampled_from([name.rpartition(".")[2] for name in NAMES])
CELLS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(PARTS, inner, max_size=3), st.tuples(inner)),
    max_leaves=6,
)


@settings(max_examples=250, deadline=None)
@given(
    feed=st.lists(st.dictionaries(st.sampled_from(NAMES), CELLS, max_size=6), min_size=1, max_size=3),
    target=st.sampled_from(list(Target)),
)
def test_no_content_of_a_cell_breaks_a_check(feed: list[dict[str, Any]], target: Target) -> None:
    found = check_feed(feed, target=target)
    assert found["value"].str.len().max() <= 120 or found.empty
    found.to_csv().encode("utf-8")


def test_integers_and_nesting_without_end_are_only_a_value() -> None:
    endless: list[Any] = []
    endless.append(endless)
    check_feed([{**CLEAN, "multipack": 10**5000, "product_highlight": endless, "size": endless}])


def test_the_cost_of_checking_grows_with_the_feed_and_not_with_its_square() -> None:
    feed = pd.DataFrame(
        many(4_000, product_highlight=["Cold", "Tight"], additional_image_link=[CLEAN["image_link"]] * 4)
    )
    assert check_feed(feed).empty
    assert least_cpu_s(lambda: check_feed(feed)) < GROWTH * least_cpu_s(lambda: check_feed(feed.head(500)))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("importpc_cz_rss_1255.xml", {"duplicate_id": 1, "broken_characters": 1, "title_too_short": 1}),
        (
            "lecc_us_google_160.tsv",
            {"description_equals_title": 160, "missing_identifier": 160, "category_unknown": 68},
        ),
        ("bath_jp_meta_271.csv", {"gtin_check_digit": 1, "cut_off": 161}),
        ("samsung_kz_atom_663.xml", {"sale_price_not_lower": 0, "price_not_positive": 1, "repeated_value": 0}),
    ],
)
def test_real_feeds_have_their_known_faults(shared: Path, name: str, counts: dict[str, int]) -> None:
    found = check_feed(read_feed(shared / "feeds" / name))["check"].value_counts()
    assert {check: int(found.get(check, 0)) for check in counts} == counts


def test_a_good_real_feed_has_hardly_any_finding(shared: Path) -> None:
    assert len(check_feed(read_feed(shared / "feeds" / "importpc_cz_rss_1255.xml"))) < 6
