from __future__ import annotations

from typing import Any

import pytest

from tests.protocols.city import ENTITIES, TEMPORAL, City, create

ID = "urn:ngsi-ld:Bench:1"
ADDRESS = f"{ENTITIES}/{ID}"
NULL = "urn:ngsi-ld:null"
OLD = "2026-01-01T00:00:00Z"
BENCH: dict[str, Any] = {
    "id": ID,
    "type": "Bench",
    "seats": {"type": "Property", "value": 4, "unitCode": "P1", "observedAt": OLD},
    "name": {"type": "LanguageProperty", "languageMap": {"de": "Bank", "fr": "banc"}},
    "address": {"type": "Property", "value": {"street": "Wall", "place": {"town": "Wuppertal", "code": "42103"}}},
    "near": {"type": "Relationship", "object": "urn:ngsi-ld:Tree:1", "distance": {"type": "Property", "value": 3}},
}
Json = dict[str, Any]


async def shown(city: City) -> Json:
    answer = await city.public.get(ADDRESS)
    assert answer.status_code == 200
    document: Json = answer.json()
    return document


async def test_a_merge_changes_what_it_names(city: City) -> None:
    await create(city, BENCH)
    fragment = {
        "seats": {"value": 5},
        "name": {"languageMap": {"fr": NULL, "en": "bench"}},
        "address": {"value": {"place": {"code": NULL}, "number": 7}},
        "near": {"distance": NULL, "angle": {"value": 90}},
        "colour": {"value": "red"},
        "never": NULL,
    }
    answer = await city.operator.patch(ADDRESS, json=fragment)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await shown(city) == {
        **BENCH,
        "seats": {"type": "Property", "value": 5, "unitCode": "P1", "observedAt": OLD},
        "name": {"type": "LanguageProperty", "languageMap": {"de": "Bank", "en": "bench"}},
        "address": {"type": "Property", "value": {"street": "Wall", "place": {"town": "Wuppertal"}, "number": 7}},
        "near": {
            "type": "Relationship",
            "object": "urn:ngsi-ld:Tree:1",
            "angle": {"type": "Property", "value": 90},
        },
        "colour": {"type": "Property", "value": "red"},
    }


@pytest.mark.parametrize(
    "removal",
    [
        NULL,
        {"type": "LanguageProperty", "languageMap": NULL},
        {"languageMap": {"@none": NULL}},
        {"languageMap": {"de": NULL, "fr": NULL}},
    ],
)
async def test_null_removes_an_attribute(city: City, removal: Any) -> None:
    await create(city, BENCH)
    assert (await city.operator.patch(ADDRESS, json={"name": removal})).status_code == 204
    assert "name" not in await shown(city)


