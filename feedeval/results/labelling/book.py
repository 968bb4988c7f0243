"""The cases of a session that a person labels, one after the other, and the file that keeps the labels.

The file is written anew after each answer, and read before: what another page or kernel noted meanwhile stays.
"""

from __future__ import annotations

import csv
import io
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from feedeval.errors import InputError, SessionDamaged
from feedeval.feed.spreadsheet import bare_cell
from feedeval.records import Verdict
from feedeval.results.export import csv_bytes
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.labelling.draw import draw_from, population, strata
from feedeval.results.stored import StoredSession

LABEL_COLUMNS = ("product_id", "question", "prediction", "label", "probability")
"""Columns of the labels, in order."""

CaseKey = tuple[str, str]
"""What tells a case from all others: the product's key and the question."""


class Label(StrEnum):
    """What a person says of a question: does the feed answer it?"""

    YES = Verdict.YES.value
    PARTIAL = Verdict.PARTIAL.value
    NO = Verdict.NO.value
    NOT_APPLICABLE = Verdict.NOT_APPLICABLE.value

    @property
    def key(self) -> str:
        """The key that says so."""
        return "x" if self is Label.NOT_APPLICABLE else self.value[0]

    @property
    def words(self) -> str:
        """How it is said to people."""
        return Verdict.NOT_APPLICABLE.words if self is Label.NOT_APPLICABLE else self.value

    @classmethod
    def of(cls, text: str) -> Label:
        """Return the label that somebody wrote: its word, its key, or how it is said.

        Raises:
            InputError: It is none.
        """
        wanted = " ".join(text.replace("_", " ").split()).casefold()
        for label in cls:
            if wanted in (label.key, label.words, label.value.replace("_", " ")):
                return label
        known = ", ".join(f"{label.value} ({label.key})" for label in cls)
        raise InputError(f"{text!r} is no label: write one of {known}")


@dataclass(frozen=True, slots=True)
class Case:
    """One verdict to be checked."""

    product_id: str
    question: str
    prediction: str
    title: str
    evidence: str
    context: str

    @property
    def key(self) -> CaseKey:
        """What tells it from all others."""
        return self.product_id, self.question


