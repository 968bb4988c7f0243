"""What changed in a feed, as a supplemental feed to upload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.parsing.sources import SourceLike
from feedeval.feed.reader import read_feed
from feedeval.feed.spec import first_text, is_filled
from feedeval.feed.spreadsheet import text_form
from feedeval.results.gaps.fixfile import table_path, write_table


def write_supplement(before: pd.DataFrame | SourceLike, after: pd.DataFrame, path: str | Path) -> Path:
    """Write what `after` has that `before` had not as a supplemental feed, which can be uploaded; return its path.

    A row a product that changed, by its id, and a column an attribute that did; a cell holds all values of the product
    in that attribute, because a supplement takes their place. Nothing is written for what was taken away.

    Args:
        before: The feed as it was: a frame of `read_feed`, or anything that `read_feed` takes.
        after: The same products in the same order, such as `apply_fixes` returns them.
        path: Ends in `.tsv` or `.txt`.

    Raises:
        InputError: The two hold other products, nothing changed, or `path` cannot be used.
        StorageError: The file cannot be written.
    """
    target = table_path(path)
    base = before if isinstance(before, pd.DataFrame) else read_feed(before)
    ids = [[first_text(value) for value in frame.get("id", ())] for frame in (base, after)]
    if ids[0] != ids[1]:
        raise InputError("write_supplement: the two feeds hold other products, or in another order")
    changed = _changed(base, after, ids[1])
    if not changed:
        raise InputError("write_supplement: no product with an id has anything that it had not before")
    columns = [str(name) for name in after.columns if any(name in cells for cells in changed.values())]
    rows = ([product_id, *(cells.get(name, "") for name in columns)] for product_id, cells in changed.items())
    write_table(target, ["id", *columns], rows, for_people=False)
    return target


def _changed(base: pd.DataFrame, after: pd.DataFrame, ids: list[str]) -> dict[str, dict[str, str]]:
    """Return what changed by product id and attribute, in the order of the feed."""
    found: dict[int, dict[str, str]] = {}
    for name in after.columns:
        if name == "id" or str(name).startswith("_"):
            continue
        old: list[Any] = base[name].tolist() if name in base.columns else [None] * len(base)
        for row, (was, now) in enumerate(zip(old, after[name].tolist(), strict=True)):
            if is_filled(now) and not (is_filled(was) and was == now):
                found.setdefault(row, {})[str(name)] = text_form(str(name), now)
    changed: dict[str, dict[str, str]] = {}
    for row in sorted(found):
        if ids[row]:
            changed.setdefault(ids[row], {}).update(found[row])
    return changed
