"""Where things are in a simulated city: in its quarters, always at the same place; and addresses that are made up."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.core.geometry import distance_m
from talwerk.core.instants import SystemClock
from talwerk.sdk.places import within
from talwerk.services.places.register import FILE, Register, is_simulated
from talwerk.twin.addresses import HOUSES, STREETS, houses, lay_out
from talwerk.twin.landscape import Landscape
from talwerk.twin.pace import Pace
from talwerk.twin.twin import Twin

LAND = Landscape("wuppertal", cities.load("wuppertal"))


@pytest.mark.parametrize("city", cities.available())
def test_things_are_settled_within_the_city(city: str) -> None:
    land, territory = Landscape(city, cities.load(city)), cities.territory(city)
    assert territory is not None
    spots = [land.settled(f"thing {number}") for number in range(200)]
    assert [land.settled(f"thing {number}") for number in range(200)] == spots
    inside = [within(spot.longitude, spot.latitude, territory.bounds) for spot in spots]
    assert sum(inside) > 190
    assert len({(spot.longitude, spot.latitude) for spot in spots}) == 200


def test_streets_are_streets() -> None:
    found = list(houses(LAND))
    assert len(found) == len(LAND.quarters) * len(STREETS) * HOUSES
    assert all(house.street.startswith("Muster") for house in found), "nobody takes one for real"
    street = [house for house in found if house.street == found[0].street]
    assert [house.number for house in street] == list(range(1, HOUSES + 1))
    steps = [
        distance_m((one.longitude, one.latitude), (other.longitude, other.latitude))
        for one, other in itertools.pairwise(street)
    ]
    assert all(10 < step < 40 for step in steps)


def test_made_up_addresses_say_so_and_are_laid_out_once(tmp_path: Path) -> None:
    folder = tmp_path / "official"
    lay_out(LAND, folder)
    register = Register.open(folder / FILE)
    assert register.simulated
    assert is_simulated(folder / FILE)
    assert len(register.all_places()) == len(LAND.quarters) * len(STREETS) * HOUSES
    before = (folder / FILE).stat().st_mtime_ns
    lay_out(LAND, folder)
    assert (folder / FILE).stat().st_mtime_ns == before
    Register.build(houses(LAND)).save(folder / FILE)
    assert not is_simulated(folder / FILE)
    assert not is_simulated(folder / "nothing")
    (folder / FILE).write_bytes(b"\xc1")
    assert not is_simulated(folder / FILE)


def test_every_layer_has_what_the_themes_count() -> None:
    twin = Twin("wuppertal", Pace(SystemClock()))

    def layer(key: str) -> list[dict[str, object]]:
        path = twin.sources[key].parameters["path"]
        found: list[dict[str, object]] = json.loads(twin.answer("GET", f"/{key}/{path}").body)["features"]
        return found

    kinds = {feature["properties"]["SCHULFORM"] for feature in layer("schulen")}  # type: ignore[index]
    assert {"Grundschule", "Gymnasium"} <= kinds
    assert all(feature["properties"]["LADEPUNKTE"] >= 1 for feature in layer("ladestationen"))  # type: ignore[index]
    assert len(layer("kitas")) > len(layer("schulen")) > len(layer("trinkbrunnen")) > 10
