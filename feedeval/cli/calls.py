"""What a call may say: the options that every command with calls of its own has, and those to go on with."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from feedeval.errors import InputError

Arguments = argparse.Namespace

TIERS = ("auto", "default", "flex", "priority")
FALLBACKS = ("wait", "default")
FROM_ENVIRONMENT = "env:"


def way_options(command: argparse.ArgumentParser) -> None:
    """Add what results do not depend on, so that a session can be gone on with in another way."""
    add = command.add_argument
    add("--service-tier", choices=TIERS, help="flex: about half the price, slower; priority: dearer, faster")
    add("--flex-fallback", choices=FALLBACKS, help="a flex call finds no capacity: wait (default), or the default tier")
    add(
        "--extra-header",
        action="append",
        metavar="NAME=VALUE",
        help="sent with every call; NAME=env:VARIABLE takes a secret from the environment",
    )


def call_options(command: argparse.ArgumentParser) -> None:
    """Add all that a call may say."""
    way_options(command)
    add = command.add_argument
    add("--reasoning-effort", metavar="EFFORT", help="such as minimal, low, medium or high")
    add("--seed", type=int, metavar="N", help="sent with every call")
    add("--max-output-tokens", type=int, metavar="N", help="most tokens of a reply (default: 4096)")
    add("--extra-body", metavar="JSON", help="further fields of every request, as a JSON object")
    add("--api-version", metavar="DATE", help="Azure's classic form; --base-url is the resource")
    add("--azure-deployment", metavar="NAME", help="the deployment, where it is not called as the model is")
    add("--cached-price", type=float, metavar="USD", help="for a million cached tokens, beside the other two prices")


def way(arguments: Arguments) -> dict[str, Any]:
    """Return what was said of the way calls are made."""
    found = {
        "service_tier": arguments.service_tier,
        "flex_fallback": arguments.flex_fallback,
        "extra_headers": _headers(arguments.extra_header),
    }
    return {name: value for name, value in found.items() if value is not None}


def spoken(arguments: Arguments) -> dict[str, Any]:
    """Return all that was said of what a call may say."""
    names = ("reasoning_effort", "seed", "max_output_tokens", "api_version", "azure_deployment", "cached_price")
    found = {**{name: getattr(arguments, name) for name in names}, "extra_body": _body(arguments.extra_body)}
    return {**way(arguments), **{name: value for name, value in found.items() if value is not None}}


def said_again(arguments: Arguments) -> list[str]:
    """Return the options to go on with, as they are typed; values of headers are left out unless they are names."""
    again: list[str] = []
    for pair in getattr(arguments, "extra_header", None) or ():
        name, _, value = pair.partition("=")
        again += ["--extra-header", pair if value.startswith(FROM_ENVIRONMENT) else f"{name}=VALUE"]
    return again


def _headers(pairs: list[str] | None) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for pair in pairs or ():
        name, sign, value = pair.partition("=")
        if not sign or not name.strip() or not value:
            raise InputError("--extra-header: give it as NAME=VALUE, or as NAME=env:VARIABLE")
        if value.startswith(FROM_ENVIRONMENT):
            variable = value.removeprefix(FROM_ENVIRONMENT)
            if variable not in os.environ:
                raise InputError(f"--extra-header {name}: the environment has no variable {variable}")
            value = os.environ[variable]
        headers[name.strip()] = value
    return headers or None


def _body(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        body = json.loads(text)
    except json.JSONDecodeError as exc:
        raise InputError(f"--extra-body is no JSON ({exc.msg} at character {exc.pos})") from None
    if not isinstance(body, dict):
        raise InputError("--extra-body: give a JSON object, such as '{\"top_p\": 0.9}'")
    return body
