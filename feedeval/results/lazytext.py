"""Where frames of results look that version 0.2 pickled: what their long texts were made with."""

from __future__ import annotations

from typing import Any

import pandas as pd

from feedeval.results.frames.lazytext import TEXT

__all__ = ["_as_text"]


def _as_text(texts: list[Any]) -> Any:
    return pd.array(texts, dtype=TEXT)
