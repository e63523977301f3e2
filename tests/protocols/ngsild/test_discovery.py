from __future__ import annotations

from tests.protocols.city import TYPES, City, create

VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"


async def fill(city: City) -> None:
    await create(
        city,
        {"id": "urn:x:1", "type": "Gauge", "level": 1, "owner": {"object": "urn:x:2"}},
        {"id": "urn:x:2", "type": ["Gauge", "Weir"], "level": 2, "location": {"type": "Point", "coordinates": [7, 51]}},
    )


async def test_types(city: City) -> None:
    assert (await city.public.get(TYPES)).json()["typeList"] == []
    await fill(city)
    body = (await city.public.get(TYPES)).json()
    assert (body["type"], body["typeList"]) == ("EntityTypeList", ["Gauge", "Weir"])
    assert body["id"].startswith("urn:ngsi-ld:EntityTypeList:")


async def test_types_with_details(city: City) -> None:
    await fill(city)
    gauge, weir = (await city.public.get(TYPES, params={"details": "true"})).json()
    assert gauge == {
        "id": VOCABULARY + "Gauge",
        "type": "EntityType",
        "typeName": "Gauge",
        "attributeNames": gauge["attributeNames"],
    }
    assert sorted(gauge["attributeNames"]) == ["level", "location", "owner"]
    assert sorted(weir["attributeNames"]) == ["level", "location"]


async def test_one_type(city: City) -> None:
    await fill(city)
    for name in ("Gauge", "https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2FGauge"):
        body = (await city.public.get(f"{TYPES}/{name}")).json()
        assert (body["id"], body["type"], body["typeName"], body["entityCount"]) == (
            VOCABULARY + "Gauge",
            "EntityTypeInfo",
            "Gauge",
            2,
        )
        details = {detail["attributeName"]: detail["attributeTypes"] for detail in body["attributeDetails"]}
        assert details == {"level": ["Property"], "owner": ["Relationship"], "location": ["GeoProperty"]}


async def test_an_unknown_type(city: City) -> None:
    answer = await city.public.get(f"{TYPES}/Unicorn")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (404, "ResourceNotFound")
    assert (await city.public.get(f"{TYPES}/a%20b")).status_code == 400
    assert (await city.public.get(TYPES, params={"details": "maybe"})).status_code == 400


async def test_json_ld(city: City) -> None:
    await fill(city)
    headers = {"accept": "application/ld+json"}
    assert "@context" in (await city.public.get(TYPES, headers=headers)).json()
    assert "@context" in (await city.public.get(f"{TYPES}/Gauge", headers=headers)).json()
    details = await city.public.get(TYPES, params={"details": "true"}, headers=headers)
    assert all("@context" in entry for entry in details.json())
