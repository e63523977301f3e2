"""Whatever the API's description allows, and much that it forbids: no failure of ours, no answer that it does not name.

Requests are made at random from a fixed seed. The short run belongs to every test run, the long one takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks
from starlette.applications import Starlette
from starlette.types import ASGIApp

from talwerk.protocols import health, http, ngsild, plain
from talwerk.protocols.http import description
from tests.protocols.city import UPSERT, City, open_city
from tests.protocols.ngsild.test_user_contexts import BENCH

PARTS = (ngsild.description(), plain.description(), health.description())
OPERATIONS = sorted((path, method) for path, item in description.document(PARTS)["paths"].items() for method in item)
OTHER = "urn:ngsi-ld:Bench:2"
ENTITIES = [
    {**BENCH, "beside": {"type": "Relationship", "object": OTHER}},
    {**BENCH, "id": OTHER, "beside": {"type": "Relationship", "object": [BENCH["id"], OTHER]}},
]
KNOWN = {"entityId": BENCH["id"], "id": BENCH["id"], "attrId": "seats", "type": "Bench"}
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


class Described:
    """A city's API as its description tells it, and the operator's token."""

    def __init__(self, city: City, portal: BlockingPortal) -> None:
        self.city, self.portal = city, portal
        routes = [
            *health.routes(city.broker),
            *ngsild.routes(city.broker, city.clock, city.workers),
            *plain.routes(city.broker, city.clock),
        ]
        app = http.guarded(Starlette(routes=routes), credentials=city.credentials, hosts=("testserver",))
        self.schemas = {mode: _schema(app, mode) for mode in MODES}
        self.headers = {"Authorization": f"Bearer {city.credentials.operator_token}"}

    def restore(self) -> None:
        """See that there is something to ask for, whatever was deleted before."""
        answer = self.portal.call(partial(self.city.operator.post, UPSERT, json=ENTITIES))
        assert answer.status_code in {201, 204}, answer.text

    def try_out(self, path: str, method: str, examples: int) -> None:
        """Ask so often in both ways: as described, and otherwise."""
        load_all_checks()
        # A failure of ours is a status that no description names; 504 names an @context that is not to be had.
        names = ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
        checks = schemathesis.checks.CHECKS.get_by_names(names)
        for mode in MODES:
            # Asked properly, it is about something that is there.
            named = KNOWN if mode is schemathesis.GenerationMode.POSITIVE else {}
            known = {name: value for name, value in named.items() if f"{{{name}}}" in path} or None

            @settings(
                max_examples=examples,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(self.schemas[mode][path][method.upper()].as_strategy(generation_mode=mode, path_parameters=known))
            def ask(case: Any) -> None:
                case.call_and_validate(headers=self.headers, checks=checks)

            # A path of free texts can hardly be wrong.
            with suppress(Unsatisfiable) if mode is schemathesis.GenerationMode.NEGATIVE else nullcontext():
                ask()


def _schema(app: ASGIApp, mode: schemathesis.GenerationMode) -> Any:
    told = description.document(PARTS)
    if mode is schemathesis.GenerationMode.NEGATIVE:
        # The opposite of an attribute is more than the generator can think of.
        told["components"]["schemas"]["Attribute"] = {}
    schema = schemathesis.openapi.from_dict(told)
    schema.app = app
    return schema


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    directory: Path = tmp_path_factory.mktemp("city")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_city(directory)) as city,
    ):
        yield Described(city, portal)


@pytest.mark.parametrize("path, method", OPERATIONS)
def test_a_few_of_each(described: Described, path: str, method: str) -> None:
    described.restore()
    described.try_out(path, method, 15)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path, method", OPERATIONS)
def test_many_of_each(described: Described, path: str, method: str) -> None:
    described.restore()
    described.try_out(path, method, 300)
