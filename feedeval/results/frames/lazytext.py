"""A text column that stays on disk until it is looked at.

The contexts and judgements of 100,000 products are several hundred megabytes of text, and most who load a large
session want the scores. Such a column knows for each row the batch file and the record; slicing, filtering and sorting
a frame move these addresses only, and the text is read when a cell is shown, compared or exported. It goes through
pandas' public interface for array types of one's own.
"""

from __future__ import annotations

import builtins
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take

from feedeval.errors import SessionDamaged
from feedeval.results.frames.decoding import Asked, AuditTexts, Meta, read_or_warn, to_json
from feedeval.storage.batch_shapes import ResultOf, Unread, batch_decoder
from feedeval.storage.paths import StoredFile

TEXT = pd.StringDtype("python", na_value=np.nan)
"""The `str` dtype with Python strings inside, whether or not pyarrow is installed: equal strings are held once."""

CACHE_BYTES = 32_000_000
"""Batch files of this size in all are kept decoded: rows are mostly read in order, so a few are enough."""


_decode_texts = batch_decoder(ResultOf[AuditTexts, Meta], Unread)


class TextKind(StrEnum):
    """The columns that may be left on disk."""

    CONTEXT = "name_plus_context"
    QUESTIONS = "questions_json"
    JUDGEMENTS = "judgements_json"


Texts = dict[TextKind, str]


class TextFiles:
    """The batch files of a session as a place to look texts up."""

    def __init__(self, files: Sequence[StoredFile]) -> None:
        self.files = list(files)
        self._cache: OrderedDict[int, tuple[int, Mapping[int, Texts]]] = OrderedDict()
        self._cached_bytes = 0
        self._question_sets: dict[tuple[tuple[str, str, bool], ...], str] = {}
        self._decode_asked = msgspec.json.Decoder(list[Asked]).decode

    def texts(self, file_number: int) -> Mapping[int, Texts]:
        """Return the texts of one file by record index."""
        if (known := self._cache.get(file_number)) is not None:
            self._cache.move_to_end(file_number)
            return known[1]
        file = self.files[file_number]
        batch = read_or_warn(file, _decode_texts)
        if batch is None:
            raise SessionDamaged(
                f"{file.path} can no longer be read, so its texts cannot be shown: load the session again"
            )
        read = {
            result.index: {
                TextKind.CONTEXT: f"{result.meta.title or ''}\n{result.value.context}",
                TextKind.QUESTIONS: self._questions(result.value.judgements),
                TextKind.JUDGEMENTS: bytes(result.value.judgements).decode(),
            }
            for result in batch.results
        }
        self._keep(file_number, read)
        return read

    def _keep(self, file_number: int, read: Mapping[int, Texts]) -> None:
        size = sum(len(text) for texts in read.values() for text in texts.values())
        self._cache[file_number] = (size, read)
        self._cached_bytes += size
        while self._cached_bytes > CACHE_BYTES and len(self._cache) > 1:
            _, (dropped, _) = self._cache.popitem(last=False)
            self._cached_bytes -= dropped

    def _questions(self, judgements: msgspec.Raw) -> str:
        asked = tuple((j.question, j.taxonomy, j.required) for j in self._decode_asked(judgements))
        # Products of a category are asked the same questions: the text is made once and shared.
        if (text := self._question_sets.get(asked)) is None:
            text = self._question_sets[asked] = to_json(
                [
                    {"number": n, "question": question, "taxonomy": taxonomy, "required": required}
                    for n, (question, taxonomy, required) in enumerate(asked, 1)
                ]
            )
        return text


@pd.api.extensions.register_extension_dtype
class LazyTextDtype(ExtensionDtype):
    """Text that is read from the session's batch files when it is looked at."""

    name = "text on disk"
    type = str
    kind = "O"
    na_value = np.nan

    @classmethod
    def construct_array_type(cls) -> builtins.type[LazyText]:
        """Return the array type that goes with this dtype."""
        return LazyText

    def _get_common_dtype(self, dtypes: Sequence[Any]) -> Any:
        if all(isinstance(dtype, LazyTextDtype) for dtype in dtypes):
            return self
        if all(isinstance(dtype, LazyTextDtype | pd.StringDtype) for dtype in dtypes):
            return TEXT
        return None


