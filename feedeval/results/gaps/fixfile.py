"""A file to fill in: a supplemental feed with the attributes that lack and the questions that stayed open."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.feed.rules import Target, rules
from feedeval.feed.spreadsheet import safe_cell
from feedeval.formatting import plain
from feedeval.html import Markup, definitions, escape, section
from feedeval.results.export import write_whole
from feedeval.results.frames.judgement_arrays import AskedQuestion, Floats
from feedeval.results.gaps.answer_places import ANYWHERE, CONTAINERS
from feedeval.results.gaps.open_questions import OpenQuestions

MOST_PAIRS = 30
"""Questions and answers that Google reads of one product."""
LONGEST_QUESTION = 1_000
LONGEST_PAIRS = 5_000
"""Characters of all questions of a product: half of what Google reads, so that there is room for the answers."""


@dataclass(frozen=True)
class FixFile:
    """A file to fill in, as it was written; stands for its path wherever a path is taken."""

    path: Path
    products: int
    """Rows."""
    columns: tuple[str, ...]
    """Attributes with a column of their own, the one that gains most first."""
    questions: int
    """Open questions, over all products."""
    without_id: int = 0
    """Products with gaps that have no id, so that no supplement can speak of them."""
    proposals_path: Path | None = None
    """The list of proposed values with the words that they rest on; None where nothing was proposed."""
    proposed: int = 0
    dropped: int = 0
    """Proposed values that the product's own text does not support, or that the destination would refuse."""
    failed: int = 0
    """Products that could not be asked about; the same call tries them again."""
    copied: int = 0
    """Those of the proposed values that are words of the products' pages."""
    not_audited: int = 0
    """Products of the feed that the session says nothing of: left out of a sample, not done yet, or failed."""

    def __fspath__(self) -> str:
        return str(self.path)

    def facts(self) -> dict[str, str]:
        """Return what is in the file, by name."""
        facts = {
            "To fill in": str(self.path),
            "Products": f"{self.products:,}",
            "Attributes": ", ".join(self.columns) or "none of their own",
            "Questions": f"{self.questions:,} with empty answers, in {ANYWHERE}",
        }
        if self.without_id:
            facts["Left out"] = f"{_counted(self.without_id, 'product')} without an id"
        if self.not_audited:
            facts["Not audited"] = f"{self.not_audited:,} of the feed's products, so that they are not in the file"
        if self.proposals_path is not None:
            facts["Proposed"] = f"{_counted(self.proposed, 'value')}; the words behind each: {self.proposals_path}"
            if self.copied:
                facts["From pages"] = f"{_counted(self.copied, 'value')} of these, in the words of the products' pages"
            facts["Dropped"] = f"{_counted(self.dropped, 'proposal')} that the product's own text does not bear out"
        if self.failed:
            facts["Not asked"] = f"{_counted(self.failed, 'product')} failed; the same call tries again"
        return facts

    def text(self) -> str:
        """Return what is in the file, a line each."""
        facts = self.facts()
        return "\n".join(f"{name:<{max(map(len, facts))}}  {plain(value)}" for name, value in facts.items())

    __str__ = __repr__ = text

    def _repr_html_(self) -> str:
        hint = Markup(
            "<p>An empty cell changes nothing. When it is filled: "
            f"<code>fe.apply_fixes(feed, {escape(repr(str(self.path)))})</code></p>"
        )
        return section("A file to fill in", definitions(self.facts()), hint)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


@dataclass(frozen=True)
class Entry:
    """One product of the file."""

    product_id: str
    title: str
    columns: tuple[str, ...]
    """Attributes that it lacks, or whose value says too little."""
    questions: tuple[AskedQuestion, ...]


def entries_of(found: OpenQuestions, *, limit: int | None = None) -> tuple[list[Entry], int]:
    """Return the products with something to fill in, those that gain most first, and how many of them have no id.

    Those that gain by a copy from their page come before the others. Products of the same id become one, because a
    supplement speaks of them by their id.

    Args:
        found: The open questions.
        limit: Most products.
    """
    judged = found.judged
    gains = product_gains(found)
    # What can be copied from a page comes first.
    ranked = np.lexsort((np.arange(len(judged)), -gains.gain, -gains.copied))
    ranked = ranked[gains.asked[ranked]]
    rows = rows_by_product(found)
    known: dict[str, Entry] = {}
    without_id = 0
    for product in ranked.tolist():
        product_id = judged.ids[product]
        if not product_id:
            without_id += 1
            continue
        if limit is not None and len(known) >= limit and product_id not in known:
            continue
        fresh = entry_of(found, product, rows[product])
        known[product_id] = fresh if product_id not in known else together(known[product_id], fresh)
    return list(known.values()), without_id


class ProductGains(NamedTuple):
    """Of each product, what filling in brings it."""

    gain: Floats
    copied: Floats
    """The part of it that can be copied from its page."""
    asked: NDArray[np.bool_]
    """Whether there is something to fill in."""


def product_gains(found: OpenQuestions) -> ProductGains:
    """Return what filling in brings each product."""
    judged = found.judged
    worth = found.lost * found.rates.rate
    gain = np.bincount(found.product, worth, len(judged)).astype(float)
    lacks = np.array([bool(set(names) - {"id"}) for names in judged.lacks] or [False])[judged.lacking]
    copied = np.bincount(found.product, worth * found.copied, len(judged)).astype(float)
    return ProductGains(gain, copied, (gain > 0) | lacks)


