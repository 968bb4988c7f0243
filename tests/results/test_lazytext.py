"""A text column on disk behaves as one in memory."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from feedeval.errors import SessionDamaged
from feedeval.results.frames import results as frames
from feedeval.results.frames.lazytext import LazyText, LazyTextDtype, TextKind
from feedeval.results.session import Session, load_session
from tests.results.factory import SID, Plan, write_session

TEXTS = [kind.value for kind in TextKind]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    write_session(tmp_path, Plan(products=50, batch_size=7, failed=(3, 17), overrides={5: {"title": "Näpfchen “gut”"}}))
    return load_session(output_dir=tmp_path)


@pytest.fixture
def on_disk(session: Session) -> pd.DataFrame:
    return frames.load_audit(session.batch_files, engine="offline", in_memory=False).results


@pytest.fixture
def in_memory(session: Session) -> pd.DataFrame:
    return session.results


def test_only_a_small_session_holds_its_texts(on_disk: pd.DataFrame, in_memory: pd.DataFrame) -> None:
    assert all(isinstance(on_disk[name].dtype, LazyTextDtype) for name in TEXTS)
    assert all(isinstance(in_memory[name].dtype, pd.StringDtype) for name in TEXTS)
    assert on_disk.memory_usage(deep=True)[TEXTS].sum() < in_memory.memory_usage(deep=True)[TEXTS].sum() / 5


def test_reading_gives_the_same_text(on_disk: pd.DataFrame, in_memory: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(on_disk.astype(dict.fromkeys(TEXTS, "str")), in_memory)


@pytest.mark.parametrize("name", TEXTS)
def test_a_column_does_what_text_does(on_disk: pd.DataFrame, in_memory: pd.DataFrame, name: str) -> None:
    lazy, text = on_disk[name], in_memory[name]
    assert lazy.iloc[5] == text.iloc[5]
    assert lazy.iloc[-1] == text.iloc[-1]
    assert lazy.isna().tolist() == text.isna().tolist()
    assert lazy.dropna().tolist() == text.dropna().tolist()
    assert lazy.str.len().dropna().tolist() == text.str.len().dropna().tolist()
    assert lazy.str.contains("Use", regex=False).fillna(False).tolist() == (
        text.str.contains("Use", regex=False).fillna(False).tolist()
    )
    assert (lazy == text.iloc[5]).tolist() == (text == text.iloc[5]).tolist()
    assert (lazy != text.iloc[5]).tolist() == (text != text.iloc[5]).tolist()
    assert lazy.nunique() == text.nunique()
    assert lazy.where(lazy.isna(), "x").tolist()[5] == "x"
    assert lazy.fillna("none").tolist() == text.fillna("none").tolist()
    assert lazy.sort_values().dropna().tolist() == text.sort_values().dropna().tolist()
    assert lazy.value_counts().to_dict() == text.value_counts().to_dict()
    assert lazy.duplicated().tolist() == text.duplicated().tolist()


def test_a_frame_is_sliced_filtered_sorted_and_joined_without_reading(
    on_disk: pd.DataFrame, in_memory: pd.DataFrame, session: Session
) -> None:
    def shape(frame: pd.DataFrame) -> pd.DataFrame:
        chosen = frame[frame["coverage_pct"] > 30].sort_values("coverage_pct", kind="stable").iloc[::-1]
        chosen = chosen.merge(
            pd.DataFrame({"product_id": frame["product_id"][:40], "n": 1}), on="product_id", how="left"
        )
        return pd.concat([chosen.head(5), chosen.tail(5)], ignore_index=True).copy()

    aside = session.batch_paths[0].with_name("aside")
    aside.mkdir()
    moved = [path.rename(aside / path.name) for path in session.batch_paths]
    shaped = shape(on_disk)
    assert isinstance(shaped["judgements_json"].dtype, LazyTextDtype)
    for path in moved:
        path.rename(path.parent.parent / path.name)
    expected = shape(in_memory)["judgements_json"].tolist()
    assert shaped["judgements_json"].tolist() == expected


def test_a_left_join_leaves_missing_texts_missing(on_disk: pd.DataFrame) -> None:
    joined = pd.DataFrame({"product_id": ["SKU-000001", "none"]}).merge(on_disk, on="product_id", how="left")
    assert joined["judgements_json"].isna().tolist() == [False, True]


def test_joining_with_text_in_memory_gives_text(on_disk: pd.DataFrame, in_memory: pd.DataFrame) -> None:
    both = pd.concat([on_disk, in_memory], ignore_index=True)
    assert isinstance(both["judgements_json"].dtype, pd.StringDtype)
    assert both["judgements_json"].iloc[1] == both["judgements_json"].iloc[51]


def test_joining_two_sessions_reads_both(on_disk: pd.DataFrame, tmp_path: Path) -> None:
    write_session(tmp_path / "b", Plan(products=3, batch_size=2))
    other = Session(SID, tmp_path / "b")
    frame = frames.load_audit(other.batch_files, engine="offline", in_memory=False).results
    both = pd.concat([on_disk, frame], ignore_index=True)
    assert json.loads(both["judgements_json"].iloc[-1]) == json.loads(frame["judgements_json"].iloc[-1])


def test_a_frame_is_shown_pickled_and_mapped(on_disk: pd.DataFrame, in_memory: pd.DataFrame, session: Session) -> None:
    assert "Chopping board" in repr(on_disk[["name_plus_context"]].head())
    assert "Chopping board" in on_disk.head()._repr_html_()
    dumped = pickle.dumps(on_disk)
    for path in session.batch_paths:
        path.unlink()
    pd.testing.assert_frame_equal(pickle.loads(dumped), in_memory)


def test_a_pickle_names_no_module_of_ours_and_one_of_before_is_still_read(
    on_disk: pd.DataFrame, in_memory: pd.DataFrame
) -> None:
    column = on_disk["judgements_json"]
    assert b"feedeval" not in pickle.dumps(column)
    texts = column.astype(object).tolist()
    by_name = b"cfeedeval.results.lazytext\n_as_text\n" + pickle.dumps((texts,), protocol=0)[:-1] + b"R."
    pd.testing.assert_extension_array_equal(pickle.loads(by_name), in_memory["judgements_json"].array)


def test_cells_can_be_parsed_and_rows_iterated(on_disk: pd.DataFrame, in_memory: pd.DataFrame) -> None:
    parsed = on_disk["judgements_json"].dropna().map(json.loads)
    assert parsed.map(len).eq(4).all()
    assert [row.questions_json for row in on_disk.dropna(subset=["questions_json"]).itertuples()] == (
        in_memory["questions_json"].dropna().tolist()
    )
    records = on_disk.to_dict("records")
    assert records[1]["name_plus_context"] == in_memory["name_plus_context"][1]


def test_parquet_holds_the_texts(on_disk: pd.DataFrame, in_memory: pd.DataFrame, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    on_disk.to_parquet(tmp_path / "r.parquet")
    assert pd.read_parquet(tmp_path / "r.parquet")["judgements_json"].tolist()[5] == in_memory["judgements_json"][5]


def test_a_cell_whose_file_is_gone_says_so(on_disk: pd.DataFrame, session: Session) -> None:
    for path in session.batch_paths:
        path.unlink()
    with pytest.raises(SessionDamaged, match="load the session again"):
        _ = on_disk["judgements_json"].iloc[1]


def test_a_cell_whose_file_was_written_anew_is_found_by_its_record(on_disk: pd.DataFrame, session: Session) -> None:
    before = on_disk["judgements_json"].iloc[6]
    path = session.batch_paths[0]
    document = json.loads(path.read_bytes())
    document["results"].insert(0, {**document["results"][0], "index": 3})
    path.write_text(json.dumps(document, separators=(",", ":"), ensure_ascii=False))
    assert on_disk["judgements_json"].iloc[6] == before


def test_an_array_is_one_of_pandas_own_kind(on_disk: pd.DataFrame) -> None:
    array = on_disk["judgements_json"].array
    assert isinstance(array, LazyText)
    assert array.nbytes == 50 * 16
    assert np.asarray(array[:3]).dtype == object
    with pytest.raises(AttributeError):
        _ = array.nonsense


def test_a_cell_cannot_be_set_and_says_how_to(on_disk: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="astype"):
        on_disk.loc[0, "judgements_json"] = "mine"
    mine = on_disk.astype({"judgements_json": str})
    mine.loc[0, "judgements_json"] = "mine"
    assert mine["judgements_json"][0] == "mine"
