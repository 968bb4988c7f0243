"""The settings of a model client, and the endpoint and key that they lead to."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from feedeval.errors import InputError

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""What is sent to an endpoint that needs no key: the SDK wants one."""


class ModelSettings(BaseModel):
    """Whom to ask, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str = Field(min_length=1)
    base_url: str | None = None
    """None: the environment's `OPENAI_BASE_URL`, else OpenAI's own endpoint."""
    api_key: SecretStr | None = None
    """None: the environment's `OPENAI_API_KEY`, for the environment's endpoint only."""
    timeout_s: float = Field(default=60.0, gt=0)
    """How long a reply may take."""
    max_retries: int = Field(default=5, ge=0)
    max_in_flight: int = Field(default=64, ge=1)
    """Ceiling of the calls that may be out at once; the pacer finds the right number below it."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    """None: not sent."""
    max_output_tokens: int = Field(default=4096, ge=1)
    delay_s: float = Field(default=0.0, ge=0)
    """Least time between the starts of two calls."""
    input_price: float | None = Field(default=None, ge=0)
    """Dollars for a million input tokens, where the price of the model is not known or another one was agreed."""
    output_price: float | None = Field(default=None, ge=0)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as exc:
            found = exc.errors(include_url=False)
            sentences = [_sentence(str(e["loc"][0]), e["input"], e["msg"], known=type(self)) for e in found]
        else:
            if (self.input_price is None) != (self.output_price is None):
                raise InputError(
                    "Give both `input_price` and `output_price`, in dollars for a million tokens, or neither."
                )
            return
        # Not chained: pydantic's error holds what was given, the key too.
        raise InputError(" ".join(sentences))

    @property
    def endpoint(self) -> str:
        """The address that calls go to, without a trailing slash."""
        return (self.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")

    @property
    def shown_endpoint(self) -> str:
        """The endpoint as it may be shown and stored: without user, password and query."""
        parts = urllib.parse.urlsplit(self.endpoint)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        netloc = host if parts.port is None else f"{host}:{parts.port}"
        return urllib.parse.urlunsplit((parts.scheme, netloc, parts.path, "", ""))

    @property
    def is_openai(self) -> bool:
        """Whether calls go to OpenAI's own endpoint."""
        return urllib.parse.urlsplit(self.endpoint).hostname == "api.openai.com"

    def key(self) -> str:
        """Return the key to send.

        The environment's key goes only to the environment's endpoint: a key must not be sent to a server that it was
        not meant for because somebody set `base_url`.

        Raises:
            InputError: There is no key, or it has characters that no key has, or the endpoint cannot be used.
        """
        if not _is_address(self.endpoint):
            raise InputError(
                "The endpoint is no address: `base_url`, or else OPENAI_BASE_URL, has to start with http:// or "
                "https://, such as http://localhost:8000/v1."
            )
        if "@" in urllib.parse.urlsplit(self.endpoint).netloc:
            raise InputError("The endpoint has a user or a password in it: leave them out and give `api_key`.")
        if self.api_key is not None:
            key = self.api_key.get_secret_value().strip()
        elif self.base_url is None or self.endpoint == (os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/"):
            key = os.environ.get("OPENAI_API_KEY", "").strip()
        else:
            key = ""
        if not key and self.is_openai:
            raise InputError("There is no API key: give `api_key`, or set the environment variable OPENAI_API_KEY.")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise InputError("`api_key` has blanks or characters outside ASCII: copy the key again.")
        return key or NO_KEY


def _is_address(endpoint: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        # Brackets that do not match, or a port that is no number.
        return False


def _sentence(name: str, value: object, message: str, *, known: type[BaseModel]) -> str:
    if name not in known.model_fields:
        return f"{name} is not a setting of the calls; known are {', '.join(known.model_fields)}."
    shown = name if name == "api_key" else f"{name}={value!r}"
    return f"{shown} cannot be used: {message}."
