"""Connectors without Python: what a file declares is read, and mistakes are told with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from talwerk.core.errors import DomainError
from talwerk.core.instants import parse_instant
from talwerk.sdk.reading import Ask, Context, Finding, Reading, Thing, Unusable
from talwerk.sdk.simple import read_simple
from talwerk.services.sources.answers import read_answer
from talwerk.services.sources.discovery import discover, discover_in, load
from tests.connectors.answers import json_values

NOW = parse_instant("2026-01-14T12:20:00Z")
HEAD = """\
key = "parken"
title = "Parkhäuser"
publisher = "Die Stadt"
licence = "unknown"
terms = "The terms were not found anywhere."
attribution = "Die Stadt"
every_s = 60
cadence_s = 300
stale_s = 3600
zone = "Europe/Berlin"
[[quantities]]
attribute = "availableSpotNumber"
type = "OffStreetParking"
unit = "C62"
least = 0
"""
LIST = """\
[[requests]]
key = "list"
path = "/list.json"
rows = "/places/*"
native = "/id"
stamp = "2/at"
stamp_format = "%d.%m.%Y %H:%M"
values = [{ attribute = "availableSpotNumber", value = "/free", missing = [-1, "n/a"] }]
asks = [{ request = "one", parameters = { id = "/id" } }]
[requests.thing]
type = "OffStreetParking"
name = "/name"
longitude = "/x"
latitude = "/y"
statements = { totalSpotNumber = "/all" }
[[requests]]
key = "one"
path = "/{id}.csv"
format = "csv"
delimiter = ";"
decimal = ","
native_parameter = "id"
stamp = "/Zeit"
stamp_format = "epoch-s"
values = [{ attribute = "availableSpotNumber", value = "/Frei", factor = 10, offset = 1 }]
"""
LISTED = {"at": "14.01.2026 13:15", "places": [
    {"id": "P 1", "name": "Rathaus", "x": 7.19, "y": 51.27, "free": 17, "all": 300},
    {"id": 2, "free": -1}, {"id": 3, "free": "n/a"}, {"free": 4}, {"id": 4, "free": None}, {"id": 5, "free": "viele"},
]}  # fmt: skip


def written(folder: Path, text: str = HEAD + LIST) -> Path:
    path = folder / "parken.toml"
    path.write_text(text)
    return path


def read(folder: Path, request: str, content: bytes, **parameters: Any) -> list[Finding]:
    connector = read_simple(written(folder))
    context = Context(now=NOW, zone=connector.zone, parameters={**connector.parameters, **parameters})
    return read_answer(connector, connector.request(request), content, "", context)


def test_a_list_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, "list", msgspec.json.encode(LISTED))
    things = [each for each in found if isinstance(each, Thing)]
    assert [each.native for each in things] == ["P~201", "2", "3", "4", "5"]
    assert (things[0].name, things[0].statements) == ("Rathaus", {"totalSpotNumber": 300})
    assert things[0].location == {"type": "Point", "coordinates": [7.19, 51.27]}
    observed = parse_instant("2026-01-14T12:15:00Z")
    reading = Reading(native="P~201", attribute="availableSpotNumber", value=17, observed=observed)
    assert [each for each in found if isinstance(each, Reading)] == [reading]
    assert Ask(request="one", parameters={"id": "P 1"}) in found
    reasons = [each.reason for each in found if isinstance(each, Unusable) and not each.gap]
    assert reasons == ["a row has no id", "a value is no finite number"]


def test_a_table_is_read(tmp_path: Path) -> None:
    content = b"Zeit;Frei\n1768392900;1.017,5\n1768393200;\nnie;3\n"
    found = read(tmp_path, "one", content, id="P 1")
    assert found[0] == Reading(
        native="P~201", attribute="availableSpotNumber", value=10_176, observed=1_768_392_900_000_000
    )
    assert found[1:] == [Unusable(reason="a value is missing", gap=True), Unusable(reason="a stamp is no time")]


@pytest.mark.parametrize(
    "content, fits", [(b'{"at": "", "places": []}', True), (b'{"orte": []}', False), (b"7", False)]
)
def test_an_empty_list_is_silence_and_another_shape_is_not(tmp_path: Path, content: bytes, fits: bool) -> None:
    if fits:
        assert read(tmp_path, "list", content) == []
        return
    with pytest.raises(DomainError, match="nothing stands at '/places'"):
        read(tmp_path, "list", content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values, json_values)
def test_a_strange_row_costs_only_itself(tmp_path: Path, strange: Any, free: Any) -> None:
    connector = read_simple(written(tmp_path))
    payload = {**LISTED, "places": [{"id": 7, "free": 1}, strange, {"id": 8, "free": free}, {"id": 9, "free": 2}]}
    found = list(connector.request("list").parse(payload, Context(now=NOW, zone=connector.zone)))
    values = {each.native: each.value for each in found if isinstance(each, Reading)}
    assert (values["7"], values["9"]) == (1, 2)


@pytest.mark.parametrize(
    "right, wrong, told",
    [
        ('unit = "C62"', 'unit = "Stück"', "parken.toml:14: "),
        ("decimal", "dezimal", "parken.toml:36: The key 'dezimal' is unknown"),
        ('native_parameter = "id"', "", "needs either native or native_parameter"),
        ('stamp_format = "epoch-s"', 'stamp_format = "unix"', "none of"),
        ('rows = "/places/*"', 'rows = "places"', "parken.toml:19: "),
        ('request = "one"', 'request = "two"', "There is no request 'two'"),
        ('attribute = "availableSpotNumber", value', 'attribute = "frei", value', "Nothing is declared about 'frei'"),
        ("stale_s = 3600", "stale_s = 10", "stale before the next one is due"),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Wupper"', "zone"),
        ('key = "parken"', "key = ", "parken.toml:1: "),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    assert right in HEAD + LIST
    with pytest.raises(DomainError) as raised:
        read_simple(written(tmp_path, (HEAD + LIST).replace(right, wrong, 1)))
    assert told in str(raised.value)
    assert "parken.toml" in str(raised.value)


def test_files_are_found_and_a_broken_one_stops_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path)
    (tmp_path / "kaputt.toml").write_text("key = 7\n")
    found = discover_in(tmp_path)
    assert set(found) == {"parken"}
    assert load(found["parken"].reference).key == "parken"
    (record,) = caplog.records
    assert "kaputt.toml:1: " in record.getMessage()
    assert {"parken", "pegelonline", "sensor-community"} <= set(discover(tmp_path))
