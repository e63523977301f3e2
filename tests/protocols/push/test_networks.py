"""Webhooks of LoRaWAN networks: repeated deliveries, other events, files beside the profile."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from talwerk import connectors
from talwerk.core.instants import parse_instant
from talwerk.core.quality import Flag, flag_of
from talwerk.core.terms import expand
from tests.protocols.push.pushing import PROFILE, Doors, open_doors

RECORDINGS = Path(str(connectors.__file__)).parent / "recordings"
WATER, CLIMATE = "/push/things-stack/wasser", "/push/chirpstack/klima"
MORE = """
    [[sources]]
    key = "wasser"
    connector = "things-stack"
    parameters = { devices = "pegel" }
    [[sources]]
    key = "klima"
    connector = "chirpstack"
    parameters = { devices = "klima" }
"""


def sent(connector: str, name: str) -> Any:
    return json.loads((RECORDINGS / connector / f"{name}.json").read_text())


def copy_devices(folder: Path) -> None:
    (folder / "devices").mkdir()
    for connector in ("things_stack", "chirpstack"):
        for file in (RECORDINGS / connector / "devices").iterdir():
            (folder / "devices" / file.name).write_bytes(file.read_bytes())


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    copy_devices(tmp_path)
    async with open_doors(tmp_path, PROFILE + MORE) as opened:
        opened.clock.at = parse_instant("2026-01-14T12:20:00Z")
        yield opened


@pytest.fixture
def water(doors: Doors) -> str:
    return doors.key("wasser", "WaterObserved", "Device", source="wasser")


@pytest.fixture
def climate(doors: Doors) -> str:
    return doors.key("klima", "WeatherObserved", "Device", source="klima")


async def test_an_uplink_is_kept_once_however_often_it_is_delivered(doors: Doors, water: str) -> None:
    uplink = sent("things_stack", "level")
    first = await doors.send(water, uplink, WATER)
    assert (first.status_code, first.json()) == (200, {"values": 5, "things": 2, "leftOut": {}})
    again = await doors.send(water, uplink, WATER)
    assert (again.status_code, again.json()["values"]) == (200, 0)
    points = doors.points("WaterObserved", "pegel-07", "height", "wasser")
    assert (points.at, points.values) == ([parse_instant("2026-01-14T12:15:01.123456Z")], [104.3])
    assert doors.points("Device", "pegel-07", "rssi", "wasser").values == [-96]
    uplink["uplink_message"]["received_at"] = "2026-01-14T12:05:00Z"
    uplink["uplink_message"]["decoded_payload"]["level_mm"] = 900
    assert (await doors.send(water, uplink, WATER)).json()["values"] == 5, "one that was delayed is history"
    assert doors.points("WaterObserved", "pegel-07", "height", "wasser").values == [90.0, 104.3]


async def test_omitted_zeros_are_values(doors: Doors, water: str) -> None:
    await doors.send(water, sent("things_stack", "zeros"), WATER)
    assert doors.points("WaterObserved", "pegel-08", "height", "wasser").values == [0.0]


async def test_impossible_levels_are_kept_and_flagged(doors: Doors, water: str) -> None:
    await doors.send(water, sent("things_stack", "out_of_range"), WATER)
    points = doors.points("WaterObserved", "pegel-07", "height", "wasser")
    assert [flag_of(quality) for quality in points.quality] == [Flag.FAIL]


@pytest.mark.parametrize("name", ["other_port", "not_decoded"])
async def test_what_nobody_declared_stops_no_webhook(doors: Doors, water: str, name: str) -> None:
    answer = await doors.send(water, sent("things_stack", name), WATER)
    assert answer.status_code == 200
    assert answer.json()["values"] == 0
    assert len(answer.json()["leftOut"]) == 1
    assert doors.watched("wasser").state.left_out == answer.json()["leftOut"]


async def test_a_join_says_nothing(doors: Doors, water: str) -> None:
    assert (await doors.send(water, sent("things_stack", "join"), WATER)).status_code == 204


@pytest.mark.parametrize("event, status", [("up", 200), ("join", 204), ("status", 204), ("ack", 204), ("", 204)])
async def test_only_uplinks_are_taken_from_chirpstack(doors: Doors, climate: str, event: str, status: int) -> None:
    answer = await doors.send(climate, sent("chirpstack", "up"), f"{CLIMATE}?event={event}")
    assert answer.status_code == status
    assert len(doors.points("WeatherObserved", "0102030405060708", "temperature", "klima").values) == (status == 200)


async def test_members_in_snake_case_are_the_same(doors: Doors, climate: str) -> None:
    await doors.send(climate, sent("chirpstack", "snake"), f"{CLIMATE}?event=up")
    assert doors.points("WeatherObserved", "01020304050607aa", "temperature", "klima").values == [0.0]


@pytest.mark.parametrize("payload", [{}, {"uplink_message": 7}, {"end_device_ids": {}, "uplink_message": {}}, []])
async def test_another_shape_is_refused(doors: Doors, water: str, climate: str, payload: Any) -> None:
    assert (await doors.send(water, payload, WATER)).status_code == 400
    assert (await doors.send(climate, payload, f"{CLIMATE}?event=up")).status_code == 400


async def test_an_uplink_from_the_future_is_never_current(doors: Doors, water: str) -> None:
    uplink = copy.deepcopy(sent("things_stack", "level"))
    uplink["uplink_message"]["received_at"] = "2027-01-14T12:15:00Z"
    assert (await doors.send(water, uplink, WATER)).json()["values"] == 5
    assert expand("height") not in doors.entity("WaterObserved", "pegel-07", "wasser").attributes


async def test_a_broken_file_closes_its_own_door_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    copy_devices(tmp_path)
    (tmp_path / "devices" / "pegel.toml").write_text("[[fields]]\nfield = 7\n")
    with caplog.at_level(logging.ERROR):
        async with open_doors(tmp_path, PROFILE + MORE) as opened:
            assert set(opened.intake.feeds) == {"buergersensoren", "andere", "klima"}
    (record,) = caplog.records
    assert "devices/pegel.toml:2: " in record.getMessage()
