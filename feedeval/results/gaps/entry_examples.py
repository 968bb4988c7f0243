"""What an entry may look like: an example of what to type, for attributes where one suits any shop."""

from __future__ import annotations

from functools import cache

from feedeval.feed.tables import table


def entry_example(place: str) -> str:
    """Return an example of an entry; empty where there is none.

    Args:
        place: As an action calls it, such as `material` or `product_detail (care)`.
    """
    return _examples().get(place, "")


@cache
def _examples() -> dict[str, str]:
    return {row["place"]: row["entry"] for row in table("entries")}
