"""Settings that a person made and the endpoint does not take: said in a sentence, never dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from feedeval.errors import SettingRefused
from feedeval.model.faults import Scrubber, refused_parameter, status_of, words_of
from feedeval.model.settings import ModelSettings

STATUSES = (400, 415, 422, 501)
"""HTTP statuses with which a parameter is refused."""


def settings_made(settings: ModelSettings) -> Mapping[str, Any]:
    """Return what a person set that is sent in a request's body, by the name it is sent under.

    Temperature 0 and the limit of tokens are the house's own wish unless they differ from it: the dialect does without.
    """
    made = {name: getattr(settings, name) for name in ("reasoning_effort", "seed", "service_tier")}
    if settings.temperature != ModelSettings.model_fields["temperature"].default:
        made["temperature"] = settings.temperature
    made.update(settings.extra_body)
    return {name: value for name, value in made.items() if value is not None}


def refused_setting(
    exc: Exception, made: Mapping[str, Any], settings: ModelSettings, *, scrubber: Scrubber, proven: bool
) -> SettingRefused | None:
    """Return what to say where the endpoint refuses a setting that a person made, else None.

    Most endpoints name the parameter in a field of its own. Some name it in the message only: a parameter's name is
    looked for there among those that were sent, as a whole word, as it is an identifier and no way of putting things;
    but only until a request like this one was taken (`proven`), as a message may repeat a product's text.
    """
    if status_of(exc) not in STATUSES or not made:
        return None
    said = words_of(exc)
    parameter = refused_parameter(exc)
    if parameter is None and not proven:
        parameter = next((name for name in made if re.search(rf"\b{re.escape(name)}\b(?!-)", said)), None)
    if parameter not in made:
        return None
    # The value of a further field of the body is the person's own affair.
    shown = (
        f"{parameter}={made[parameter]!s}" if parameter in ModelSettings.model_fields else f"extra_body[{parameter!r}]"
    )
    reason = f" It says: {scrubber(said)[:300]}" if said else ""
    return SettingRefused(
        f"The endpoint does not take {shown} for the model {settings.model}: leave it out, or choose another "
        f"value or model.{reason}"
    )
