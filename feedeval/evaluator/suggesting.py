"""Asking a model which values a product's own text states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from feedeval.errors import InputError
from feedeval.evaluator.launching import Showing, launch
from feedeval.jobs.suggest import Incomplete, SuggestJob
from feedeval.results.session import Session
from feedeval.run.settings import RunSettings

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


def suggest_values(
    client: ModelClient | None,
    products: Callable[[], Iterable[Incomplete]],
    audit: Session,
    *,
    budget_usd: float | None = None,
) -> Session:
    """Ask about each product, and return the session; what was paid for before is not asked again. Blocks.

    Args:
        client: Whom to ask; None: the embedded engine.
        products: Called for each pass; gives the same products in the same order.
        audit: The session that they come from; what is found goes to a session beside it.
        budget_usd: Hard cap.

    Raises:
        InputError: The embedded engine was to be asked.
        RunFault: The run had to pause for something that a person has to mend; the same call goes on.
    """
    if client is None:
        raise InputError(
            "the embedded engine judges by rules and cannot propose values: give suggest=True an evaluator with a "
            "model, or leave suggest out and fill in the empty cells"
        )
    # It belongs to an audit, and is not what a person means by the latest session.
    job = SuggestJob(products, client, source={"aside": True, "session": audit.id})
    run = launch(job, audit.output_dir, RunSettings(budget_usd=budget_usd), client=client, showing=Showing(None, True))
    run.block()
    return run.session()
