"""Products of Parquet and Arrow files, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from feedeval.feed.parsing.faults import Faults
from feedeval.feed.parsing.formats import FORMATS, Format
from feedeval.feed.parsing.frames.rows import AT_ONCE, arrow_rows, needed_pyarrow, table_pairs_of
from feedeval.feed.parsing.sniff import Sniffed, refuse
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.values import Pair


def columnar_pairs(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    """Yield row number and pairs of each product of a Parquet or an Arrow file."""
    pyarrow = needed_pyarrow(FORMATS[sniffed.format].found)
    with source.whole() as file:
        try:
            names, rows = _parquet(file) if sniffed.format is Format.PARQUET else _arrow(file)
            yield from table_pairs_of(names, rows, faults)
        except (pyarrow.ArrowException, OSError) as error:
            reason = str(error).partition("\n")[0][:200]
            raise refuse(source.name, f"{FORMATS[sniffed.format].found} that is damaged ({reason})") from error


def _parquet(file: IO[bytes]) -> tuple[list[str], Iterator[Any]]:
    from pyarrow.parquet import ParquetFile

    # Without the buffer for whole groups of rows, memory does not grow with them.
    table = ParquetFile(file, pre_buffer=False)
    return arrow_rows(table.schema_arrow, table.iter_batches(AT_ONCE))


def _arrow(file: IO[bytes]) -> tuple[list[str], Iterator[Any]]:
    from pyarrow.ipc import open_file

    table = open_file(file)
    return arrow_rows(table.schema, (table.get_batch(number) for number in range(table.num_record_batches)))
