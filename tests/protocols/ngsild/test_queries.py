"""Selections beyond type and q: scopes, patterns of ids, queries by POST, attributes that there are."""

from __future__ import annotations

from typing import Any

import pytest

from talwerk.core.errors import DomainError, Fault
from talwerk.protocols.ngsild.scope_q import parse_scope_q
from tests.protocols.city import ENTITIES, City, create

POST_QUERY = "/ngsi-ld/v1/entityOperations/query"
ATTRIBUTES = "/ngsi-ld/v1/attributes"


def scoped(name: str, scope: Any, kind: Any = "Lamp", **attributes: Any) -> dict[str, Any]:
    return {"id": f"urn:x:{name}", "type": kind, "scope": scope, **attributes}


async def filled(city: City) -> None:
    level = {"type": "Property", "value": 5, "source": {"type": "Property", "value": 1, "more": {"value": "deep"}}}
    await create(
        city,
        scoped("1", "/river"),
        scoped("2", "/river/upper", level=level),
        scoped("3", ["/river/upper/bank", "/park"], ["Lamp", "Gauge"]),
        scoped("4", "park", "Gauge", level={"type": "Property", "value": 7}),
        {"id": "urn:y:5", "type": "Lamp"},
    )


async def found(city: City, **parameters: str) -> list[str]:
    answer = await city.public.get(ENTITIES, params={"local": "true", **parameters})
    assert answer.status_code == 200, answer.text
    return [entity["id"][-1] for entity in answer.json()]


@pytest.mark.parametrize(
    "scope_q, expected",
    [
        ("/river", "1"),
        ("river", "1"),
        ("/river/+", "2"),
        ("/river/#", "123"),
        ("/river/+/bank", "3"),
        ("/#", "1234"),
        ("/park", "34"),
        ("/river/#;/park", "3"),
        ("(/river/#);(/park)", "3"),
        ("/river,/park", "134"),
        ("/river|(/river/upper;/park)", "1"),
        ("/lake", ""),
    ],
)
async def test_scopes(city: City, scope_q: str, expected: str) -> None:
    await filled(city)
    assert await found(city, scopeQ=scope_q) == list(expected)


@pytest.mark.parametrize("text", ["", "/", "/a//b", "/#/a", "/a;", "(/a", "/a)", "/a b", "/a*", ";", "/a;;/b"])
def test_broken_scopes(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse_scope_q(text)
    assert refused.value.fault is Fault.INVALID_REQUEST


def test_bounds_of_scopes() -> None:
    for text in ("(" * 30 + "/a" + ")" * 30, ",".join(["/a"] * 200), "/a" * 3_000):
        with pytest.raises(DomainError) as refused:
            parse_scope_q(text)
        assert refused.value.fault is Fault.TOO_COMPLEX


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ({"idPattern": "^urn:x:[12]$"}, "12"),
        ({"idPattern": "y"}, "5"),
        ({"id": "urn:x:1", "idPattern": "y"}, "1"),
        ({"type": "Lamp;Gauge"}, "3"),
        ({"type": "(Lamp|Nothing);Gauge;Lamp"}, "3"),
        ({"type": "Lamp|Gauge"}, "12345"),
        ({"q": "level.source.more"}, "2"),
        ({"q": 'level.source.more~="^d.*p$"'}, "2"),
        ({"q": "createdAt>=2026-11-20T12:00:00Z;level>6"}, "4"),
        ({"q": "modifiedAt>2026-11-21T12:00:00Z"}, ""),
    ],
)
async def test_selections(city: City, parameters: dict[str, str], expected: str) -> None:
    await filled(city)
    assert await found(city, **parameters) == list(expected)


@pytest.mark.parametrize(
    "query, expected",
    [
        ({"entities": [{"type": "Lamp"}]}, "1235"),
        ({"entities": [{"type": "Lamp", "id": "urn:x:1"}, {"type": "Gauge"}]}, "134"),
        ({"entities": [{"type": "*", "id": ["urn:x:1", "urn:y:5"]}]}, "15"),
        ({"entities": [{"type": "Lamp", "idPattern": "y"}, {"type": "Gauge", "idPattern": "4$"}]}, "45"),
        ({"entities": [{"type": "Lamp"}], "scopeQ": "/river", "pick": ["id"]}, "1"),
        ({"q": "level>6"}, "4"),
        ({"attrs": ["level"]}, "24"),
    ],
)
async def test_queries_by_post(city: City, query: dict[str, Any], expected: str) -> None:
    await filled(city)
    answer = await city.public.post(POST_QUERY, json={"type": "Query", **query}, params={"count": "true"})
    assert answer.status_code == 200, answer.text
    assert [entity["id"][-1] for entity in answer.json()] == list(expected)
    assert answer.headers["ngsild-results-count"] == str(len(expected))


