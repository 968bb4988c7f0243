"""What every reply of a model depends on: said once for all jobs that ask one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedeval.model.settings import ModelSettings


def model_fingerprint(settings: ModelSettings, prompts_version: str) -> Mapping[str, Any]:
    """Return model, endpoint, prompts, temperature and what else was asked for, as a job's fingerprint holds them."""
    return {
        "model": settings.model,
        "endpoint": settings.shown_endpoint,
        "prompts": prompts_version,
        "temperature": settings.temperature,
        # Nothing by default: sessions that were written before there were such settings are gone on with.
        **settings.asked_for,
    }
