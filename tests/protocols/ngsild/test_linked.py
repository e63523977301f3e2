"""Linked entities in answers (clause 4.5.23) and what pick and omit show of them (clause 4.21)."""

from __future__ import annotations

from typing import Any

import pytest

from talwerk.core.terms import expand
from talwerk.protocols.ngsild import linked
from tests.protocols.city import ENTITIES, City, client_of, create

QUERY = "/ngsi-ld/v1/entityOperations/query"
TOWER = {
    "id": "urn:x:tower",
    "type": "Building",
    "name": "Tower",
    "at": {"type": "Relationship", "object": "urn:x:paris"},
}
PARIS = {
    "id": "urn:x:paris",
    "type": "City",
    "name": "Paris",
    "in": {"type": "Relationship", "object": "urn:x:france"},
}
FRANCE = {
    "id": "urn:x:france",
    "type": "Country",
    "name": {"type": "LanguageProperty", "languageMap": {"fr": "France", "de": "Frankreich"}},
    "has": {"type": "Relationship", "object": ["urn:x:paris", "urn:x:lyon"]},
    "route": {"type": "ListRelationship", "objectList": ["urn:x:paris", "urn:x:lyon"]},
}


async def answer(city: City, path: str = "/urn:x:tower", **parameters: str) -> Any:
    given = await city.public.get(ENTITIES + path, params=parameters)
    assert given.status_code == 200, given.text
    return given.json()


async def test_linked_entities_stand_within_their_relationship(city: City) -> None:
    await create(city, TOWER, PARIS, FRANCE)
    paris = {"id": "urn:x:paris", "type": "City", "name": {"type": "Property", "value": "Paris"}}
    country = {"type": "Relationship", "object": "urn:x:france"}
    found = await answer(city, join="inline")
    assert found["at"] == {"type": "Relationship", "object": "urn:x:paris", "entity": paris | {"in": country}}
    assert await answer(city, join="@none") == await answer(city)
    deeper = await answer(city, join="inline", joinLevel="2", format="concise")
    inner = deeper["at"]["entity"]["in"]["entity"]
    assert inner["id"] == "urn:x:france"
    assert inner["has"] == {"object": ["urn:x:paris", "urn:x:lyon"]}
    assert "createdAt" in (await answer(city, join="inline", options="sysAttrs"))["at"]["entity"]


async def test_lists_of_linked_entities(city: City) -> None:
    await create(city, PARIS, FRANCE)
    found = await answer(city, "/urn:x:france", join="inline", pick="has,route")
    assert [one["id"] for one in found["has"]["entity"]] == ["urn:x:paris"]
    assert [one["id"] for one in found["route"]["entityList"]] == ["urn:x:paris"]
    simple = await answer(city, "/urn:x:france", join="inline", pick="has,route{id}", format="simplified")
    whole = {"id": "urn:x:paris", "type": "City", "name": "Paris", "in": "urn:x:france"}
    assert simple == {"has": [whole, "urn:x:lyon"], "route": [{"id": "urn:x:paris"}, "urn:x:lyon"]}


async def test_linked_entities_stand_behind_the_others(city: City) -> None:
    await create(city, TOWER, PARIS, FRANCE)
    found = await answer(city, join="flat", joinLevel="2")
    assert [one["id"] for one in found] == ["urn:x:tower", "urn:x:paris", "urn:x:france"]
    assert "entity" not in found[0]["at"]
    # Each stands there once, and always in a list.
    listed = await answer(city, "", type="Building,City", join="flat")
    assert [one["id"] for one in listed] == ["urn:x:tower", "urn:x:paris", "urn:x:france"]
    assert [one["id"] for one in await answer(city, join="flat", containedBy="urn:x:paris")] == ["urn:x:tower"]


async def test_circles_end(city: City) -> None:
    await create(city, PARIS, FRANCE)
    found = await answer(city, "/urn:x:paris", join="inline", joinLevel="5", format="simplified")
    assert found["in"]["has"] == ["urn:x:paris", "urn:x:lyon"]
    contained = await answer(city, "/urn:x:paris", join="inline", containedBy="urn:x:france")
    assert contained == await answer(city, "/urn:x:paris")


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ({"pick": "id,name"}, {"id": "urn:x:tower", "name": "Tower"}),
        ({"pick": "id,at{id,name}"}, {"id": "urn:x:tower", "at": {"id": "urn:x:paris", "name": "Paris"}}),
        ({"pick": "at{in{id}}"}, {"at": {"in": {"id": "urn:x:france"}}}),
        ({"pick": "at", "omit": "at{name|in}"}, {"at": {"id": "urn:x:paris", "type": "City"}}),
        ({"omit": "name,at{name,in,type}"}, {"id": "urn:x:tower", "type": "Building", "at": {"id": "urn:x:paris"}}),
        ({"omit": "at"}, {"id": "urn:x:tower", "type": "Building", "name": "Tower"}),
    ],
)
async def test_pick_and_omit_reach_linked_entities(
    city: City, parameters: dict[str, str], expected: dict[str, Any]
) -> None:
    await create(city, TOWER, PARIS, FRANCE)
    assert await answer(city, join="inline", joinLevel="2", format="simplified", **parameters) == expected


