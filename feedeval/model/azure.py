"""Azure's classic form of the API: a deployment in the address, a version in the query, the key in a header."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass

HOST = ".openai.azure.com"
VERSION = "api-version"

_PATH = re.compile(r"(?P<before>.*?)(?:/openai(?:/deployments/(?P<name>[^/]+)(?:/chat/completions)?)?)?")
_NEW_FORM = re.compile(r"/v1$")


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a model at an Azure resource."""

    root: str
    """Address of the resource, such as `https://shop.openai.azure.com`."""
    name: str
    api_version: str


def deployment_of(address: str, *, api_version: str | None, name: str | None, model: str) -> Deployment | None:
    """Return the deployment that calls go to, or None where the address is not of the classic form.

    Args:
        address: The resource, or the address of a deployment as Azure's pages show it, with its query.
        api_version: The version, where the address has none.
        name: The deployment, where the address names none; None: it is called as the model is.
        model: The model.
    """
    try:
        parts = urllib.parse.urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    path = parts.path.rstrip("/")
    in_query = urllib.parse.parse_qs(parts.query).get(VERSION, [None])[0]
    # A query alone does not make it Azure's: a gateway of one's own may have such a parameter, too.
    if api_version is None and not (in_query and (host.endswith(HOST) or "/openai/deployments/" in path)):
        return None
    found = _PATH.fullmatch(path)
    version = api_version or in_query
    if found is None or not version or _NEW_FORM.search(path):
        return None
    in_path = found["name"]
    root = urllib.parse.urlunsplit((parts.scheme, parts.netloc, found["before"], "", ""))
    return Deployment(root, name or (urllib.parse.unquote(in_path) if in_path else model), version)


def what_is_missing(address: str, *, api_version: str | None, name: str | None) -> str:
    """Return what has to be mended where an address is not of the classic form, or nothing."""
    parts = urllib.parse.urlsplit(address)
    new_form = bool(_NEW_FORM.search(parts.path.rstrip("/")))
    if api_version is not None or name is not None:
        if new_form:
            return (
                "`api_version` and `azure_deployment` belong to Azure's classic form, and `base_url` ends in /v1: "
                "leave them out, with the deployment's name as `model`, or leave /openai/v1 out."
            )
        if api_version is None:
            return "`azure_deployment` needs `api_version` beside it, such as api_version='2024-10-21'."
    if (parts.hostname or "").endswith(HOST) and not new_form:
        return (
            "`base_url` is an Azure resource: give `api_version`, such as '2024-10-21', for its classic form, or an "
            "address that ends in /openai/v1."
        )
    return ""
