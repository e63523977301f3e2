"""The door: who may send what, how often, and what becomes of it."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from talwerk.core.change import Batch, Change, Mode, Observations, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.instants import DAY, Instant
from talwerk.core.quality import Flag, flag_of
from talwerk.core.terms import LOCATION, expand
from talwerk.services.sources.state import Health
from tests.protocols.city import ENTITIES, NOW
from tests.protocols.push.pushing import CITIZENS, SCOPE, Doors, basic


async def test_what_a_sensor_sends_is_on_disk_when_it_is_answered(doors: Doors) -> None:
    key = doors.key(title="Katernberg", at=(7.118, 51.272))
    answer = await doors.send(key)
    assert (answer.status_code, answer.json()) == (200, {"values": 2, "things": 2, "leftOut": {}})
    points = doors.points("AirQualityObserved", "katernberg", "pm10")
    assert (points.at, points.values) == ([NOW], [17.45])
    thing = doors.entity("AirQualityObserved", "katernberg").attributes
    assert thing[expand("name")][0].value == "Katernberg"
    assert thing[LOCATION][0].value == {"type": "Point", "coordinates": [7.118, 51.272]}
    (series,) = (each for each in doors.broker.series(SCOPE) if each.attribute == expand("pm10"))
    assert (series.provenance.source, series.provenance.licence) == ("buergersensoren", "CC0-1.0")
    assert (series.provenance.cadence_s, series.unit) == (300, "GQ")
    assert series.provenance.method == "Zeit des Eintreffens", "its time is an assumption, and everybody can see that"


async def test_the_same_measurement_later_is_another_one(doors: Doors) -> None:
    key = doors.key()
    assert (await doors.send(key)).json()["values"] == 2
    doors.clock.let_pass(145)
    assert (await doors.send(key)).json()["values"] == 2
    assert doors.points("AirQualityObserved", "katernberg", "pm10").values == [17.45, 17.45]


async def test_a_sensor_knows_user_and_password_only(doors: Doors) -> None:
    key = doors.key()
    short = key.partition(".")[2]
    assert len(short) <= 64, "firmwares keep no more"
    for password in (key, short):
        assert (await doors.send(None, headers=basic("katernberg", password))).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer katernberg.wrong"},
        basic("katernberg", "wrong"),
        basic("", ""),
        basic("andere", "katernberg.x"),
        {"authorization": "Basic %%%"},
        {"authorization": "Basic"},
        {"authorization": "Digest x"},
    ],
)
async def test_nobody_sends_without_a_key(doors: Doors, headers: dict[str, str]) -> None:
    doors.key()
    answer = await doors.send(None, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert not doors.broker.series(SCOPE)


async def test_the_operators_token_is_no_password(doors: Doors) -> None:
    token = doors.credentials.operator_token
    assert (await doors.send(None, headers=basic("operator", token))).status_code == 401
    assert (await doors.send(token)).status_code == 401, "who sends must be a device: its name is part of the id"


async def test_a_key_opens_the_door_it_was_made_for(doors: Doors) -> None:
    other = doors.key("woanders", source="andere")
    anywhere = doors.key("gateway", source="")
    for key in (other, anywhere):
        answer = await doors.send(key)
        assert answer.status_code == 403
        assert "was not made for the source buergersensoren" in answer.json()["detail"]
    assert (await doors.send(other, path=CITIZENS.replace("buergersensoren", "andere"))).status_code == 200


async def test_a_key_of_a_door_writes_no_entities(doors: Doors) -> None:
    from starlette.applications import Starlette

    from talwerk.processes.workers.pool import Pool
    from talwerk.protocols import http, ngsild
    from tests.protocols.city import client_of

    key = doors.key()
    entity = {"id": "urn:ngsi-ld:AirQualityObserved:1", "type": "AirQualityObserved"}
    async with Pool(1, 256) as pool:
        app = http.guarded(
            Starlette(routes=ngsild.routes(doors.broker, doors.clock, pool)), credentials=doors.credentials
        )
        async with client_of(app, key) as client:
            assert (await client.post(ENTITIES, json=entity)).status_code == 403
            assert (await client.get(f"{ENTITIES}?type=AirQualityObserved")).status_code == 200


async def test_a_key_writes_its_types_alone(doors: Doors) -> None:
    key = doors.key("nur-luft", "AirQualityObserved")
    answer = await doors.send(key)
    assert answer.status_code == 403, answer.text
    assert "WeatherObserved" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/push/sensor-community/unbekannt", "/push/chirpstack/buergersensoren", "/push/x/../y", "/push/a/b/c"]
)
async def test_there_are_no_other_doors(doors: Doors, path: str) -> None:
    assert (await doors.send(doors.key(), path=path)).status_code == 404


async def test_only_sending_is_possible(doors: Doors) -> None:
    answer = await doors.client.get(CITIZENS)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "body, status",
    [
        (b"", 400),
        (b"{", 400),
        (b"<html>", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"sensordatavalues": 7}', 400),
        (b'{"sensordatavalues": [7]}', 400),
        (b"[" * 5_000, 400),
        (b'{"sensordatavalues": []}', 204),
        (b'{"sensordatavalues": [{"value_type": "signal", "value": "-61"}]}', 204),
        (b" " * 20_000, 413),
        (b'{"sensordatavalues": [{"value_type": "P1", "value": "NaN"}]}', 200),
    ],
)
async def test_strange_bodies_are_refused_by_name(doors: Doors, body: bytes, status: int) -> None:
    answer = await doors.send(doors.key(), body)
    assert answer.status_code == status, answer.text
    assert not doors.broker.series(SCOPE)


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-protobuf", "text/csv", "text/html"])
async def test_a_network_set_to_another_format_is_told(doors: Doors, kind: str) -> None:
    answer = await doors.send(doors.key(), b"\x0a\x01", headers={"content-type": kind})
    assert answer.status_code == 415
    assert "JSON" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=utf-8", "application/cloudevents+json"])
async def test_small_senders_name_their_bodies_as_they_can(doors: Doors, kind: str) -> None:
    assert (await doors.send(doors.key(), headers={"content-type": kind})).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"{}", b"17", b"null", b'"x"', b'{"sensordatavalues": 3}'])
async def test_answers_tell_what_is_missing_and_nothing_of_the_machinery(doors: Doors, body: bytes) -> None:
    answer = await doors.send(doors.key(), body)
    assert answer.status_code in {204, 400}
    assert not re.search(r"Error|indices|object|int\b", answer.json()["detail"] if answer.content else "")


async def test_impossible_values_are_kept_and_flagged(doors: Doors) -> None:
    payload = {"sensordatavalues": [{"value_type": "P1", "value": "4000"}, {"value_type": "temperature", "value": "x"}]}
    answer = await doors.send(doors.key(), payload)
    assert answer.json()["leftOut"] == {"a value is no finite number": 1}
    assert flag_of(doors.points("AirQualityObserved", "katernberg", "pm10").quality[0]) is Flag.FAIL


async def test_who_sends_too_often_is_told_when_to_come_again(doors: Doors) -> None:
    key, declared = doors.key(), doors.intake.feeds["buergersensoren"].connector.push
    assert declared is not None
    for _ in range(declared.at_once):
        assert (await doors.send(key)).status_code == 200
    answer = await doors.send(key)
    assert answer.status_code == 429
    wait_s = int(answer.headers["retry-after"])
    assert 0 < wait_s <= 60
    assert (await doors.send(doors.key("woanders"))).status_code == 200, "others are not kept waiting"
    doors.clock.let_pass(wait_s)
    assert (await doors.send(key)).status_code == 200


async def test_no_key_stands_in_the_log(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    key = doors.key()
    with caplog.at_level(logging.DEBUG):
        await doors.send(key)
        await doors.send(None, headers=basic("katernberg", key))
        await doors.send(f"{key}x")
        await doors.send(key, b"{")
    assert caplog.records
    assert not any(key.partition(".")[2] in record.getMessage() for record in caplog.records)


async def test_what_comes_into_a_city_of_simulated_values_is_marked_as_such(doors: Doors) -> None:
    column = Observations(
        entity="urn:ngsi-ld:WaterObserved:1",
        types=(expand("WaterObserved"),),
        attribute=expand("height"),
        at=[NOW],
        values=[1.0],
        provenance=Provenance(simulated=True, cadence_s=60),
    )
    await doors.broker.write(Batch(changes=(column,)), SCOPE)
    answer = await doors.send(doors.key())
    assert answer.status_code == 200
    assert {series.provenance.simulated for series in doors.broker.series(SCOPE)} == {True}


async def test_what_the_operator_says_of_a_sensor_stays(doors: Doors) -> None:
    key = doors.key()
    await doors.send(key)
    where = Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [7.2, 51.25]})
    entity = doors.entity("AirQualityObserved", "katernberg")
    placed = Entity(id=entity.id, types=entity.types, attributes={LOCATION: (where,)})
    await doors.broker.write(Batch(changes=(Change(mode=Mode.UPDATE, entity=placed),)), SCOPE)
    await doors.send(key)
    assert doors.entity("AirQualityObserved", "katernberg").attributes[LOCATION][0].value == where.value


async def test_a_source_is_judged_by_what_arrives(doors: Doors) -> None:
    key, watched = doors.key(), doors.watched()

    def health() -> Health:
        return watched.state.health

    assert health() is Health.WAITING
    await doors.send(key, b"{")
    assert health() is Health.MALFORMED
    assert "not JSON" in watched.state.error
    await doors.send(key)
    state = watched.state
    assert (state.health, state.newest, state.values, state.faults, state.error) == (Health.FRESH, NOW, 2, 1, "")
    doors.clock.let_pass(3_600 - 60)
    assert health() is Health.FRESH
    doors.clock.let_pass(120)
    silent = watched.state
    assert (silent.health, silent.since) == (Health.SILENT, doors.clock.at)
    bad: dict[str, Any] = {"sensordatavalues": [{"value_type": "P1", "value": "-1"}]}
    await doors.send(key, bad)
    assert health() is Health.STALE, "it comes, and none of it is good"
    doors.clock.at = Instant(doors.clock.at - 365 * DAY)
    assert health() is not Health.FRESH, "a clock that was set back makes nothing new"


async def test_a_restart_forgets_what_came_and_not_how_new_it_is(doors: Doors) -> None:
    await doors.send(doors.key())
    watched = doors.watched()
    assert watched.state.health is Health.FRESH
    doors.arrivals.clear()
    assert watched.state.health is Health.FRESH
