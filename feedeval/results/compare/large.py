"""One side of a comparison, read from the tables that shards leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedeval.results.compare.pairing import NUMBERS, UNKNOWN, Audit, Question
from feedeval.results.frames.decoding import Meta
from feedeval.results.frames.judgement_arrays import Codebook
from feedeval.results.frames.results import RowStatus
from feedeval.results.large import copies
from feedeval.results.large.parts import ShardParts, Texts, codes_of, judged_columns, question_codes

_NAMES = ("product_id", "product_url", "title")


class _Metas(Sequence[Meta]):
    """What identifies each product, made when it is looked at."""

    def __init__(self, columns: Sequence[Texts]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, at: Any) -> Any:
        product_id, product_url, title = (column.maybe(at) for column in self._columns)
        return Meta(product_id, product_url, title)


def read_large_audit(parts: ShardParts, questions: Codebook[Question]) -> Audit:
    """Read an audit shard by shard; questions are numbered by `questions`, which both sides share.

    Args:
        parts: The session.
        questions: Numbers of questions.
    """
    import pyarrow as arrow

    names, counts, asked, verdicts, categories = [], [], [], [], []
    failed: dict[str, Meta] = {}
    for number in parts.numbers:
        table = parts.done(number, [*_NAMES, copies.KEY, "category", "coverage_pct", *copies.JUDGED[:4]])
        count, words = judged_columns(table)
        codes, known = words["verdict"]
        of_word = np.array([NUMBERS.get(word, UNKNOWN) for word in known] or [UNKNOWN], dtype=np.int8)
        counts.append(count)
        asked.append(question_codes(words, questions).astype(np.int32))
        verdicts.append(of_word[codes])
        category, known = codes_of(table.column("category"))
        categories += [known[code] for code in category.tolist()]
        names.append(table.select([*_NAMES, copies.KEY, "coverage_pct"]))
        failed.update(_failed(parts, number))
    together = arrow.concat_tables(names)
    keys = together.column(copies.KEY).to_pylist()
    for key in failed.keys() & set(keys):
        del failed[key]
    each = np.concatenate(counts)
    return Audit(
        keys=keys,
        metas=_Metas([Texts(together.column(name)) for name in _NAMES]),
        categories=categories,
        coverage_pct=together.column("coverage_pct").to_numpy().astype(np.float64, copy=False),
        failed=failed,
        first=np.cumsum(each) - each,
        counts=each,
        questions=np.concatenate(asked),
        verdicts=np.concatenate(verdicts),
    )


def _failed(parts: ShardParts, number: int) -> dict[str, Meta]:
    """Return the products of a shard that failed, by key."""
    import pyarrow.compute as compute

    table = parts.read(number, ["status", copies.KEY, *_NAMES])
    rows = table.filter(compute.equal(table.column("status"), RowStatus.FAILED.value)).to_pylist()
    return {row[copies.KEY]: Meta(*(row[name] for name in _NAMES)) for row in rows}
