"""The API's description: valid, complete, and true of what it describes."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from talwerk.app import open_city, routes
from talwerk.protocols import catalogue, health, metrics, ngsild, places, plain, push
from talwerk.protocols.http.description import PATH, document
from talwerk.protocols.ngsild.call import PREFIX
from talwerk.protocols.ngsild.operations import OPERATIONS
from talwerk.settings import Settings
from tests.protocols.city import client_of


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    plainer = (plain.description(), places.description(), catalogue.description(), push.description())
    return document((ngsild.description(), *plainer, health.description(), metrics.description()))


def test_it_is_valid(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()


def test_names_are_unique(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for item in described["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_every_operation_that_is_supported_is_described(described: dict[str, Any]) -> None:
    expected = {(PREFIX + o.path, o.method.lower()) for o in OPERATIONS if o.handler is not None}
    found = {(path, method) for path, item in described["paths"].items() for method in item if path.startswith(PREFIX)}
    assert found == expected


def test_parameters_are_those_of_the_table(described: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        if operation.handler is None:
            continue
        parameters = described["paths"][PREFIX + operation.path][operation.method.lower()].get("parameters", [])
        assert {p["name"] for p in parameters if p["in"] == "query"} == operation.honoured


async def test_the_city_serves_it_and_it_names_its_addresses(tmp_path: Any, described: dict[str, Any]) -> None:
    from starlette.applications import Starlette

    async with open_city(Settings(data=tmp_path)) as city:
        found = routes(city)
        async with client_of(Starlette(routes=found)) as client:
            answer = await client.get(PATH)
    assert answer.json() == described
    paths = {route.path.replace(":path", "") for route in found if isinstance(route, Route)}
    plain_paths = tuple(f"/api/v1/{name}" for name in ("stations", "places", "themes", "datasets"))
    ours = {path for path in paths if path.startswith((*plain_paths, "/push", "/health", "/metrics"))}
    assert ours == {path for path in described["paths"] if not path.startswith(PREFIX)}
