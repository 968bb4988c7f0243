"""What is written and looked through of a session of shards too large to be held: the same as of one that is."""

from __future__ import annotations

import csv
import shutil
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyarrow")
import openpyxl

import feedeval as fe
from feedeval.errors import InputError
from feedeval.feed.pages.pages import Pages
from feedeval.notebook.browser.browse import Browser, Wanted
from feedeval.notebook.browser.opened import Opened
from feedeval.records import Verdict
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.gaps.summing import OpenFeed
from feedeval.results.large.filling import to_fill_in_parts
from feedeval.results.large.in_parts import AuditInParts
from feedeval.results.large.ledger import LargeAudit, LargeLedger
from feedeval.results.large.ranked import Ranked
from feedeval.results.session import Session, load_session
from feedeval.results.workbook.filling import filling_of
from feedeval.results.workbook.sheets import which_fit
from tests.benchmarks.multiplied import varied_feed
from tests.results.sharded import SHARDS, TooLarge, cut

PRODUCTS = 200
TWICE = 23
"""Every so many products have the id of an earlier one."""


def feed() -> list[dict[str, str]]:
    products = varied_feed(PRODUCTS)
    for n in range(TWICE, PRODUCTS, TWICE):
        products[n]["id"] = products[n - 7]["id"]
    products[11]["title"] = products[60]["title"] = "article 3 in Blue"
    return products


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("sessions")
    fe.ProductFeedEvaluator(model="offline", output_dir=folder / "whole").evaluate_products_batch(
        feed(), progress="none"
    )
    return cut(load_session(output_dir=folder / "whole"), folder / "shards")


@pytest.fixture
def held(made: Session) -> Session:
    return Session(made.id, made.output_dir)


@pytest.fixture(scope="module")
def pages() -> Pages:
    """Pages that say what many products of the feed do not, and of some products another weight."""
    products = feed()
    html = {
        product["link"]: f"<html><head><title>{product['title']}</title></head><body><h1>{product['title']}</h1>"
        f"<p>Material: linen</p><p>Weight: {n + 3} kg</p><p>Machine wash at 40 degrees.</p></body></html>"
        for n, product in enumerate(products)
        if n % 5
    }
    return fe.read_pages(products, pages=html, progress=False)


@pytest.fixture
def large(held: Session) -> Session:
    return TooLarge(held.id, held.output_dir)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def by_id(path: Path) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in table(path)}


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path, read_only=True)
    return {sheet.title: list(sheet.values) for sheet in book}


def sorted_rows(rows: list[tuple[Any, ...]]) -> list[str]:
    return sorted(map(str, rows))


@pytest.mark.parametrize("limit", [None, 40])
def test_a_file_to_fill_in_asks_the_same(held: Session, large: Session, limit: int | None, tmp_path: Path) -> None:
    expected, found = (session.fix_file(tmp_path / f"{n}.tsv", limit=limit) for n, session in enumerate((held, large)))
    assert replace(found, path=expected.path, columns=()) == replace(expected, columns=())
    assert sorted(found.columns) == sorted(expected.columns)
    # What gains the same may change places, and at a limit those that are left.
    if limit is None:
        assert by_id(found.path) == by_id(expected.path)
    assert len(by_id(found.path)) == len(table(found.path)) == found.products


def test_a_workbook_says_the_same(held: Session, large: Session, tmp_path: Path) -> None:
    expected, found = (session.workbook(tmp_path / f"{n}.xlsx") for n, session in enumerate((held, large)))
    assert (found.products, found.notes, sorted(found.columns)) == (
        expected.products,
        expected.notes,
        sorted(expected.columns),
    )
    one, other = sheets(expected.path), sheets(found.path)
    assert other["Products"] == one["Products"]
    assert other["Answers"] == one["Answers"]
    assert sorted_rows(other["Summary"]) == sorted_rows(one["Summary"])
    assert sorted(row[1] for row in other["Actions"]) == sorted(row[1] for row in one["Actions"])
    assert filled_in(other["To fill in"]) == filled_in(one["To fill in"])


