from __future__ import annotations

import re
from pathlib import Path

from talwerk.protocols.ngsild.conformance import PAGE, conformance_page
from talwerk.protocols.ngsild.operations import OPERATIONS, Operation
from talwerk.protocols.ngsild.parameters import PARAMETERS
from tests.protocols.city import City

ROOT = Path(__file__).parents[3]
SAMPLES = {"entityId": "urn:ngsi-ld:T:1", "attrId": "temperature", "type": "T", "instanceId": "urn:ngsi-ld:Instance:1"}


def address(operation: Operation) -> str:
    return "/ngsi-ld/v1" + re.sub(r"{(\w+)}", lambda found: SAMPLES.get(found[1], "urn:ngsi-ld:X:1"), operation.path)


def test_the_page_is_fresh() -> None:
    assert (ROOT / PAGE).read_text() == conformance_page(), (
        "the page is stale: python -m talwerk.protocols.ngsild.conformance"
    )


def test_all_operations_of_the_standard_are_listed() -> None:
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS) == 64


def test_every_parameter_is_described() -> None:
    used = {name for operation in OPERATIONS for name in operation.honoured | operation.refused}
    assert used <= PARAMETERS.keys()
    assert not any(operation.honoured & operation.refused for operation in OPERATIONS)


def test_every_handler_names_its_clause() -> None:
    for operation in OPERATIONS:
        if operation.handler is not None:
            assert operation.clause in (operation.handler.__doc__ or ""), operation.title


async def test_what_is_not_there_says_so(city: City) -> None:
    for operation in OPERATIONS:
        answer = await city.operator.request(operation.method, address(operation))
        if operation.handler is None:
            assert answer.status_code == 422, operation
            assert answer.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/OperationNotSupported"
            assert operation.clause in answer.json()["detail"]
        else:
            assert answer.status_code != 422, operation


async def test_other_methods_are_not_allowed(city: City) -> None:
    for path in {operation.path for operation in OPERATIONS}:
        methods = {operation.method for operation in OPERATIONS if operation.path == path}
        sample = next(address(operation) for operation in OPERATIONS if operation.path == path)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} - methods:
            answer = await city.operator.request(method, sample)
            assert answer.status_code == 405, (method, path)
            assert methods | {"OPTIONS"} <= set(answer.headers["allow"].split(", "))
        options = await city.operator.options(sample)
        assert options.status_code == 204
        assert methods <= set(options.headers["allow"].split(", "))


async def test_refused_parameters_are_named(city: City) -> None:
    for operation in OPERATIONS:
        if operation.handler is None:
            continue
        for name in operation.refused:
            answer = await city.operator.request(operation.method, address(operation), params={name: "x"})
            assert (answer.status_code, answer.json()["where"]) == (422, name)
        answer = await city.operator.request(operation.method, address(operation), params={"no'such;--": "x"})
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "InvalidRequest")
        assert "no'such;--" in answer.json()["detail"]
