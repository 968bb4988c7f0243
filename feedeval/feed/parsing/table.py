"""Products of a table: TSV and CSV, and the exports of shops, which need more than other names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.decode import TextReader
from feedeval.feed.parsing.faults import Fault, Faults
from feedeval.feed.parsing.lines import Rows, is_preamble, split_lines
from feedeval.feed.parsing.proposals import read_columns
from feedeval.feed.parsing.shops.choose import shop_of
from feedeval.feed.parsing.sniff import Sniffed
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.values import Pair

LOOKED_AT = 50
"""Rows by whose values a table is judged."""


def table_pairs(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    """Yield line number and pairs of each product."""
    reader = TextReader(source.head(), sniffed.encoding, faults)
    rows = Rows(split_lines(reader.read(source.chunks(faults)), faults), sniffed.delimiter, faults)
    header: list[str] = []
    for _, cells in rows:
        if not is_preamble(sniffed.delimiter.join(cells)):
            header = headings(cells)
            break
    rows.width = len(header)
    yield from pairs_of_rows(rows, header, faults)


def headings(cells: Iterable[str]) -> list[str]:
    """Return the names of columns; one without a heading is called by its position."""
    return [cell.strip() or f"column_{number}" for number, cell in enumerate(cells, start=1)]


def pairs_of_rows(
    rows: Iterable[tuple[int, list[str]]], header: list[str], faults: Faults
) -> Iterator[tuple[int, list[Pair]]]:
    """Yield line number and pairs of each product of rows of cells, whatever table they come from."""
    yield from products_of(header, _whole_rows(rows, header, faults), faults)


def products_of(
    header: list[str], rows: Iterator[tuple[int, list[Pair]]], faults: Faults
) -> Iterator[tuple[int, list[Pair]]]:
    """Yield the products of a table's rows: of a shop's export as that shop means them, of any other table row by row.

    Args:
        header: The headings.
        rows: The number of each row, and its headings with their cells, which are text.
        faults: Is told what the columns are read as.
    """
    first = list(islice(rows, LOOKED_AT))
    samples = [[str(raw) for _, raw in pairs] for _, pairs in first]
    shop = shop_of(header, samples)
    faults.columns = read_columns(header, samples, shop)
    # A shop tells its headings apart by more than letters where its language does.
    keys = header if shop else [squeeze(name) for name in header]
    if repeated := {key: name for key, name in reversed([*zip(keys, header, strict=True)]) if keys.count(key) > 1}:
        faults.add(Fault.REPEATED_COLUMN, detail=", ".join(reversed(repeated.values())), count=len(repeated))
    everything = chain(first, rows)
    if shop:
        faults.adapt()
    yield from shop.adapt(everything, faults.note) if shop else everything


def _whole_rows(
    rows: Iterable[tuple[int, list[str]]], header: list[str], faults: Faults
) -> Iterator[tuple[int, list[Pair]]]:
    width = len(header)
    for line, cells in rows:
        if len(cells) < width:
            faults.add(Fault.SHORT_ROW, line=line)
        elif len(cells) > width:
            surplus = [cell for cell in cells[width:] if cell.strip()]
            if surplus:
                faults.add(Fault.LONG_ROW, line=line)
        pairs: list[Pair] = list(zip(header, cells, strict=False))
        if width > 1 and all(cell.strip() == name for name, cell in pairs):
            # As where one export was put behind another.
            faults.add(Fault.HEADER_AGAIN, line=line)
        elif any(cell.strip() for cell in cells[:width]):
            yield line, pairs