class LazyText(ExtensionArray):
    """One text column of a session; see the module's docstring.

    Its cells cannot be set. Where columns of several sessions are joined, the texts are read and held in memory from
    then on.
    """

    def __init__(self, files: TextFiles, kind: TextKind, addresses: NDArray[np.int64]) -> None:
        """Make a column.

        Args:
            files: Where the texts are.
            kind: Which of them this column shows.
            addresses: Shape (rows, 2): file number, -1 for a missing text, and record index.
        """
        self._files = files
        self._kind = kind
        self._addresses = addresses

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Any:
        # Texts that come from elsewhere have no address on disk: they become ordinary text.
        return pd.array(scalars, dtype=TEXT, copy=copy)

    @classmethod
    def _from_scalars(cls, scalars: Any, *, dtype: Any) -> Any:
        # What comes of a function over the cells is whatever it is: pandas then finds its dtype.
        raise TypeError("no text on disk is made of texts in memory")

    @classmethod
    def _from_factorized(cls, values: Any, original: Any) -> Any:
        return pd.array(values, dtype=TEXT)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[LazyText]) -> Any:
        first = to_concat[0]
        if all(part._files is first._files and part._kind is first._kind for part in to_concat):
            return cls(first._files, first._kind, np.concatenate([part._addresses for part in to_concat]))
        return pd.array(np.concatenate([part._objects() for part in to_concat]), dtype=TEXT)

    @property
    def dtype(self) -> LazyTextDtype:
        """The dtype."""
        return LazyTextDtype()

    @property
    def nbytes(self) -> int:
        """Bytes held in memory: the addresses."""
        return int(self._addresses.nbytes)

    def __len__(self) -> int:
        return len(self._addresses)

    def __getitem__(self, item: Any) -> Any:
        item = pd.api.indexers.check_array_indexer(self, item)
        if isinstance(item, int | np.integer):
            return self._text(*self._addresses[item])
        return type(self)(self._files, self._kind, self._addresses[item])

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(
            f"{self._kind.value} is read from disk and cannot be changed: take it into memory first, as in "
            f'frame = frame.astype({{"{self._kind.value}": str}})'
        )

    def __iter__(self) -> Iterator[Any]:
        for file_number, index in self._addresses.tolist():
            yield self._text(file_number, index)

    def _text(self, file_number: int, index: int) -> Any:
        if file_number < 0:
            return self.dtype.na_value
        try:
            return self._files.texts(int(file_number))[int(index)][self._kind]
        except KeyError as exc:
            raise SessionDamaged(
                f"{self._files.files[file_number].name} no longer holds record {index}: the session has changed since "
                "it was loaded, load it again"
            ) from exc

    def _objects(self) -> NDArray[np.object_]:
        # Read file by file whatever the order of the rows, so that a shuffled frame costs no more than a sorted one.
        out = np.empty(len(self), dtype=object)
        for row in np.argsort(self._addresses[:, 0], kind="stable").tolist():
            out[row] = self._text(*self._addresses[row])
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        texts = self._objects()
        return texts if dtype is None else texts.astype(dtype)

    def __arrow_array__(self, type: Any = None) -> Any:
        """Return the texts as an arrow array, for Parquet."""
        return self.astype(TEXT).__arrow_array__(type=type)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        # A pickled frame goes to places where the files are not; it names no module of ours, which may move.
        return pd.array, (self._objects().tolist(), TEXT)

    def __getattr__(self, name: str) -> Any:
        # What `Series.str` calls on the array of a text column.
        if name.startswith("_str_"):
            return getattr(self.astype(TEXT), name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __eq__(self, other: Any) -> Any:
        return self.astype(TEXT) == (other.astype(TEXT) if isinstance(other, LazyText) else other)

    def __ne__(self, other: Any) -> Any:
        return ~(self == other)

    __hash__ = None  # type: ignore[assignment]  # as arrays are mutable in general, pandas leaves them unhashable

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Return the texts as another dtype, read now."""
        if isinstance(dtype, LazyTextDtype) or dtype == LazyTextDtype.name:
            return self.copy() if copy else self
        if dtype is str or isinstance(dtype, pd.StringDtype) or dtype == "str":
            return pd.array(self._objects(), dtype=TEXT if dtype is str or dtype == "str" else dtype)
        return self._objects().astype(dtype)

    def isna(self) -> NDArray[np.bool_]:
        """Say which texts are missing, without reading any."""
        return np.asarray(self._addresses[:, 0] < 0)

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> LazyText:
        """Return the rows at `indices`."""
        missing = -1 if allow_fill else None
        taken = take(self._addresses, np.asarray(indices, dtype=np.intp), allow_fill=allow_fill, fill_value=missing)
        return type(self)(self._files, self._kind, np.asarray(taken))

    def fillna(self, value: Any, limit: int | None = None, copy: bool = True) -> Any:
        """Return the texts with `value` for those that are missing, read now."""
        return self.astype(TEXT).fillna(value, limit=limit, copy=copy)

    def _where(self, mask: NDArray[np.bool_], value: Any) -> Any:
        return self.astype(TEXT)._where(mask, value)

    def copy(self) -> LazyText:
        """Return a copy of the addresses."""
        return type(self)(self._files, self._kind, self._addresses.copy())

    def _formatter(self, boxed: bool = False) -> Callable[[Any], str | None]:
        return str if boxed else repr