async def test_the_pages_of_a_query_by_post(city: City) -> None:
    await filled(city)
    body = {"type": "Query", "entities": [{"type": "Lamp"}]}
    first = await city.public.post(POST_QUERY, json=body, params={"limit": "3", "options": "keyValues"})
    assert [entity["id"][-1] for entity in first.json()] == ["1", "2", "3"]
    assert first.json()[1]["level"] == 5
    address = first.links["next"]["url"]
    second = await city.public.post(address, json=body)
    assert [entity["id"][-1] for entity in second.json()] == ["5"]


@pytest.mark.parametrize(
    "body, status, fault",
    [
        ([], 400, "BadRequestData"),
        ({"entities": [{"type": "T"}]}, 400, "BadRequestData"),
        ({"type": "Query"}, 400, "BadRequestData"),
        ({"type": "Query", "entities": []}, 400, "BadRequestData"),
        ({"type": "Query", "entities": [{"id": "urn:x:1"}]}, 400, "BadRequestData"),
        ({"type": "Query", "entities": [{"type": 5}]}, 400, "BadRequestData"),
        ({"type": "Query", "entities": [{"type": "T", "id": 5}]}, 400, "BadRequestData"),
        ({"type": "Query", "entities": [{"type": "T", "id": "no uri"}]}, 400, "BadRequestData"),
        ({"type": "Query", "entities": [{"type": "T", "idPattern": "("}]}, 400, "InvalidRequest"),
        ({"type": "Query", "q": 5}, 400, "BadRequestData"),
        ({"type": "Query", "q": "a=="}, 400, "InvalidRequest"),
        ({"type": "Query", "attrs": [5]}, 400, "BadRequestData"),
        ({"type": "Query", "geoQ": "near"}, 400, "BadRequestData"),
        ({"type": "Query", "q": "a", "colour": "x"}, 400, "BadRequestData"),
        ({"type": "Query", "q": "a", "join": "both"}, 400, "BadRequestData"),
        ({"type": "Query", "q": "a", "joinLevel": "1"}, 400, "BadRequestData"),
        ({"type": "Query", "q": "a{b{c}}", "join": "flat"}, 400, "BadRequestData"),
        ({"type": "Query", "q": "a", "ordering": {}}, 422, "OperationNotSupported"),
    ],
)
async def test_bodies_that_are_no_query(city: City, body: Any, status: int, fault: str) -> None:
    answer = await city.public.post(POST_QUERY, json=body)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, fault), answer.text


async def test_attributes_that_there_are(city: City) -> None:
    await filled(city)
    names = (await city.public.get(ATTRIBUTES)).json()
    assert (names["type"], names["attributeList"]) == ("AttributeList", ["level"])
    (details,) = (await city.public.get(ATTRIBUTES, params={"details": "true"})).json()
    assert (details["attributeName"], details["typeNames"]) == ("level", ["Gauge", "Lamp"])
    one = (await city.public.get(f"{ATTRIBUTES}/level")).json()
    assert (one["attributeCount"], one["attributeTypes"], one["typeNames"]) == (2, ["Property"], ["Gauge", "Lamp"])
    assert (await city.public.get(f"{ATTRIBUTES}/depth")).status_code == 404


@pytest.mark.parametrize(
    "q, expected",
    [
        ("sensor{humidity}==40", "12"),
        ("sensor{Device:humidity}==40", "12"),
        ("sensor{Lamp:humidity}==40", ""),
        ("sensor{Lamp,Device:humidity}>40", ""),
        ("sensor{humidity}", "12"),
        ("sensor{sensor{sensor{humidity}}}==40", "12"),
        ("sensor{humidity}==40;sensor{station.name}~=^T", "2"),
        ("sensor{humidity}==41|places{Device:humidity}<41", "3"),
        ("sensor{missing}", ""),
    ],
)
async def test_linked_entities(city: City, q: str, expected: str) -> None:
    await create(
        city,
        {"id": "urn:x:1", "type": "Station", "sensor": {"type": "Relationship", "object": "urn:x:8"}},
        {"id": "urn:x:2", "type": "Station", "sensor": {"type": "Relationship", "object": ["urn:x:9", "urn:x:8"]}},
        {"id": "urn:x:3", "type": "Station", "places": {"type": "ListRelationship", "objectList": ["urn:x:8"]}},
        {"id": "urn:x:4", "type": "Station", "sensor": {"type": "Relationship", "object": "urn:x:gone"}},
        {"id": "urn:x:8", "type": "Device", "humidity": 40, "sensor": {"object": "urn:x:8"}},
        {"id": "urn:x:9", "type": "Device", "station": {"value": 1, "name": "Tal"}},
    )
    assert await found(city, q=q, type="Station") == list(expected)


async def test_broken_and_deep_links(city: City) -> None:
    for q, status in (("a{b", 400), ("a{b==1}", 400), ("a" + "{b" * 6 + "}" * 6, 403)):
        answer = await city.public.get(ENTITIES, params={"q": q})
        assert answer.status_code == status, q
