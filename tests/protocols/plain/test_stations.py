"""The list of measuring points: what is measured, and nothing in which the city speaks of itself."""

from __future__ import annotations

from starlette.applications import Starlette

from talwerk.protocols import http, plain
from tests.protocols.city import City, client_of, create


async def test_what_the_city_says_of_its_sources_is_no_measuring_point(city: City) -> None:
    bench = {"id": "urn:ngsi-ld:Bench:1", "type": "Bench", "seats": {"type": "Property", "value": 4}}
    source = {"id": "urn:ngsi-ld:DataSource:1", "type": "DataSource", "health": {"type": "Property", "value": "fresh"}}
    await create(city, source, bench)
    routes = plain.routes(city.broker, city.clock)
    app = http.guarded(Starlette(routes=routes), credentials=city.credentials)
    async with client_of(app) as client:
        listed = (await client.get("/api/v1/stations")).json()
        asked = (await client.get("/api/v1/stations/urn:ngsi-ld:DataSource:1")).status_code
    assert [station["id"] for station in listed] == ["urn:ngsi-ld:Bench:1"]
    assert asked == 200
