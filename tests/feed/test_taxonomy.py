from __future__ import annotations

import re
from pathlib import Path

import pytest

from feedeval.feed.taxonomy import asked_of, category_of_id, taxonomy_id, taxonomy_path

CREPES = "Home & Garden > Kitchen & Dining > Cookware & Bakeware > Cookware > Crêpe & Blini Pans"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("187", "Apparel & Accessories > Shoes"),
        (" 784 ", "Media > Books"),
        ("267", "Electronics > Communications > Telephony > Mobile Phones"),
        ("1604 - Apparel & Accessories > Clothing", "Apparel & Accessories > Clothing"),
        ("1604 – Bekleidung & Accessoires > Bekleidung", "Apparel & Accessories > Clothing"),
        ("223 - Électronique > Audio", "Electronics > Audio"),
        ("electronics>AUDIO", "Electronics > Audio"),
        ("Electronics  ›  Audio", "Electronics > Audio"),
        ("Electronics > Audio >", "Electronics > Audio"),
        ("Elektronik > Audio", "Electronics > Audio"),
        ("Apparel &amp; Accessories &gt; Clothing", "Apparel & Accessories > Clothing"),
        ("Bekleidung &amp;amp; Accessoires > Schuhe", "Apparel & Accessories > Shoes"),
        (CREPES, CREPES),
    ],
)
def test_a_category_is_found_by_id_and_by_english_and_german_path(given: str, path: str) -> None:
    assert taxonomy_path(given) == path


@pytest.mark.parametrize(
    "given",
    [
        "", "0", "99999", "99999999999999999999", "٢٦٧", "²", "-223", "223.0", "Electronics > Bottles", "Bottles",
        "Électronique > Audio", "223 - Media", "Electronics > Audio (223)", ">", "Audio",
    ],
)  # fmt: skip
def test_what_the_lists_do_not_hold_is_no_category(given: str) -> None:
    assert taxonomy_id(given) is None
    assert taxonomy_path(given) is None


def test_ids_and_paths_say_the_same() -> None:
    assert taxonomy_id("Apparel & Accessories > Clothing > Shirts & Tops") == "212"
    assert taxonomy_id("Bekleidung & Accessoires > Handtaschen & Geldbörsenaccessoires > Schlüsselanhänger") == "175"
    assert category_of_id(212) == "Apparel & Accessories > Clothing > Shirts & Tops"
    assert category_of_id("no") is None


@pytest.mark.parametrize(
    ("attribute", "category", "asked"),
    [
        ("gender", "166", True),
        ("gender", "212", True),
        ("color", "212", True),
        ("gender", "175", False),
        ("age_group", "175", False),
        ("color", "175", False),
        ("age_group", "193", False),
        ("gender", "193", True),
        ("gender", "2668", True),
        ("gender", "223", False),
        ("gender", None, False),
    ],
)
def test_apparel_is_asked_for_by_category_and_attribute(attribute: str, category: str | None, asked: bool) -> None:
    assert asked_of("apparel", attribute, category) is asked


def test_sizes_are_asked_of_clothing_and_shoes_and_all_below_them() -> None:
    assert all(asked_of("clothing_or_shoes", "size", category) for category in ("1604", "187", "212", "5322"))
    assert not any(asked_of("clothing_or_shoes", "size", category) for category in ("166", "188", "175", "178"))


@pytest.mark.parametrize("language", ["en-US", "de-DE"])
def test_every_line_of_googles_lists_is_found(shared: Path, language: str) -> None:
    text = (shared / f"spec/google_taxonomy_with_ids_{language}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\d", line)]
    assert len(lines) > 5_000
    for line in lines:
        number, _, path = line.partition(" - ")
        assert taxonomy_id(number) == taxonomy_id(path) == taxonomy_id(line) == number
