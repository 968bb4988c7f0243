"""A session of shards that is too large to be held: the same figures, one shard at a time."""

from __future__ import annotations

import weakref
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyarrow")
import pyarrow.parquet as parquet

from feedeval.errors import InputError
from feedeval.notebook.report.findings import Checked
from feedeval.notebook.report.listing import listed
from feedeval.notebook.report.parts import Material
from feedeval.notebook.report.products import worst_products
from feedeval.notebook.report.report import page
from feedeval.notebook.report.sections import shop_name
from feedeval.results.compare.compare import compare
from feedeval.results.compare.pairing import Question, pair, read_audit
from feedeval.results.frames.judgement_arrays import Codebook, JudgementArrays
from feedeval.results.gaps.gaps import gap_table
from feedeval.results.gaps.making import actions_of
from feedeval.results.gaps.open_questions import learn
from feedeval.results.gaps.summing import OpenFeed
from feedeval.results.large.copies import COLUMNS, PLACE
from feedeval.results.large.parts import ShardParts
from feedeval.results.large.reader import LargeReader
from feedeval.results.library import consolidate
from feedeval.results.session import Session
from feedeval.results.summary import summarise
from tests.results.sharded import SHARDS, TooLarge, sharded_session

COLUMNS_LISTED = ["product_id", "product_url", "title", "category", "coverage_pct", "unanswered_required_count"]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return sharded_session(tmp_path_factory.mktemp("sessions"))


@pytest.fixture
def large(held: Session) -> Session:
    return TooLarge(held.id, held.output_dir)


def test_only_a_session_of_shards_that_is_too_large_is_read_so(held: Session, large: Session) -> None:
    assert held.large is None
    assert large.large is not None
    assert large.standing.basis.failed
    assert large.standing.basis.not_judged


@pytest.mark.parametrize("within", [None, "category"])
@pytest.mark.parametrize("by", ["attribute", "taxonomy", "question"])
def test_gaps_are_those_of_all_judgements_at_once(held: Session, large: Session, by: str, within: str | None) -> None:
    expected, found = (session.gaps(by, within) for session in (held, large))
    # What gains the same may change places.
    names = [name for name in (by, "action", "category") if name in expected.columns]
    pd.testing.assert_frame_equal(
        found.sort_values(names, ignore_index=True), expected.sort_values(names, ignore_index=True)
    )
    assert np.allclose(found["gain_of_feed"], expected["gain_of_feed"])
    assert found.attrs == expected.attrs


def test_actions_and_steps_are_those_of_all_judgements_at_once(held: Session, large: Session) -> None:
    expected, found = (session.actions().set_index("attribute").sort_index() for session in (held, large))
    pd.testing.assert_frame_equal(found, expected)
    places = {action.attribute: action.positions.tolist() for action in held.action_cards}
    assert {action.attribute: action.positions.tolist() for action in large.action_cards} == places
    assert sorted(map(str, large.next_steps(within=None))) == sorted(map(str, held.next_steps(within=None)))
    assert large.next_steps().notes == held.next_steps().notes


def test_results_failures_and_reports_are_the_same(held: Session, large: Session) -> None:
    texts = ["name_plus_context", "questions_json", "judgements_json"]
    found = large.results
    assert {str(found[name].dtype) for name in texts} == {"text on disk"}
    pd.testing.assert_frame_equal(found.astype(dict.fromkeys(texts, held.results["title"].dtype)), held.results)
    pd.testing.assert_series_equal(large.keys, held.keys)
    pd.testing.assert_frame_equal(large.failures, held.failures)
    pd.testing.assert_frame_equal(large.reports, held.reports)
    pd.testing.assert_frame_equal(large.read(columns=list(COLUMNS)), held.read(columns=list(COLUMNS)))


def test_the_summary_is_the_same(held: Session, large: Session) -> None:
    assert summarise(large).text() == summarise(held).text()
    assert large.standing == held.standing
    assert held.standing.sentence in repr(large)


def test_score_quality_is_the_same(held: Session, large: Session) -> None:
    expected, found = held.score_quality, large.score_quality
    assert (found.products, found.questions, found.telling) == (expected.products, expected.questions, expected.telling)
    assert (found.tied, found.tied_pct) == (expected.tied, expected.tied_pct)
    assert found.reliability == pytest.approx(expected.reliability)
    assert found.length_correlation == pytest.approx(expected.length_correlation)


