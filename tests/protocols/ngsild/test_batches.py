from __future__ import annotations

import json
from typing import Any

import pytest

from tests.protocols.city import CREATE, ENTITIES, UPSERT, City

Json = dict[str, Any]
UPDATE, MERGE, DELETE = (f"/ngsi-ld/v1/entityOperations/{name}" for name in ("update", "merge", "delete"))


def bench(number: int, **attributes: Any) -> Json:
    return {"id": f"urn:ngsi-ld:Bench:{number}", "type": "Bench", **attributes}


async def test_created_then_updated(city: City) -> None:
    first = await city.operator.post(UPSERT, json=[bench(1, seats=4, colour="red"), bench(2, seats=3)])
    assert (first.status_code, first.json()) == (201, ["urn:ngsi-ld:Bench:1", "urn:ngsi-ld:Bench:2"])
    again = await city.operator.post(UPSERT, json=[bench(1, seats=5)])
    assert (again.status_code, again.content) == (204, b"")
    read = await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:1", params={"options": "keyValues"})
    assert read.json() == bench(1, seats=5), "without an option, all attributes are replaced"
    both = await city.operator.post(UPSERT, json=[bench(1, seats=6), bench(3, seats=1)])
    assert (both.status_code, both.json()) == (201, ["urn:ngsi-ld:Bench:3"])


async def test_update_keeps_the_other_attributes(city: City) -> None:
    await city.operator.post(UPSERT, json=[bench(1, seats=4, colour="red")])
    await city.operator.post(UPSERT, params={"options": "update"}, json=[bench(1, seats=5)])
    read = await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:1", params={"options": "keyValues"})
    assert read.json() == bench(1, seats=5, colour="red")


async def test_each_entity_succeeds_or_fails_by_itself(city: City) -> None:
    await city.operator.post(UPSERT, json=[bench(1, seats=4)])
    broken: list[Any] = [
        bench(2, seats={"type": "Property"}),
        bench(3, seats=3),
        bench(1, seats=5),
        "text",
        {"id": "no uri", "type": "Bench"},
    ]
    answer = await city.operator.post(CREATE, json=broken)
    assert answer.status_code == 207
    assert answer.json()["success"] == ["urn:ngsi-ld:Bench:3"]
    errors = {error.get("entityId"): error["error"] for error in answer.json()["errors"]}
    assert errors["urn:ngsi-ld:Bench:2"]["where"] == "/0/seats"
    assert "urn:ngsi-ld:Bench:2" in errors["urn:ngsi-ld:Bench:2"]["detail"]
    assert errors["urn:ngsi-ld:Bench:1"]["type"].endswith("/AlreadyExists")
    assert errors[None]["where"] == "/3"
    assert errors["no uri"]["where"] == "/4/id"
    kept = await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:1", params={"options": "keyValues"})
    assert kept.json()["seats"] == 4


async def test_an_entity_twice_in_one_batch_is_created_once(city: City) -> None:
    answer = await city.operator.post(UPSERT, json=[bench(1, seats=1), bench(1, seats=2)])
    assert (answer.status_code, answer.json()) == (201, ["urn:ngsi-ld:Bench:1"])
    read = await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:1", params={"options": "keyValues"})
    assert read.json()["seats"] == 2


async def test_each_entity_of_json_ld_brings_its_context(city: City) -> None:
    body: list[Json] = [
        bench(1, seats=4) | {"@context": {"seats": "https://example.org/seats"}},
        bench(2, seats=4),
        bench(3, seats=4) | {"@context": "https://example.org/unknown.jsonld"},
    ]
    answer = await city.operator.post(UPSERT, content=json_of(body), headers={"content-type": "application/ld+json"})
    assert answer.status_code == 207
    assert answer.json()["success"] == ["urn:ngsi-ld:Bench:1"]
    assert [error["error"]["status"] for error in answer.json()["errors"]] == [400, 504]
    read = await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:1", params={"options": "keyValues"})
    assert read.json()["https://example.org/seats"] == 4


def json_of(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("body", [{}, [], "x", 1, True, bench(1)])
async def test_what_is_no_list_is_refused(city: City, body: Any) -> None:
    for address in (UPSERT, CREATE, UPDATE, MERGE, DELETE):
        answer = await city.operator.post(address, json=body)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "BadRequestData")


