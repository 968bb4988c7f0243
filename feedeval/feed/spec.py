"""The attribute rules and Google's taxonomy, loaded from `feedeval/data/spec`."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).resolve().parents[1] / "data" / "spec"
_SEPARATOR = re.compile(r"\s*>\s*")


@lru_cache(maxsize=65536)
def taxonomy_path(id_or_path: str) -> str | None:
    """Return the full path of a category of Google's product taxonomy, or None where it lists no such category.

    Args:
        id_or_path: A numeric id such as `"267"`, or a path such as `"Electronics > Audio"`; case and the space
            around `>` do not matter, and the id in front of a path (`"267 - Electronics > …"`) is read alone.
    """
    by_id, by_path = _taxonomy()
    text = id_or_path.strip()
    number = text.split(" - ", 1)[0].strip() if text[:1].isdecimal() else ""
    if number.isdecimal() and number.isascii():
        return by_id.get(int(number)) if len(number) < 10 else None
    return by_path.get(_SEPARATOR.sub(" > ", text).casefold())


@lru_cache(maxsize=1)
def _taxonomy() -> tuple[dict[int, str], dict[str, str]]:
    """Return Google's taxonomy by id and by casefolded path."""
    packed = (_DATA / "google_taxonomy_en-US.txt.gz").read_bytes()
    by_id: dict[int, str] = {}
    above: list[str] = []
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        if line.startswith("#"):
            continue
        entry = line.lstrip("\t")
        number, _, name = entry.partition(" ")
        above = [*above[: len(line) - len(entry)], name]
        by_id[int(number)] = " > ".join(above)
    return by_id, {path.casefold(): path for path in by_id.values()}
