"""A water board's series: milliseconds, units in words, stations by their names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk import cities
from talwerk.connectors.helgoland import CONNECTOR, UNITS, native_of, series, values
from talwerk.core.instants import EARLIEST, LATEST, parse_instant
from talwerk.sdk.reading import Ask, Context, Reading, Thing, Unusable
from tests.connectors.answers import json_values

NOW = parse_instant("2026-01-14T12:20:00Z")
STAMP = 1_768_392_900_000


def context(unit: str = "cm", **changes: Any) -> Context:
    return Context(now=NOW, parameters={"native": "kluse", "unit": unit, "id": "1", "names": ""}, **changes)


@given(
    st.lists(st.tuples(st.integers(EARLIEST // 1_000, LATEST // 1_000 - 1), st.integers(-9_999, 99_999)), max_size=50)
)
def test_every_good_value_is_read_at_its_time(rows: list[tuple[int, int]]) -> None:
    payload = {"values": [{"timestamp": at, "value": value / 10} for at, value in rows]}
    found = [each for each in values(payload, context()) if isinstance(each, Reading)]
    assert [(each.observed, each.value) for each in found] == [(at * 1_000, value / 10) for at, value in rows]


@given(st.lists(json_values | st.fixed_dictionaries({"timestamp": json_values, "value": json_values}), max_size=8))
def test_a_good_value_is_read_whatever_lies_beside_it(rows: list[Any]) -> None:
    good = {"timestamp": STAMP, "value": 104.5}
    found = list(values({"values": [good, *rows, good]}, context()))
    reading = Reading(native="kluse", attribute="height", value=104.5, observed=STAMP * 1_000)
    assert found[0] == found[-1] == reading
    assert len(found) == len(rows) + 2
    assert all(isinstance(each, Reading | Unusable) for each in found)


@pytest.mark.parametrize(
    "unit, attribute, kept",
    [("cm", "height", 2.5), ("m", "height", 250.0), ("l/s", "flow", 0.0025), ("mm", "precipitation", 2.5)],
)
def test_a_series_is_kept_in_the_unit_that_is_declared(unit: str, attribute: str, kept: float) -> None:
    (found,) = values({"values": [{"timestamp": STAMP, "value": 2.5}]}, context(unit))
    assert isinstance(found, Reading)
    assert (found.attribute, found.value) == (attribute, kept)


@pytest.mark.parametrize("value", [None, "NaN", "nan", float("nan"), " NaN "])
def test_a_missing_value_is_a_gap_however_it_is_written(value: object) -> None:
    (found,) = values({"values": [{"timestamp": STAMP, "value": value}]}, context())
    assert isinstance(found, Unusable)
    assert found.gap


def test_units_lead_to_what_is_declared() -> None:
    assert {attribute for attribute, _ in UNITS.values()} == {quantity.attribute for quantity in CONNECTOR.quantities}


@pytest.mark.parametrize(
    "label, native",
    [
        ("Kluserbrücke", "kluserbruecke"),
        (" Glüder ", "glueder"),
        ("Niederschlag Barmen (Hauptverwaltung)", "niederschlag-barmen-hauptverwaltung"),
        ("Große Dhünn", "grosse-dhuenn"),
        ("Beyenburg, Ablauf", "stausee-beyenburg"),
        ("???", ""),
    ],
)
def test_stations_are_named_by_their_labels_or_as_the_profile_says(label: str, native: str) -> None:
    assert native_of(label, "nonsense; ;Beyenburg, Ablauf = stausee-beyenburg ;a=b") == native


ROW = {"id": 461, "uom": "cm", "station": {"properties": {"label": "Kluse"}}}


@given(st.lists(json_values, max_size=5), json_values, json_values)
def test_a_station_is_found_whatever_lies_beside_it(rows: list[Any], geometry: Any, last: Any) -> None:
    strange = {**ROW, "station": {**ROW["station"], "geometry": geometry}, "lastValue": last}  # type: ignore[dict-item]
    found = list(series([*rows, ROW, strange], context(wanted=("kluse",))))
    assert [each for each in found if isinstance(each, Ask)] == [
        Ask(request="values", parameters={"native": "kluse", "unit": "cm", "id": "461"})
    ]
    assert len([each for each in found if isinstance(each, Thing)]) == 1
    assert sum(isinstance(each, Unusable) for each in found) >= len(rows)


def test_all_stations_are_read_when_none_is_named() -> None:
    other = {**ROW, "station": {"properties": {"label": "Opladen"}}}
    found = [each.native for each in series([ROW, other], context()) if isinstance(each, Thing)]
    assert found == ["kluse", "opladen"]


@pytest.mark.parametrize("key", cities.available())
def test_what_a_profile_names_can_be_the_label_of_a_station(key: str) -> None:
    city = cities.load(key)
    for source in city.sources:
        if source.connector == CONNECTOR.key:
            assert city.wanted(source)
            assert all(native_of(native, "") == native for native in city.wanted(source))
            assert source.licence == "restricted", "the terms are non-commercial"
            assert source.publisher in source.attribution
