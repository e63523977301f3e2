"""Values become exact short German phrases; old values say that they are old."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.views import Measure
from talwerk.texts import catalogue
from tests.portal.examples import DAY_US, FLOW, HOUR_US, LEVEL, MINUTE_US, NOW_US, RAIN, gauge

p = Phrasebook(catalogue("de"), "Europe/Berlin")


def us(*wall: int) -> int:
    return int(datetime(*wall, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    "value, decimals, text",
    [(1234.5, 1, "1.234,5"), (-0.04, 1, "0,0"), (-3.0, 0, "\u22123"), (math.nan, 0, "kein Wert"), (26.64, 0, "27")],
)
def test_numbers(value: float, decimals: int, text: str) -> None:
    assert p.number(value, decimals) == text


def test_amounts_keep_number_and_unit_together() -> None:
    assert p.amount(104.2, LEVEL) == "104\u00a0cm"
    assert p.amount(3.0, Measure("Zahl", "")) == "3"
    assert p.unit(RAIN) == "mm in 30 min"
    assert p.unit(FLOW) == "m³/s"


@pytest.mark.parametrize(
    "age_us, text",
    [
        (0, "vor weniger als 1 min"),
        (-5 * MINUTE_US, "vor weniger als 1 min"),
        (-HOUR_US, "Zeitstempel liegt in der Zukunft"),
        (6 * MINUTE_US, "vor 6 min"),
        (59 * MINUTE_US + 59_999_999, "vor 59 min"),
        (HOUR_US, "vor 1 Stunde"),
        (23 * HOUR_US, "vor 23 Stunden"),
        (DAY_US, "vor 1 Tag"),
        (13 * DAY_US, "vor 13 Tagen"),
        (15 * DAY_US, "vor 2 Wochen"),
        (100 * DAY_US, "vor 3 Monaten"),
        (729 * DAY_US, "vor 23 Monaten"),
        (2_000 * DAY_US, "vor 5 Jahren"),
    ],
)
def test_ages(age_us: int, text: str) -> None:
    assert p.ago(NOW_US - age_us, NOW_US) == text


@given(st.integers(0, 10**17), st.integers(0, 10**15))
def test_an_age_is_never_rounded_up_into_freshness(age_us: int, more_us: int) -> None:
    order = ["min", "Stunde", "Tag", "Woche", "Monat", "Jahr"]
    ranks = [
        next(i for i, word in enumerate(order) if word in p.ago(NOW_US - age, NOW_US))
        for age in (age_us, age_us + more_us)
    ]
    assert ranks == sorted(ranks)


def test_moments_are_local() -> None:
    assert p.moment(us(2021, 5, 31, 21, 30)) == "31.05.2021, 23:30 Uhr"
    assert p.short_moment(NOW_US, NOW_US + HOUR_US) == "15:06 Uhr"
    assert p.short_moment(NOW_US - DAY_US, NOW_US) == "28.01.2021, 15:06 Uhr"
    assert p.iso(us(2021, 5, 31, 21, 30)) == "2021-05-31T21:30:00Z"


def test_the_doubled_hour_names_its_offset() -> None:
    assert p.time(us(2020, 10, 25, 0, 30)) == "2:30 Uhr (UTC+2)"
    assert p.time(us(2020, 10, 25, 1, 30)) == "2:30 Uhr (UTC+1)"
    assert p.time(us(2020, 10, 25, 2, 30)) == "3:30 Uhr"
    assert p.time(us(2020, 3, 29, 1, 30)) == "3:30 Uhr"


@pytest.mark.parametrize(
    "trend, words, short",
    [
        (3.2, "steigt 3\u00a0cm in der Stunde", "+3/h"),
        (-12.0, "fällt 12\u00a0cm in der Stunde", "\u221212/h"),
        (0.4, "gleichbleibend", ""),
        (None, "", ""),
    ],
)
def test_trends(trend: float | None, words: str, short: str) -> None:
    assert p.trend(gauge(trend=trend)) == words
    assert p.trend_short(gauge(trend=trend)) == short


def test_sums_have_no_trend() -> None:
    assert p.trend(gauge(trend=3.0, measure=RAIN)) == ""


def test_silence() -> None:
    assert p.silence(NOW_US - 22 * MINUTE_US, NOW_US) == "schweigt seit 22 min"
