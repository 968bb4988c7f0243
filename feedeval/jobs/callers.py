"""What a run wants of whoever makes a job's calls, said once for all who make them, pass it on, or make none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from feedeval.records import Gauges

if TYPE_CHECKING:
    from feedeval.jobs.engine import Engine
    from feedeval.model.client import ModelClient


class CallsModel:
    """Makes its calls with a client."""

    client: ModelClient

    @property
    def name(self) -> str:
        """The model's name."""
        return self.client.settings.model

    def asked_with(self, prompts_version: str) -> Mapping[str, Any]:
        """Return what every reply depends on, by name: model, endpoint, prompts and temperature."""
        settings = self.client.settings
        return {
            "model": settings.model,
            "endpoint": settings.shown_endpoint,
            "prompts": prompts_version,
            "temperature": settings.temperature,
        }

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


class CallsNobody:
    """Does its work on this machine."""

    async def probe(self) -> None:
        """Return: it is always here."""

    def gauges(self) -> Gauges:
        """Return zeros: no calls are made."""
        return Gauges()

    def narrow(self, max_in_flight: int | None) -> None:
        """Do nothing: no calls are made."""

    async def close(self) -> None:
        """Do nothing: nothing is open."""


class AsksEngine:
    """Leaves its calls to an engine."""

    _engine: Engine

    async def probe(self) -> None:
        """Return when the engine can be reached."""
        await self._engine.probe()

    def gauges(self) -> Gauges:
        """Return the engine's gauges."""
        return self._engine.gauges()

    def narrow(self, max_in_flight: int | None) -> None:
        """Hand the limit to the engine."""
        self._engine.narrow(max_in_flight)

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()
