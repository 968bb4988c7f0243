"""A vision model as a classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feedeval.jobs.classifier import Prediction, ShadowItem
from feedeval.jobs.shadow_prompts import SHADOW_PROMPTS_VERSION, reply_schema, shadow_prompt
from feedeval.records import Gauges, Ledger

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


class ModelClassifier:
    """A vision model behind an OpenAI-compatible endpoint."""

    note = ""
    needs_picture = False

    def __init__(self, client: ModelClient) -> None:
        self.client = client

    @property
    def name(self) -> str:
        """The model's name."""
        return self.client.settings.model

    def fingerprint(self) -> Mapping[str, Any]:
        """Return model, endpoint and the version of the prompts."""
        settings = self.client.settings
        return {
            "model": settings.model,
            "endpoint": settings.shown_endpoint,
            "prompts": SHADOW_PROMPTS_VERSION,
            "temperature": settings.temperature,
        }

    def check(self, classes: Sequence[str]) -> None:
        """Return: a model may be asked for any class."""

    async def classify(self, item: ShadowItem, ledger: Ledger) -> Prediction:
        """Ask the model what the image shows."""
        reply = await self.client.ask(shadow_prompt(item), reply_schema(item.classes), ledger)
        return Prediction(**reply.model_dump())

    async def probe(self) -> None:
        """Return when the endpoint can be reached."""
        await self.client.probe()

    def gauges(self) -> Gauges:
        """Return the client's gauges."""
        return self.client.gauges()

    def narrow(self, max_in_flight: int | None) -> None:
        """Hand the limit to the client's pacer."""
        self.client.narrow(max_in_flight)

    async def close(self) -> None:
        """Close the client's connections."""
        await self.client.aclose()
