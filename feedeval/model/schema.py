"""The strict JSON schema of a reply, made from its pydantic record."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel

DROPPED = frozenset({"default", "title", "examples", "format", "minLength", "maxLength", "uniqueItems"})
"""Keywords that strict mode refuses or that only take up room; pydantic checks them when the reply arrives."""


@cache
def strict_schema(record: type[BaseModel]) -> dict[str, Any]:
    """Return the record's JSON schema as strict mode wants it: closed objects, every property required."""
    schema: dict[str, Any] = _strict(record.model_json_schema())
    return schema


@cache
def schema_text(record: type[BaseModel]) -> str:
    """Return the strict schema as compact JSON with sorted keys: the same text for the same record."""
    return orjson.dumps(strict_schema(record), option=orjson.OPT_SORT_KEYS).decode()


def _strict(node: Any, *, names: bool = False) -> Any:
    """Copy a part of a schema; `names` where the keys are a person's property names and not keywords."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    copied = {
        key: _strict(value, names=key in ("properties", "$defs") and not names)
        for key, value in node.items()
        if names or key not in DROPPED
    }
    if "$ref" in copied and not names:
        # Strict mode takes no keyword beside a reference.
        return {"$ref": copied["$ref"]}
    if copied.get("type") == "object" and not names:
        copied["additionalProperties"] = False
        copied["required"] = list(copied.get("properties", {}))
    return copied
