"""The tables of `feedeval/data`, a row at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


def table(name: str) -> Iterator[dict[str, str]]:
    """Return the rows of `{name}.tsv` by its headings, without its lines of comment; `name` may begin with a folder."""
    lines = (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
