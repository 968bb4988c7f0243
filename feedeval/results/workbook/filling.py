"""What the sheet to fill in asks for: its products, those that gain most first, and a column an action."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from feedeval.feed.filled import answer_heading, detail_heading, heading_of
from feedeval.feed.rules import Kind, Target, rule_for
from feedeval.jobs.suggest import Proposal
from feedeval.results.cases import StoredResult, context_in
from feedeval.results.frames.judgement_arrays import Codes
from feedeval.results.gaps.answer_places import ANYWHERE
from feedeval.results.gaps.fixfile import product_gains
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.large.filling import Places, Ranks, placed, ranks_of
from feedeval.results.large.in_parts import AuditInParts, Copies
from feedeval.results.large.ranked import Ranked

MOST_COLUMNS = 100
"""Columns to fill in, those that gain most; further right nobody looks."""
MOST_ANSWERS = 30
"""Of these, columns that take the answer to one question: what Google reads of a product."""
LONGEST_CURRENT = 1_000
"""Characters of what a product says already: enough to see what is meant."""
QUESTIONS_NAMED = 3


@dataclass(frozen=True)
class Column:
    """A column to fill in."""

    heading: str
    field: str
    """The attribute of the feed."""
    gain: float
    """Points of the feed's coverage; 0 where the destination alone asks for it."""
    products: int
    """Products that are asked for it."""
    questions: tuple[str, ...]
    """Some of those that it answers."""
    values: tuple[str, ...] = ()
    """What the destination takes; empty where it takes any text."""


@dataclass(frozen=True)
class FillRow:
    """A product to be filled in."""

    product_id: str
    title: str
    wanted: frozenset[int]
    """Places of the columns that are asked of it."""
    link: str = ""
    current: str = ""
    """What it says already in the attributes that are to say more, and where on its page a proposed value stands."""
    proposed: Mapping[int, str] = field(default_factory=dict)
    """By the place of their column, words of the product's page: to be looked at before they are used."""


@dataclass(frozen=True)
class Filling:
    """The sheet to fill in."""

    columns: tuple[Column, ...]
    rows: Iterable[FillRow]
    """Gone through as often as is wanted."""
    products: int
    """Rows."""
    cells: int
    """Cells that are asked for."""
    left_out: int = 0
    """Columns for which there was no room."""
    without_id: int = 0
    """Products with something to fill in that have no id, so that nobody could tell which is meant."""


