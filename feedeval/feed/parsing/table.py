"""Products of a table: TSV and CSV, and the exports of Shopify and WooCommerce, which need more than other names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.decode import TextReader
from feedeval.feed.parsing.faults import Fault, Faults
from feedeval.feed.parsing.lines import Rows, is_preamble, split_lines
from feedeval.feed.parsing.shops import adapter_for
from feedeval.feed.parsing.sniff import Sniffed
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.values import Pair


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
    repeated = [name for name, count in Counter(squeeze(name) for name in header).items() if count > 1]
    if repeated:
        spelled = [next(name for name in header if squeeze(name) == key) for key in repeated]
        faults.add(Fault.REPEATED_COLUMN, detail=", ".join(spelled), count=len(repeated))
    products = _whole_rows(rows, header, faults)
    adapter = adapter_for(header)
    yield from adapter(products) if adapter else products


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
        if any(cell.strip() for cell in cells[:width]):
            yield line, pairs
