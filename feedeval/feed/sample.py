"""A part of a feed that speaks for the whole: products drawn at random from each of its groups."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.parsing.product import STRATUM, Product
from feedeval.feed.source import AS_IT_WAS, FeedSource, feed_again
from feedeval.feed.text import category_of, field_text

BY_CATEGORY = "category"
NONE = "(none)"
REST = "(smaller groups)"

_FEWEST = 2
"""Products drawn from each group that has so many: one alone says nothing of how its group differs within."""
_SPARE = 2
"""So many times as many products are drawn as every group needs, so that most follow the size of their group."""


def sample(feed: Any, n: int = 200, *, by: str = BY_CATEGORY, seed: int = 0) -> pd.DataFrame:
    """Draw products at random from each group of a feed, as many as its share, so that they speak for the whole feed.

    Whoever audits the frame gets totals for the whole feed, each with its interval. Of each group at least two products
    are drawn, where it has so many; where the feed has more than `n / 4` groups the smallest are taken as one.

    Args:
        feed: Anything that `read_feed` takes, a frame of it, or mappings of field names to values.
        n: Products to draw; all of them where the feed has no more.
        by: What makes the groups: `category`, or any field, such as `brand`.
        seed: The same feed and seed give the same products.

    Returns:
        A frame as `read_feed` gives it, in the feed's order, with the group of each product in `_stratum`.
        `attrs["feedeval"]["sample"]` holds `n`, `by`, `seed`, `of` (products in the feed) and `strata` (the products in
        the feed by group); do not drop rows of it, or it speaks for nothing but itself.

    Raises:
        InputError: `n` is below 4, no product has the field, or the feed has no products.
        FeedError: The source is not a feed.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < _FEWEST * _SPARE:
        raise InputError(f"n={n!r}: give a whole number from {_FEWEST * _SPARE}")
    source = FeedSource(feed)
    once: dict[str, str] = {}
    groups = [once.setdefault(name, name) for name in (_group(product, by) for product in source.products())]
    if not groups:
        raise InputError("the feed has no products to draw from")
    if by != BY_CATEGORY and set(groups) == {NONE}:
        raise InputError(f"by={by!r}: no product has this field; `category` and every field of the feed can be used")
    groups = _merged(groups, n)
    sizes = dict(sorted(Counter(groups).items()))
    chosen = _drawn(groups, _allocated(sizes, n), seed)
    rows = [{**p, STRATUM: groups[at]} for at, p in enumerate(source.products()) if at in chosen]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    frame.attrs["feedeval"] = {
        "source": source.description.get("path") or source.description.get("url"),
        "count": len(frame),
        "warnings": [],
        **{name: source.description[name] for name in AS_IT_WAS if name in source.description},
        "sample": {"n": n, "by": by, "seed": seed, "drawn": len(rows), "of": len(groups), "strata": sizes},
    }
    return frame


def audited_again(source: Mapping[str, Any]) -> Any:
    """Return what a session audited, read again from where it came: the feed, or the same sample of it.

    Raises:
        InputError: As `feed_again`.
        FeedError: The feed cannot be read any more.
    """
    origin = feed_again(source)
    drawn = source.get("sample")
    return sample(origin, drawn["n"], by=drawn["by"], seed=drawn["seed"]) if drawn else origin


def _group(product: Product, by: str) -> str:
    if by == BY_CATEGORY:
        return category_of(product)[:500] or NONE
    value = product.get(by)
    return (field_text(by, value)[:500] if value else "") or NONE


def _merged(groups: list[str], n: int) -> list[str]:
    """Return the groups, the small ones taken as one where there are too many for a sample of `n`."""
    sizes = Counter(groups)
    most = n // (_FEWEST * _SPARE)
    if len(sizes) <= most:
        return groups
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    kept = {name for name in ranked[: most - 1] if n * sizes[name] / len(groups) >= _FEWEST}
    return [name if name in kept else REST for name in groups]


def _allocated(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """Return how many to draw from each group: two of each, and the rest where most is lacking to its share."""
    total = sum(sizes.values())
    drawn = {name: min(_FEWEST, size) for name, size in sizes.items()}

    def lacking(name: str) -> tuple[float, str]:
        return (drawn[name] - min(n, total) * sizes[name] / total, name)

    heap = [lacking(name) for name, size in sizes.items() if drawn[name] < size]
    heapq.heapify(heap)
    for _ in range(min(n, total) - sum(drawn.values())):
        _, name = heapq.heappop(heap)
        drawn[name] += 1
        if drawn[name] < sizes[name]:
            heapq.heappush(heap, lacking(name))
    return drawn


def _drawn(groups: list[str], wanted: Mapping[str, int], seed: int) -> set[int]:
    places: dict[str, list[int]] = {}
    for place, name in enumerate(groups):
        places.setdefault(name, []).append(place)
    return set(_picks(places, wanted, random.Random(seed)))


def _picks(places: Mapping[str, list[int]], wanted: Mapping[str, int], rng: random.Random) -> Iterator[int]:
    for name in sorted(places):
        yield from rng.sample(places[name], wanted[name])
