"""Which destinations there are rules for, how many, and where those come from."""

from __future__ import annotations

import pandas as pd

from feedeval.feed.rules import rules
from feedeval.feed.tables import table


def targets() -> pd.DataFrame:
    """Return the destinations that a feed can be checked against.

    Returns:
        A row a destination: `target` (what `check_feed` calls it), `name` (as people write it), `as_of` (ISO date that
        the rules speak of), `attributes` and `rules` (int64: how many attributes there are rules for, and how many
        rules with those of the parts of nested attributes), `sources` (their titles, separated by "; ") and `about`
        (one sentence); text where nothing else is said.
    """
    titles = {row["code"]: row["title"] for row in table("spec/sources")}
    found = []
    for row in table("spec/targets"):
        held = rules(row["target"])
        codes = dict.fromkeys(code.strip() for rule in held.values() for code in rule.source.split(","))
        found.append(
            {
                "target": row["target"],
                "name": row["name"],
                "as_of": row["as_of"],
                "attributes": sum("." not in name for name in held),
                "rules": len(held),
                "sources": "; ".join(titles.get(code, code) for code in codes),
                "about": row["about"],
            }
        )
    counts = {"attributes": "int64", "rules": "int64"}
    frame = pd.DataFrame(found)
    return frame.astype({str(name): counts.get(str(name), "str") for name in frame})
