"""A feed with planted gaps: 1,000 products in 10 categories that say all that is asked, but for known attributes."""

from __future__ import annotations

import random
from typing import Any

CATEGORIES = (
    "Apparel & Accessories > Clothing > Shirts & Tops",
    "Apparel & Accessories > Shoes",
    "Home & Garden > Kitchen & Dining > Kettles",
    "Furniture > Chairs",
    "Sporting Goods > Outdoor Recreation > Tents",
    "Luggage & Bags > Backpacks",
    "Toys & Games > Toys",
    "Electronics > Audio > Headphones",
    "Hardware > Tools > Drills",
    "Apparel & Accessories > Jewelry > Watches",
)
VALUES = {
    "material": ("Solid oak", "Organic cotton", "Stainless steel", "Full-grain leather", "Recycled polyester"),
    "color": ("Black", "Forest green", "Sand", "Navy blue"),
    "size": ("S", "M", "L", "42", "One size"),
    "product_weight": ("350 g", "1.2 kg", "12 kg", "80 g"),
}
"""What an attribute that lacks is filled with."""

PLANTED = {"material": 0.30, "color": 0.20, "size": 0.15, "product_weight": 0.10}
"""Attribute -> share of the products that lack it."""

VAGUE = 0.3
"""Share of the weights that are half an answer."""

DETAILS = {
    "Dimensions": "30 x 20 x 12 cm",
    "Capacity": "1.7 litres",
    "Intended use": "Suitable for camping and hiking",
    "Compatible with": "Standard fittings and all common accessories of the series",
    "Care instructions": "Wipe clean with a damp cloth, do not tumble dry",
    "Cleaning": "Dishwasher safe at 60 °C",
    "In the box": "1 x product, 1 x manual, 2 x spare screws",
    "Water resistance": "IPX4 splash proof",
    "Warranty": "2 years",
    "Country of origin": "Portugal",
    "Recommended age": "From 3 years",
    "Maximum load": "120 kg",
    "Power": "1500 W",
    "Voltage": "230 V",
    "Batteries": "2 x AA, included",
    "Battery life": "10 hours",
    "Charging time": "2 hours",
    "Assembly": "No assembly required",
    "Width fitting": "Wide fit, width H",
    "Noise level": "45 dB",
    "Connectors": "USB-C, 3.5 mm jack",
    "Wireless": "Bluetooth 5.3",
    "Temperature": "Up to 40 °C",
    "Certification": "CE, GS",
    "Warning": "Keep out of reach of children",
    "Sustainability": "Climate neutral, FSC certified",
    "Spare parts": "Spare parts are sold for 10 years",
    "Allergens": "Nickel free",
    "Memory": "8 GB",
    "Screen": "6.1 inch OLED",
    "Cut": "Loose",
}


def planted_feed(count: int = 1000, *, seed: int = 0) -> list[dict[str, Any]]:
    """Return products that are all different; each lacks every planted attribute with its probability."""
    rng = random.Random(seed)
    feed = []
    for n in range(count):
        product: dict[str, Any] = {
            "id": f"P-{n:04d}",
            "title": f"Article {n} of the series {chr(65 + n % 26)}",
            "description": f"This is article {n}. It is made for the winter, of 180 g/m².",
            "link": f"https://shop.example/p/{n}",
            "image_link": f"https://shop.example/p/{n}.jpg",
            "price": f"{10 + n % 90}.00 EUR",
            "availability": "in_stock",
            "brand": "Lumenso",
            "mpn": f"LM-{n}",
            "product_type": CATEGORIES[n % len(CATEGORIES)],
            "product_detail": [{"attribute_name": k, "attribute_value": v} for k, v in DETAILS.items()],
        }
        product |= {name: filler(name, n) for name, share in PLANTED.items() if rng.random() >= share}
        feed.append(product)
    return feed


def filler(name: str, n: int) -> str:
    """Return the value that product `n` has, or should have, in an attribute; some weights are of no use."""
    if name == "product_weight" and random.Random(n).random() < VAGUE:
        return "Very light"
    return VALUES[name][n % len(VALUES[name])]
