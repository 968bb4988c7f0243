"""Checks of the feed as a whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from feedeval.feed.checks.cells import Cells
from feedeval.feed.checks.findings import Finding, Issue, Setting, quoted
from feedeval.feed.checks.prices import read_price

_MIN_CUT_CHARS = 40
_MIN_CUT_TEXTS = 5
PLACES = ("store_code", "region_id")
"""What a product of an inventory is listed by, beside its id."""
FeedCheck = Callable[[Cells, Setting], Iterable[Finding]]


def duplicate_ids(cells: Cells, setting: Setting) -> Iterator[Finding]:
    """Report each id that several products have, once, at the first of them.

    An inventory lists a product once for each store or region, so these are part of its key.
    """
    rows: dict[tuple[str, ...], list[int]] = defaultdict(list)
    columns = [cells.texts(name) for name in PLACES if name in cells.columns]
    for row, key in enumerate(zip(cells.texts("id", "item_id"), *columns, strict=True)):
        if key[0]:
            rows[key].append(row)
    for key, places in rows.items():
        if len(places) > 1:
            some = ", ".join(f"{place + 1:,}" for place in places[:5]) + (", …" if len(places) > 5 else "")
            where = "".join(f" in {quoted(place)}" for place in key[1:] if place)
            message = f"{len(places)} products have this id{where} (entries {some})"
            yield Finding(places[0], "id", Issue("duplicate_id", message, key[0]))


def mixed_currencies(cells: Cells, setting: Setting) -> Iterator[Finding]:
    """Report prices in several currencies, once for the feed."""
    codes = Counter(read_price(value).currency for value in cells.texts("price") if value)
    del codes[""]
    if len(codes) > 1:
        said = ", ".join(f"{code} on {count:,}" for code, count in codes.most_common(5))
        yield Finding(-1, "price", Issue("mixed_currencies", f"prices in several currencies: {said}", ", ".join(codes)))


def cut_lengths(cells: Cells, setting: Setting) -> Iterator[Finding]:
    """Report texts that an export cut: they pile up at the length of the longest, and end within a sentence.

    Texts made from one template can be equally long too, so beginnings and ends have to differ, and lengths just below
    the longest have to be much rarer.
    """
    for name in ("title", "description"):
        texts = cells.texts(name)
        lengths = Counter(map(len, set(texts)))
        longest = max(lengths)
        cut = {text for text in texts if len(text) == longest and text[-1:].isalnum()}
        shapes = min(len({text[:30] for text in cut}), len({text[-30:] for text in cut}))
        # One below are those of which a space at the end was trimmed.
        below = max(lengths[longest - step] for step in range(2, 11))
        if longest < _MIN_CUT_CHARS or shapes < _MIN_CUT_TEXTS or len(cut) < 3 * below:
            continue
        for row, text in enumerate(texts):
            if text in cut:
                message = (
                    f"breaks off after {longest:,} characters, as {len(cut) - 1} other texts do: {quoted(text[-60:])}"
                )
                yield Finding(row, name, Issue("cut_off", message, text[-60:]))


FEED_CHECKS: tuple[FeedCheck, ...] = (duplicate_ids, mixed_currencies, cut_lengths)