def filled_in(rows: list[tuple[Any, ...]]) -> list[str]:
    """Rows of the sheet, whatever their order and that of columns; of several products of one id it shows one."""
    heads, *found = rows
    repeated = {product["id"] for n, product in enumerate(feed()) if n % TWICE == 0 and n}
    left_out = ("link", "current value")
    return sorted(
        str(
            sorted(
                (head, cell)
                for head, cell in zip(heads, row, strict=True)
                if head not in left_out or row[0] not in repeated
            )
        )
        for row in found
    )


def test_a_sheet_takes_what_is_open_first() -> None:
    counts = {Verdict.YES: 50, Verdict.NO: 20, Verdict.PARTIAL: 10, Verdict.NOT_APPLICABLE: 5}
    assert {v: n for v, n in which_fit(counts, 45).items() if n} == {
        Verdict.NO: 20,
        Verdict.PARTIAL: 10,
        Verdict.YES: 15,
    }
    assert sum(which_fit(counts, 1_000).values()) == 85


def test_a_ledger_says_the_same(held: Session, large: Session, pages: Pages, tmp_path: Path) -> None:
    expected, found = held.ledger(pages), large.ledger(pages)
    assert isinstance(found, LargeLedger)
    assert expected.counts["page"] and expected.counts["contradicted"]
    assert str(found) == str(expected) and found.text(standing="nowhere") == expected.text(standing="nowhere")
    assert found._repr_html_() == expected._repr_html_()
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert found.on_page == expected.on_page
    assert sorted(found.copies) == sorted(expected.copies)
    assert (found.products, found.pages, found.unread) == (expected.products, expected.pages, expected.unread)
    parts = list(found.parts())
    assert len(parts) == SHARDS and sum(map(len, parts)) == len(found)
    names = ["attribute", "on_page", "products"]
    one, other = (session.actions()[names].sort_values(names, ignore_index=True) for session in (held, large))
    pd.testing.assert_frame_equal(other, one)
    files = [session.fix_file(tmp_path / f"{n}.tsv") for n, session in enumerate((held, large))]
    assert files[1].copied == files[0].copied > 0
    assert by_id(files[1].path) == by_id(files[0].path)
    answers = [session.questions_and_answers(ledger) for session, ledger in ((held, expected), (large, found))]
    pd.testing.assert_frame_equal(answers[1], answers[0])
    books = [sheets(session.workbook(tmp_path / f"{n}.xlsx").path) for n, session in enumerate((held, large))]
    assert books[1]["Answers"] == books[0]["Answers"]


def test_a_ledger_knows_the_products_of_shards_by_their_place_in_the_feed(held: Session, pages: Pages) -> None:
    whole = Session(held.id, held.output_dir.parent / "whole")
    ledger = Session(held.id, held.output_dir).ledger(pages)
    ids = whole.ledger(pages).frame["product_id"].drop_duplicates().tolist()
    found = ledger.frame["product_id"].drop_duplicates().tolist()
    assert found == [each for each in ids if each in set(found)]
    done = Session(held.id, held.output_dir).results.query("status == 'done'")["product_id"].tolist()
    asked = set(zip(ledger.frame["product_id"], ledger.frame["question"], ledger.frame["standing"], strict=True))
    assert all((done[position], question, "page") in asked for position, question in ledger.on_page)


def test_pages_that_were_asked_in_a_session_of_their_own_say_the_same(
    made: Session, pages: Pages, tmp_path: Path
) -> None:
    shutil.copytree(made.output_dir, tmp_path / "output")
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path / "output")
    asked = Session(made.id, tmp_path / "output").ledger(pages, evaluator=evaluator)
    held, large = (kind(made.id, tmp_path / "output") for kind in (Session, TooLarge))
    expected, found = held.ledger(), large.ledger()
    assert expected.counts == asked.counts and expected.counts["page"]
    assert isinstance(found, LargeLedger) and str(found) == str(expected)
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    files = [session.fix_file(tmp_path / f"{n}.tsv") for n, session in enumerate((held, large))]
    assert by_id(files[1].path) == by_id(files[0].path) and files[1].copied == files[0].copied > 0


