"""How a description is changed without touching what it says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from feedeval.records import ContextField

DESCRIPTION = "description"


def described(fields: Sequence[ContextField], after: str, *, before: str = "") -> tuple[ContextField, ...]:
    """Return the fields with more sentences in the description, which is made where there is none."""
    if not any(item.name == DESCRIPTION for item in fields):
        fields = (*fields, ContextField(name=DESCRIPTION, text=""))
    return tuple(
        replace(item, text=_sentences(before, item.text, after)) if item.name == DESCRIPTION else item
        for item in fields
    )


def _sentences(*parts: str) -> str:
    """Join texts so that each ends its last sentence: what is added must not change what was said before it."""
    *first, last = (part for part in parts if part)
    return " ".join([*(part if part.endswith((".", "!", "?")) else f"{part}." for part in first), last])
