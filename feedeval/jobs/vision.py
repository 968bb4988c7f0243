"""A vision model as a classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedeval.jobs.callers import CallsModel
from feedeval.jobs.classifier import Prediction, ShadowItem
from feedeval.jobs.shadow_prompts import SHADOW_PROMPTS_VERSION, reply_schema, shadow_prompt
from feedeval.records import Ledger

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


class ModelClassifier(CallsModel):
    """A vision model behind an OpenAI-compatible endpoint."""

    note = ""
    needs_picture = False

    def __init__(self, client: ModelClient) -> None:
        self.client = client

    def fingerprint(self) -> Mapping[str, Any]:
        """Return model, endpoint and the version of the prompts."""
        return self.asked_with(SHADOW_PROMPTS_VERSION)

    def check(self, classes: Sequence[str]) -> None:
        """Return: a model may be asked for any class."""

    async def classify(self, item: ShadowItem, ledger: Ledger) -> Prediction:
        """Ask the model what the image shows."""
        reply = await self.client.ask(shadow_prompt(item), reply_schema(item.classes), ledger)
        return Prediction(**reply.model_dump())