def test_a_ledger_that_does_not_fit_says_how_to_go_through_it(large: Session) -> None:
    ledger = LargeLedger(LargeAudit.of(large), free=lambda: 0.01)
    assert len(ledger) and "No page was read" in str(ledger)
    with pytest.raises(InputError, match=r"rows take .* ledger\.parts\(\)"):
        _ = ledger.frame


WANTED = [
    Wanted(),
    Wanted(sort="coverage"),
    Wanted(sort="coverage", descending=True, text="article 1"),
    Wanted(sort="title", text="ARTICLE 3"),
    Wanted(sort="title", descending=True),
    Wanted(sort="category", status="done"),
    Wanted(sort="missing", low_pct=20, high_pct=80),
    Wanted(sort="required", text="no answer in time"),
    Wanted(group="Home > Lamps > Line 0", sort="no"),
    Wanted(text="nothing says this"),
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_products_are_looked_through_alike(held: Session, large: Session, wanted: Wanted) -> None:
    expected, found = (Opened(session) for session in (held, large))
    one, other = Browser(expected.table, expected.shape), Browser(found.table, found.shape)
    assert not isinstance(found.table, pd.DataFrame)
    rows = one.find(wanted)
    assert other.find(wanted).tolist() == rows.tolist()
    assert other.rows(rows[:20]) == one.rows(rows[:20])
    assert other.groups() == one.groups()
    for row in rows[:5].tolist():
        assert found.record_html(row) == expected.record_html(row)


def test_looking_through_products_reads_no_frame_of_all(large: Session) -> None:
    opened = Opened(large)
    browser = Browser(opened.table, opened.shape)
    browser.rows(browser.find(Wanted(sort="title", text="article"))[:20])
    opened.record_html(0)
    assert large.large is not None
    assert "_results" not in vars(large.large.loaded)
    assert {"title", "name_plus_context", "product_url"}.isdisjoint(opened.results.columns)


class _Counted:
    """Open questions of shards, which know how many of them were alive whenever another one was made."""

    def __init__(self, feed: OpenFeed) -> None:
        self._feed = feed
        self.alive: list[int] = []
        self._made: list[weakref.ref[OpenQuestions]] = []

    def parts(self) -> Iterator[OpenQuestions]:
        stream = iter(self._feed.parts())
        while True:
            self.alive.append(sum(each() is not None for each in self._made))
            found = next(stream, None)
            if found is None:
                return
            self._made.append(weakref.ref(found))
            yield found
            del found


def test_one_part_of_the_open_questions_is_held(large: Session) -> None:
    assert large.large is not None
    counted = _Counted(large.large.open_feed)
    audit = large._in_parts
    watched = AuditInParts(OpenFeed(counted.parts, audit.feed.names), audit.results, audit.copies)
    assert sum(1 for _ in to_fill_in_parts(watched, None).products)
    assert filling_of(watched).products
    assert len(counted.alive) >= 4 * (SHARDS + 1)
    # The one that is let go of while the next is made.
    assert max(counted.alive) <= 1


class _Thing:
    alive = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def __setstate__(self, state: dict[str, int]) -> None:
        self.__dict__.update(state)
        type(self).alive += 1

    def __del__(self) -> None:
        type(self).alive -= 1


def test_of_things_in_order_a_block_of_each_part_is_held() -> None:
    ranked: Ranked[_Thing] = Ranked(block=5)
    numbers = np.random.default_rng(0).permutation(900)
    for part in np.split(numbers, 3):
        ranked.add([(int(n), _Thing(int(n))) for n in part])
    for _ in range(2):
        _Thing.alive = 0
        most, order = 0, []
        for _, thing in ranked:
            most = max(most, _Thing.alive)
            order.append(thing.number)
        assert order == list(range(900))
        assert most <= 2 * 3 * 5
