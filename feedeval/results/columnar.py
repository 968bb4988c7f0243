"""A few columns or rows of the results of a large session, read through Arrow without the rest.

A shard that is through leaves its results as a Parquet file beside it. What is asked for is read from there; shards
that are not through, and sessions in one piece, are read from their batch files, part by part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.frames.results import COUNTS, RESULT_COLUMNS, TEXT_COLUMNS
from feedeval.results.large.copies import COLUMNS, KEY, PLACE, tables_of, write_copy
from feedeval.results.stored import StoredSession

__all__ = ["OPERATORS", "Where", "read_columns", "write_copy"]

OPERATORS = ("==", "=", "!=", "<", "<=", ">", ">=", "in", "not in")

Where = Sequence[tuple[str, str, Any]]


def read_columns(session: StoredSession, columns: Sequence[str] | None, where: Where | None) -> pd.DataFrame:
    """Return some columns and rows of an audit's results, in the order of the feed.

    Raises:
        InputError: There is no such column, a condition cannot be used, pyarrow is missing, or it is no audit.
    """
    _check(session, columns, where or ())
    wanted = list(columns) if columns is not None else list(RESULT_COLUMNS)
    parts = list(_parts(session, wanted, where or ()))
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=_dtype(name)) for name in wanted})
    frame = pd.concat(parts, ignore_index=True).sort_values(PLACE, kind="stable", ignore_index=True)
    return frame.drop(columns=PLACE).astype({name: _dtype(name) for name in wanted})[wanted]


def _check(session: StoredSession, columns: Sequence[str] | None, where: Where) -> None:
    try:
        import pyarrow.dataset  # noqa: F401 - only to say at once that it is missing
    except ImportError as exc:
        raise InputError("columns= and where= need pyarrow: pip install 'feedeval[parquet]'") from exc
    if not session.is_audit:
        raise InputError(f"session {session.id} is of kind {session.progress.kind}: only an audit has these columns")
    if isinstance(columns, str) or (columns is not None and not columns):
        raise InputError(f"columns={columns!r}: give a list of names, or None for all")
    for condition in where:
        if not isinstance(condition, tuple) or len(condition) != 3 or condition[1] not in OPERATORS:
            raise InputError(
                f"where={condition!r}: give conditions such as ('coverage_pct', '<', 50), with one of "
                f"{', '.join(OPERATORS)}"
            )
    named = [*(columns or ()), *(condition[0] for condition in where)]
    if unknown := [name for name in named if name not in COLUMNS]:
        raise InputError(f"{', '.join(map(str, unknown))}: no such column; there are {', '.join(COLUMNS)}")


def _parts(session: StoredSession, wanted: list[str], where: Where) -> Iterator[pd.DataFrame]:
    import pyarrow.dataset as dataset
    from pyarrow.parquet import filters_to_expression

    condition = filters_to_expression(list(where)) if where else None
    names = list(dict.fromkeys([*wanted, PLACE]))
    if (shards := session.shards) is None:
        frame = session.results
        frame[KEY], frame[PLACE] = session.keys, np.arange(len(frame))
        yield _filtered(frame, names, condition)
        return
    copies = shards.tables()
    if copies:
        tables = dataset.dataset([str(path) for path in copies.values()], format="parquet")
        # Row group by row group: what does not fit the condition is never held.
        yield tables.to_table(columns=names, filter=condition).to_pandas()
    for number in sorted(set(shards.numbers) - set(copies)):
        asked = {*names, *(condition[0] for condition in where)}
        files, engine = shards.batch_files_of(number), session.progress.engine
        for table in tables_of(files, engine=engine, texts=not TEXT_COLUMNS.isdisjoint(asked)):
            yield dataset.dataset(table).to_table(columns=names, filter=condition).to_pandas()


def _filtered(frame: pd.DataFrame, names: list[str], condition: Any) -> pd.DataFrame:
    import pyarrow
    import pyarrow.dataset as dataset

    plain = frame.astype({name: object for name, dtype in frame.dtypes.items() if not _is_number(dtype)})
    table = pyarrow.Table.from_pandas(plain, preserve_index=False, schema=_schema())
    found: pd.DataFrame = dataset.dataset(table).to_table(columns=names, filter=condition).to_pandas()
    return found


def _is_number(dtype: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(dtype))


def _schema() -> Any:
    import pyarrow

    kinds = {"Int64": pyarrow.int64(), "float64": pyarrow.float64()}
    fields = [pyarrow.field(name, kinds.get(str(_dtype(name)), pyarrow.string())) for name in COLUMNS]
    return pyarrow.schema([*fields, pyarrow.field(PLACE, pyarrow.int64())])


def _dtype(name: str) -> Any:
    if name in COUNTS:
        return "Int64"
    return "float64" if name in ("coverage_pct", "cost_usd") else TEXT