@pytest.mark.parametrize("options", ["merge", "update,replace", "update,update", ";"])
async def test_unknown_options(city: City, options: str) -> None:
    answer = await city.operator.post(UPSERT, params={"options": options}, json=[bench(1)])
    assert (answer.status_code, answer.json()["where"]) == (400, "options")


async def test_too_many_entities(city: City) -> None:
    for address in (UPSERT, DELETE):
        answer = await city.operator.post(address, json=[{}] * 10_001)
        assert answer.status_code == 413


async def test_a_batch_of_updates_needs_entities_that_are_there(city: City) -> None:
    await city.operator.post(UPSERT, json=[bench(1, seats=4, colour="red"), bench(2, seats=3)])
    update = {"id": "urn:ngsi-ld:Bench:1", "seats": 5, "age": 2}
    answer = await city.operator.post(UPDATE, json=[update, bench(9, seats=1)])
    assert (answer.status_code, answer.json()["success"]) == (207, ["urn:ngsi-ld:Bench:1"])
    (error,) = answer.json()["errors"]
    assert (error["entityId"], error["error"]["status"]) == ("urn:ngsi-ld:Bench:9", 404)
    kept = await city.operator.post(UPDATE, json=[{**update, "seats": 6}], params={"options": "noOverwrite"})
    assert kept.status_code == 204
    read = await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:1", params={"options": "keyValues"})
    assert read.json() == bench(1, seats=5, colour="red", age=2)
    assert (await city.operator.post(UPDATE, json=[update], params={"options": "replace"})).status_code == 400


async def test_a_batch_of_merges_changes_what_it_names(city: City) -> None:
    await city.operator.post(UPSERT, json=[bench(1, seats=4, colour="red"), bench(2, seats={"value": {"a": 1}})])
    body: list[Json] = [
        {"id": "urn:ngsi-ld:Bench:1", "colour": "urn:ngsi-ld:null"},
        {"id": "urn:ngsi-ld:Bench:2", "seats": {"value": {"b": 2}}},
    ]
    assert (await city.operator.post(MERGE, json=body)).status_code == 204
    found = await city.public.get(ENTITIES, params={"type": "Bench", "options": "keyValues"})
    assert found.json() == [bench(1, seats=4), bench(2, seats={"a": 1, "b": 2})]
    some = await city.operator.post(MERGE, json=[*body, bench(9), {"id": "urn:ngsi-ld:Bench:1", "new": {"x": 1}}, 7])
    assert (some.status_code, some.json()["success"]) == (207, [item["id"] for item in body])
    assert [entry["error"]["status"] for entry in some.json()["errors"]] == [400, 404, 400]


async def test_a_batch_of_deletions_names_what_was_not_there(city: City) -> None:
    await city.operator.post(UPSERT, json=[bench(1), bench(2), bench(3)])
    ids = [f"urn:ngsi-ld:Bench:{number}" for number in (1, 2)]
    assert (await city.operator.post(DELETE, json=ids)).status_code == 204
    answer = await city.operator.post(
        DELETE, json=["urn:ngsi-ld:Bench:3", "urn:ngsi-ld:Bench:3", "no uri", {}, *ids[:1]]
    )
    assert (answer.status_code, answer.json()["success"]) == (207, ["urn:ngsi-ld:Bench:3"])
    assert [entry["error"]["status"] for entry in answer.json()["errors"]] == [400, 400, 404, 404]
    assert (await city.public.get(ENTITIES, params={"type": "Bench"})).json() == []


async def test_entities_that_stand_twice_are_changed_in_order(city: City) -> None:
    answer = await city.operator.post(CREATE, json=[bench(1, seats=1), bench(1, seats=2)])
    assert (answer.status_code, answer.json()["success"]) == (207, ["urn:ngsi-ld:Bench:1"])
    assert answer.json()["errors"][0]["error"]["status"] == 409
    answer = await city.operator.post(UPDATE, json=[bench(1, seats=3), bench(1, age=4)])
    assert answer.status_code == 204
    read = await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:1", params={"options": "keyValues"})
    assert read.json() == bench(1, seats=3, age=4)
