"""The settings of a model client, and the endpoint and key that they lead to."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from feedeval.errors import InputError
from feedeval.model.azure import Deployment, deployment_of, what_is_missing
from feedeval.model.extras import checked_body, checked_headers

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""What is sent to an endpoint that needs no key: the SDK wants one."""
BATCH = "batch"
"""What is named in place of a tier for requests that are sent in a batch, which is one of its own."""
FLEX_TIMEOUT_S = 900.0
"""How long a reply may take at the flex tier, as OpenAI's guide to it advises."""
_SHOWN_WITHOUT_VALUE = ("api_key", "extra_headers", "extra_body")


class ServiceTier(StrEnum):
    """How an endpoint serves a call, and at what price."""

    AUTO = "auto"
    """As the project is set up."""
    DEFAULT = "default"
    FLEX = "flex"
    """Cheaper, slower, and refused where there is no capacity."""
    PRIORITY = "priority"
    """Dearer and faster."""


class FlexFallback(StrEnum):
    """What becomes of a flex call that is refused for want of capacity."""

    WAIT = "wait"
    """It is tried again after a growing while."""
    DEFAULT = "default"
    """It is made at the default tier, at that tier's price."""


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
    cached_price: float | None = Field(default=None, ge=0)
    """Dollars for a million input tokens from the endpoint's cache; None: they cost as much as others."""
    service_tier: ServiceTier | None = None
    """None: not sent. Results do not depend on it: the same model answers, at another price and pace."""
    flex_fallback: FlexFallback = FlexFallback.WAIT
    reasoning_effort: str | None = Field(default=None, pattern=r"^[a-z_]{1,32}$")
    """Such as `minimal`, `low`, `medium`, `high`; which of them there are is the model's to say. None: not sent."""
    seed: int | None = None
    """None: not sent."""
    extra_headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Sent with every request; kept in memory only."""
    extra_body: Mapping[str, Any] = Field(default_factory=dict)
    """Further fields of every request's body; a part of what results depend on."""
    api_version: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.\-]{1,40}$")
    """Makes `base_url` the address of an Azure resource in its classic form."""
    azure_deployment: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._\-]{1,100}$")
    """None: the deployment is called as the model is."""

    @field_validator("extra_headers", "extra_body", mode="before")
    @classmethod
    def _none_is_nothing(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("extra_headers")
    @classmethod
    def _headers(cls, value: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        return checked_headers(value)

    @field_validator("extra_body")
    @classmethod
    def _body(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return checked_body(value)

    def __init__(self, **values: Any) -> None:
        if values.get("service_tier") == ServiceTier.FLEX:
            values.setdefault("timeout_s", FLEX_TIMEOUT_S)
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
            if self.cached_price is not None and self.input_price is None:
                raise InputError("`cached_price` stands beside `input_price` and `output_price`: give all three.")
            return
        # Not chained: pydantic's error holds what was given, the key too.
        raise InputError(" ".join(sentences))

    @property
    def _address(self) -> str:
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL

    @property
    def deployment(self) -> Deployment | None:
        """The deployment that calls go to, where the endpoint is Azure's in its classic form."""
        return deployment_of(self._address, api_version=self.api_version, name=self.azure_deployment, model=self.model)

    @property
    def endpoint(self) -> str:
        """The address that calls go to, without a trailing slash; of a deployment the resource's."""
        deployment = self.deployment
        return (self._address if deployment is None else deployment.root).rstrip("/")

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

    @property
    def asked_for(self) -> Mapping[str, Any]:
        """What a person set that changes replies, by name; empty where all is as it is by default.

        Neither `temperature` nor `max_output_tokens`, which have a place of their own in what results depend on: a
        reply that was cut off at the limit is no result, and a higher limit changes none that fitted.
        """
        deployment = self.deployment
        found = {
            "reasoning_effort": self.reasoning_effort,
            "seed": self.seed,
            "extra_body": dict(self.extra_body) or None,
            "api_version": deployment and deployment.api_version,
            "azure_deployment": deployment and deployment.name,
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def kept(self) -> Mapping[str, Any]:
        """How calls are made, where a person set it, that a session should go on with; nothing secret."""
        found = {name: getattr(self, name) for name in ("service_tier", "flex_fallback", "max_output_tokens")}
        return {name: value for name, value in found.items() if value != type(self).model_fields[name].default}

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
        missing = what_is_missing(self._address, api_version=self.api_version, name=self.azure_deployment)
        if missing and (self.deployment is None):
            raise InputError(missing)
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
    shown = name if name in _SHOWN_WITHOUT_VALUE else f"{name}={value!r}"
    return f"{shown} cannot be used: {message.removeprefix('Value error, ')}."