async def test_a_merge_of_values_alone_keeps_the_kinds(city: City) -> None:
    await create(city, BENCH)
    fragment = {"seats": 6, "name": "Sitzbank", "near": "urn:ngsi-ld:Tree:2", "address": {"street": "Markt"}, "id": ID}
    parameters = {"options": "keyValues", "observedAt": "2026-02-01T00:00:00Z", "lang": "de"}
    headers = {"content-type": "application/merge-patch+json"}
    answer = await city.operator.patch(ADDRESS, json=fragment, params=parameters, headers=headers)
    assert answer.status_code == 204
    document = await shown(city)
    assert document["seats"] == {
        "type": "Property", "value": 6, "unitCode": "P1", "observedAt": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    assert document["name"]["languageMap"] == {"de": "Sitzbank", "fr": "banc"}
    assert document["near"]["object"] == "urn:ngsi-ld:Tree:2"
    assert document["address"]["value"]["place"]["town"] == "Wuppertal"
    assert "observedAt" not in document["address"], "only what had a time gets one"


async def test_types_are_added_and_scopes_can_be_taken_away(city: City) -> None:
    await create(city, {**BENCH, "scope": "/park"})
    await city.operator.patch(ADDRESS, json={"type": "Seat", "scope": NULL})
    document = await shown(city)
    assert (document["type"], "scope" in document) == (["Bench", "Seat"], False)


async def test_a_replaced_entity_holds_only_what_is_new(city: City) -> None:
    await create(city, BENCH)
    answer = await city.operator.put(ADDRESS, json={"id": ID, "type": "Seat", "seats": 2})
    assert answer.status_code == 204
    assert await shown(city) == {"id": ID, "type": "Seat", "seats": {"type": "Property", "value": 2}}
    gone = await city.public.get(f"{TEMPORAL}/{ID}", params={"timeproperty": "deletedAt"})
    assert gone.json().keys() == {"id", "type", "name", "address", "near"}


async def test_a_deleted_entity_has_a_history_that_ended(city: City) -> None:
    await create(city, BENCH)
    assert (await city.operator.delete(ADDRESS)).status_code == 204
    assert (await city.public.get(ADDRESS)).status_code == 404
    assert (await city.operator.delete(ADDRESS)).status_code == 404
    history = (await city.public.get(f"{TEMPORAL}/{ID}")).json()
    assert history["deletedAt"].startswith("2026-11-20T12:00:00")
    assert [item["value"] for item in history["seats"]] == [4, NULL]
    assert history["seats"][1]["deletedAt"] == history["deletedAt"]
    values = (await city.public.get(f"{TEMPORAL}/{ID}", params={"options": "temporalValues"})).json()
    assert values["seats"]["values"] == [[4, OLD]]
    await create(city, BENCH)
    again = (await city.public.get(f"{TEMPORAL}/{ID}")).json()
    assert "deletedAt" not in again
    assert len(again["name"]) == 3, "the first value, its deletion, and the value after the return"


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_the_type_can_be_asked_for(city: City, method: str) -> None:
    await create(city, BENCH)
    body: Json = {} if method == "DELETE" else {"json": {"seats": 1}}
    other = await city.operator.request(method, ADDRESS, params={"type": "Tree"}, **body)
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (404, "ResourceNotFound")
    assert (await city.operator.request(method, ADDRESS, params={"type": "Bench"}, **body)).status_code == 204


@pytest.mark.parametrize(
    "method, parameters, body, status, fault",
    [
        ("PATCH", {}, [], 400, "BadRequestData"),
        ("PATCH", {}, 7, 400, "BadRequestData"),
        ("PATCH", {}, {"id": "urn:ngsi-ld:Bench:2"}, 400, "BadRequestData"),
        ("PATCH", {}, {"type": NULL}, 400, "BadRequestData"),
        ("PATCH", {}, {"seats": None}, 400, "BadRequestData"),
        ("PATCH", {}, {"seats": {"value": None}}, 400, "BadRequestData"),
        ("PATCH", {}, {"new": {"observedAt": OLD}}, 400, "BadRequestData"),
        ("PATCH", {}, {"new": {"sub": {"unitCode": "P1"}, "value": 1}}, 400, "BadRequestData"),
        ("PATCH", {}, {"seats": {"type": NULL}}, 400, "BadRequestData"),
        ("PATCH", {}, {"seats": {"observedAt": "never"}}, 400, "BadRequestData"),
        ("PATCH", {}, {"seats": {"value": 1, "object": "urn:x:1"}}, 400, "BadRequestData"),
        ("PATCH", {}, {"seats": [{"value": 1}, {"value": 2}]}, 400, "BadRequestData"),
        ("PATCH", {}, {"name": {"languageMap": {"de": 1, "fr": NULL}}}, 400, "BadRequestData"),
        ("PATCH", {"options": "keyValues"}, {"near": 5}, 400, "BadRequestData"),
        ("PATCH", {"options": "pretty"}, {"seats": 1}, 400, "InvalidRequest"),
        ("PATCH", {"options": "keyValues,concise"}, {"seats": 1}, 400, "InvalidRequest"),
        ("PATCH", {"format": "sysAttrs"}, {"seats": 1}, 400, "InvalidRequest"),
        ("PATCH", {"observedAt": "today"}, {"seats": 1}, 400, "BadRequestData"),
        ("PUT", {}, [], 400, "BadRequestData"),
        ("PUT", {}, {"id": "urn:ngsi-ld:Bench:2", "type": "Bench"}, 400, "BadRequestData"),
        ("PUT", {}, {"type": "Bench", "seats": NULL}, 400, "BadRequestData"),
        ("PUT", {}, {"type": [], "seats": 1}, 400, "BadRequestData"),
        ("PUT", {"options": "keyValues"}, {"type": "Bench"}, 400, "InvalidRequest"),
    ],
)
async def test_bad_changes_change_nothing(
    city: City, method: str, parameters: dict[str, str], body: Any, status: int, fault: str
) -> None:
    await create(city, BENCH)
    answer = await city.operator.request(method, ADDRESS, json=body, params=parameters)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, fault), answer.text
    assert await shown(city) == BENCH


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_what_is_not_there_cannot_be_changed(city: City, method: str) -> None:
    body: Json = {} if method == "DELETE" else {"json": {"type": "Bench", "seats": 1}}
    assert (await city.operator.request(method, ADDRESS, **body)).status_code == 404
    assert (await city.operator.request(method, f"{ENTITIES}/no-uri", **body)).status_code == 400
    assert (await city.public.request(method, ADDRESS, **body)).status_code == 401
