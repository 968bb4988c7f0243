"""The judgements of a session of shards, one shard at a time: what of them is held does not grow with the feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.records import Verdict
from feedeval.results.frames.judgement_arrays import AskedQuestion, Codebook, Codes, JudgementArrays, covered_products
from feedeval.results.frames.results import RowStatus
from feedeval.results.large import copies
from feedeval.storage.shards import Shards

if TYPE_CHECKING:
    import pyarrow

ReadShard = Callable[[int, Sequence[str]], Any]
"""Returns some columns of the table of one shard."""

NAMES = ("product_id", "title")
_COUNTED = (*NAMES, "category", "status", copies.PLACE, copies.FIELDS, copies.LACKING, *copies.JUDGED)


class Texts(Sequence[str]):
    """A column of texts that are made into Python's when they are looked at; one that is missing is empty.

    Args:
        column: The texts.
    """

    def __init__(self, column: pyarrow.ChunkedArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [text or "" for text in self._column[at].to_pylist()]
        return self.maybe(at) or ""

    def maybe(self, at: int) -> str | None:
        """Return a text, None where it is missing."""
        text: str | None = self._column[int(at)].as_py()
        return text


class ShardParts:
    """The products of a session that are done, and their judgements, shard by shard.

    Words are numbered in the order in which they are met, the same in every pass.

    Args:
        numbers: Of the shards.
        read: Returns some columns of one of them.
    """

    def __init__(self, numbers: Sequence[int], read: ReadShard) -> None:
        self.numbers = numbers
        self.read = read
        self.categories: Codebook[str] = Codebook()
        self.field_sets: Codebook[str] = Codebook()
        self.lacks: Codebook[str] = Codebook()
        self.questions: Codebook[tuple[str, str, bool]] = Codebook()
        self.attributes: Codebook[str] = Codebook()

    @classmethod
    def of(cls, shards: Shards, *, engine: str) -> ShardParts:
        """Return those of a session's shards, by its engine."""
        return cls(shards.numbers, lambda number, names: copies.shard_table(shards, number, names, engine=engine))

    def __iter__(self) -> Iterator[JudgementArrays]:
        """Yield the judgements of each shard; who lets go of one before the next holds one at a time."""
        for number in self.numbers:
            yield self._part(number)

    def done(self, number: int, columns: Sequence[str]) -> pyarrow.Table:
        """Return some columns of a shard's products that are done, in the order of the feed."""
        import pyarrow.compute as compute

        names = [*dict.fromkeys([*columns, "status", copies.PLACE])]
        table = self.read(number, names)
        table = table.filter(compute.equal(table.column("status"), RowStatus.DONE.value))
        place = table.column(copies.PLACE).to_numpy()
        return table if (np.diff(place) > 0).all() else table.take(np.argsort(place, kind="stable"))

    @cached_property
    def positions(self) -> dict[int, Codes]:
        """By shard, where each of its products that are done stands among all of them, in the order of the feed."""
        places = [self.done(number, []).column(copies.PLACE).to_numpy() for number in self.numbers]
        together = np.concatenate(places)
        ranks = np.empty(len(together), dtype=np.int64)
        ranks[np.argsort(together, kind="stable")] = np.arange(len(together))
        ends = np.cumsum([len(each) for each in places])
        return dict(zip(self.numbers, np.split(ranks, ends[:-1]), strict=True))

    @cached_property
    def names(self) -> tuple[Texts, Texts]:
        """The ids and titles of all products that are done, in the order of the feed."""
        import pyarrow as arrow

        tables = [self.done(number, NAMES).select(list(NAMES)) for number in self.numbers]
        together = arrow.concat_tables(tables)
        order = np.argsort(np.concatenate([self.positions[number] for number in self.numbers]), kind="stable")
        ordered = together.take(order)
        return Texts(ordered.column("product_id")), Texts(ordered.column("title"))

    def _part(self, number: int) -> JudgementArrays:
        table = self.done(number, _COUNTED)
        counts, words = judged_columns(table)
        product = np.repeat(np.arange(len(table)), counts)
        verdicts = [Verdict(word) for word in words["verdict"][1]]
        scored = np.array([verdict.counts for verdict in verdicts] or [False])[words["verdict"][0]]
        not_judged = np.array([v is Verdict.NOT_JUDGED for v in verdicts] or [False])[words["verdict"][0]]
        covered = covered_products(product, scored, not_judged, len(table))
        kept = scored & covered[product]
        scores = np.array([verdict.score for verdict in verdicts] or [0.0])
        question = question_codes(words, self.questions)[kept]
        attribute = numbered(words["attribute"], self.attributes)[kept]
        fields, lacking = (self._lists(table, name, book) for name, book in self._books)
        category = numbered(codes_of(table.column("category")), self.categories)
        return JudgementArrays(
            ids=Texts(table.column("product_id")),
            titles=Texts(table.column("title")),
            stands_for=np.ones(len(table)),
            category=category,
            categories=list(self.categories),
            fields=fields,
            field_sets=[frozenset(msgspec.json.decode(names)) for names in self.field_sets],
            lacking=lacking,
            lacks=[tuple(msgspec.json.decode(names)) for names in self.lacks],
            covered=covered,
            product=product[kept],
            question=question,
            questions=[AskedQuestion(*asked) for asked in self.questions],
            attribute=attribute,
            attributes=list(self.attributes),
            score=scores[words["verdict"][0][kept]],
            not_judged=int(not_judged.sum()),
            positions=self.positions[number],
        )

    @property
    def _books(self) -> tuple[tuple[str, Codebook[str]], ...]:
        return (copies.FIELDS, self.field_sets), (copies.LACKING, self.lacks)

    def _lists(self, table: pyarrow.Table, name: str, book: Codebook[str]) -> Codes:
        return numbered(codes_of(table.column(name)), book)


