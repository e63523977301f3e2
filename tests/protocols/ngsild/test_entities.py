from __future__ import annotations

from typing import Any

import pytest

from tests.protocols.city import ENTITIES, City, create

GAUGE: dict[str, Any] = {
    "id": "urn:ngsi-ld:Gauge:1",
    "type": "Gauge",
    "scope": "/river/upper",
    "name": {"type": "Property", "value": "Upper bridge"},
    "level": {
        "type": "Property",
        "value": 42.5,
        "unitCode": "CMT",
        "observedAt": "2026-11-20T11:30:00Z",
        "accuracy": {"type": "Property", "value": 0.5},
    },
    "locatedAt": {"type": "Relationship", "object": "urn:ngsi-ld:Quarter:3"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.2, 51.2]}},
}


async def test_what_is_created_is_retrieved(city: City) -> None:
    created = await city.operator.post(ENTITIES, json=GAUGE)
    assert (created.status_code, created.headers["location"]) == (201, f"{ENTITIES}/{GAUGE['id']}")
    assert created.content == b""
    answer = await city.public.get(created.headers["location"])
    assert answer.status_code == 200
    assert answer.json() == GAUGE
    assert answer.headers["content-type"] == "application/json"
    assert "json-ld#context" in answer.headers["link"]


async def test_a_second_creation_conflicts(city: City) -> None:
    await create(city, GAUGE)
    answer = await city.operator.post(ENTITIES, json=GAUGE)
    assert answer.status_code == 409
    assert answer.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists"
    assert answer.headers["content-type"] == "application/json"
    assert GAUGE["id"] in answer.json()["detail"]


async def test_the_public_reads_and_does_not_write(city: City) -> None:
    answer = await city.public.post(ENTITIES, json=GAUGE)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await city.public.get(f"{ENTITIES}/{GAUGE['id']}")).status_code == 404


async def test_json_ld_carries_its_context(city: City) -> None:
    await create(city, GAUGE)
    answer = await city.public.get(f"{ENTITIES}/{GAUGE['id']}", headers={"accept": "application/ld+json"})
    assert answer.headers["content-type"] == "application/ld+json"
    assert "link" not in answer.headers
    assert answer.json() == {**GAUGE, "@context": answer.json()["@context"]}


@pytest.mark.parametrize("wanted", [{"options": "keyValues"}, {"format": "simplified"}, {"options": "simplified"}])
async def test_simplified(city: City, wanted: dict[str, str]) -> None:
    await create(city, GAUGE)
    answer = await city.public.get(f"{ENTITIES}/{GAUGE['id']}", params=wanted)
    assert answer.json() == {
        "id": GAUGE["id"],
        "type": "Gauge",
        "scope": "/river/upper",
        "name": "Upper bridge",
        "level": 42.5,
        "locatedAt": "urn:ngsi-ld:Quarter:3",
        "location": {"type": "Point", "coordinates": [7.2, 51.2]},
    }


async def test_concise(city: City) -> None:
    await create(city, GAUGE)
    answer = await city.public.get(f"{ENTITIES}/{GAUGE['id']}", params={"format": "concise"})
    body = answer.json()
    assert body["name"] == "Upper bridge"
    assert body["level"] == {
        "value": 42.5,
        "unitCode": "CMT",
        "observedAt": "2026-11-20T11:30:00Z",
        "accuracy": 0.5,
    }
    assert body["locatedAt"] == {"object": "urn:ngsi-ld:Quarter:3"}
    assert body["location"] == {"type": "Point", "coordinates": [7.2, 51.2]}


async def test_times_of_the_broker_only_when_wanted(city: City) -> None:
    await create(city, GAUGE)
    answer = await city.public.get(f"{ENTITIES}/{GAUGE['id']}", params={"options": "sysAttrs"})
    body = answer.json()
    assert body["createdAt"] == body["modifiedAt"] == "2026-11-20T12:00:00Z"
    assert body["level"]["createdAt"] == "2026-11-20T12:00:00Z"


