"""Azure's classic form: a deployment in the address, a version in the query, the key in a header of its own."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import SecretStr

from feedeval import errors
from feedeval.jobs.fingerprint import model_fingerprint
from feedeval.model.azure import Deployment, deployment_of
from feedeval.model.client import ModelSettings
from feedeval.model.pricing import cost_usd
from tests.model.helpers import KEY, Books, ask, client_for, closing
from tests.server import ModelServer

RESOURCE = "https://shop.openai.azure.com"
VERSION = "2024-10-21"


@pytest.mark.parametrize(
    ("address", "given", "found"),
    [
        (RESOURCE, {"api_version": VERSION}, Deployment(RESOURCE, "m", VERSION)),
        (f"{RESOURCE}/openai/", {"api_version": VERSION, "name": "d"}, Deployment(RESOURCE, "d", VERSION)),
        (f"{RESOURCE}/openai/deployments/d?api-version={VERSION}", {}, Deployment(RESOURCE, "d", VERSION)),
        (
            f"{RESOURCE}/openai/deployments/d/chat/completions?api-version={VERSION}",
            {},
            Deployment(RESOURCE, "d", VERSION),
        ),
        ("http://gw/azure/openai/deployments/d?api-version=1", {}, Deployment("http://gw/azure", "d", "1")),
        ("http://gw:8080", {"api_version": VERSION}, Deployment("http://gw:8080", "m", VERSION)),
        (f"{RESOURCE}/openai/v1", {}, None),
        (f"{RESOURCE}/openai/v1/?api-version=preview", {}, None),
        ("https://api.openai.com/v1", {}, None),
        ("http://localhost:8000/v1?api-version=1", {}, None),
        ("http://[broken", {"api_version": VERSION}, None),
    ],
)
def test_the_classic_form_is_known_by_version_and_address(
    address: str, given: dict[str, Any], found: Deployment | None
) -> None:
    asked: dict[str, Any] = {"api_version": None, "name": None, **given}
    assert deployment_of(address, model="m", **asked) == found


async def test_a_deployment_is_asked_at_its_address_with_the_key_in_its_header(
    server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.configure(api_key=KEY, deployments={"judge-eu": "gpt-4o-mini-2024-07-18"})
    headers, bodies = server.record_headers(), server.record_bodies()
    client = client_for(
        server.resource_url,
        model="our-judge",
        api_version=VERSION,
        azure_deployment="judge-eu",
        extra_headers={"X-Team": "catalogue"},
    )
    books = Books()
    await closing(client, ask(client, books))
    assert headers[0]["api-key"] == "[key]" and headers[0]["x-team"] == "catalogue"
    assert "authorization" not in headers[0]
    assert bodies[0]["model"] == "our-judge"
    (call,) = books.paid
    # The deployment is called as somebody pleased: the reply says which model it is, and what it costs.
    assert call.model == "gpt-4o-mini-2024-07-18"
    assert call.cost_usd == cost_usd("gpt-4o-mini", call.usage)
    assert not client.price_known
    assert KEY not in caplog.text


async def test_an_address_as_azures_pages_show_it_will_do(server: ModelServer) -> None:
    server.configure(api_key=KEY, deployments={"gpt-4o-mini": "gpt-4o-mini"})
    address = f"{server.resource_url}/openai/deployments/gpt-4o-mini/chat/completions?api-version={VERSION}"
    client = client_for(address)
    assert client.price_known
    await client.probe()
    await closing(client, ask(client, Books()))
    assert server.stats.accepted == 1 and server.stats.models_requests == 1


async def test_a_deployment_that_is_not_there_stops_the_run(server: ModelServer) -> None:
    server.configure(deployments={"judge-eu": "gpt-4o-mini"})
    client = client_for(server.resource_url, api_version=VERSION)
    with pytest.raises(errors.UnknownModel):
        await closing(client, ask(client, Books()))


async def test_a_wrong_key_is_told(server: ModelServer) -> None:
    server.configure(api_key="another", deployments={"gpt-4o-mini": "gpt-4o-mini"})
    client = client_for(server.resource_url, api_version=VERSION)
    with pytest.raises(errors.WrongKey):
        await closing(client, ask(client, Books()))


def test_the_fingerprint_says_where_it_goes() -> None:
    address = f"{RESOURCE}/openai/deployments/judge-eu?api-version={VERSION}"
    found = model_fingerprint(ModelSettings(model="gpt-4o-mini", base_url=address), "1")
    assert found["endpoint"] == RESOURCE
    assert (found["azure_deployment"], found["api_version"]) == ("judge-eu", VERSION)
    again = ModelSettings(model="gpt-4o-mini", base_url=RESOURCE, api_version=VERSION, azure_deployment="judge-eu")
    assert model_fingerprint(again, "1") == found


@pytest.mark.parametrize(
    ("base_url", "changes", "said"),
    [
        (RESOURCE, {}, "give `api_version`"),
        (f"{RESOURCE}/openai/deployments/d", {}, "give `api_version`"),
        ("http://127.0.0.1:9", {"azure_deployment": "d"}, "needs `api_version`"),
        (f"{RESOURCE}/openai/v1", {"api_version": VERSION}, "leave them out"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_asked(base_url: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(errors.InputError, match=said):
        ModelSettings(model="m", base_url=base_url, api_key=SecretStr(KEY), **changes).key()
