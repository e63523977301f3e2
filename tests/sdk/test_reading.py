"""Stamps, moments and numbers as connectors read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.instants import EARLIEST, HOUR, LATEST, datetime_of, instant_of, parse_instant
from talwerk.sdk.reading import MOMENTS, Context, Finding, Reading, Unusable, epoch_ms, moments, row_by_row

NOW = parse_instant("2026-03-29T00:30:15.5Z")
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.integers())


@pytest.mark.parametrize("zone", ["UTC", "+01:00", "Europe/Berlin"])
@given(at=st.integers(EARLIEST + 24 * HOUR, LATEST - 48 * HOUR))
def test_days_are_those_of_the_zone(zone: str, at: int) -> None:
    told = moments(at, zone)
    assert told.keys() == MOMENTS
    offset = ZoneInfo(zone) if zone != "+01:00" else UTC
    shifted = at if zone != "+01:00" else at + HOUR
    here = datetime_of(shifted).astimezone(offset)
    assert told["today"] == f"{here:%Y-%m-%d}"
    assert told["yesterday"] == f"{here.date() - timedelta(days=1)}"
    assert parse_instant(told["now"]) == at // 1_000_000 * 1_000_000


@given(st.integers(EARLIEST // 1_000, LATEST // 1_000 - 1))
def test_milliseconds_are_exact(value: int) -> None:
    assert epoch_ms(value) == value * 1_000
    assert epoch_ms(str(value)) == value * 1_000


@given(anything)
def test_what_is_no_time_is_none(value: object) -> None:
    context = Context(now=NOW, zone="Europe/Berlin")
    for found in (epoch_ms(value), context.instant(value)):
        assert found is None or EARLIEST <= found < LATEST


@given(st.dates(date(1900, 1, 2), date(2199, 12, 30)), st.sampled_from(["T", " "]))
def test_the_end_of_a_day_is_the_start_of_the_next(day: date, between: str) -> None:
    context = Context(now=NOW, zone="+01:00")
    following = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=23)
    for end in ("24:00:00", "24:00", "24:00:00.000"):
        assert context.instant(f"{day}{between}{end}") == instant_of(following)


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-01 24:00:01",
        "2026-01-01 24:30",
        "2026-01-01 25:00:00",
        "2026-02-30 24:00:00",
        "9999-12-31T24:00:00",
        "24",
    ],
)
def test_no_other_hour_comes_after_the_23rd(stamp: str) -> None:
    assert Context(now=NOW, zone="+01:00").instant(stamp) is None


@given(st.lists(anything, max_size=8))
def test_a_row_of_another_shape_costs_only_itself(rows: list[object]) -> None:
    def read(row: Any) -> Iterator[Finding]:
        yield Reading(native=row["id"], attribute="height", value=row["value"] + 0, observed=0)

    good = {"id": "1", "value": 2.5}
    found = list(row_by_row([good, *rows, good], read))
    assert found[0] == found[-1] == Reading(native="1", attribute="height", value=2.5, observed=0)
    assert found[1:-1] == [Unusable(reason="a row has another shape")] * len(rows)
