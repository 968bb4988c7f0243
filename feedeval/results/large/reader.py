"""A session of shards too large to be held, as those need it who sum it up: read a few columns at a time."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pandas as pd

from feedeval.records import Verdict
from feedeval.results.frames.decoding import StoredFailure, reported_batches
from feedeval.results.frames.results import COUNTS, RowStatus, failure_frame, report_frame
from feedeval.results.gaps.open_questions import Learnt, learn
from feedeval.results.gaps.summing import OpenFeed
from feedeval.results.large.copies import KEY, PLACE, has_copy, shard_table
from feedeval.results.large.counting import ScoreParts, VerdictCounts, count_asked, count_verdicts
from feedeval.results.large.fitting import JUDGEMENT_BYTES, RESULT_BYTES, FreeMemory, free_mb, refuse_what_does_not_fit
from feedeval.results.large.frames import column_of, figures_frame, results_frame, rows_at
from feedeval.results.large.parts import ShardParts
from feedeval.results.large.rows import JUDGED, judgements_of, product_frames
from feedeval.results.large.table import LargeTable
from feedeval.results.score_quality import ScoreQuality, quality_of_parts
from feedeval.storage.batch_shapes import Unread
from feedeval.storage.paths import StoredFile
from feedeval.storage.shards import Shards

FIGURES = (*COUNTS, "coverage_pct", "missing_core_fields", "engine", "status")
"""Columns that sums are made of."""
NAMES = ("product_id", "product_url", "title")


def can_read() -> bool:
    """Return whether the tables of shards can be read here."""
    return importlib.util.find_spec("pyarrow") is not None


class LargeReader:
    """Reads one session of shards.

    Args:
        shards: Its shards.
        engine: The session's engine, for products that failed.
        free: How much memory is free.
    """

    def __init__(self, shards: Shards, *, engine: str, free: FreeMemory = free_mb) -> None:
        self._shards = shards
        self._engine = engine
        self._free = free
        self.loaded = LargeLoaded(self)

    @property
    def is_quick(self) -> bool:
        """Whether sums take a moment: each shard has left its table."""
        return all(has_copy(self._shards, number) for number in self._shards.numbers)

    def read(self, number: int, columns: Sequence[str]) -> Any:
        """Return some columns of the table of one shard."""
        return shard_table(self._shards, number, columns, engine=self._engine)

    @cached_property
    def parts(self) -> ShardParts:
        """Its judgements, shard by shard."""
        return ShardParts(self._shards.numbers, self.read)

    @cached_property
    def _learnt(self) -> Learnt:
        return learn(lambda: self.parts)

    @property
    def open_feed(self) -> OpenFeed:
        """Its open questions, shard by shard."""
        return OpenFeed(lambda: map(self._learnt.open_in, self.parts), lambda: self.parts.names)

    @property
    def not_judged(self) -> int:
        """Questions that were not judged."""
        return int(self.figures["not_judged_count"].sum())

    @cached_property
    def figures(self) -> pd.DataFrame:
        """The columns of the results that sums are made of, in the order of the feed."""
        return figures_frame(self.read, self._shards.numbers, FIGURES)

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return a few rows of `figures` with what identifies their products."""
        return rows.join(rows_at(self.read, self._shards.numbers, NAMES, rows.index.tolist()))

    def verdicts(self) -> tuple[VerdictCounts, Counter[str]]:
        """Return how often each question got each verdict, and what the engine noted how often."""
        return count_verdicts(self.parts)

    def quality(self) -> ScoreQuality:
        """Return what the scores can carry."""
        scores = ScoreParts(self.parts)
        return quality_of_parts(lambda: scores)

    def results(self) -> tuple[pd.DataFrame, pd.Series[str]]:
        """Return all results, the long texts left on disk, and the keys of the rows.

        Raises:
            InputError: They do not fit in memory.
        """
        refuse_what_does_not_fit(len(self.figures), "products", RESULT_BYTES, free=self._free)
        return results_frame(self._shards, engine=self._engine)

    @cached_property
    def table(self) -> LargeTable:
        """Its results, to be looked through."""
        return LargeTable(self._shards, engine=self._engine, figures=self.figures)

    def positions_in(self, number: int) -> dict[int, int]:
        """Return the position among a shard's products that are done of each, by its place in the feed."""
        places = self.parts.done(number, []).column(PLACE).to_pylist()
        return {place: at for at, place in enumerate(places)}

    def products_by_shard(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield some columns of the results, but no long texts, of each shard; the index is the place in the feed."""
        for number in self._shards.numbers:
            table = self.read(number, [*columns, PLACE])
            names = {name: column_of(table, name) for name in columns}
            yield pd.DataFrame(names, index=table.column(PLACE).to_numpy())

    def products(self) -> Iterator[pd.DataFrame]:
        """Yield the results with their long texts, some products at a time; at least one part, which may be empty."""
        return (frame.drop(columns=KEY) for frame in product_frames(self._shards, engine=self._engine))

    def judgements(self) -> Iterator[pd.DataFrame]:
        """Yield all judgements with their words, those of some products at a time."""
        return map(judgements_of, product_frames(self._shards, engine=self._engine, columns=JUDGED))

    def judgements_of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the judgements of a few rows of `results`, which have their `key`."""
        return judgements_of(rows)

    def asked(self) -> pd.DataFrame:
        """Return how many judgements agree in what they say without words, as `count_judgements` does."""
        return count_asked(self.parts)

    def count_judgements(self) -> int:
        """Return how many judgements there are."""
        return int(self.figures[[f"{verdict}_count" for verdict in Verdict]].sum().sum())

    def refuse_judgements(self) -> None:
        """Refuse to hold all judgements where they do not fit in memory.

        Raises:
            InputError: They do not.
        """
        refuse_what_does_not_fit(self.count_judgements(), "judgements", JUDGEMENT_BYTES, free=self._free)

    @property
    def files(self) -> list[StoredFile]:
        """The batch files."""
        return self._shards.batch_files()


class LargeLoaded:
    """The frames of such a session, each read when it is first asked for; products have no looks.

    Args:
        reader: Who reads them.
    """

    looks = None

    def __init__(self, reader: LargeReader) -> None:
        self._reader = reader

    @cached_property
    def _results(self) -> tuple[pd.DataFrame, pd.Series[str]]:
        return self._reader.results()

    @property
    def results(self) -> pd.DataFrame:
        """A row a product."""
        return self._results[0]

    @property
    def keys(self) -> pd.Series[str]:
        """The records' keys, in the rows of `results`."""
        return self._results[1]

    @cached_property
    def failures(self) -> pd.DataFrame:
        """A row a record that could not be done."""
        if not self._reader.figures["status"].eq(RowStatus.FAILED.value).any():
            return failure_frame([])
        return self._told[0]

    @property
    def reports(self) -> pd.DataFrame:
        """A row a batch."""
        return self._told[1]

    @cached_property
    def _told(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        failures, reports = [], []
        for _, batch in reported_batches(self._reader.files, Unread, StoredFailure):
            failures += [(batch.batch_number, failure) for failure in batch.failures]
            reports.append(batch.report)
        return failure_frame(failures), report_frame(reports)
