"""JSON and JSON Lines with the attributes' own names."""

from __future__ import annotations

import json

from tests.feed.writers.made import Made


def json_array(products: list[Made]) -> bytes:
    """Return an array of objects, with other scripts as they are."""
    return json.dumps(products, ensure_ascii=False).encode()


def json_object(products: list[Made]) -> bytes:
    """Return an object around the array, indented, with other scripts escaped."""
    return json.dumps({"count": len(products), "products": products}, indent=2).encode()


def json_lines(products: list[Made]) -> bytes:
    """Return an object a line."""
    return "".join(json.dumps(product, ensure_ascii=False) + "\n" for product in products).encode()
