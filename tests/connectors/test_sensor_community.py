"""Sensors of citizens: files of the whole world, and what sensors send by themselves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk import cities
from talwerk.connectors.sensor_community import ARRIVAL, CONNECTOR, rows, sent
from talwerk.core.instants import MINUTE, SystemClock, parse_instant
from talwerk.processes.workers.pool import Pool
from talwerk.sdk.reading import Context, Finding, Reading, Thing, Unusable
from talwerk.services.sources.answers import Task, in_worker
from talwerk.services.sources.discovery import discover
from talwerk.settings import Settings
from tests.connectors.answers import json_values
from tests.connectors.snapshot import BBOX, snapshot
from tests.recording_server import Reply, serving
from tests.served import served

NOW = parse_instant("2026-01-14T12:20:00Z")
MB = 1_000_000
SNAPSHOT_BYTES = 72 * MB
OURS = 60


def context(**parameters: Any) -> Context:
    return Context(now=NOW, parameters={**CONNECTOR.parameters, "bbox": BBOX, **parameters})


def row(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "timestamp": "2026-01-14 12:15:00",
        "location": {"latitude": "51.26", "longitude": "7.15", "indoor": 0},
        "sensor": {"id": 40_001, "sensor_type": {"name": "SDS011"}},
        "sensordatavalues": [{"value_type": "P1", "value": "14.25"}],
    }
    return {**whole, **changes}


def read(*found: object, **parameters: Any) -> list[Finding]:
    return list(rows(msgspec.json.encode(found), context(**parameters)))


def device(**more: Any) -> dict[str, Any]:
    return {"name": "katernberg", **more}


def test_a_stamp_without_a_zone_is_in_utc() -> None:
    (reading,) = (each for each in read(row()) if isinstance(each, Reading))
    assert reading.observed == parse_instant("2026-01-14T12:15:00Z")
    assert reading.value == 14.25


@given(json_values.filter(lambda value: value is not None))
def test_a_strange_row_costs_only_itself(strange: Any) -> None:
    good = read(row())
    try:
        found = read(row(), strange, row(sensor={"id": 40_002}))
    except (msgspec.EncodeError, UnicodeEncodeError):
        return
    assert found[:2] == good
    assert found[-1] == Reading(native="40002", attribute="pm10", value=14.25, observed=good[1].observed)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "where",
    [
        {"latitude": "48.78", "longitude": "9.18"},
        {"latitude": None, "longitude": None},
        {"latitude": "0", "longitude": "0"},
        {"latitude": "", "longitude": "7.15"},
        {"latitude": "51.26", "longitude": "7.15", "indoor": 1},
        {"latitude": "51.26", "longitude": "7.15", "indoor": "1"},
    ],
)
def test_what_is_not_outdoors_in_the_city_says_nothing(where: dict[str, Any]) -> None:
    assert read(row(location=where)) == []


def test_indoor_sensors_are_read_where_the_profile_wants_them() -> None:
    indoors = row(location={"latitude": "51.26", "longitude": "7.15", "indoor": 1})
    assert len(read(indoors, indoor=True)) == 2


@pytest.mark.parametrize(
    "bbox", ["", "7,51", "51.1,7.0,51.4,7.4,1", "7.4,51.1,7.0,51.4", "500000,5600000,600000,5700000"]
)
def test_bounds_that_are_none_are_refused(bbox: str) -> None:
    with pytest.raises(ValueError, match="bounds"):
        list(rows(b"[]", context(bbox=bbox)))


@given(st.lists(st.fixed_dictionaries({"value_type": json_values, "value": json_values}), max_size=8))
def test_what_a_sensor_sends_is_taken_value_by_value(values: list[dict[str, Any]]) -> None:
    good = {"value_type": "SDS_P1", "value": "17.45"}
    found = list(sent({"sensordatavalues": [good, *values]}, context(device=device())))
    assert isinstance(found[0], Thing)
    assert found[1] == Reading(native="katernberg", attribute="pm10", value=17.45, observed=NOW, method=ARRIVAL)
    assert all(isinstance(each, Reading | Thing | Unusable) for each in found)


def test_a_sensor_stands_where_its_key_was_made_for() -> None:
    payload = {"sensordatavalues": [{"value_type": "P2", "value": "3"}, {"value_type": "GPS_lat", "value": "48.1"}]}
    thing = next(iter(sent(payload, context(device=device(title="Katernberg", at=[7.118, 51.272])))))
    assert isinstance(thing, Thing)
    assert (thing.name, thing.location) == ("Katernberg", {"type": "Point", "coordinates": [7.118, 51.272]})


@pytest.fixture(scope="module")
def whole_world() -> bytes:
    return snapshot(SNAPSHOT_BYTES, OURS, SystemClock().now() - 5 * MINUTE)


def peak(process: int) -> float:
    """The most memory that a process ever took, megabytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1_000 for line in lines if line.startswith("VmHWM:"))


async def test_a_snapshot_of_the_world_fits_into_a_worker(whole_world: bytes) -> None:
    memory_mb = Settings().worker_mb_max
    task = Task(discover()["sensor-community"].reference, "rows", whole_world, "", context())
    async with Pool(1, memory_mb) as pool:
        found = await pool.run(f"{in_worker.__module__}:in_worker", msgspec.msgpack.encode(task), 120)
        (worker,) = pool.pids
        peak_mb = peak(worker)
    readings = [each for each in msgspec.msgpack.decode(found, type=list[Finding]) if isinstance(each, Reading)]
    assert len(readings) == 2 * OURS
    # The frame, the task in it and its content are there at once; the rows never are.
    assert peak_mb < 3 * SNAPSHOT_BYTES / MB + 100


def test_the_city_answers_quickly_while_a_snapshot_is_read(tmp_path: Path, whole_world: bytes) -> None:
    profile = tmp_path / "city"
    profile.mkdir()
    with serving({"/static/v2/data.json": Reply(whole_world)}) as server:
        text = f"""
            [city]
            key = "stadt"
            name = "Stadt"
            ags = "05124000"
            ars = "051240000000"
            [[sources]]
            key = "sensor-community"
            connector = "sensor-community"
            address = "{server.address}"
            parameters = {{ bbox = "{BBOX}" }}
        """
        (profile / cities.PROFILE).write_text(text)
        with served(tmp_path / "data", city=str(profile), feeds="live") as running:
            slowest_s, health, until = 0.0, "", time.monotonic() + 60
            while health != "fresh" and time.monotonic() < until:
                began = time.monotonic()
                found = running.get("/ngsi-ld/v1/entities?type=DataSource&options=keyValues").json()
                slowest_s = max(slowest_s, time.monotonic() - began)
                health = found[0]["health"] if found else ""
                time.sleep(0.05)
            assert health == "fresh"
            count = running.get("/ngsi-ld/v1/entities?type=AirQualityObserved&limit=1&count=true")
            assert count.headers["ngsild-results-count"] == str(OURS)
            assert slowest_s < 1.0
