from __future__ import annotations

from typing import Any

import pytest

from tests.protocols.city import ENTITIES, TEMPORAL, City, create

ID = "urn:ngsi-ld:Bench:1"
ATTRIBUTES = f"{ENTITIES}/{ID}/attrs"
NULL = "urn:ngsi-ld:null"
BENCH = {
    "id": ID,
    "type": "Bench",
    "seats": [{"type": "Property", "value": 4}, {"type": "Property", "value": 5, "datasetId": "urn:d:1"}],
    "colour": {"type": "Property", "value": "red", "finish": {"type": "Property", "value": "matt"}},
}
Json = dict[str, Any]


async def shown(city: City) -> Json:
    document: Json = (await city.public.get(f"{ENTITIES}/{ID}")).json()
    return document


async def test_attributes_are_appended_or_overwritten(city: City) -> None:
    await create(city, BENCH)
    answer = await city.operator.post(ATTRIBUTES, json={"colour": {"value": "blue"}, "age": 3, "type": "Seat"})
    assert (answer.status_code, answer.content) == (204, b"")
    document = await shown(city)
    assert (document["colour"], document["age"]["value"]) == ({"type": "Property", "value": "blue"}, 3)
    assert document["type"] == ["Bench", "Seat"]


async def test_what_is_there_is_kept_when_asked_for(city: City) -> None:
    await create(city, BENCH)
    body = {"colour": "blue", "age": 3, "seats": {"value": 6, "datasetId": "urn:d:2"}}
    answer = await city.operator.post(ATTRIBUTES, json=body, params={"options": "noOverwrite"})
    assert answer.status_code == 207
    assert answer.json()["updated"] == ["age", "seats"]
    (refused,) = answer.json()["notUpdated"]
    assert (refused["attributeName"], "exists already" in refused["reason"]) == ("colour", True)
    assert (await shown(city))["colour"]["value"] == "red"
    nothing = await city.operator.post(ATTRIBUTES, json={"colour": "blue"}, params={"options": "noOverwrite"})
    assert (nothing.status_code, nothing.json()["updated"]) == (207, [])


async def test_an_update_overwrites_only_what_is_there(city: City) -> None:
    await create(city, BENCH)
    body = {"colour": {"value": "blue"}, "age": 3, "seats": [{"value": 7}, {"value": 8, "datasetId": "urn:d:9"}]}
    answer = await city.operator.patch(ATTRIBUTES, json=body)
    assert (answer.status_code, answer.json()["updated"]) == (207, ["colour"])
    assert [entry["attributeName"] for entry in answer.json()["notUpdated"]] == ["age", "seats"]
    assert "urn:d:9" in answer.json()["notUpdated"][1]["reason"]
    document = await shown(city)
    assert document["colour"] == {"type": "Property", "value": "blue"}
    assert [instance["value"] for instance in document["seats"]] == [7, 5]
    removed = await city.operator.patch(ATTRIBUTES, json={"colour": NULL})
    assert (removed.status_code, "colour" in await shown(city)) == (204, False)


async def test_a_partial_update_keeps_the_other_members(city: City) -> None:
    await create(city, BENCH)
    answer = await city.operator.patch(f"{ATTRIBUTES}/colour", json={"value": "blue", "tone": {"value": "dark"}})
    assert answer.status_code == 204
    assert (await shown(city))["colour"] == {
        "type": "Property",
        "value": "blue",
        "finish": {"type": "Property", "value": "matt"},
        "tone": {"type": "Property", "value": "dark"},
    }
    await city.operator.patch(f"{ATTRIBUTES}/colour", json={"finish": NULL, "observedAt": "2026-01-01T00:00:00Z"})
    assert "finish" not in (await shown(city))["colour"]
    await city.operator.patch(f"{ATTRIBUTES}/colour", json={"observedAt": NULL})
    assert "observedAt" not in (await shown(city))["colour"]
    await city.operator.patch(f"{ATTRIBUTES}/seats", json={"value": 9, "datasetId": "urn:d:1"})
    assert [instance["value"] for instance in (await shown(city))["seats"]] == [4, 9]


