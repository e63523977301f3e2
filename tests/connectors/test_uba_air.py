"""Air quality: winter time all year, hours that end at 24, members by their names, nothing lost beside rubbish."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.connectors.uba_air import COMPONENTS, CONNECTOR, hours, stations
from talwerk.core.instants import HOUR, format_instant, parse_instant
from talwerk.sdk.reading import Ask, Context, Reading, Thing, Unusable
from tests.connectors.answers import json_values

NOW = parse_instant("2026-07-14T12:20:00Z")
NAMES = ["component id", "scope id", "value", "date end", "index"]
CONTEXT = Context(
    now=NOW,
    zone=CONNECTOR.zone,
    wanted=("DENW189",),
    parameters={"native": "DENW189", "station": "1234", "component": "5"},
)


def answer(rows: dict[str, Any], names: Any = NAMES) -> dict[str, Any]:
    return {"indices": {"data": {"station id": {"date start": names}}}, "data": {"1234": rows}}


@pytest.mark.parametrize(
    "end, expected",
    [
        ("2026-07-14 12:00:00", "2026-07-14T11:00:00Z"),
        ("2026-01-14 12:00:00", "2026-01-14T11:00:00Z"),
        ("2026-07-13 24:00:00", "2026-07-13T23:00:00Z"),
        ("2026-12-31 24:00:00", "2026-12-31T23:00:00Z"),
        # The hour that clocks in summer time leave out, and the one that comes twice: here they are as all others.
        ("2026-03-29 03:00:00", "2026-03-29T02:00:00Z"),
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
    ],
)
def test_time_is_central_european_without_summer_time(end: str, expected: str) -> None:
    (found,) = hours(answer({"any": [5, 2, 31, end, "1"]}), CONTEXT)
    assert isinstance(found, Reading)
    assert format_instant(found.observed) == expected


def test_a_year_of_hours_has_no_gap_and_no_hour_twice() -> None:
    rows = {}
    for hour in range(365 * 24):
        day = f"2026-{_DAYS[hour // 24][0]:02}-{_DAYS[hour // 24][1]:02}"
        rows[f"{day} {hour % 24:02}:00:00"] = [5, 2, 1, f"{day} {hour % 24 + 1:02}:00:00", "1"]
    times = [each.observed for each in hours(answer(rows), CONTEXT) if isinstance(each, Reading)]
    assert len(times) == 365 * 24
    assert all(after - before == HOUR for before, after in pairwise(times))


_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS = [(month, day) for month, length in enumerate(_LENGTHS, 1) for day in range(1, length + 1)]


@given(st.lists(json_values | st.tuples(*[json_values] * 5).map(list), max_size=6))
def test_a_good_value_is_read_whatever_lies_beside_it(strange: list[Any]) -> None:
    rows = {"a": [5, 2, 31.5, "2026-07-14 12:00:00", "1"], **{str(n): row for n, row in enumerate(strange)}}
    found = list(hours(answer(rows), CONTEXT))
    assert len(found) == len(strange) + 1
    at = parse_instant("2026-07-14T11:00:00Z")
    assert found[0] == Reading(native="DENW189", attribute="no2", value=31.5, observed=at)
    assert all(isinstance(each, Reading | Unusable) for each in found)


@given(st.permutations(NAMES))
def test_members_are_found_by_their_names(names: list[str]) -> None:
    told = dict(zip(NAMES, [5, 2, 31, "2026-07-14 12:00:00", "1"], strict=True))
    (found,) = hours(answer({"any": [told[name] for name in names]}, names), CONTEXT)
    assert isinstance(found, Reading)
    assert found.value == 31


def test_a_renamed_member_is_never_taken_for_another() -> None:
    renamed = ["component id", "scope id", "mean", "date end", "index"]
    (found,) = hours(answer({"any": [5, 2, 31, "2026-07-14 12:00:00", 1]}, renamed), CONTEXT)
    assert isinstance(found, Unusable)
    assert not found.gap


@pytest.mark.parametrize("data", [[], {}, None])
def test_a_station_without_the_component_says_nothing(data: Any) -> None:
    assert list(hours({"indices": [], "data": data}, CONTEXT)) == []


def test_another_station_is_no_answer() -> None:
    with pytest.raises(LookupError):
        list(hours({**answer({}), "data": {"77": {}}}, CONTEXT))


MEMBERS = ["station id", "station code", "station name", "station active to", "station longitude", "station latitude"]


@pytest.mark.parametrize("wanted", ["DENW189", "1234"])
@given(strange=st.lists(json_values | st.tuples(*[json_values] * 6).map(list), max_size=5), as_object=st.booleans())
def test_a_station_is_found_by_code_or_number_whatever_lies_beside_it(
    wanted: str, strange: list[Any], as_object: bool
) -> None:
    good = ["1234", "DENW189", "Gathe", None, "7.147401", "51.260681"]
    rows: Any = [*strange, good]
    names: Any = dict(enumerate(MEMBERS)) if as_object else MEMBERS
    context = Context(now=NOW, zone="+01:00", wanted=(wanted,))
    found = list(stations({"indices": names, "data": dict(enumerate(rows)) if as_object else rows}, context))
    (thing,) = [each for each in found if isinstance(each, Thing)]
    assert thing.native == wanted
    assert thing.location == {"type": "Point", "coordinates": [7.147401, 51.260681]}
    asked = [each.parameters for each in found if isinstance(each, Ask)]
    assert [each["component"] for each in asked] == list(COMPONENTS)
    assert {each["station"] for each in asked} == {"1234"}


@pytest.mark.parametrize(
    "until, closed", [(None, False), ("2008-12-31", True), ("2026-07-13", True), ("2030-01-01", False)]
)
def test_a_closed_station_is_not_asked(until: object, closed: bool) -> None:
    row = ["1234", "DENW189", "Gathe", until, "7.1", "51.2"]
    found = list(stations({"indices": MEMBERS, "data": {"1234": row}}, CONTEXT))
    assert (not [each for each in found if isinstance(each, Ask)]) == closed


def test_without_a_wanted_station_none_of_the_hundreds_is_asked() -> None:
    row = ["1234", "DENW189", "Gathe", None, "7.1", "51.2"]
    found = list(stations({"indices": MEMBERS, "data": {"1234": row}}, Context(now=NOW)))
    assert found == [Unusable(reason="the profile names no station")]


def test_components_lead_to_what_is_declared() -> None:
    assert set(COMPONENTS.values()) == {quantity.attribute for quantity in CONNECTOR.quantities}
    units = {quantity.attribute: quantity.unit for quantity in CONNECTOR.quantities}
    assert {attribute for attribute, unit in units.items() if unit != "GQ"} == {"co"}
