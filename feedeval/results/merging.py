"""Several sessions as one table: of each product the newest result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.records import Verdict
from feedeval.results.export import sliced
from feedeval.results.finding import session_labels
from feedeval.results.frames.judgements import judgement_frame
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.frames.results import RowStatus
from feedeval.results.stored import StoredSession
from feedeval.run.telling.words import error_in_words

Rows = NDArray[np.int64]


class RowKind(StrEnum):
    """What a row of a table stands for."""

    PRODUCTS = "products"
    JUDGEMENTS = "judgements"
    TABLE = "table"
    """A product, for people: without JSON and the whole text, with the open questions in words."""


class Merged:
    """The newest result of each product (by its key) in several sessions.

    One that failed later on does not hide a result that is there. A session that is given twice counts once.

    Args:
        sessions: The sessions, of whatever folders.
    """

    def __init__(self, sessions: Iterable[StoredSession]) -> None:
        self._sessions = sorted(dict.fromkeys(sessions), key=lambda session: session.age_key)
        self._labels = session_labels(self._sessions)
        self._frames = [session.results for session in self._sessions]
        sizes = [len(frame) for frame in self._frames]
        rank = pd.DataFrame(
            {
                "key": pd.concat([session.keys for session in self._sessions], ignore_index=True),
                "done": np.concatenate([(f["status"] == RowStatus.DONE.value).to_numpy(bool) for f in self._frames]),
                "row": np.arange(sum(sizes)),
            }
        )
        best = rank.sort_values(["done", "row"], kind="stable").drop_duplicates("key", keep="last").set_index("key")
        # Products stand where they were first seen, so that one session's table is in the order of its feed.
        places = best.loc[rank["key"].drop_duplicates()]
        self._keys, rows = places.index, places["row"].to_numpy(dtype=np.int64)
        starts = np.cumsum([0, *sizes[:-1]])
        self._owner = np.searchsorted(starts, rows, side="right") - 1
        self._row = rows - starts[self._owner]

    def products(self) -> Iterator[pd.DataFrame]:
        """Yield a row a product, in parts; the last column, `session`, says where a row is from."""
        names = list(dict.fromkeys(name for frame in self._frames for name in frame.columns))
        order = pd.DataFrame({"owner": self._owner, "row": self._row})
        for part in sliced(order):
            rows = [
                frame.iloc[part.loc[part["owner"] == owner, "row"]].assign(session=label)
                for owner, (label, frame) in enumerate(zip(self._labels, self._frames, strict=True))
            ]
            places = np.argsort(part["owner"].to_numpy(), kind="stable")
            together = pd.concat(rows, ignore_index=True).reindex(columns=[*names, "session"])
            yield together.iloc[np.argsort(places)].reset_index(drop=True)

    def judgements(self) -> Iterator[pd.DataFrame]:
        """Yield a row a judgement of these results, session by session, in parts; the last column is `session`."""
        for owner, (label, session) in enumerate(zip(self._labels, self._sessions, strict=True)):
            # Read without being kept: two large sessions at once need not fit into memory.
            frame = judgement_frame(session.batch_files)
            mine = set(self._keys[self._owner == owner])
            frame = frame[frame["key"].isin(mine)].astype({"taxonomy": TEXT, "verdict": TEXT})
            yield from sliced(frame.assign(session=pd.array([label] * len(frame), dtype=TEXT)))

    def count(self, kind: RowKind) -> int:
        """Return how many rows there are of a kind."""
        if kind is not RowKind.JUDGEMENTS:
            return len(self._row)
        counts = [f"{verdict}_count" for verdict in Verdict]
        frames = ((n, frame[counts].sum(axis=1).to_numpy()) for n, frame in enumerate(self._frames))
        return int(sum(asked[self._row[self._owner == owner]].sum() for owner, asked in frames))

    def rows(self, kind: RowKind) -> Iterator[pd.DataFrame]:
        """Yield the rows of a kind."""
        if kind is RowKind.TABLE:
            return map(for_people, self.products())
        return self.products() if kind is RowKind.PRODUCTS else self.judgements()


def rows_of(session: StoredSession, kind: RowKind) -> tuple[Iterator[pd.DataFrame], int] | None:
    """Return the rows of a session part by part, and how many there are; None where they can be held.

    Args:
        session: The session.
        kind: What a row is.
    """
    large = session.large
    if large is None:
        return None
    if kind is RowKind.JUDGEMENTS:
        return (part for frame in large.judgements() for part in sliced(frame)), large.count_judgements()
    products = large.products()
    return map(for_people, products) if kind is RowKind.TABLE else products, len(large.figures)


def for_people(results: pd.DataFrame) -> pd.DataFrame:
    """Return results as a person reads them in a spreadsheet.

    Columns that hold JSON, and the whole text of each product, are left out; `open_questions` names what the feed
    answers by half or not at all, ` | ` between two.
    """
    if "judgements_json" not in results.columns:
        return results
    said = results["judgements_json"].astype(object)
    place = results.columns.get_loc("unanswered_required_count")
    table = results.drop(columns=["name_plus_context", "questions_json", "judgements_json"])
    open_ = pd.array([_open_questions(text) for text in said], dtype=TEXT)
    table.insert(int(place) - 2, "open_questions", open_)  # type: ignore[arg-type]  # the names are not repeated
    return with_errors_in_words(table)


def with_errors_in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows of products with what went wrong by its cause, in place of the name of the error."""
    errors = table["error"]
    return table.assign(error=errors.map(error_in_words, na_action="ignore").astype(errors.dtype))


def _open_questions(judgements: object) -> str:
    if not isinstance(judgements, str) or not judgements:
        return ""
    asked = orjson.loads(judgements)
    return " | ".join(str(each["question"]) for each in asked if each["verdict"] in _OPEN)


_OPEN = (Verdict.PARTIAL.value, Verdict.NO.value)


def row_kind(rows: str, sessions: Sequence[StoredSession]) -> RowKind:
    """Return what a row stands for.

    Raises:
        InputError: It is none of them, or a session has no judgements.
    """
    if rows not in tuple(RowKind):
        raise InputError(f"rows={rows!r}: choose one of {', '.join(RowKind)}")
    if rows == RowKind.JUDGEMENTS and (other := next((s for s in sessions if not s.has_evaluations), None)):
        raise InputError(f"session {other.id} is of the kind {other.progress.kind}: it has no judgements")
    return RowKind(rows)
