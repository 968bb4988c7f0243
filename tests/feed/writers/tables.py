"""CSV and TSV, with the text forms of repeated and nested values."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from tests.feed.writers.made import Made

PARTS = {
    "structured_title": "digital_source_type content",
    "structured_description": "digital_source_type content",
    "installment": "months amount downpayment credit_type annual_percentage_rate total_amount",
    "subscription_cost": "period period_length amount",
    "certification": "certification_authority certification_name certification_code",
    "product_detail": "section_name attribute_name attribute_value",
    "variant_option": "name value",
    "related_product": "relationship_type identifier_type identifier",
    "shipping": "country region service price min_handling_time max_handling_time min_transit_time max_transit_time",
    "free_shipping_threshold": "country price_threshold",
    "minimum_order_value": "country service surface price",
    "handling_cutoff_time": "country cutoff_time cutoff_timezone disable_delivery_after_cutoff",
    "warranty": "duration duration_unit",
    "loyalty_program": "program_label tier_label price cashback_for_future_use loyalty_points"
    " member_price_effective_date shipping_label",
    "loyalty_points": "name points_value ratio",
    "carrier_shipping": "country origin_postal_code carrier_price min_handling_time max_handling_time"
    " fixed_min_transit_time fixed_max_transit_time",
    "shipping_handling_business_days": "country business_days",
    "shipping_transit_business_days": "country business_days",
    "pickup_cost": "flat_rate free_threshold",
    "importer_address": "street1 street2 city region postal_code country",
    "tax": "country region rate tax_ship",
}
"""The order of parts in a cell."""


@dataclass(frozen=True)
class Dialect:
    """How a table is written."""

    delimiter: str = ","
    line_end: str = "\r\n"
    encoding: str = "utf-8"
    quoting: int = csv.QUOTE_MINIMAL


def table(products: list[Made], dialect: Dialect) -> bytes:
    """Return a table with a column for each attribute that a product has."""
    header = list(dict.fromkeys(name for product in products for name in product))
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=dialect.delimiter,
        lineterminator=dialect.line_end,
        quoting=dialect.quoting,  # type: ignore[arg-type]
    )
    writer.writerow(header)
    writer.writerows([cell(name, product.get(name)) for name in header] for product in products)
    return out.getvalue().encode(dialect.encoding)


def cell(name: str, value: Any) -> str:
    """Return the text of a cell."""
    if value is None or isinstance(value, str):
        return value or ""
    if name == "question_and_answer":
        return "\n".join(f"Q: {pair['question']}\nA: {pair['answer']}" for pair in value)
    items = value if isinstance(value, list) else [value]
    return ",".join(_parts(name, item) if isinstance(item, dict) else _quoted(item) for item in items)


def _quoted(text: str) -> str:
    """Return one of several texts: quoted where it holds a comma or a quotation mark."""
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def _parts(name: str, group: dict[str, str]) -> str:
    texts = [group.get(part, "") for part in PARTS[name].split()]
    while not texts[-1]:
        texts.pop()
    return ":".join(texts)