class LabelBook:
    """What is to be labelled and what has been said. Safe to use from several threads.

    Args:
        session: An audit.
        n: How many verdicts to draw.
        seed: Which draw.

    Raises:
        InputError: As `draw_cases`.
        SessionDamaged: There is a file of labels that cannot be read.
    """

    def __init__(self, session: StoredSession, n: int, seed: int) -> None:
        self.session = session
        self.path = session.paths.labels
        self._lock = threading.RLock()
        judged = population(session)
        self.cases = draw_from(judged, session, n, seed)
        self._judged = judged[["key", "question", "prediction"]].assign(stratum=strata(judged, n))
        self._sizes = np.bincount(self._judged["stratum"])
        self._known: dict[CaseKey, tuple[int, str]] = {}
        self._by_writing: dict[CaseKey, CaseKey | None] = {}
        self._learn(written(key) for key in self.cases["product_id"])
        named = self.cases.drop(columns="probability").to_dict("records")
        self._cases = {case.key: case for case in (Case(**{str(k): v for k, v in row.items()}) for row in named)}
        self._said = self._noted()
        self._todo = deque(key for key in self._cases if key not in self._said)
        # What can be taken back: cases in the order in which they were answered or left for later.
        self._past = [key for key in self._said if key in self._cases]

    @property
    def total(self) -> int:
        """How many cases were drawn."""
        return len(self._cases)

    @property
    def done(self) -> int:
        """How many of them have a label."""
        return sum(key in self._said for key in self._cases)

    @property
    def current(self) -> Case | None:
        """The case that is to be labelled now; None where none is left."""
        with self._lock:
            while self._todo and self._todo[0] in self._said:
                self._todo.popleft()
            return self._cases[self._todo[0]] if self._todo else None

    @property
    def last(self) -> tuple[Case, Label] | None:
        """The case that was labelled last, and what was said of it."""
        with self._lock:
            key = self._past[-1] if self._past else None
            return (self._cases[key], self._said[key]) if key in self._said and key in self._cases else None

    @property
    def said(self) -> dict[CaseKey, Label]:
        """What has been said, in the order in which it was."""
        return dict(self._said)

    def answer(self, label: Label) -> None:
        """Note what a person says of the current case; nothing happens where none is left.

        Raises:
            StorageError: The file could not be written; the case is still to be labelled.
        """
        with self._lock:
            if (case := self.current) is None:
                return
            self._write(self._noted() | {case.key: label})
            self._todo.popleft()
            self._past.append(case.key)

    def skip(self) -> None:
        """Leave the current case for later: it comes again after all others."""
        with self._lock:
            if (case := self.current) is not None:
                self._todo.rotate(-1)
                self._past.append(case.key)

    def undo(self) -> None:
        """Take back the last answer, or the last case that was left for later; nothing happens where there is none."""
        with self._lock:
            if not self._past:
                return
            key = self._past[-1]
            noted = self._noted()
            if noted.pop(key, None) is not None:
                self._write(noted)
            self._past.pop()
            if key in self._todo:
                self._todo.remove(key)
            self._todo.appendleft(key)

    def take(self, labels: Mapping[CaseKey, Label]) -> None:
        """Note labels that were given elsewhere; they take the place of earlier ones."""
        with self._lock:
            noted = {key: label for key, label in self._noted().items() if key not in labels}
            self._write(noted | dict(labels))
            self._past = [key for key in self._past if key not in labels] + [k for k in labels if k in self._cases]

    def frame(self) -> pd.DataFrame:
        """Return the labels, a row each, in the order in which they were given, as `Labelling.labels` says."""
        with self._lock:
            return self._frame(self._said)

    def _frame(self, said: Mapping[CaseKey, Label]) -> pd.DataFrame:
        stratum = np.array([self._known[key][0] for key in said], dtype=np.int64)
        # Within a stratum which cases were labelled is a matter of chance, so that the share that was is the
        # probability: also where somebody stopped early, or took up an earlier draw.
        share = np.bincount(stratum, minlength=len(self._sizes)) / self._sizes
        columns = {
            "product_id": pd.array([key for key, _ in said], dtype=TEXT),
            "question": pd.array([question for _, question in said], dtype=TEXT),
            "prediction": pd.array([self._known[key][1] for key in said], dtype=TEXT),
            "label": pd.array([label.value for label in said.values()], dtype=TEXT),
            "probability": share[stratum],
        }
        return pd.DataFrame(columns)

    def _noted(self) -> dict[CaseKey, Label]:
        """Return the labels that are in the file, as far as the session has their cases."""
        data = self.session.paths.stored(self.path).read()
        if data is None:
            return {}
        try:
            lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
            rows = [((written(row["product_id"]), written(row["question"])), Label.of(row["label"])) for row in lines]
        except (ValueError, KeyError, AttributeError, csv.Error) as exc:
            raise SessionDamaged(
                f"{self.path} is no file of labels that can be read ({exc}): mend it, or move it away to begin again"
            ) from exc
        if unknown := {case for case, _ in rows} - self._by_writing.keys():
            self._learn(product for product, _ in unknown)
            self._by_writing |= dict.fromkeys(unknown - self._by_writing.keys())
        noted = ((self._by_writing[case], label) for case, label in rows)
        return {key: label for key, label in noted if key is not None}

    def _learn(self, products: Iterable[str]) -> None:
        """Note stratum and prediction of all verdicts on some products, which are named as a file has them."""
        wanted = set(products)
        keys = [key for key in self._judged["key"].unique() if written(key) in wanted]
        rows = self._judged[self._judged["key"].isin(keys)]
        for key, question, prediction, stratum in rows.itertuples(index=False):
            self._known[key, question] = (int(stratum), prediction)
            self._by_writing[written(key), written(question)] = (key, question)

    def _write(self, said: dict[CaseKey, Label]) -> None:
        self.session.paths.file_system.write(self.path, csv_bytes(self._frame(said)))
        self._said = said


def written(text: str) -> str:
    """Return how a text is found in a table, whatever a spreadsheet did to its white space and its apostrophes."""
    return bare_cell(" ".join(text.encode("utf-8", "replace").decode().split()))
