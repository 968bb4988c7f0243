"""Google's product taxonomy: categories by id, by English and by German path, and what is asked of which category.

The lists are Google's own (English of 2021, German of 2015, which has the same ids); they are unpacked when first used.
"""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType

from feedeval.feed.tables import DATA, table

_ENGLISH, _GERMAN = "en-US", "de-DE"
_SEPARATOR = re.compile(r"\s*[>›»→＞]\s*")
_ID = re.compile(r"[0-9]{1,9}")
_ID_AND_PATH = re.compile(r"([0-9]{1,9})\s+[-–]\s+(\S.*)", re.DOTALL)
_SPACES = re.compile(r"\s+")


def category_of_id(category_id: str | int) -> str | None:
    """Return the English path of a category, or None where the taxonomy has no such id."""
    return _paths(_ENGLISH).get(str(category_id).strip())


@lru_cache(maxsize=65536)
def taxonomy_id(id_or_path: str) -> str | None:
    """Return the id of a category of Google's product taxonomy, or None where the packaged lists have no such one.

    Args:
        id_or_path: An id; a path in English or German such as `"Electronics > Audio"`, where case, the space around
            `>` and entities that were left in it do not matter; or both, as in `"223 - Electronics > Audio"`. Where the
            path is in another language the id counts; an id beside the path of another category is none.
    """
    text = id_or_path.strip()
    if _ID.fullmatch(text):
        return text if text in _paths(_ENGLISH) else None
    both = _ID_AND_PATH.fullmatch(text)
    if both is None:
        return _id_of_path(text)
    named = _id_of_path(both[2])
    return both[1] if named in {None, both[1]} and both[1] in _paths(_ENGLISH) else None


@lru_cache(maxsize=65536)
def taxonomy_path(id_or_path: str) -> str | None:
    """Return the full English path of a category; takes what `taxonomy_id` takes."""
    found = taxonomy_id(id_or_path)
    return None if found is None else category_of_id(found)


@lru_cache(maxsize=4096)
def is_english(path: str) -> bool:
    """Tell whether a path is listed in English, rather than in German only or not at all."""
    return _folded(path) in _ids(_ENGLISH)


def asked_of(rule: str, attribute: str, category_id: str | None) -> bool:
    """Tell whether a rule of `categories.tsv` asks for an attribute in a category.

    Args:
        rule: A requirement of the rule files, such as `"apparel"`.
        attribute: The attribute that is asked for.
        category_id: As `taxonomy_id` returns it; nothing is asked where it is None.
    """
    return category_id is not None and _asked(rule, attribute, category_id)


def is_within(category_id: str | None, ids: Collection[str]) -> bool:
    """Tell whether a category is one of `ids` or below one of them."""
    return category_id is not None and any(above in ids for above in with_those_above(category_id))


@lru_cache(maxsize=16384)
def with_those_above(category_id: str) -> tuple[str, ...]:
    """Return the ids of a category and of those that it is in, the deepest first."""
    path = category_of_id(category_id) or ""
    found: list[str] = []
    while path:
        found.append(_ids(_ENGLISH)[_folded(path)])
        path = path.rpartition(" > ")[0]
    return tuple(found)


@lru_cache(maxsize=16384)
def _asked(rule: str, attribute: str, category_id: str) -> bool:
    answers = _rules()
    for above in with_those_above(category_id):
        for key in ((rule, attribute, above), (rule, "", above)):
            if key in answers:
                return answers[key]
    return False


@lru_cache(maxsize=1)
def _rules() -> Mapping[tuple[str, str, str], bool]:
    return MappingProxyType(
        {
            (row["rule"], row["attribute"], category): row["asked"] == "included"
            for row in table("spec/categories")
            for category in row["ids"].split("|")
        }
    )


def _id_of_path(path: str) -> str | None:
    folded = _folded(path)
    return _ids(_ENGLISH).get(folded) or _ids(_GERMAN).get(folded)


def _folded(path: str) -> str:
    """Return a path as it is looked up: entities resolved, one space, no case."""
    if "&" in path and ";" in path:
        path = html.unescape(html.unescape(path))
    return _SEPARATOR.sub(" > ", _SPACES.sub(" ", path).strip(" >›»→＞")).casefold()


@lru_cache(maxsize=2)
def _paths(language: str) -> Mapping[str, str]:
    """Return the paths of a list by id."""
    packed = (DATA / "spec" / f"google_taxonomy_{language}.txt.gz").read_bytes()
    paths: dict[str, str] = {}
    above: list[str] = []
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        if line.startswith("#"):
            continue
        category_id, _, indented = line.partition("\t")
        name = indented.lstrip("\t")
        above = [*above[: len(indented) - len(name)], name]
        paths[category_id] = " > ".join(above)
    return MappingProxyType(paths)


@lru_cache(maxsize=2)
def _ids(language: str) -> Mapping[str, str]:
    """Return the ids of a list by the form in which its paths are looked up."""
    return MappingProxyType({_folded(path): category_id for category_id, path in _paths(language).items()})