async def test_an_attribute_is_replaced(city: City) -> None:
    await create(city, BENCH)
    answer = await city.operator.put(f"{ATTRIBUTES}/colour", json={"type": "Relationship", "object": "urn:x:1"})
    assert answer.status_code == 204
    assert (await shown(city))["colour"] == {"type": "Relationship", "object": "urn:x:1"}


async def test_attributes_are_deleted_by_dataset_or_altogether(city: City) -> None:
    await create(city, BENCH)
    seats = f"{ATTRIBUTES}/seats"
    assert (await city.operator.delete(seats, params={"datasetId": "urn:d:9"})).status_code == 404
    assert (await city.operator.delete(seats)).status_code == 204
    assert (await shown(city))["seats"]["datasetId"] == "urn:d:1"
    assert (await city.operator.delete(seats)).status_code == 404
    assert (await city.operator.delete(seats, params={"datasetId": "urn:d:1"})).status_code == 204
    assert "seats" not in await shown(city)
    await city.operator.post(ATTRIBUTES, json={"seats": BENCH["seats"]})
    assert (await city.operator.delete(seats, params={"deleteAll": "true"})).status_code == 204
    assert "seats" not in await shown(city)
    gone = await city.public.get(f"{TEMPORAL}/{ID}", params={"timeproperty": "deletedAt"})
    assert len(gone.json()["seats"]) == 4


@pytest.mark.parametrize(
    "method, address, body, status, fault",
    [
        ("POST", "", [], 400, "BadRequestData"),
        ("POST", "", {"id": "urn:x:2", "age": 1}, 400, "BadRequestData"),
        ("POST", "", {"age": NULL}, 400, "BadRequestData"),
        ("POST", "", {"age": {"type": "Property"}}, 400, "BadRequestData"),
        ("POST", "?options=overwrite", {"age": 1}, 400, "InvalidRequest"),
        ("PATCH", "", "x", 400, "BadRequestData"),
        ("PATCH", "", {"seats": {"value": NULL, "datasetId": "no uri"}}, 400, "BadRequestData"),
        ("PATCH", "", {"seats": None}, 400, "BadRequestData"),
        ("PATCH", "/seats", [], 400, "BadRequestData"),
        ("PATCH", "/seats", {}, 400, "BadRequestData"),
        ("PATCH", "/seats", {"type": "Property"}, 400, "BadRequestData"),
        ("PATCH", "/seats", {"type": "Relationship", "object": "urn:x:1"}, 400, "BadRequestData"),
        ("PATCH", "/seats", {"value": 1, "datasetId": "no uri"}, 400, "BadRequestData"),
        ("PATCH", "/seats", {"value": 1, "datasetId": "urn:d:9"}, 404, "ResourceNotFound"),
        ("PATCH", "/age", {"value": 1}, 404, "ResourceNotFound"),
        ("PATCH", "/%3Ca%3E", {"value": 1}, 400, "BadRequestData"),
        ("PUT", "/seats", 5, 400, "BadRequestData"),
        ("PUT", "/seats", {"value": NULL}, 400, "BadRequestData"),
        ("PUT", "/seats", {}, 400, "BadRequestData"),
        ("PUT", "/age", {"value": 1}, 404, "ResourceNotFound"),
        ("DELETE", "/age", None, 404, "ResourceNotFound"),
        ("DELETE", "/seats?datasetId=no-uri", None, 400, "BadRequestData"),
        ("DELETE", "/seats?deleteAll=yes", None, 400, "InvalidRequest"),
        ("DELETE", "/%3Ca%3E", None, 400, "BadRequestData"),
    ],
)
async def test_bad_changes_change_nothing(
    city: City, method: str, address: str, body: Any, status: int, fault: str
) -> None:
    await create(city, BENCH)
    more = {} if method == "DELETE" else {"json": body}
    answer = await city.operator.request(method, ATTRIBUTES + address, **more)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, fault), answer.text
    assert await shown(city) == BENCH


async def test_nothing_is_appended_to_what_is_not_there(city: City) -> None:
    for method, address in (("POST", ""), ("PATCH", ""), ("PATCH", "/a"), ("PUT", "/a")):
        answer = await city.operator.request(method, ATTRIBUTES + address, json={"value": 1})
        assert answer.status_code == 404, (method, address)
    assert (await city.operator.delete(f"{ATTRIBUTES}/a")).status_code == 404