def rows_by_product(found: OpenQuestions) -> list[list[int]]:
    """Return the open questions of each product, as they are numbered there."""
    order = np.argsort(found.product, kind="stable")
    ends = np.searchsorted(found.product[order], np.arange(1, len(found.judged)))
    return [rows.tolist() for rows in np.split(order, ends)]


def entry_of(found: OpenQuestions, product: int, rows: Sequence[int]) -> Entry:
    """Return what a product is asked for.

    Args:
        found: The open questions.
        product: Its position among them.
        rows: Which of them are its own.
    """
    judged = found.judged
    named = [name for row in rows for name in found.places[found.place[row]].fields]
    fields = [*filter(has_column, named), *(name for name in judged.lacks[judged.lacking[product]] if name != "id")]
    asked = [judged.questions[judged.question[found.rows[row]]] for row in rows]
    return Entry(
        product_id=judged.ids[product],
        title=judged.titles[product],
        columns=tuple(dict.fromkeys(fields)),
        questions=_candidates(asked),
    )


def has_column(name: str) -> bool:
    """Say whether an attribute of Google's data can be filled in by itself.

    What a judge called by a name of its own, and what goes into texts and lists that hold many facts, is asked for by
    its question: nobody but the shop knows how to word it.
    """
    return name in rules(Target.GOOGLE) and name not in CONTAINERS and name != "id"


def _candidates(asked: Iterable[AskedQuestion]) -> tuple[AskedQuestion, ...]:
    """Return the questions for which there is room, required ones first."""
    kept: dict[str, AskedQuestion] = {}
    room = LONGEST_PAIRS
    for question in sorted(asked, key=lambda q: not q.required):
        text = " ".join(question.text.split())
        if text and len(text) <= min(LONGEST_QUESTION, room) and len(kept) < MOST_PAIRS and text not in kept:
            kept[text] = question._replace(text=text)
            room -= len(text)
    return tuple(kept.values())


def together(one: Entry, other: Entry) -> Entry:
    """Return what two products of the same id are asked for."""
    columns = tuple(dict.fromkeys((*one.columns, *other.columns)))
    return Entry(one.product_id, one.title, columns, _candidates((*one.questions, *other.questions)))


def attribute_gains(found: OpenQuestions) -> dict[str, float]:
    """Return what filling each attribute brings, over all products."""
    worth = np.bincount(found.place, found.lost * found.rates.rate, len(found.places))
    gains: dict[str, float] = {}
    for place, gain in zip(found.places, worth.tolist(), strict=True):
        for name in place.fields:
            gains[name] = gains.get(name, 0.0) + gain
    return gains


def write_fix_file(
    path: str | Path, entries: Iterable[tuple[Entry, Mapping[str, str]]], columns: Sequence[str], *, asks: bool
) -> Path:
    """Write a tab-separated file, whole or not at all; one entry is held at a time.

    Args:
        path: Where to.
        entries: The entries, each with the values that are proposed for it, by attribute or question.
        columns: Attributes with a column of their own.
        asks: Whether any of the entries has questions.

    Raises:
        InputError: The file's name does not end in `.tsv` or `.txt`, or its folder is not there.
        StorageError: The file cannot be written.
    """
    target = table_path(path)
    header = ["id", *columns, *([ANYWHERE] if asks else [])]
    write_table(target, header, (_row(entry, columns, proposed, asks=asks) for entry, proposed in entries))
    return target


def table_path(path: str | Path) -> Path:
    """Return where to write a tab-separated file.

    Raises:
        InputError: Another suffix, or a folder that is not there.
    """
    target = Path(path)
    if target.suffix.lower() not in (".tsv", ".txt"):
        raise InputError(f"{target.name}: a file to fill in is tab-separated, so its name ends in .tsv or .txt")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is not a folder: make it first")
    return target


def _row(entry: Entry, columns: Sequence[str], proposed: Mapping[str, str], *, asks: bool) -> list[str]:
    pairs = "\n".join(f"Q: {q.text}\nA: {proposed.get(q.text, '')}".rstrip(" ") for q in entry.questions)
    values = [proposed.get(name, "") if name in entry.columns else "" for name in columns]
    return [entry.product_id, *values, *([pairs] if asks else [])]


def write_table(target: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, for_people: bool = True) -> None:
    """Write rows as a tab-separated file, whole or not at all.

    Args:
        target: Where to write.
        header: Names of the columns.
        rows: Their cells.
        for_people: It is opened in a spreadsheet: cells that it would run get an apostrophe in front, and a byte order
            mark tells it the encoding.

    Raises:
        StorageError: The file cannot be written.
    """

    def write(unfinished: Path) -> None:
        encoding = "utf-8-sig" if for_people else "utf-8"
        with unfinished.open("w", encoding=encoding, errors="replace", newline="") as out:
            writer = csv.writer(out, delimiter="\t", lineterminator="\n")
            writer.writerow(header)
            for row in rows:
                cells = map(_one_cell, row)
                writer.writerow([safe_cell(cell) for cell in cells] if for_people else list(cells))

    write_whole(target, write)


def _one_cell(text: str) -> str:
    """Return a text whose tabs and line ends stay inside its cell, whatever reads it."""
    return text.replace("\t", " ").replace("\r", " ")