async def test_pick_and_omit(city: City) -> None:
    await create(city, GAUGE)
    address = f"{ENTITIES}/{GAUGE['id']}"
    picked = await city.public.get(address, params={"pick": "id,level", "options": "keyValues"})
    assert picked.json() == {"id": GAUGE["id"], "level": 42.5}
    only_id = await city.public.get(ENTITIES, params={"type": "Gauge", "pick": "id"})
    assert only_id.json() == [{"id": GAUGE["id"]}]
    omitted = await city.public.get(address, params={"omit": "type,scope,level,location", "options": "keyValues"})
    assert omitted.json() == {"id": GAUGE["id"], "name": "Upper bridge", "locatedAt": "urn:ngsi-ld:Quarter:3"}
    chosen = await city.public.get(address, params={"attrs": "name", "options": "keyValues"})
    assert chosen.json()["name"] == "Upper bridge"
    assert "level" not in chosen.json()
    assert (await city.public.get(address, params={"attrs": "colour"})).status_code == 404


async def test_queries(city: City) -> None:
    gauges = [
        {"id": f"urn:ngsi-ld:Gauge:{n}", "type": "Gauge", "level": {"value": n}, "even": n % 2 == 0} for n in range(10)
    ]
    await create(city, *gauges, {"id": "urn:ngsi-ld:Weir:1", "type": ["Weir", "Gauge"], "height": 3})

    async def ids(**parameters: Any) -> list[str]:
        answer = await city.public.get(ENTITIES, params=parameters)
        assert answer.status_code == 200, answer.text
        return [entity["id"].removeprefix("urn:ngsi-ld:") for entity in answer.json()]

    assert len(await ids(type="Gauge")) == 11
    assert await ids(type="Gauge;Weir") == ["Weir:1"]
    assert await ids(type="Weir,Bench") == ["Weir:1"]
    assert await ids(type="(Weir|Bench);Gauge") == ["Weir:1"]
    assert await ids(q="level>=8") == ["Gauge:8", "Gauge:9"]
    assert await ids(q="level==2..3|height") == ["Gauge:2", "Gauge:3", "Weir:1"]
    assert await ids(q="level<4;even==true") == ["Gauge:0", "Gauge:2"]
    assert await ids(attrs="height") == ["Weir:1"]
    assert await ids(id="urn:ngsi-ld:Gauge:4,urn:ngsi-ld:Gauge:5", type="Gauge") == ["Gauge:4", "Gauge:5"]
    assert len(await ids(local="true", limit=3)) == 3
    assert await ids(type="Bench") == []
    counted = await city.public.get(ENTITIES, params={"type": "Gauge", "count": "true", "limit": 0})
    assert (counted.json(), counted.headers["ngsild-results-count"]) == ([], "11")


async def test_pages_follow_each_other(city: City) -> None:
    await create(city, *({"id": f"urn:x:{n:02}", "type": "Gauge", "n": n} for n in range(25)))
    seen: list[str] = []
    address = f"{ENTITIES}?type=Gauge&limit=10&options=keyValues"
    for _ in range(5):
        answer = await city.public.get(address)
        seen += [entity["id"] for entity in answer.json()]
        following = [link for link in answer.headers.get_list("link") if 'rel="next"' in link]
        if not following:
            break
        address = following[0].partition(">")[0].removeprefix("<")
    assert seen == [f"urn:x:{n:02}" for n in range(25)]
    assert [e["id"] for e in (await city.public.get(ENTITIES, params={"type": "Gauge", "offset": 24})).json()] == [
        "urn:x:24"
    ]


async def test_an_id_with_slashes_is_found(city: City) -> None:
    await create(city, {"id": "https://example.org/things/ä?1", "type": "Thing"})
    answer = await city.public.get(f"{ENTITIES}/https%3A%2F%2Fexample.org%2Fthings%2F%C3%A4%3F1")
    assert answer.status_code == 200


async def test_head_is_get_without_content(city: City) -> None:
    await create(city, GAUGE)
    address = f"{ENTITIES}/{GAUGE['id']}"
    head, get = await city.public.head(address), await city.public.get(address)
    assert head.status_code == 200
    assert head.content == b""
    volatile = {"x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in volatile} == {
        k: v for k, v in get.headers.items() if k not in volatile
    }