def question_codes(words: Mapping[str, tuple[Codes, list[Any]]], questions: Codebook[tuple[str, str, bool]]) -> Codes:
    """Return the number of the question of each judgement: text, topic and whether it is required."""
    (text, texts), (topic, topics), (needed, _) = (words[name] for name in copies.JUDGED[:3])
    width = 2 * max(len(topics), 1)
    codes, found = pd.factorize(text * width + 2 * topic + needed)
    of_code = [questions[texts[code // width], topics[code % width // 2], bool(code % 2)] for code in found.tolist()]
    return np.array(of_code, dtype=np.int64)[codes]


def judged_columns(table: pyarrow.Table) -> tuple[NDArray[np.int64], dict[str, tuple[Codes, list[Any]]]]:
    """Return how many judgements each product has, and each column of them as codes and what these mean."""
    lists = {name: table.column(name).combine_chunks() for name in copies.JUDGED if name in table.column_names}
    first = next(iter(lists.values()))
    counts = first.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return counts, {name: _flat(column.flatten()) for name, column in lists.items()}


def _flat(values: Any) -> tuple[Codes, list[Any]]:
    import pyarrow as arrow

    if arrow.types.is_boolean(values.type):
        return values.to_numpy(zero_copy_only=False).astype(np.int64), [False, True]
    return codes_of(values)


def codes_of(values: Any) -> tuple[Codes, list[Any]]:
    """Return a column of texts as codes, and the texts; one that is missing is empty."""
    import pyarrow as arrow

    if isinstance(values, arrow.ChunkedArray):
        values = values.unify_dictionaries().combine_chunks() if values.num_chunks else values.combine_chunks()
    if not arrow.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    words = [word or "" for word in values.dictionary.to_pylist()]
    indices = values.indices
    if indices.null_count:
        indices, words = indices.fill_null(len(words)), [*words, ""]
    return indices.to_numpy(zero_copy_only=False).astype(np.int64), words


def numbered(column: tuple[Codes, list[Any]], book: Codebook[str]) -> Codes:
    """Return the codes of a column by the numbers of a codebook, new words numbered as they are met."""
    codes, words = column
    met, found = pd.factorize(codes)
    return np.array([book[words[code]] for code in found.tolist()], dtype=np.int64)[met]
