"""What a ledger says of pages: answers that stand there alone, and answers that contradict the feed."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.spec import first_text
from feedeval.results.answers.pairs import question_key
from feedeval.results.ledger.ledger import AnswerLedger

COLUMNS = ("product_id", "question", "standing", "page_quote", "page_url", "attribute")
Ledger = pd.DataFrame | AnswerLedger
"""What `session.ledger()` returns, or its frame, as it also comes back from a file."""
_PAGE, _CONTRADICTED = "page", "contradicted"


class OnPage(NamedTuple):
    """An answer that stands on a page alone."""

    question: str
    quote: str
    page_url: str
    attribute: str


class LedgerRows:
    """The rows of a ledger that matter here, by product.

    Args:
        ledger: A row a product and question; None where pages were not asked.

    Raises:
        InputError: It lacks a column.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self._on_page: dict[str, list[OnPage]] = defaultdict(list)
        self._contradicted: set[tuple[str, str]] = set()
        if ledger is None:
            return
        for part in [ledger] if isinstance(ledger, pd.DataFrame) else ledger.parts():
            self._add(part)

    def _add(self, ledger: pd.DataFrame) -> None:
        if missing := [name for name in COLUMNS if name not in ledger.columns]:
            raise InputError(f"the ledger lacks the columns {', '.join(missing)}: give what session.ledger() returns")
        told = ledger[ledger["standing"].astype(str).isin((_PAGE, _CONTRADICTED))]
        for product_id, question, standing, *rest in zip(*(told[name] for name in COLUMNS), strict=True):
            one, asked = first_text(product_id), " ".join(first_text(question).split())
            if str(standing) == _CONTRADICTED:
                self._contradicted.add((one, question_key(asked)))
            elif asked:
                self._on_page[one].append(OnPage(asked, *map(first_text, rest)))

    def on_page(self, product_id: str) -> list[OnPage]:
        """Return the answers of a product that stand on its page alone."""
        return self._on_page.get(product_id, [])

    def is_contradicted(self, product_id: str, question: str) -> bool:
        """Whether feed and page answer a question differently."""
        return (product_id, question_key(question)) in self._contradicted
