"""Documents that have shapes of their own: the Agentic Commerce Protocol's product feed, and JSON-LD."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from hypothesis import strategies as st

from tests.feed.writers.made import CODE, LINE, Made, made_of, value_of

_DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
_OFFERED = st.tuples(st.integers(1, 999_999), st.sampled_from(sorted(_DECIMALS))).map(
    lambda made: f"{made[0] / 10 ** _DECIMALS[made[1]]:.{_DECIMALS[made[1]]}f} {made[1]}"
)
_STATES = {"in_stock": "InStock", "out_of_stock": "OutOfStock", "preorder": "PreOrder", "backorder": "BackOrder"}
_SHARED = ["title", "description", "link", "image_link", "additional_image_link"]


def _one(*optional: str) -> st.SearchStrategy[Made]:
    return st.fixed_dictionaries(
        {"id": CODE, "title": LINE, "price": _OFFERED, "availability": st.sampled_from(["in_stock", "out_of_stock"])},
        optional={name: value_of(name, flat=True) for name in optional},
    )


def for_commerce() -> st.SearchStrategy[list[Made]]:
    """Return products as the protocol's feed can carry them: variants of one have its texts and images in common."""
    variant = _one("color", "size", "gtin", "condition")
    shared = made_of(["description", "link", "image_link", "additional_image_link"], flat=True)
    family = st.tuples(shared, st.lists(variant, min_size=1, max_size=3)).map(lambda made: _family(*made))
    # No two variants of a feed have one id, nor two products.
    return st.lists(family, min_size=1, max_size=2).map(
        lambda made: [
            {**one, "id": f"{one['id']}-{of}-{number}", **_in_group(one, of)}
            for of, family in enumerate(made)
            for number, one in enumerate(family)
        ]
    )


def _in_group(made: Made, of: int) -> Made:
    return {"item_group_id": f"{made['item_group_id']}-{of}"} if "item_group_id" in made else {}


def _family(shared: Made, variants: list[Made]) -> list[Made]:
    group = {"item_group_id": f"g{shared['id']}"} if len(variants) > 1 else {}
    return [{**one, **{name: shared[name] for name in _SHARED}, **group} for one in variants]


def for_linked_data() -> st.SearchStrategy[list[Made]]:
    """Return products as schema.org's vocabulary can carry them."""
    one = _one(
        *("description", "link", "image_link", "brand", "gtin", "mpn", "condition", "color", "material", "pattern")
    )
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda made: made["id"])


def commerce_feed(products: list[Made]) -> bytes:
    """Return `products.jsonl` of the protocol: a product a line, with its variants and prices in minor units."""
    lines = []
    for number, (_, family) in enumerate(groupby(products, key=lambda made: made.get("item_group_id", made["id"]))):
        variants = list(family)
        first = variants[0]
        media = [{"type": "image", "url": url} for url in [first["image_link"], *first["additional_image_link"]]]
        lines.append(
            {
                "id": first.get("item_group_id", f"p{number}"),
                "title": first["title"],
                "description": {"plain": first["description"]},
                "url": first["link"],
                "media": media,
                "variants": [_variant(one) for one in variants],
            }
        )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _variant(made: Made) -> dict[str, Any]:
    amount, currency = made["price"].split()
    variant = {
        "id": made["id"],
        "title": made["title"],
        "price": {"amount": int(amount.replace(".", "")), "currency": currency},
        "availability": {"available": made["availability"] == "in_stock", "status": made["availability"]},
    }
    if "gtin" in made:
        variant["barcodes"] = [{"type": "gtin", "value": made["gtin"]}]
    if "condition" in made:
        variant["condition"] = [made["condition"]]
    options = [{"name": name.title(), "value": made[name]} for name in ("color", "size") if name in made]
    return {**variant, "variant_options": options} if options else variant


def linked_data(products: list[Made]) -> bytes:
    """Return a graph of products with their offers."""
    return json.dumps(
        {"@context": "https://schema.org", "@graph": [_product(made) for made in products]}, ensure_ascii=False
    ).encode()


_NAMES = {
    "id": "sku",
    "title": "name",
    "link": "url",
    "image_link": "image",
    "gtin": "gtin13",
    **{name: name for name in ("description", "mpn", "color", "material", "pattern")},
}


def _product(made: Made) -> dict[str, Any]:
    amount, currency = made["price"].split()
    offer = {
        "@type": "Offer",
        "price": amount,
        "priceCurrency": currency,
        "availability": f"https://schema.org/{_STATES[made['availability']]}",
    }
    if "condition" in made:
        offer["itemCondition"] = f"https://schema.org/{made['condition'].title()}Condition"
    brand = {"brand": {"@type": "Brand", "name": made["brand"]}} if "brand" in made else {}
    plain = {theirs: made[ours] for ours, theirs in _NAMES.items() if ours in made}
    return {"@type": "Product", **plain, **brand, "offers": offer}
