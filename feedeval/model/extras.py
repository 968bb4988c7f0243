"""What a person adds to every request beyond the settings that have names: headers, and fields of the body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import SecretStr

NAMED = frozenset(
    {"model", "temperature", "seed", "reasoning_effort", "service_tier", "max_tokens", "max_completion_tokens"}
)
"""Fields of the body that are settings of their own."""
OURS = frozenset({"messages", "response_format", "stream", "stream_options", "n", "tools", "functions"})
"""Fields of the body without which a reply could not be read."""
KEY_HEADERS = frozenset({"authorization", "api-key"})
FIXED_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "transfer-encoding", "host", "connection", "accept"}
)

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token, as RFC 9110 (5.6.2) has it."""
_SECRET_NAME = re.compile(
    r"(?i)(^|[_-])(api[_-]?key|apikey|key|token|secret|password|passwd|credentials?|authorization|bearer)$"
)
_NOT_SECRET = frozenset({"prompt_cache_key"})
_SECRET_VALUE = re.compile(
    r"(?i:\bbearer)\s+\S{6,}|\b(?:sk|pk|ghp|xox[abp])[-_][A-Za-z0-9_\-]{12,}|\bAKIA[0-9A-Z]{16}\b"
)
_LEAST_SECRET = 16
"""A header's value that is shorter is looked for in the endpoint's errors, not in replies: they may have that word."""


def checked_headers(headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    """Return the headers as they are; a message about one never shows its value.

    Raises:
        ValueError: One cannot be sent, or has a place of its own.
    """
    for name, secret in headers.items():
        value = secret.get_secret_value()
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if name.lower() in KEY_HEADERS:
            raise ValueError(f"the header {name} carries the key: give it as api_key")
        if name.lower() in FIXED_HEADERS:
            raise ValueError(f"the header {name} belongs to how requests are sent")
        if not (value.isascii() and value.isprintable()) or value != value.strip():
            raise ValueError(f"the value of the header {name} has blanks at an end or characters outside ASCII")
    return headers


def checked_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the body as they read back from JSON.

    They are part of what results depend on, and so of a session's files: what looks like a key is refused.

    Raises:
        ValueError: A field has a setting of its own, is no JSON, or looks like a key.
    """
    for name in body:
        if name in NAMED:
            what = "max_output_tokens" if name.startswith("max_") else name
            raise ValueError(f"{name} has a setting of its own: give {what}")
        if name in OURS:
            raise ValueError(f"{name} is made for each request and cannot be set")
    try:
        plain: dict[str, Any] = orjson.loads(orjson.dumps(dict(body), option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        raise ValueError("it has something in it that is no JSON, or a name that is no text") from None
    for path, name, value in _texts(plain):
        if _SECRET_VALUE.search(value) or (_SECRET_NAME.search(name) and name not in _NOT_SECRET):
            raise ValueError(
                f"{path} looks like a key, and these fields stand in the session's files: send it in extra_headers"
            )
    return plain


def secrets_of(headers: Mapping[str, SecretStr]) -> tuple[list[str], list[str]]:
    """Return the values to be taken out of errors, and those of them to be taken out of replies, too.

    An address or a sentence, such as the title that some routers want, may stand in a product's text by right.
    """
    values = [secret.get_secret_value() for secret in headers.values()]
    return values, [v for v in values if len(v) >= _LEAST_SECRET and "://" not in v and " " not in v]


def _texts(value: Any, path: str = "", name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, name and value of every text in a piece of JSON."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else key, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path, name)
    elif isinstance(value, str):
        yield path, name, value
