"""All results and judgements of a session of shards with their long texts, in the order of the feed, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pandas as pd

from feedeval.results.frames.decoding import AuditJudged, Judged, Meta
from feedeval.results.frames.judgements import JudgedResult, JudgementRows
from feedeval.results.frames.results import RESULT_COLUMNS, RowStatus
from feedeval.results.large import copies
from feedeval.results.large.frames import column_of
from feedeval.storage.shards import Shards

if TYPE_CHECKING:
    import pyarrow

_ROWS = 2_000
_HELD = 5_000
"""Rows of all shards that wait for their turn."""
_FEWEST_OF_SHARD = 20
_BUFFER_BYTES = 65_536
"""Of a column of a shard: else all of it that is in a row group would be held."""
PRODUCTS = (*RESULT_COLUMNS, copies.KEY)
JUDGED = ("product_id", "title", "category", "status", copies.KEY, "judgements_json")
"""What judgements are made of."""

_judged = msgspec.json.Decoder(list[Judged]).decode


def product_frames(shards: Shards, *, engine: str, columns: Sequence[str] = PRODUCTS) -> Iterator[pd.DataFrame]:
    """Yield the results and the keys, some products at a time; at least one frame, which may be empty.

    Args:
        shards: The shards.
        engine: The session's engine, for products that failed.
        columns: Those that are wanted.
    """
    wanted = (*columns, copies.PLACE)
    held = max(_HELD // max(shards.count, 1), _FEWEST_OF_SHARD)
    streams = [_stream(shards, number, engine=engine, columns=wanted, held=held) for number in shards.numbers]
    number = -1
    for number, table in enumerate(in_feed_order(streams, _ROWS)):  # noqa: B007 - looked at below
        yield _frame(table, columns)
    if number < 0:
        yield _frame(copies.schema().empty_table(), columns)


def _frame(table: pyarrow.Table, columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: column_of(table, name) for name in columns})


def judgements_of(products: pd.DataFrame) -> pd.DataFrame:
    """Return the judgements of some products, as `judgement_frame` has them."""
    done = products[products["status"] == RowStatus.DONE.value]
    rows = JudgementRows()
    columns = (done[name].tolist() for name in ("product_id", "title", "category", copies.KEY, "judgements_json"))
    rows.add(
        [
            JudgedResult(
                key=key,
                index=index,
                value=AuditJudged(category=_text(category) or "", judgements=_judged(said)),
                meta=Meta(product_id=_text(product), title=_text(title)),
            )
            for index, (product, title, category, key, said) in enumerate(zip(*columns, strict=True))
        ]
    )
    return rows.frame()


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None


def _stream(shards: Shards, number: int, *, engine: str, columns: Sequence[str], held: int) -> Iterator[pyarrow.Table]:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    if not copies.has_table(shards, number):
        for table in copies.tables_of(shards.batch_files_of(number), engine=engine):
            yield table.select(list(columns))
        return
    path = shards.here(shards.results(number))
    with parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
        for batch in file.iter_batches(held, columns=list(columns), use_threads=False):
            yield arrow.Table.from_batches([batch])


def in_feed_order(streams: Sequence[Iterator[pyarrow.Table]], rows: int) -> Iterator[pyarrow.Table]:
    """Yield the rows of all streams in the order of the feed, some at a time; of each stream one table is held.

    Args:
        streams: Tables of one shard each, in the order of the feed.
        rows: Most rows of a part.
    """
    import pyarrow as arrow

    held: dict[int, pyarrow.Table] = {}
    waiting = dict(enumerate(streams))
    while True:
        for n in [n for n in waiting if n not in held]:
            if (found := next((table for table in waiting[n] if len(table)), None)) is None:
                del waiting[n]
            else:
                held[n] = found
        if not held:
            return
        # Up to where the first of them ends, nothing can come before what is held.
        last = min(int(table.column(copies.PLACE)[-1].as_py()) for table in held.values())
        taken = []
        for n, table in list(held.items()):
            cut = int(np.searchsorted(table.column(copies.PLACE).to_numpy(), last, side="right"))
            taken.append(table.slice(0, cut))
            if cut < len(table):
                held[n] = table.slice(cut)
            else:
                del held[n]
        together = arrow.concat_tables(taken)
        together = together.take(np.argsort(together.column(copies.PLACE).to_numpy(), kind="stable"))
        for start in range(0, len(together), rows):
            yield together.slice(start, rows)