class _Asked:
    """The columns that the open questions ask for, over all parts of an audit."""

    def __init__(self, audit: AuditInParts) -> None:
        self._worth: Counter[int] = Counter()
        self._asked: Counter[tuple[int, int]] = Counter()
        """Products by what they are asked for and the question."""
        feed = 0.0
        for found in audit.feed.parts():
            feed += float((found.judged.stands_for * found.judged.covered).sum())
            self._add(found)
        self._name(found)
        self.gains: dict[int, float] = {}
        for code in sorted(self._worth):
            for number in self.columns[code]:
                self.gains[number] = self.gains.get(number, 0.0) + self._worth[code] / max(feed, 1.0)
        self.questions = self._questions(found)

    @staticmethod
    def codes(found: OpenQuestions) -> Codes:
        """Return what each open question asks for; one without an attribute has a column of its own."""
        anywhere = np.array([ANYWHERE in place.fields for place in found.places] or [False])
        return np.where(anywhere[found.place], len(found.places) + found.question, found.place)

    def _add(self, found: OpenQuestions) -> None:
        codes = self.codes(found)
        worth = found.lost * found.rates.rate * found.judged.stands_for[found.product]
        names, member = np.unique(codes, return_inverse=True)
        for code, gain in zip(names.tolist(), np.bincount(member, worth, len(names)).tolist(), strict=True):
            self._worth[code] += gain
        width = max(len(found.judged.questions), 1)
        pairs, counts = np.unique(codes * width + found.question, return_counts=True)
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            self._asked[pair // width, pair % width] += count

    def _name(self, found: OpenQuestions) -> None:
        """Number the columns: of what is asked for, then of what products lack."""
        self.keys: dict[tuple[str, str], int] = {}
        """Numbers of columns by heading and attribute."""
        self.columns = {code: self._columns(found, code) for code in sorted(self._worth)}
        """Columns of what is asked for."""
        self.lacking = [
            [self._number(heading_of(name), name) for name in names if name != "id"] for names in found.judged.lacks
        ]
        """Columns of what products lack."""

    def _columns(self, found: OpenQuestions, code: int) -> list[int]:
        if code >= len(found.places):
            text = " ".join(found.judged.questions[code - len(found.places)].text.split())
            return [self._number(answer_heading(text), ANYWHERE)] if text else []
        place = found.places[code]
        name, _, entry = place.label.partition(" (")
        if entry:
            return [self._number(detail_heading(entry.removesuffix(")")), name)]
        return [self._number(heading_of(field), field) for field in place.fields if field != "id"]

    def _number(self, heading: str, field: str) -> int:
        return self.keys.setdefault((heading, field), len(self.keys))

    def _questions(self, found: OpenQuestions) -> dict[int, tuple[str, ...]]:
        """Return some questions of each column, those that most products leave open."""
        texts: dict[int, list[str]] = {}
        for code, question in sorted(self._asked, key=lambda pair: (-self._asked[pair], pair)):
            for number in self.columns[code]:
                of_column = texts.setdefault(number, [])
                text = found.judged.questions[question].text
                if len(of_column) < QUESTIONS_NAMED and text not in of_column:
                    of_column.append(text)
        return {number: tuple(of_column) for number, of_column in texts.items()}


def filling_of(audit: AuditInParts, *, target: Target = Target.GOOGLE, limit: int | None = None) -> Filling:
    """Return what the sheet to fill in asks for; of its products one part is held.

    Args:
        audit: The audit.
        target: The destination whose lists of values are offered.
        limit: Most products.
    """
    asked = _Asked(audit)
    kept = _kept(asked)
    names = list(asked.keys)
    columns = tuple(
        Column(
            heading=names[number][0],
            field=names[number][1],
            gain=asked.gains.get(number, 0.0),
            products=0,
            questions=asked.questions.get(number, ()),
            values=accepted(target, names[number][1]),
        )
        for number in kept
    )
    sheet = _Sheet(asked, {number: at for at, number in enumerate(kept)}, columns)
    places = placed(map(sheet.ranks, audit.feed.parts()), limit)
    ranked: Ranked[FillRow] = Ranked()
    for (found, copies), results in zip(audit.with_copies(), audit.results(), strict=True):
        ranked.add(sheet.rows(found, places, results, copies))
    rows = _Rows(ranked)
    counts = np.zeros(len(kept), dtype=np.int64)
    products = 0
    for row in rows:
        products += 1
        counts[list(row.wanted)] += 1
    counted = tuple(replace(column, products=int(count)) for column, count in zip(columns, counts, strict=True))
    return Filling(counted, rows, products, int(counts.sum()), len(asked.keys) - len(kept), places.without_id)


class _Sheet:
    """Makes the rows of parts.

    Args:
        asked: What is asked for.
        place: Places of the columns that are kept, by their number.
        columns: These columns.
    """

    def __init__(self, asked: _Asked, place: Mapping[int, int], columns: Sequence[Column]) -> None:
        self._columns = columns
        self._of_code = {code: {place[n] for n in each if n in place} for code, each in asked.columns.items()}
        self._of_lacks = [{place[n] for n in each if n in place} for each in asked.lacking]

    def ranks(self, found: OpenQuestions) -> Ranks:
        """Return what the products of a part are ranked by, of those with something to fill in."""
        judged, codes = found.judged, _Asked.codes(found)
        names, member = np.unique(codes, return_inverse=True)
        counts = np.array([bool(self._of_code[code]) for code in names.tolist()] or [False])[member]
        lacks = np.array([bool(each) for each in self._of_lacks] or [False])[judged.lacking]
        wanted = (np.bincount(found.product, counts, len(judged)) > 0) | lacks
        gains = product_gains(found)
        return ranks_of(found, wanted, gains.gain, gains.copied)

    def rows(
        self, found: OpenQuestions, places: Places, results: Iterable[StoredResult], copies: Copies
    ) -> Iterator[tuple[tuple[int, int], FillRow]]:
        """Yield the rows of a part, behind what they are sorted by; products of the same id are one."""
        judged = found.judged
        wanted = [set(self._of_lacks[at]) for at in judged.lacking.tolist()]
        for product, code in zip(found.product.tolist(), _Asked.codes(found).tolist(), strict=True):
            wanted[product] |= self._of_code[code]
        keys = {n: key for n, at in enumerate(judged.position.tolist()) if (key := places.of(at)) is not None}
        rows: dict[str, tuple[tuple[int, int], FillRow]] = {}
        for product in sorted(keys, key=keys.__getitem__):
            product_id = judged.ids[product]
            key, row = keys[product], FillRow(product_id, judged.titles[product], frozenset(wanted[product]))
            if product_id in rows:
                key, before = rows[product_id]
                row = replace(before, wanted=before.wanted | row.wanted)
            rows[product_id] = key, row
        known = _known(results, {each.product_id: each for _, each in rows.values()}, [c.field for c in self._columns])
        for product_id, (key, _) in rows.items():
            yield key, _with_copies(known[product_id], self._columns, copies.get(product_id, ()))


class _Rows(Iterable[FillRow]):
    """The rows of a sheet, in order; those of the same id are one, because a sheet speaks of a product by its id."""

    def __init__(self, ranked: Ranked[FillRow]) -> None:
        self._ranked = ranked

    def __iter__(self) -> Iterator[FillRow]:
        for _, group in groupby(self._ranked, key=lambda pair: (pair[0][0], pair[1].product_id)):
            (_, row), *others = group
            for _, other in others:
                row = replace(row, wanted=row.wanted | other.wanted, proposed={**other.proposed, **row.proposed})
            yield row


def _with_copies(row: FillRow, columns: Sequence[Column], copies: Sequence[Proposal]) -> FillRow:
    """Return a row with the words of its page in the cells that ask for them, and beside them where they stand."""
    by_name = {each.name: each for each in copies}
    found = {at: by_name[name] for at in sorted(row.wanted) if (name := _copied_as(columns[at])) in by_name}
    # What the destination refuses in a cell is no proposal for it.
    found = {at: each for at, each in found.items() if not columns[at].values or each.value in columns[at].values}
    if not found:
        return row
    said = [f"{columns[at].heading}, {each.field}: “{each.quote}”" for at, each in found.items()]
    current = _shortened("\n".join([*filter(None, [row.current]), *said]))
    return replace(row, current=current, proposed={at: each.value for at, each in found.items()})


def _copied_as(column: Column) -> str:
    """Return what a proposal for a column is called."""
    if column.field == ANYWHERE:
        return column.heading.removeprefix(answer_heading(""))
    return column.heading if column.heading.startswith(f"{column.field} (") else column.field


def accepted(target: Target, field: str) -> tuple[str, ...]:
    """Return the values that a destination takes for an attribute; empty where it takes any."""
    rule = rule_for(target, field)
    if rule is None or rule.kind is not Kind.ENUM:
        return ()
    return tuple(value for value in rule.values if not value.startswith("("))


def _kept(asked: _Asked) -> list[int]:
    """Return the columns for which there is room, the one that gains most first."""
    ranked = sorted(range(len(asked.keys)), key=lambda number: -asked.gains.get(number, 0.0))
    answers = [number for number, (_, field) in enumerate(asked.keys) if field == ANYWHERE]
    most = set(sorted(answers, key=lambda number: -asked.gains.get(number, 0.0))[MOST_ANSWERS:])
    return [number for number in ranked if number not in most][:MOST_COLUMNS]


def _known(results: Iterable[StoredResult], rows: Mapping[str, FillRow], fields: Sequence[str]) -> dict[str, FillRow]:
    """Return the rows with link and present values, as the judge saw them."""
    found: dict[str, FillRow] = {}
    for result in results:
        row = rows.get(str(result.meta.get("product_id") or ""))
        if row is None or row.product_id in found:
            continue
        names = [fields[at] for at in sorted(row.wanted) if fields[at] in result.value.context_fields]
        said = dict.fromkeys(name for name in names if name != ANYWHERE)
        context = context_in(result.value) if said else None
        current = "\n".join(f"{name}: {context.get(name)}" for name in said) if context else ""
        current = _shortened(current)
        link = str(result.meta.get("product_url") or "")
        found[row.product_id] = FillRow(row.product_id, row.title, row.wanted, link, current)
    return {product_id: found.get(product_id, row) for product_id, row in rows.items()}


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CURRENT else f"{text[:LONGEST_CURRENT]} […]"
