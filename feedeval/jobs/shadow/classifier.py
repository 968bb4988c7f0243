"""Whom shadow mode asks what an image shows, and what comes back."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pydantic import Field

from feedeval.records import Backend, Frozen, Ledger

UNSURE = "unsure"
"""What is predicted where none of the classes can be told: no class of its own."""


class Severity(StrEnum):
    """How bad what the image shows would be for whoever relies on it."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Prediction(Frozen):
    """What was seen in one image: the `value` of a shadow run's `Result`, with the engine beside it."""

    predicted_class: str
    """One of the classes, or `unsure`."""
    confidence: float = Field(ge=0, le=1)
    """How sure the classifier says it is of the class, in [0, 1]."""
    critical: bool = False
    """Whether the image shows something that a person has to look at without delay."""
    critical_reason: str = ""
    severity: Severity = Severity.NONE
    evidence: str = ""
    """What is seen that the class rests on."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that was checked: whole, upright, no longer than the run's longest side.

    What is transparent stands on white, except for a classifier with `needs_picture`: to it, it is the background.
    """

    data: bytes = field(repr=False)
    """A JPEG or PNG file without the metadata of the original; Pillow opens it."""
    media_type: str
    """`image/jpeg` or `image/png`."""
    width: int
    height: int

    @property
    def data_uri(self) -> str:
        """The image as a data URI."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class ShadowItem:
    """One image as a classifier gets it: what people said of it is not part of it."""

    picture: Picture | None
    """None where the image has an address that is passed on unopened; never None for a classifier with
    `needs_picture`."""
    address: str
    """The http(s) address of an image that is passed on; empty where there is a picture."""
    classes: tuple[str, ...]
    """What can be answered, `unsure` not included."""
    context: Mapping[str, str]
    """Further columns of the row, by name; text from somebody's file, never to be trusted."""

    @property
    def image_url(self) -> str:
        """What a model is sent: a data URI, or the address."""
        return self.picture.data_uri if self.picture is not None else self.address


class Classifier(Protocol):
    """Says what images show."""

    note: str
    """What a reader of the results has to know of the classifier; empty where there is nothing."""
    needs_picture: bool
    """Whether it looks at pixels itself, so that images at an address have to be fetched."""

    @property
    def name(self) -> str:
        """A model's name, or `offline`."""

    @property
    def backend(self) -> Backend:
        """Who makes its calls."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Return what its results depend on, by name: `model`, `endpoint` and `prompts` at least; JSON values."""

    def check(self, classes: Sequence[str]) -> None:
        """Refuse classes that it cannot name.

        Raises:
            InputError: It names the classes and what is known.
        """

    async def classify(self, item: ShadowItem, ledger: Ledger) -> Prediction:
        """Return what the image shows: one of the item's classes, or `unsure`."""
