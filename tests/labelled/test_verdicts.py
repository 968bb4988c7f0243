"""A faster engine says what it said before."""

from __future__ import annotations

from difflib import unified_diff

from tests.labelled.verdicts import STORED, verdicts

MOST_SHOWN = 40


def test_no_verdict_differs_from_the_stored_ones() -> None:
    stored, now = STORED.read_text(encoding="utf-8").splitlines(), verdicts().splitlines()
    differs = list(unified_diff(stored, now, "stored", "now", lineterm="", n=0))
    more = f"\n… {len(differs) - MOST_SHOWN} lines more" if len(differs) > MOST_SHOWN else ""
    assert not differs, (
        "The engine's verdicts are not those that are stored. Where a pattern was changed on purpose, look at the "
        "difference and store them anew: python -m tests.labelled.verdicts\n" + "\n".join(differs[:MOST_SHOWN]) + more
    )
