"""Time: what is read, what is written, and that both agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import (
    EARLIEST,
    LATEST,
    SECOND,
    SystemClock,
    datetime_of,
    format_instant,
    instant_of,
    instant_or_none,
    parse_instant,
)

instants = st.integers(EARLIEST, LATEST - 1)


@given(instants)
def test_what_is_written_is_read_again(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant
    assert instant_of(datetime_of(instant)) == instant


@given(instants, st.integers(-14 * 60, 14 * 60))
def test_an_offset_does_not_change_the_instant(instant: int, minutes: int) -> None:
    local = datetime_of(instant).astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_instant(local.isoformat()) == instant
    assert instant_of(local) == instant


@given(instants, instants)
def test_texts_of_one_precision_sort_like_instants(one: int, other: int) -> None:
    whole = one // SECOND * SECOND, other // SECOND * SECOND
    assert (format_instant(whole[0]) < format_instant(whole[1])) == (whole[0] < whole[1])


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T01:00:00+0100", 0),
        ("1970-01-01T00:00:00.5Z", 500_000),
        ("1970-01-01T00:00:00,25Z", 250_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1800-01-01T00:00:00Z", EARLIEST),
        ("2000-02-29T00:00:00Z", 951_782_400 * SECOND),
    ],
)
def test_forms_that_are_understood(text: str, expected: int) -> None:
    assert instant_or_none(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:00+25:00",
        "2026-03-01T12:00:00.Z",
        "1799-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "２０２６-03-01T12:00:00Z",
        " 2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00Z\n",
        None,
        5,
        b"2026-03-01T12:00:00Z",
    ],
)
def test_forms_that_name_no_instant(text: object) -> None:
    assert instant_or_none(text) is None
    with pytest.raises(DomainError) as refused:
        parse_instant(text, "observedAt")
    assert refused.value.fault is Fault.BAD_REQUEST_DATA
    assert "observedAt" in refused.value.detail


def test_a_fraction_shows_only_when_there_is_one() -> None:
    assert [format_instant(n) for n in (0, 1, 500_000, -1)] == [
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000001Z",
        "1970-01-01T00:00:00.5Z",
        "1969-12-31T23:59:59.999999Z",
    ]


def test_a_datetime_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        instant_of(datetime(2026, 3, 1))  # noqa: DTZ001 - that is what is refused


def test_the_machines_clock_goes_on() -> None:
    clock = SystemClock()
    assert abs(clock.now() - instant_of(datetime.now(UTC))) < 60 * SECOND
    assert clock.monotonic_s() <= clock.monotonic_s()