@pytest.mark.parametrize("rows", ["products", "table", "judgements"])
def test_files_are_the_same_to_the_byte(held: Session, large: Session, rows: str, tmp_path: Path) -> None:
    for suffix in (".csv", ".jsonl"):
        expected, found = tmp_path / f"held{suffix}", tmp_path / f"large{suffix}"
        assert held.consolidate(expected, rows=rows).read_bytes() == large.consolidate(found, rows=rows).read_bytes()
        consolidate(held, expected, rows=rows)
        assert consolidate(large, found, rows=rows).read_bytes() == expected.read_bytes()
    frames = [
        pd.read_parquet(session.consolidate(tmp_path / f"{n}.parquet", rows=rows))
        for n, session in enumerate((held, large))
    ]
    pd.testing.assert_frame_equal(*frames)


def test_a_comparison_is_the_same(held: Session, large: Session) -> None:
    whole = Session(held.id, held.output_dir.parent / "whole")
    expected, found = compare(whole, held), compare(whole, large)
    assert expected.failed
    assert str(found) == str(expected)
    for name in ("products", "questions", "categories", "taxonomies", "changes", "new", "gone"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))


def test_pairs_are_the_same_however_many_are_made_at_once(held: Session) -> None:
    questions: Codebook[Question] = Codebook()
    whole = Session(held.id, held.output_dir.parent / "whole")
    audits = [read_audit(session.batch_files, questions) for session in (whole, held)]
    expected, found = pair(*audits), pair(*audits, at_once=7)
    for each in fields(expected):
        assert np.array_equal(getattr(found, each.name), getattr(expected, each.name)), each.name


def test_a_report_says_the_same_of_questions_topics_and_products(held: Session, large: Session) -> None:
    expected, found = Material.of(held), Material.of(large)
    pd.testing.assert_frame_equal(found.open, expected.open)
    assert found.questions_asked == expected.questions_asked
    assert "For example" in page(found, Checked(None, "Not checked."))
    pd.testing.assert_frame_equal(listed(found).rows[COLUMNS_LISTED], listed(expected).rows[COLUMNS_LISTED])
    assert worst_products(found) == worst_products(expected)
    assert shop_name(found) == shop_name(expected) == "shop.example"
    worst = expected.done.head(5)
    for key, judgements in expected.judgements_of(worst).items():
        same = found.judgements_of(found.done.head(5))[key]
        pd.testing.assert_frame_equal(same.reset_index(drop=True), judgements.reset_index(drop=True))


def test_shards_without_a_table_or_with_one_of_an_earlier_version_say_the_same(tmp_path: Path) -> None:
    held = sharded_session(tmp_path, 80)
    large = TooLarge(held.id, held.output_dir)
    shards = held.shards
    assert shards is not None
    shards.results(1).unlink()
    earlier = parquet.read_table(shards.results(2)).select([*COLUMNS, PLACE])
    parquet.write_table(earlier, shards.results(2))
    assert "session.standing says it" in repr(large)
    pd.testing.assert_frame_equal(
        *(s.gaps().sort_values(["attribute", "action"], ignore_index=True) for s in (large, held))
    )
    assert summarise(large).text() == summarise(held).text()
    files = [session.consolidate(tmp_path / f"{n}.csv").read_bytes() for n, session in enumerate((held, large))]
    assert files[0] == files[1]
    pd.testing.assert_frame_equal(large.read(), held.results)


class _Counting(ShardParts):
    """Knows how many parts were alive whenever another one was read."""

    def __init__(self, reader: LargeReader) -> None:
        super().__init__(range(1, SHARDS + 1), reader.read)
        self.alive: list[int] = []
        self._read: list[weakref.ref[JudgementArrays]] = []

    def _part(self, number: int) -> JudgementArrays:
        self.alive.append(sum(each() is not None for each in self._read))
        part = super()._part(number)
        self._read.append(weakref.ref(part))
        return part


def test_no_more_than_the_judgements_of_one_shard_are_held(large: Session) -> None:
    assert large.large is not None
    parts = _Counting(large.large)
    learnt = learn(lambda: parts)
    feed = OpenFeed(lambda: map(learnt.open_in, parts), lambda: parts.names)
    gap_table(feed, within="category")
    actions_of(feed, 50.0)
    assert len(parts.alive) >= 4 * SHARDS
    assert set(parts.alive) == {0}


def test_what_does_not_fit_says_so_and_what_does(large: Session) -> None:
    shards = large.shards
    assert shards is not None
    reader = LargeReader(shards, engine="offline", free=lambda: 0.01)
    for read in (lambda: reader.loaded.results, reader.refuse_judgements):
        with pytest.raises(InputError, match=r"columns=.*where=.*fe\.sample"):
            read()
    assert len(reader.figures)
