"""Searching places over HTTP: what an address leads to, and that it is kept nowhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from talwerk import cities
from talwerk.protocols import http, places
from talwerk.services.places import FILE, House, Register
from talwerk.services.places.whereabouts import Gazetteer
from tests.protocols.city import City, client_of, create

LONGITUDE, LATITUDE = 7.1490, 51.2566


@pytest.fixture
async def client(city: City, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    gazetteer = Gazetteer(cities.territory("wuppertal"), tmp_path / "territory")
    app = http.guarded(Starlette(routes=places.routes(city.broker, gazetteer)), credentials=city.credentials)
    async with client_of(app) as opened:
        yield opened


JSON = {"content-type": "application/json"}


def register(folder: Path, *streets: str) -> None:
    folder.mkdir(exist_ok=True)
    houses = [
        House(street=street, number=n, suffix="", postcode="42103", longitude=LONGITUDE, latitude=LATITUDE)
        for street in streets
        for n in (1, 2, 3)
    ]
    Register.build(houses).save(folder / FILE)


async def test_an_address_leads_to_its_quarter_its_borough_and_its_gauge(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    register(tmp_path / "territory", "Neumarkt")
    answer = await client.post(places.PATH, json={"text": "Neumrkt 2"})
    assert answer.headers["cache-control"] == "no-store"
    (place,) = answer.json()["places"]
    assert (place["street"], place["number"], place["precision"]) == ("Neumarkt", "2", "house")
    assert place["quarter"] == {"key": "00", "name": "Elberfeld-Mitte", "official": False}
    assert place["borough"]["name"] == "Elberfeld"
    assert place["reach"]["point"] == "kluserbruecke"


async def test_the_nearest_thing_of_a_kind_is_told(city: City, client: httpx2.AsyncClient, tmp_path: Path) -> None:
    register(tmp_path / "territory", "Neumarkt")

    def fountain(number: int, longitude: float) -> dict[str, object]:
        point = {"type": "Point", "coordinates": [longitude, LATITUDE]}
        return {
            "id": f"urn:ngsi-ld:DrinkingWater:{number}",
            "type": "DrinkingWater",
            "name": {"type": "Property", "value": f"Brunnen {number}"},
            "location": {"type": "GeoProperty", "value": point},
        }

    await create(city, fountain(1, LONGITUDE + 0.02), fountain(2, LONGITUDE + 0.01), fountain(3, LONGITUDE + 0.03))
    answer = await client.post(places.PATH, json={"text": "Neumarkt 1", "nearest": ["DrinkingWater", "School"]})
    (thing,) = answer.json()["places"][0]["nearest"]
    assert (thing["type"], thing["name"]) == ("DrinkingWater", "Brunnen 2")
    assert thing["distance_m"] == pytest.approx(698, abs=3)


async def test_a_city_without_addresses_says_what_to_do(client: httpx2.AsyncClient) -> None:
    answer = await client.post(places.PATH, json={"text": "Neumarkt 1"})
    assert answer.status_code == 404
    assert "talwerk profile update" in answer.json()["detail"]


async def test_new_addresses_are_found_without_a_restart(client: httpx2.AsyncClient, tmp_path: Path) -> None:
    register(tmp_path / "territory", "Neumarkt")
    assert (await client.post(places.PATH, json={"text": "Altmarkt 1"})).json()["places"] == []
    register(tmp_path / "territory", "Altmarkt")
    assert (await client.post(places.PATH, json={"text": "Altmarkt 1"})).json()["places"] != []


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"nonsense",
        b'{"text": ""}',
        json.dumps({"text": "x" * 201}).encode(),
        b'{"text": "a", "limit": 0}',
        b'{"text": "a", "limit": 11}',
        b'{"text": "a", "nearest": ["a","b","c","d","e","f"]}',
        b'{"text": "a", "where": 1}',
        b'{"text": "\\ud800"}',
        b'\xff{"text": "a"}',
    ],
)
async def test_a_bad_search_is_a_clear_error(client: httpx2.AsyncClient, tmp_path: Path, body: bytes) -> None:
    register(tmp_path / "territory", "Neumarkt")
    answer = await client.post(places.PATH, content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_long_body_is_refused_before_it_is_read(client: httpx2.AsyncClient) -> None:
    assert (await client.post(places.PATH, content=b" " * 5_000, headers=JSON)).status_code == 413


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}])
async def test_what_is_no_json_by_its_own_account_is_refused(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post(places.PATH, content=b'{"text": "Neumarkt 1"}', headers=headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


async def test_an_address_in_the_url_is_not_answered(client: httpx2.AsyncClient) -> None:
    assert (await client.get(places.PATH, params={"text": "Neumarkt 1"})).status_code == 405
