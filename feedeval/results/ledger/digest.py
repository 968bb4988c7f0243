"""What the rows of a ledger come to: counts, the rows that are shown, and words for example; added up part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.results.ledger.standing import Standing

SHOWN = 30
"""Rows that are shown one by one."""
EXAMPLES = 2
"""Words of pages that are shown with an action."""
_FIRST = (Standing.CONTRADICTED, Standing.PAGE)
"""What is shown one by one: what there is to do about."""
_PLACE = "place"


class Digest:
    """What the rows of a ledger come to; of its parts some dozens of rows are kept."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._identities: list[NDArray[np.uint64]] = []
        self._shown: pd.DataFrame | None = None
        self._words: pd.DataFrame | None = None

    def add(self, frame: pd.DataFrame, places: NDArray[Any]) -> None:
        """Take in the rows of a part.

        Args:
            frame: The rows.
            places: Where each of their products stands in the audit.
        """
        self._counts.update(map(str, frame["standing"]))
        rows = frame.assign(**{_PLACE: places})
        on_page = rows[rows["standing"] == Standing.PAGE.value]
        ids = on_page["product_id"].drop_duplicates().to_numpy(dtype=object)
        if len(ids):
            self._identities.append(pd.util.hash_array(ids, categorize=False))
        self._shown = _first(self._shown, rows, ["standing", "required"], SHOWN)
        self._words = _first(
            self._words, on_page[["attribute", "product_id", "page_quote", _PLACE]], "attribute", EXAMPLES
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many questions there are of each standing."""
        return {standing.value: int(self._counts[standing.value]) for standing in Standing}

    @property
    def copied(self) -> int:
        """Products with a question that their page alone answers."""
        return len(np.unique(np.concatenate(self._identities))) if self._identities else 0

    def first(self, standing: str | None = None) -> tuple[pd.DataFrame, int]:
        """Return the rows that are shown, and how many there are: of a standing, or of what there is to do about."""
        wanted = [each.value for each in _FIRST] if standing is None else [standing]
        count = sum(self._counts[each] for each in wanted)
        if self._shown is None:
            return pd.DataFrame(), count
        rows = self._shown[self._shown["standing"].isin(wanted)]
        if standing is None:
            ranks = rows["standing"].map({each: rank for rank, each in enumerate(wanted)})
            order, rising = ["rank", "required", _PLACE], [True, False, True]
            rows = rows.assign(rank=ranks).sort_values(order, ascending=rising, kind="stable")
        else:
            rows = rows.sort_values(_PLACE, kind="stable")
        return rows.head(SHOWN), count

    @property
    def words(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """By attribute, products whose page alone answers, with its words."""
        if self._words is None:
            return {}
        return {
            str(name): tuple(zip(rows["product_id"], rows["page_quote"], strict=True))
            for name, rows in self._words.groupby("attribute")
        }


def _first(kept: pd.DataFrame | None, rows: pd.DataFrame, by: str | list[str], count: int) -> pd.DataFrame:
    """Return the first rows of each group, by their place in the audit."""
    both = rows if kept is None else pd.concat([kept, rows])
    return both.sort_values(_PLACE, kind="stable").groupby(by, sort=False).head(count)
