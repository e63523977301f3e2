"""Layers of a city's files: what lies in the city, by ids that stay, and what ended."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.connectors.city_geojson import CONNECTOR, features
from talwerk.core.instants import parse_instant
from talwerk.core.terms import expand
from talwerk.sdk.profile import Profile, Source
from talwerk.sdk.reading import Context, Finding, Thing, Unusable, Whole
from talwerk.services.sources.state import Health
from tests.connectors.answers import json_values
from tests.recording_server import Reply, serving
from tests.services.sources.workbench import SCOPE, polled, profile

NOW = parse_instant("2026-01-14T12:20:00Z")
BBOX = "7.00,51.16,7.32,51.32"
MANY = 3_000


def feature(x: float = 7.15, y: float = 51.25, **told: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": told}


def layer(*found: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(found), **members}


def read(payload: Any, **told: Any) -> list[Finding]:
    parameters = {**CONNECTOR.parameters, "bbox": BBOX, **told}
    return list(features(payload, Context(now=NOW, parameters=parameters)))


def natives(found: list[Finding]) -> list[str]:
    return [each.native for each in found if isinstance(each, Thing)]


def test_ids_without_a_member_stay_whatever_the_order() -> None:
    found = [feature(7.1 + n / 100, 51.2, NAME=f"Brunnen {n}") for n in range(9)]
    ids = natives(read(layer(*found)))
    assert len(set(ids)) == 9
    shuffled = random.Random(7).sample(found, 9)
    assert sorted(natives(read(layer(*shuffled)))) == sorted(ids)
    nearly = [feature(7.1 + n / 100 + 1e-8, 51.2, NAME=f"Brunnen {n}") for n in range(9)]
    assert natives(read(layer(*nearly))) == ids


@pytest.mark.parametrize(
    "payload, reason",
    [
        (layer(feature(370_000, 5_680_000)), "no degrees"),
        (layer(feature(), crs={"properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}), "25832"),
        (layer(feature(6.77, 51.22), feature(13.4, 52.5)), "outside of the city"),
    ],
)
def test_a_layer_of_another_kind_is_refused(payload: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(payload)


def test_what_lies_in_another_city_is_left_out_and_no_fault() -> None:
    found = read(layer(feature(NAME="hier"), feature(6.77, 51.22, NAME="dort")))
    assert [type(each) for each in found] == [Thing, Whole]


@given(st.lists(json_values, max_size=5))
def test_strange_features_cost_only_themselves(strange: list[Any]) -> None:
    found = read(layer(feature(NAME="A"), *strange, feature(7.2, 51.2, NAME="B")))
    assert [each.name for each in found if isinstance(each, Thing)] == ["A", "B"]
    assert sum(isinstance(each, Unusable) for each in found) == len(strange)


def city(address: str) -> Profile:
    parameters: dict[str, Any] = {"path": "Schulen.json", "bbox": BBOX, "id": "NR", "type": "School"}
    source = Source(key="schulen", connector="city-geojson", address=address, parameters=parameters)
    return msgspec.structs.replace(profile(address), points=(), sources=(source,))


def reply(*numbers: int) -> Reply:
    found = [feature(7.1 + n / 100_000, 51.2, NR=n, NAME=f"Schule {n}") for n in numbers]
    return Reply(msgspec.json.encode(layer(*found)))


async def test_thousands_of_features_come_and_some_end(tmp_path: Path) -> None:
    with serving({"/Schulen.json": reply(*range(MANY))}) as recorded:
        async with polled(tmp_path, recorded, city=city(recorded.address)) as bench:
            await bench.round()
            healths = [bench.poll.state.health]

            def count() -> int:
                return next((each.count for each in bench.broker.types(SCOPE) if each.type == expand("School")), 0)

            assert count() == MANY
            recorded.replies["/Schulen.json"] = reply(*range(10, MANY))
            await bench.until_asked("/Schulen.json")
            assert count() == MANY - 10
            recorded.replies["/Schulen.json"] = Reply(msgspec.json.encode(layer(feature(370_000, 5_680_000, NR=1))))
            await bench.until_asked("/Schulen.json")
            healths.append(bench.poll.state.health)
            assert healths == [Health.FRESH, Health.MALFORMED]
            assert "no degrees" in bench.poll.state.error
            assert count() == MANY - 10, "what cannot be read ends nothing"
