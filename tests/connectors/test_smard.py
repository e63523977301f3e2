"""Electricity by the hour: the two newest weeks, nulls at their end, and prices only once their hour is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.connectors import smard
from talwerk.connectors.smard import CONNECTOR, LOAD, PRICE, SERIES, first, index, week
from talwerk.core.instants import HOUR, SystemClock, parse_instant
from talwerk.core.query import Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import expand
from talwerk.sdk.profile import Profile, Source
from talwerk.sdk.reading import Ask, Context, Reading, Thing, Unusable
from tests.connectors.answers import json_values
from tests.recording_server import Recorded, replies, serving
from tests.services.sources.workbench import SCOPE, Bench, polled, profile

NOW = parse_instant("2026-01-14T12:20:00Z")
WEEK_MS = 7 * HOUR * 24 // 1_000
NEWEST_MS = parse_instant("2026-01-11T23:00:00Z") // 1_000


def context(series: str = LOAD) -> Context:
    return Context(now=NOW, parameters={**CONNECTOR.parameters, "series": series, "area": "DE", "week": "1"})


def weeks(payload: Any) -> list[int]:
    return [int(each.parameters["week"]) for each in index(payload, context()) if isinstance(each, Ask)]


@given(st.lists(json_values, max_size=6), st.randoms(use_true_random=False))
def test_the_two_newest_weeks_are_asked_for_whatever_lies_beside_them(strange: list[Any], dice: Any) -> None:
    # Numbers that could be weeks of their own are no rubbish.
    strange = [each for each in strange if isinstance(each, bool) or not isinstance(each, int)]
    stamps = [*strange, *(NEWEST_MS - n * WEEK_MS for n in range(4)), NEWEST_MS, NEWEST_MS + WEEK_MS]
    dice.shuffle(stamps)
    assert weeks({"timestamps": stamps}) == [NEWEST_MS - WEEK_MS, NEWEST_MS]


def test_a_series_may_have_one_week_or_none() -> None:
    assert weeks({"timestamps": [NEWEST_MS]}) == [NEWEST_MS]
    assert weeks({"timestamps": []}) == []


def test_the_first_answer_leads_to_all_series() -> None:
    found = list(first({"timestamps": [NEWEST_MS]}, Context(now=NOW, parameters=CONNECTOR.parameters)))
    asked = [each for each in found if isinstance(each, Ask)]
    assert {each.parameters["series"] for each in asked} == set(SERIES)
    assert [each.parameters["area"] for each in asked if each.parameters["series"] == PRICE] == ["DE-LU"]
    assert [each.native for each in found if isinstance(each, Thing)] == ["DE", "DE-LU"]


rows = st.lists(json_values | st.tuples(json_values, json_values).map(list), max_size=8)


@given(rows)
def test_a_good_value_is_read_whatever_lies_beside_it(strange: list[Any]) -> None:
    found = list(week({"series": [[NEWEST_MS, 61_234.25], *strange, [NEWEST_MS, 61_234.25]]}, context()))
    good = Reading(native="DE", attribute="load", value=61_234.25, observed=NEWEST_MS * 1_000)
    assert found[0] == found[-1] == good
    assert len(found) == len(strange) + 2
    assert all(isinstance(each, Reading | Unusable) for each in found)


@given(st.integers(-100, 100), st.none() | st.integers(-500, 500))
def test_an_hour_is_read_when_it_is_over(hour: int, value: int | None) -> None:
    start = NOW // HOUR * HOUR + hour * HOUR
    (found,) = week({"series": [[start // 1_000, value]]}, context(PRICE))
    if value is None:
        assert found == Unusable(reason="a value is missing", gap=True)
    elif hour < 0:
        assert found == Reading(native="DE", attribute=SERIES[PRICE], value=value, observed=start)
    else:
        assert found == Unusable(reason="the hour has not ended", later=True)


def test_series_lead_to_what_is_declared() -> None:
    assert set(SERIES.values()) == {quantity.attribute for quantity in CONNECTOR.quantities}
    assert {quantity.interval_s for quantity in CONNECTOR.quantities} == {HOUR // 1_000_000}
    assert CONNECTOR.stamp == "start"


RECORDING = Path(str(smard.__file__)).parent / "recordings" / "smard"


def city(address: str) -> Profile:
    source = Source(key="smard", connector=CONNECTOR.key, address=address)
    return msgspec.structs.replace(profile(address), points=(), sources=(source,))


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with serving(replies(RECORDING)) as running:
        yield running


def prices(bench: Bench) -> tuple[list[int], list[Any]]:
    key = SeriesKey(entity=bench.feed.entity(smard.TYPE, "DE-LU"), attribute=expand(SERIES[PRICE]))
    points = bench.broker.points(key, Window(), SCOPE)
    return [at // HOUR for at in points.at], points.values


async def test_prices_come_hour_by_hour_from_the_same_file_and_stand_at_the_end_of_their_hour(
    tmp_path: Path, recorded: Recorded
) -> None:
    async with polled(tmp_path, recorded, city=city(recorded.address)) as bench:
        bench.clock.by_us = NOW - SystemClock().now()
        await bench.round()
        noon = parse_instant("2026-01-14T12:00:00Z") // HOUR
        times, values = prices(bench)
        assert values == [-3.01, 102.4, 98.75]
        assert times[-1] == noon
        bench.clock.by_us += HOUR
        await bench.until_asked("4169_DE-LU_hour_1768172400000.json")
        times, values = prices(bench)
        assert values == [-3.01, 102.4, 98.75, 97.1]
        assert times[-1] == noon + 1
        assert bench.poll.state.error == ""
        assert (str(bench.poll.state.health), bench.poll.state.newest) == ("fresh", (noon + 1) * HOUR)
