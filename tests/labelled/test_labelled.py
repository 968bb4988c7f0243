"""The labelled set keeps its promised shape, so that figures measured on it mean what they say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
OLD_SPLITS = ("dev", "held")
SPLITS = (*OLD_SPLITS, "fresh")
TEXT_FIELDS = ("title", "description")
LABELLED_FACETS = frozenset(
    """
    weight dimensions capacity material colour size wide_fit power voltage battery_life battery_type
    charge_time connectors wireless compatibility water_resistance noise care cleaning assembly in_box age
    ingredients allergens dosage shelf_life safety certification origin warranty delivery returns energy_class
    sustainability screen memory use skin_type max_load temperature spare_parts
    """.split()  # noqa: SIM905 -- 41 names read better in four lines than in forty-one
)

Row = dict[str, Any]


def _read(stem: str, split: str) -> list[Row]:
    lines = (HERE / f"{stem}_{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def products() -> dict[str, list[Row]]:
    return {split: _read("products", split) for split in SPLITS}


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Row]]:
    return {split: _read("facet_cases", split) for split in SPLITS}


def _all(rows: dict[str, list[Row]]) -> list[Row]:
    return [row for split in SPLITS for row in rows[split]]


def _values(value: Any) -> Iterator[str]:
    """Yield every string inside a field, whatever its nesting; fail on anything that a feed product cannot hold."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)
    else:
        raise AssertionError(f"{value!r} is no feed value: only strings, lists and mappings of strings are")


def test_products_have_the_shape_of_feed_products(products: dict[str, list[Row]]) -> None:
    for product in _all(products):
        assert set(product) == {"product_id", "family", "language", "fields"}, product["product_id"]
        fields = product["fields"]
        assert fields["title"] and fields["description"], product["product_id"]
        for name, value in fields.items():
            assert all(text.strip() for text in _values(value)), (product["product_id"], name)
            if name == "product_highlight":
                assert isinstance(value, list) and all(isinstance(item, str) for item in value)
            if name == "product_detail":
                assert all({"attribute_name", "attribute_value"} <= set(item) for item in value)
            if name == "shipping":
                assert all(isinstance(item, dict) and "price" in item for item in value)


def test_cases_have_their_shape_and_known_facets(cases: dict[str, list[Row]]) -> None:
    keys = {"id", "product_id", "facet", "verdict", "evidence", "split"}
    for case in _all(cases):
        assert keys <= set(case) <= keys | {"note"}, case["id"]
        assert case["facet"] in LABELLED_FACETS, case["id"]
        assert case["verdict"] in {"yes", "partial", "no"}, case["id"]
        assert case["id"] == f"{case['product_id']}-{case['facet']}"


def test_ids_are_unique_over_all_splits(products: dict[str, list[Row]], cases: dict[str, list[Row]]) -> None:
    product_ids = [product["product_id"] for product in _all(products)]
    case_ids = [case["id"] for case in _all(cases)]
    assert len(product_ids) == len(set(product_ids))
    assert len(case_ids) == len(set(case_ids))


def test_evidence_stands_in_one_value_of_the_product(
    products: dict[str, list[Row]], cases: dict[str, list[Row]]
) -> None:
    texts = {product["product_id"]: list(_values(product["fields"])) for product in _all(products)}
    for case in _all(cases):
        if case["verdict"] == "no":
            assert case["evidence"] == "", case["id"]
        else:
            assert case["evidence"], case["id"]
            assert any(case["evidence"] in text for text in texts[case["product_id"]]), case["id"]


def test_split_is_by_product_number(products: dict[str, list[Row]], cases: dict[str, list[Row]]) -> None:
    for split, remainder in (("dev", 1), ("held", 0)):
        ids = {product["product_id"] for product in products[split]}
        assert all(int(product_id.removeprefix("p")) % 2 == remainder for product_id in ids)
        assert {case["product_id"] for case in cases[split]} == ids
        assert {case["split"] for case in cases[split]} == {split}


def test_fresh_cases_are_about_fresh_products_only(products: dict[str, list[Row]], cases: dict[str, list[Row]]) -> None:
    ids = {product["product_id"] for product in products["fresh"]}
    assert all(product_id.startswith("f") for product_id in ids)
    assert {case["product_id"] for case in cases["fresh"]} == ids
    assert {case["split"] for case in cases["fresh"]} == {"fresh"}


def test_fresh_products_do_not_repeat_the_text_of_older_ones(products: dict[str, list[Row]]) -> None:
    old = {product["fields"][name] for split in OLD_SPLITS for product in products[split] for name in TEXT_FIELDS}
    new = [product["fields"][name] for product in products["fresh"] for name in TEXT_FIELDS]
    assert not old & set(new)
    assert len(new) == len(set(new))


def test_older_splits_cover_the_same_families_and_every_split_every_facet(
    products: dict[str, list[Row]], cases: dict[str, list[Row]]
) -> None:
    families = [{product["family"] for product in products[split]} for split in OLD_SPLITS]
    assert families[0] == families[1]
    assert len(families[0]) >= 14
    for split in SPLITS:
        assert {case["facet"] for case in cases[split]} == LABELLED_FACETS, split


def test_set_is_as_large_and_as_mixed_as_promised(products: dict[str, list[Row]], cases: dict[str, list[Row]]) -> None:
    assert len(_all(products)) >= 56
    assert len(_all(cases)) >= 420
    languages = Counter(product["language"] for product in _all(products))
    assert languages["en"] >= 40
    assert languages["de"] >= 6
    assert languages["fr"] >= 5
    assert languages["es"] >= 5
    assert sum(n for language, n in languages.items() if language not in {"en", "de", "fr", "es"}) >= 3
    per_facet = Counter(case["facet"] for case in _all(cases))
    assert min(per_facet.values()) >= 6


def test_fresh_half_is_as_large_and_as_mixed_as_promised(
    products: dict[str, list[Row]], cases: dict[str, list[Row]]
) -> None:
    assert len(products["fresh"]) >= 44
    assert len(cases["fresh"]) >= 440
    assert len({product["family"] for product in products["fresh"]}) >= 20
    languages = Counter(product["language"] for product in products["fresh"])
    assert 0.65 <= languages["en"] / len(products["fresh"]) <= 0.8
    assert min(languages["de"], languages["fr"], languages["es"]) >= 3
    assert len(set(languages) - {"en", "de", "fr", "es"}) >= 2
    per_facet = Counter(case["facet"] for case in cases["fresh"])
    assert min(per_facet[facet] for facet in LABELLED_FACETS) >= 5


@pytest.mark.parametrize("split", SPLITS)
def test_verdicts_are_balanced_in_each_split(split: str, cases: dict[str, list[Row]]) -> None:
    verdicts = Counter(case["verdict"] for case in cases[split])
    total = len(cases[split])
    assert 0.35 <= verdicts["yes"] / total <= 0.45
    assert 0.15 <= verdicts["partial"] / total <= 0.25
    assert 0.35 <= verdicts["no"] / total <= 0.45


@pytest.mark.parametrize("split", SPLITS)
def test_readme_states_the_counts_of_the_files(
    split: str, products: dict[str, list[Row]], cases: dict[str, list[Row]]
) -> None:
    verdicts = Counter(case["verdict"] for case in cases[split])
    figures = [len(products[split]), len(cases[split]), *(verdicts[name] for name in ("yes", "partial", "no"))]
    row = " | ".join(map(str, [split, "all", *figures]))
    assert f"| {row} |" in (HERE / "README.md").read_text(encoding="utf-8")
