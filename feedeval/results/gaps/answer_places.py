"""Where an answer would stand: what a judge called the attribute, by the names of the feed."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache

from feedeval.feed.parsing.columns import attributes, snake, standard_name

CONTAINERS = frozenset(
    {
        *("title", "short_title", "structured_title", "description", "structured_description", "item_group_title"),
        *("product_highlight", "product_detail", "question_and_answer"),
    }
)
"""Attributes that hold many facts: that a product has one says nothing about the fact that is asked for."""

ANYWHERE = "question_and_answer"
"""Where the answer to a question belongs for which the judge named no attribute."""

_LONGEST_NAME = 60
_DETAIL = re.compile(r"^product_?details?\s*[\[(:./]\s*(?P<name>[^\])]+)[\])]?\s*$", re.IGNORECASE)
_ALL_OF = re.compile(r"\s*(?:[,;+&]|\band\b)\s*")
_ONE_OF = re.compile(r"\s*(?:/|\||\bor\b)\s*")


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """An attribute that holds or would hold an answer."""

    label: str
    """Such as `material`, `product_detail (battery life)` or `product_length, product_width, product_height`."""
    fields: tuple[str, ...]
    """The fields of a feed that are meant; all of them are needed."""

    @property
    def is_container(self) -> bool:
        """Whether the product may fill the field and lack the fact."""
        return not CONTAINERS.isdisjoint(self.fields)

    @property
    def takes_more(self) -> bool:
        """Whether the fact gets an entry of its own inside the field, beside those that are there."""
        return self.fields in (("product_detail",), ("product_highlight",), (ANYWHERE,))


def answer_place(named: str, own: Set[str] = frozenset()) -> AnswerPlace:
    """Return the place that a judge's name means.

    A name that is no attribute of Google's data becomes an entry of `product_detail`, unless the feed has a field of
    that name. Of several names that are joined by `or`, the first counts.

    Args:
        named: As the judge wrote it, such as `colour`, `product_detail (battery life)` or `size or description`.
        own: Fields that the feed has.
    """
    text = " ".join(named.split())
    if not text or len(text) > _LONGEST_NAME:
        return AnswerPlace(ANYWHERE, (ANYWHERE,))
    if match := _DETAIL.match(text):
        return _detail(match["name"])
    parts = [part for part in _ALL_OF.split(_ONE_OF.split(text)[0]) if part]
    fields = [name for part in parts if (name := _field(part, own))]
    if fields and len(fields) == len(parts):
        unique = tuple(dict.fromkeys(fields))
        return AnswerPlace(", ".join(unique), unique)
    return _detail(text) if not fields else AnswerPlace(fields[0], (fields[0],))


def _detail(name: str) -> AnswerPlace:
    words = snake(name).replace("_", " ")
    return AnswerPlace(f"product_detail ({words})", ("product_detail",))


@lru_cache(maxsize=4096)
def _standard(name: str) -> str:
    found = standard_name(name)
    return found if found in attributes() else ""


def _field(name: str, own: Set[str]) -> str:
    spelled = snake(name)
    return _standard(name) or (spelled if spelled in own else "")
