"""Records and plain values as the JSON of a session's files, and what a file says of its version before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson
from pydantic import BaseModel

from feedeval.errors import SchemaTooNew, SessionDamaged
from feedeval.records import SCHEMA_VERSION

_INT64 = range(-(2**63), 2**64)


def encode(document: Any, *, pretty: bool = False) -> bytes:
    """Return the JSON of a record or of plain values.

    What JSON has no place for is kept as text rather than refused, because it was paid for: half a surrogate pair in a
    model's reply becomes U+FFFD, an integer beyond 64 bits or an unknown object its `str`.
    """
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
    try:
        return orjson.dumps(document, _fields, option)
    except TypeError:
        return orjson.dumps(_storable(document), None, option)


def encode_document(sid: str, document: Mapping[str, Any]) -> bytes:
    """Return the JSON of a document of session `sid`; its first keys say whose it is."""
    return encode({"schema_version": SCHEMA_VERSION, "session": sid, **document}, pretty=True)


def _fields(value: Any) -> Any:
    """Let orjson write a frozen record, whose fields lie in its `__dict__`, several times faster than a dump of it."""
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError


def _storable(value: Any) -> Any:
    match value:
        case None | bool() | orjson.Fragment():
            return value
        case str():
            # A surrogate pair in two halves becomes the one character it means.
            return str(value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case float():
            return float(value)  # of a subclass, such as numpy's, orjson takes none
        case int():
            return int(value) if value in _INT64 else str(value)
        case BaseModel():
            return _storable(value.__dict__)
        case Mapping():
            return {_storable(str(k)): _storable(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_storable(v) for v in value]
    # Scalars and arrays of numpy and pandas, which need not be imported to ask them.
    if callable(tolist := getattr(value, "tolist", None)):
        return _storable(tolist())
    return _storable(str(value))


class _Head(msgspec.Struct):
    schema_version: int


_HEAD = msgspec.json.Decoder(_Head)


def check_version(data: bytes, path: Path) -> None:
    """Look at the schema version before anything else is made of a file.

    Raises:
        SchemaTooNew: A later version of feedeval wrote it.
        SessionDamaged: It is not a JSON object with a schema version.
    """
    try:
        version = _HEAD.decode(data).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise damaged(path, f"it is not the JSON that feedeval writes ({exc})") from exc
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(
            f"{path} was written by a later version of feedeval (schema_version {version}, this one reads up to "
            f"{SCHEMA_VERSION}). Upgrade feedeval to read it; nothing was changed."
        )


def damaged(path: Path, what: str) -> SessionDamaged:
    """Return the error for a file that is not what it should be."""
    return SessionDamaged(f"{path} is damaged: {what}. Run `feedeval verify --repair` on the session to mend it.")
