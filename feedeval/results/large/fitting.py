"""Whether what is asked for fits in the memory that is free, said before a process is ended for it."""

from __future__ import annotations

from collections.abc import Callable

from feedeval.errors import InputError
from feedeval.run.health import MemoryReader

RESULT_BYTES = 800
"""Of a row of the results, whose long texts stay on disk."""
JUDGEMENT_BYTES = 400
"""Of a row of the judgements, with its words, while the frame is made."""
LEDGER_BYTES = 1_500
"""Of a row of the ledger, while the frame is made."""
ASKED_BYTES = 6_000
"""Of a product that a model is asked about: its text, what it is asked, and what is proposed."""
_MB = 1_000_000
_OTHERWISE = (
    "session.read(columns=[...], where=[...]) reads what is needed, session.consolidate writes a file part by part, "
    "and fe.sample audits fewer products"
)

FreeMemory = Callable[[], float]
"""Returns how many MB are free."""


def free_mb() -> float:
    """Return how much memory of the machine is free."""
    return MemoryReader()().available_mb


def refuse_what_does_not_fit(
    rows: int, what: str, row_bytes: int, *, free: FreeMemory = free_mb, otherwise: str = _OTHERWISE
) -> None:
    """Refuse to read what does not fit in memory.

    Args:
        rows: How many there are.
        what: What they are called.
        row_bytes: What one takes.
        free: How much memory is free.
        otherwise: What there is to do instead.

    Raises:
        InputError: It does not fit; the message says what does.
    """
    wanted_mb, there_mb = rows * row_bytes / _MB, free()
    if wanted_mb > there_mb:
        raise InputError(
            f"{rows:,} {what} take about {wanted_mb:,.0f} MB of memory all at once, and {there_mb:,.0f} MB are free: "
            f"{otherwise}"
        )
