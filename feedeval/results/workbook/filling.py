"""What the sheet to fill in asks for: its products, those that gain most first, and a column an action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from feedeval.feed.filled import answer_heading, detail_heading, heading_of
from feedeval.feed.rules import Kind, Target, rule_for
from feedeval.jobs.suggest import Proposal
from feedeval.results.cases import context_in, stored_results
from feedeval.results.gaps.answer_places import ANYWHERE
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.stored import StoredSession

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
    rows: tuple[FillRow, ...]
    left_out: int = 0
    """Columns for which there was no room."""
    without_id: int = 0
    """Products with something to fill in that have no id, so that nobody could tell which is meant."""


class _Asked:
    """The columns that the open questions ask for, and of which products."""

    def __init__(self, found: OpenQuestions) -> None:
        judged = found.judged
        self.judged = judged
        self.keys: dict[tuple[str, str], int] = {}
        """Numbers of columns by heading and attribute."""
        # A question without an attribute has a column of its own.
        anywhere = np.array([ANYWHERE in place.fields for place in found.places] or [False])
        codes = np.where(anywhere[found.place], len(found.places) + found.question, found.place)
        names, member = np.unique(codes, return_inverse=True)
        columns = [self._columns(found, code) for code in names.tolist()]
        worth = found.lost * found.rates.rate
        self.product_gain = np.bincount(found.product, worth, len(judged))
        self.copy_gain = np.bincount(found.product, worth * found.copied, len(judged))
        feed = max(float((judged.stands_for * judged.covered).sum()), 1.0)
        gains = np.bincount(member, worth * judged.stands_for[found.product], len(names)) / feed
        self.gains: dict[int, float] = {}
        for numbers, gain in zip(columns, gains.tolist(), strict=True):
            for number in numbers:
                self.gains[number] = self.gains.get(number, 0.0) + gain
        self.wanted: list[set[int]] = [set() for _ in range(len(judged))]
        for product, at in zip(found.product.tolist(), member.tolist(), strict=True):
            self.wanted[product].update(columns[at])
        self._add_lacking()
        self.questions = self._questions(found, columns, member)

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

    def _add_lacking(self) -> None:
        judged = self.judged
        numbers = [[self._number(heading_of(name), name) for name in names if name != "id"] for names in judged.lacks]
        for product, at in enumerate(judged.lacking.tolist()):
            self.wanted[product].update(numbers[at])

    def _questions(
        self, found: OpenQuestions, columns: Sequence[Sequence[int]], member: np.ndarray
    ) -> dict[int, tuple[str, ...]]:
        """Return some questions of each column, those that most products leave open."""
        width = max(len(found.judged.questions), 1)
        pairs, counts = np.unique(member * width + found.question, return_counts=True)
        texts: dict[int, list[str]] = {}
        for pair in pairs[np.argsort(-counts, kind="stable")].tolist():
            for number in columns[pair // width]:
                of_column = texts.setdefault(number, [])
                text = found.judged.questions[pair % width].text
                if len(of_column) < QUESTIONS_NAMED and text not in of_column:
                    of_column.append(text)
        return {number: tuple(of_column) for number, of_column in texts.items()}


def filling_of(
    session: StoredSession,
    found: OpenQuestions,
    *,
    target: Target = Target.GOOGLE,
    limit: int | None = None,
    copies: Mapping[str, Sequence[Proposal]] = MappingProxyType({}),
) -> Filling:
    """Return what the sheet to fill in asks for.

    Args:
        session: The audit.
        found: Its open questions.
        target: The destination whose lists of values are offered.
        limit: Most products.
        copies: Words of the products' pages, by product id.
    """
    asked = _Asked(found)
    kept = _kept(asked)
    place = {number: at for at, number in enumerate(kept)}
    rows, without_id = _rows(asked, place, limit)
    names = list(asked.keys)
    known = _known(session, {row.product_id: row for row in rows}, [names[number][1] for number in kept])
    counts = np.zeros(len(kept), dtype=np.int64)
    for row in rows:
        counts[list(row.wanted)] += 1
    columns = tuple(
        Column(
            heading=names[number][0],
            field=names[number][1],
            gain=asked.gains.get(number, 0.0),
            products=int(counts[at]),
            questions=asked.questions.get(number, ()),
            values=accepted(target, names[number][1]),
        )
        for at, number in enumerate(kept)
    )
    written = tuple(_with_copies(known[row.product_id], columns, copies.get(row.product_id, ())) for row in rows)
    return Filling(columns, written, len(asked.keys) - len(kept), without_id)


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


def _rows(asked: _Asked, place: Mapping[int, int], limit: int | None) -> tuple[list[FillRow], int]:
    judged, without_id = asked.judged, 0
    rows: dict[str, FillRow] = {}
    for product in np.lexsort((np.arange(len(judged)), -asked.product_gain, -asked.copy_gain)).tolist():
        wanted = frozenset(place[number] for number in asked.wanted[product] if number in place)
        if not wanted:
            continue
        product_id = judged.ids[product]
        if not product_id:
            without_id += 1
        elif product_id in rows:
            # A sheet speaks of a product by its id: several of one id are one row.
            before = rows[product_id]
            rows[product_id] = FillRow(product_id, before.title, before.wanted | wanted)
        elif limit is None or len(rows) < limit:
            rows[product_id] = FillRow(product_id, judged.titles[product], wanted)
    return list(rows.values()), without_id


def _known(session: StoredSession, rows: Mapping[str, FillRow], fields: Sequence[str]) -> dict[str, FillRow]:
    """Return the rows with link and present values, as the judge saw them."""
    found: dict[str, FillRow] = {}
    for result in stored_results(session):
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


def lines(filling: Filling) -> Iterator[tuple[str, ...]]:
    """Yield the reference cells of each product: id, title, link and what it says already."""
    for row in filling.rows:
        yield row.product_id, row.title, row.link, row.current
