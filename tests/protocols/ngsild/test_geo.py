"""Geo-queries and GeoJSON (NGSI-LD clauses 4.10, 4.5.16, 4.5.17)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocols.city import ENTITIES, City, create

POST_QUERY = "/ngsi-ld/v1/entityOperations/query"
BRIDGE = [7.1457, 51.2563]
BOW = [[[7.0, 51.0], [8.0, 52.0], [8.0, 51.0], [7.0, 52.0], [7.0, 51.0]]]


def located(name: str, kind: str, coordinates: Any) -> dict[str, Any]:
    place = {"type": "GeoProperty", "value": {"type": kind, "coordinates": coordinates}}
    return {"id": f"urn:x:{name}", "type": "Place", "location": place, "name": {"type": "Property", "value": name}}


async def filled(city: City) -> None:
    await create(
        city,
        located("bridge", "Point", BRIDGE),
        located("school", "Point", [7.1557, 51.2563]),
        located("far", "Point", [13.4, 52.5]),
        located("bow", "Polygon", BOW),
        located("open", "Polygon", [[[7.1, 51.2], [7.2, 51.2], [7.2, 51.3], [7.1, 51.3]]]),
        located("line", "LineString", [[7.0, 51.2563], [7.3, 51.2563]]),
        located("dot", "LineString", [[7.1457, 51.2563], [7.1457, 51.2563]]),
        {"id": "urn:x:nowhere", "type": "Place"},
    )


async def found(city: City, **parameters: str) -> list[str]:
    answer = await city.public.get(ENTITIES, params={"type": "Place", **parameters})
    assert answer.status_code == 200, answer.text
    return [entity["id"].removeprefix("urn:x:") for entity in answer.json()]


SQUARE = "[[[7.1,51.2],[7.2,51.2],[7.2,51.3],[7.1,51.3],[7.1,51.2]]]"


@pytest.mark.parametrize(
    "georel, geometry, coordinates, expected",
    [
        # 0.01 degrees of longitude here are 698.6 m on the ellipsoid, 695.8 m on the sphere.
        ("near;maxDistance==699", "Point", "[7.1457,51.2563]", ["bridge", "school", "bow", "open", "line", "dot"]),
        ("near;maxDistance==697", "Point", "[7.1457,51.2563]", ["bridge", "bow", "open", "line", "dot"]),
        ("near;minDistance==697", "Point", "[7.1457,51.2563]", ["school", "far"]),
        ("within", "Polygon", SQUARE, ["bridge", "school", "open", "dot"]),
        ("contains", "Point", "[7.15,51.25]", ["bow", "open"]),
        ("intersects", "Polygon", SQUARE, ["bridge", "school", "bow", "open", "line", "dot"]),
        ("equals", "Point", "[7.1457,51.2563]", ["bridge", "dot"]),
        ("equals", "Polygon", SQUARE, ["open"]),
        ("disjoint", "Polygon", SQUARE, ["far"]),
        ("overlaps", "Polygon", "[[[6.5,51.4],[7.1,51.4],[7.1,51.6],[6.5,51.6]]]", ["bow"]),
    ],
)
async def test_relations(city: City, georel: str, geometry: str, coordinates: str, expected: list[str]) -> None:
    await filled(city)
    assert await found(city, georel=georel, geometry=geometry, coordinates=coordinates) == expected
    posted = await city.public.post(
        POST_QUERY,
        json={
            "type": "Query",
            "entities": [{"type": "Place"}],
            "geoQ": {"georel": georel, "geometry": geometry, "coordinates": coordinates},
        },
    )
    assert [entity["id"].removeprefix("urn:x:") for entity in posted.json()] == expected


async def test_a_query_by_place_alone_and_beside_others(city: City) -> None:
    await filled(city)
    near = {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": "[7.1457,51.2563]"}
    alone = await city.public.get(ENTITIES, params=near)
    assert len(alone.json()) == 5
    assert await found(city, **near, q='name~="^b"') == ["bridge", "bow"]
    assert await found(city, **near, geoproperty="observationSpace") == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"georel": "near", "geometry": "Point", "coordinates": "[7,51]"},
        {"georel": "near;maxDistance=10", "geometry": "Point", "coordinates": "[7,51]"},
        {"georel": "near;maxDistance==-1", "geometry": "Point", "coordinates": "[7,51]"},
        {"georel": "within;maxDistance==1", "geometry": "Point", "coordinates": "[7,51]"},
        {"georel": "beside", "geometry": "Point", "coordinates": "[7,51]"},
        {"georel": "within", "geometry": "Circle", "coordinates": "[7,51]"},
        {"georel": "within", "geometry": "Polygon", "coordinates": "[7,51]"},
        {"georel": "within", "geometry": "Point", "coordinates": "[7,91]"},
        {"georel": "within", "geometry": "Point", "coordinates": "7,51"},
        {"georel": "within", "geometry": "Point"},
        {"geoproperty": "location"},
    ],
)
async def test_impossible_geo_queries(city: City, parameters: dict[str, str]) -> None:
    answer = await city.public.get(ENTITIES, params={"type": "Place", **parameters})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "BadRequestData"), answer.text


GEO_JSON = {"accept": "application/geo+json"}


async def test_a_feature(city: City) -> None:
    await filled(city)
    answer = await city.public.get(f"{ENTITIES}/urn:x:bridge", headers=GEO_JSON, params={"options": "keyValues"})
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()
    context = feature.pop("@context")
    assert context
    place = {"type": "Point", "coordinates": BRIDGE}
    properties = {"type": "Place", "location": place, "name": "bridge"}
    assert feature == {"id": "urn:x:bridge", "type": "Feature", "geometry": place, "properties": properties}
    plain = await city.public.get(f"{ENTITIES}/urn:x:bridge", headers={**GEO_JSON, "prefer": "body=json"})
    assert "@context" not in plain.json()
    assert "json-ld#context" in plain.headers["link"]
    assert plain.json()["properties"]["name"] == {"type": "Property", "value": "bridge"}


async def test_a_collection_of_features(city: City) -> None:
    await filled(city)
    asked = {"type": "Place", "pick": "id,name", "options": "keyValues", "limit": "2"}
    answer = await city.public.get(ENTITIES, headers=GEO_JSON, params=asked)
    document = answer.json()
    assert document["type"] == "FeatureCollection"
    assert [feature["properties"] for feature in document["features"]] == [{"name": "bridge"}, {"name": "school"}]
    assert document["features"][0]["geometry"] == {"type": "Point", "coordinates": BRIDGE}
    assert 'rel="next";type="application/geo+json"' in answer.headers["link"]
    elsewhere = await city.public.get(
        ENTITIES, headers=GEO_JSON, params={"type": "Place", "geometryProperty": "observationSpace"}
    )
    assert {feature["geometry"] for feature in elsewhere.json()["features"]} == {None}
