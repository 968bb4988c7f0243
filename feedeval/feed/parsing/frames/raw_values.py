"""A cell of a table as text, a list or a dict; numbers keep their digits."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np


def raw_value(raw: Any) -> Any:
    """Return a cell as text, bool, list or dict; None where it is missing, inside lists and dicts left out."""
    if raw is None or isinstance(raw, str | bool):
        return raw
    if isinstance(raw, np.generic):
        # A number of single precision has fewer digits than Python would show of it.
        return raw_value(float(str(raw)) if isinstance(raw, np.floating) else raw.tolist())
    if isinstance(raw, float | Decimal):
        return None if math.isnan(raw) else _number(raw)
    if isinstance(raw, Mapping):
        return {str(name): value for name, part in raw.items() if (value := raw_value(part)) is not None}
    if isinstance(raw, list | tuple | set | frozenset):
        if raw and all(isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in raw):
            return raw_value(dict(raw))  # as Arrow gives a map
        return [value for item in raw if (value := raw_value(item)) is not None]
    return _other(raw)


def _number(raw: float | Decimal) -> str:
    """Return a number without exponent; a column of whole numbers with a gap is one of floats, where 12345.0 is 12345.

    A decimal keeps the zeros that it was given: they are the digits of a price.
    """
    if math.isinf(raw):
        return str(raw)
    if isinstance(raw, Decimal):
        return f"{raw:f}"
    return f"{raw:.0f}" if raw.is_integer() else f"{Decimal(repr(raw)):f}"


def _other(raw: Any) -> Any:
    if type(raw).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(raw, dt.datetime | dt.date | dt.time):
        return raw.isoformat()
    if isinstance(raw, bytes | bytearray | memoryview):
        return bytes(raw).decode("utf-8", "replace")
    if hasattr(raw, "tolist"):
        return raw_value(raw.tolist())
    return str(raw)


def single_precision(raw: Any) -> Any:
    """Return a number of single precision that came as one of double precision with the digits that it had."""
    return float(str(np.float32(raw))) if isinstance(raw, float) else raw
