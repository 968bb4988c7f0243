"""A part of a session's results, read without the rest."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("pyarrow")

from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.results.session import Session, load_session
from tests.e2e.support import make_feed


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("sessions")
    ProductFeedEvaluator(model="offline", output_dir=folder).evaluate_products_batch(make_feed(40), progress="none")
    return load_session(output_dir=folder)


def test_a_session_in_one_piece_is_read_by_the_same_conditions(session: Session) -> None:
    pd.testing.assert_frame_equal(session.read(), session.results)
    some = session.read(
        columns=["key", "category"], where=[("category", "in", ["Sport > Tents"]), ("status", "==", "done")]
    )
    assert some["key"].tolist() == [f"P-{n:05d}" for n in range(0, 40, 4)]
    assert session.read(columns=["title"], where=[("yes_count", ">", 1000)]).empty
    assert "key" not in session.results.columns


def test_what_cannot_be_read_is_named(session: Session) -> None:
    for columns, where in (
        (["colour"], None),
        ([], None),
        ("title", None),
        (None, [("title", "~", 1)]),
        (None, ["title"]),
    ):
        with pytest.raises(InputError):
            session.read(columns=columns, where=where)  # type: ignore[arg-type]