async def test_what_is_picked_of_linked_entities_behind_the_others(city: City) -> None:
    await create(city, TOWER, PARIS, FRANCE)
    found = await answer(city, join="flat", joinLevel="2", format="simplified", pick="id,at{id,name}")
    assert found == [{"id": "urn:x:tower", "at": "urn:x:paris"}, {"id": "urn:x:paris", "name": "Paris"}]
    assert len(await answer(city, join="flat", pick="id,name")) == 1


async def test_datasets_languages_and_features(city: City) -> None:
    both = [{"object": "urn:x:paris"}, {"object": "urn:x:france", "datasetId": "urn:d:1"}]
    place = {"type": "Point", "coordinates": [7, 51]}
    await create(city, TOWER | {"at": both, "location": place}, PARIS, FRANCE)
    found = await answer(city, join="inline", lang="de", pick="at")
    assert [one["entity"]["id"] for one in found["at"]] == ["urn:x:paris", "urn:x:france"]
    assert found["at"][1]["entity"]["name"] == {"type": "Property", "value": "Frankreich", "lang": "de"}
    one = await answer(city, join="inline", pick="at{id}", datasetId="urn:d:1", format="simplified")
    assert one == {"at": {"id": "urn:x:france"}}
    simple = await answer(city, join="inline", pick="at{id}", format="simplified")
    assert simple == {"at": {"dataset": {"@none": {"id": "urn:x:paris"}, "urn:d:1": {"id": "urn:x:france"}}}}
    features = {"accept": "application/geo+json"}
    inline = await city.public.get(f"{ENTITIES}/urn:x:tower?join=inline&pick=at{{id}}&lang=fr", headers=features)
    assert inline.json()["geometry"] == place
    assert inline.json()["properties"]["at"][0]["entity"] == {"id": "urn:x:paris"}
    flat = (await city.public.get(f"{ENTITIES}/urn:x:tower?join=flat", headers=features)).json()
    assert flat["type"] == "FeatureCollection"
    assert [feature["id"] for feature in flat["features"]] == ["urn:x:tower", "urn:x:paris", "urn:x:france"]


async def test_joins_of_queries(city: City) -> None:
    await create(city, TOWER, PARIS, FRANCE)
    listed = await city.public.get(
        ENTITIES, params={"type": "Building", "q": 'at{City:name}=="Paris"', "join": "inline", "count": "true"}
    )
    assert listed.json()[0]["at"]["entity"]["id"] == "urn:x:paris"
    assert listed.headers["NGSILD-Results-Count"] == "1"
    picked = ["id", "at{id,in{id}}"]
    body = {"type": "Query", "entities": [{"type": "Building"}], "join": "flat", "joinLevel": 2, "pick": picked}
    posted = await city.public.post(QUERY, json=body)
    assert [one["id"] for one in posted.json()] == ["urn:x:tower", "urn:x:paris", "urn:x:france"]
    for wrong in ({"joinLevel": "2"}, {"joinLevel": True}, {"pick": ["id,at"]}, {"containedBy": ["x"]}):
        assert (await city.public.post(QUERY, json=body | wrong)).status_code == 400
    temporal = QUERY.replace("entityOperations", "temporal/entityOperations")
    assert (await city.public.post(temporal, json=body)).status_code == 400


async def test_what_the_scope_hides_is_as_if_it_were_not_there(city: City) -> None:
    await create(city, TOWER, PARIS, FRANCE)
    plain = await answer(city)
    types = tuple(expand(name) for name in ("Building", "Country"))
    key = city.credentials.devices.add("sensor", types, city.clock.now())
    async with client_of(city.app, key) as device:
        for join, expected in (("inline", plain), ("flat", [plain])):
            given = await device.get(f"{ENTITIES}/urn:x:tower?join={join}&joinLevel=2")
            assert given.json() == expected
        for q, found in (("at", 1), ("at{name}", 0), ("at{City:name}", 0), ("at{in{name}}", 0), ("at!=1", 1)):
            assert len((await device.get(ENTITIES, params={"q": q, "type": "Building"})).json()) == found


async def test_joins_are_bounded(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    await create(city, TOWER, PARIS, FRANCE)
    monkeypatch.setattr(linked, "COPIES_MAX", 1)
    given = await city.public.get(f"{ENTITIES}/urn:x:tower?join=inline&joinLevel=2")
    assert (given.status_code, given.json()["type"].rpartition("/")[2]) == (403, "TooManyResults")
    monkeypatch.setattr(linked, "LINKED_MAX", 1)
    given = await city.public.get(f"{ENTITIES}/urn:x:tower?join=flat&joinLevel=2")
    assert given.status_code == 403
