"""What an opened session holds, read once for all its pages."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import FeedevalError
from feedeval.html import Markup
from feedeval.notebook.browser.record import product_html, record_html
from feedeval.notebook.browser.shapes import Shape, shape_of
from feedeval.records.kinds import JobKind
from feedeval.results.frames.results import RowStatus
from feedeval.results.product import of_row
from feedeval.results.session import Session


def read(session: Session) -> Opened | FeedevalError:
    """Read a session, or return why it cannot be read: its files may be damaged, or gone by now."""
    try:
        return Opened(session)
    except FeedevalError as exc:
        return exc


def stand_of(session: Session) -> tuple[object, ...]:
    """Return what tells whether a session went on in the meantime."""
    progress = session.progress
    return progress.counts, progress.batches_complete, progress.calls


def with_agreement(results: pd.DataFrame) -> pd.DataFrame:
    """Return the results of a shadow run with a column that says whether people and the model agree.

    Labels are the same where they differ in case and white space only; without a prediction there is no answer.
    """
    said, predicted = (results[name].str.strip().str.casefold() for name in ("true_class", "predicted_class"))
    agrees = said.eq(predicted).map({True: "yes", False: "no"})
    return results.assign(agrees=agrees.where(said.notna() & predicted.notna()))


class Opened:
    """The frames of one session, as they were when it was opened.

    Args:
        session: The session; its batch files are read now.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.stand = stand_of(session)
        """How far it was when it was read."""
        self.results = session.results
        if session.progress.kind == JobKind.SHADOW:
            self.results = with_agreement(self.results)
        if session.is_audit and len(looks := session.looks) and looks["image_link"].fillna("").ne("").any():
            self.results = self.results.assign(image_link=looks["image_link"].to_numpy())
        self.reports = session.reports
        self.shape: Shape = shape_of(session, self.results)

    @cached_property
    def actions(self) -> dict[str, NDArray[np.intp]]:
        """The rows of the products of each action, by its attribute; empty in a session too large to look for them."""
        if not (self.session.is_audit and self.session.is_small):
            return {}
        done = np.flatnonzero(self.results["status"].eq(RowStatus.DONE.value).to_numpy(dtype=bool))
        return {action.attribute: done[action.positions] for action in self.session.action_cards}

    @cached_property
    def _failures(self) -> pd.DataFrame:
        return self.session.failures.drop_duplicates("key", keep="last").set_index("key")

    def failure(self, row: int) -> dict[Any, Any] | None:
        """Return why the record of a row failed; None where it did not."""
        key = self.session.keys.iloc[row]
        if key not in self._failures.index or self.results["status"].iloc[row] != RowStatus.FAILED.value:
            return None
        return dict(self._failures.loc[key])

    def record_html(self, row: int) -> Markup:
        """Return the record of a row, opened."""
        found = self.results.iloc[row]
        values = {str(name): value for name, value in found.items()}
        if not self.session.has_evaluations:
            return record_html(values, self.failure(row))
        asked = of_row(found, key=str(self.session.keys.iloc[row])).judgements
        return product_html(values, asked, self.failure(row))
