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
from feedeval.notebook.report.parts import figures_of
from feedeval.records.kinds import JobKind
from feedeval.results.frames.results import RowStatus
from feedeval.results.large.table import LargeTable
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
        self.results, self.table = self._read()
        """What figures and plots are made of; and what is looked through, a page at a time."""
        self.shape: Shape = shape_of(session, self.results)
        if session.large is None:
            self.reports  # noqa: B018 - read now, as the results are

    def _read(self) -> tuple[pd.DataFrame, pd.DataFrame | LargeTable]:
        session = self.session
        if session.large is not None:
            return figures_of(session), session.large.table
        results = session.results
        if session.progress.kind == JobKind.SHADOW:
            results = with_agreement(results)
        if session.is_audit and len(looks := session.looks) and looks["image_link"].fillna("").ne("").any():
            results = results.assign(image_link=looks["image_link"].to_numpy())
        return results, results

    @cached_property
    def reports(self) -> pd.DataFrame:
        """A row a batch; of a session too large to be held they are read when they are looked at."""
        return self.session.reports

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

    def failure(self, key: str, status: str) -> dict[Any, Any] | None:
        """Return why a record failed; None where it did not."""
        if status != RowStatus.FAILED.value or key not in self._failures.index:
            return None
        return dict(self._failures.loc[key])

    def record_html(self, row: int) -> Markup:
        """Return the record of a row, opened."""
        if isinstance(self.table, pd.DataFrame):
            found, key = self.table.iloc[row], str(self.session.keys.iloc[row])
        else:
            found = self.table.rows([row], self.table.columns).iloc[0]
            key = str(found.pop("key"))
        values = {str(name): value for name, value in found.items()}
        failure = self.failure(key, values["status"])
        if not self.session.has_evaluations:
            return record_html(values, failure)
        return product_html(values, of_row(found, key=key).judgements, failure)
