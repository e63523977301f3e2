"""Weather: each value belongs to the station that measured it, and what has not happened is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.connectors.brightsky_weather import CONNECTOR, HOUR, NOW, current, hours
from talwerk.core.instants import parse_instant
from talwerk.sdk.reading import Ask, Context, Reading, Thing, Unusable
from tests.connectors.answers import json_values

CONTEXT = Context(now=parse_instant("2026-01-14T12:20:00Z"))
STAMP = "2026-01-14T12:00:00+00:00"
STATIONS = [
    {"id": 1, "dwd_station_id": "00001", "observation_type": "synop"},
    {"id": 2, "dwd_station_id": "00002", "observation_type": "current"},
    {"id": 3, "dwd_station_id": "00001", "observation_type": "forecast"},
]
FIELDS = sorted(set(HOUR) - {"condition", "solar"})

rows = st.fixed_dictionaries(
    {"timestamp": st.just(STAMP) | json_values, "source_id": st.integers(1, 4) | json_values},
    optional={field: st.floats(-50, 2_000) | json_values for field in HOUR}
    | {"fallback_source_ids": st.dictionaries(st.sampled_from(FIELDS), st.integers(1, 4)) | json_values},
)


@given(st.lists(rows | json_values, max_size=5))
def test_a_good_value_is_told_of_its_station_whatever_lies_beside_it(strange: list[Any]) -> None:
    good: dict[str, Any] = {
        "timestamp": STAMP,
        "source_id": 1,
        "temperature": 4.25,
        "dew_point": 3,
        "fallback_source_ids": {"dew_point": 2},
    }
    found = list(hours({"weather": [good, *strange, good], "sources": STATIONS}, CONTEXT))
    at = parse_instant(STAMP)
    assert found[0] == Reading(native="00001", attribute="temperature", value=4.25, observed=at)
    assert found[1] == Reading(native="00002", attribute="dewPoint", value=3.0, observed=at)
    assert all(isinstance(each, Reading | Thing | Unusable) for each in found)
    assert found.count(found[0]) >= 2


@given(rows)
def test_forecasts_are_no_observations(row: dict[str, Any]) -> None:
    row = {**row, "source_id": 3, "fallback_source_ids": None}
    found = list(hours({"weather": [row], "sources": STATIONS}, CONTEXT))
    assert not [each for each in found if isinstance(each, Reading | Thing)]
    assert all(isinstance(each, Unusable) and each.gap for each in found)


@given(st.lists(json_values, max_size=5))
def test_strange_stations_hide_no_good_one(sources: list[Any]) -> None:
    row = {"timestamp": STAMP, "source_id": 1, "temperature": 4.25}
    found = list(current({"weather": row, "sources": [*sources, STATIONS[0]]}, CONTEXT))
    assert isinstance(found[0], Reading)
    assert found[-1] == Ask(request="hours", parameters={})


@pytest.mark.parametrize("condition, kind", [("rain", Reading), ("", Unusable), (None, Unusable), (7, Unusable)])
def test_the_condition_is_a_text_or_none(condition: object, kind: type) -> None:
    row = {"timestamp": STAMP, "source_id": 1, "condition": condition}
    assert isinstance(next(hours({"weather": [row], "sources": STATIONS}, CONTEXT)), kind)


def test_energy_of_an_hour_is_told_as_power() -> None:
    row = {"timestamp": STAMP, "source_id": 1, "solar_60": 0.48}
    found = next(current({"weather": row, "sources": STATIONS}, CONTEXT))
    assert isinstance(found, Reading)
    assert found.value == 480.0


def test_the_hours_bring_nothing_of_another_kind_than_the_present() -> None:
    assert set(HOUR.values()) < set(NOW.values()) == {quantity.attribute for quantity in CONNECTOR.quantities}
