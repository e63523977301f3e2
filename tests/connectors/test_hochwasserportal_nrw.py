"""The flood portal's answers as they come, and as nobody has thought of."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from talwerk.connectors.hochwasserportal_nrw import CONNECTOR, levels, stations, week
from talwerk.core.instants import EARLIEST, LATEST, datetime_of, parse_instant
from talwerk.sdk.reading import Ask, Context, Reading, Thing, Unusable
from tests.connectors.answers import json_values

NATIVE = "2736510000100"
CONTEXT = Context(
    now=parse_instant("2026-01-14T12:20:00Z"), wanted=(NATIVE,), parameters={"native": NATIVE, "site": "100"}
)

instants = st.integers(EARLIEST, LATEST - 1).map(lambda us: us // 1_000 * 1_000)


@given(st.lists(st.tuples(instants, st.floats(allow_nan=False, allow_infinity=False)), max_size=50))
def test_every_good_value_is_read_at_its_time(rows: list[tuple[int, float]]) -> None:
    payload = [{"data": [[datetime_of(at).isoformat(timespec="milliseconds"), value] for at, value in rows]}]
    found = list(week(payload, CONTEXT))
    assert all(isinstance(each, Reading) for each in found)
    assert [(each.observed, each.value) for each in found if isinstance(each, Reading)] == rows


@given(st.lists(st.tuples(json_values, json_values), max_size=10), st.integers(0, 10))
def test_a_good_value_is_read_whatever_lies_beside_it(rows: list[tuple[Any, Any]], place: int) -> None:
    data = [list(row) for row in rows]
    data.insert(min(place, len(data)), ["2026-01-14T13:15:00.000+01:00", 108.0])
    found = list(week([{"data": data}], CONTEXT))
    assert len(found) == len(data)
    assert all(isinstance(each, Reading | Unusable) for each in found)
    assert Reading(native=NATIVE, attribute="height", value=108.0, observed=1_768_392_900_000_000) in found


@given(json_values, json_values, json_values)
def test_a_station_is_asked_for_whatever_its_description_holds(name: Any, river: Any, longitude: Any) -> None:
    row = {
        "station_no": NATIVE,
        "site_no": 100,
        "station_name": name,
        "WTO_OBJECT": river,
        "station_longitude": longitude,
    }
    found = list(stations([{"station_no": "1"}, row, row], CONTEXT))
    assert [each.request for each in found if isinstance(each, Ask)] == ["week", "levels"]
    (thing,) = [each for each in found if isinstance(each, Thing)]
    assert thing.location is None, "half a place is none"


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=3, max_size=3))
def test_levels_are_stages_one_after_the_other_or_none(stated: list[float | None]) -> None:
    payload = [{"ts_name": f"W.Informationswert_{n}", "data": [["2020", level]]} for n, level in enumerate(stated, 1)]
    found = [
        each.levels for each in levels([*payload, {"ts_name": "W.MNW", "data": []}], CONTEXT) if isinstance(each, Thing)
    ]
    known = stated[: stated.index(None)] if None in stated else stated
    rising = all(a is not None and b is not None and a < b for a, b in pairwise(known))
    assert found == ([tuple(known)] if known and rising else [])


def test_limits_hold_every_flood_that_there_ever_was() -> None:
    (quantity,) = CONNECTOR.quantities
    # The Rhine at Cologne rose to 1,069 cm; nothing in the state has gone higher.
    assert quantity.least < 0
    assert quantity.most > 1_069
