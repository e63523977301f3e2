"""Time ticks are round local times inside the window, with labels that fit side by side."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.drawing.timeaxis import time_ticks
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.texts import catalogue

p = Phrasebook(catalogue("de"), "Europe/Berlin")
CHARACTER_PX = 8.4


def us(*wall: int) -> int:
    return int(datetime(*wall, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


instants = st.integers(us(1990, 1, 1), us(2090, 1, 1))
spans = st.integers(60_000_000, 40 * 365 * 86_400_000_000)


@given(instants, spans, st.integers(200, 900))
def test_ticks_lie_inside_and_labels_do_not_touch(start_us: int, span_us: int, width_px: int) -> None:
    ticks = time_ticks(start_us, start_us + span_us, width_px, p)
    assert all(start_us <= tick.at_us <= start_us + span_us for tick in ticks)
    places = [((tick.at_us - start_us) / span_us * width_px, len(tick.label) * CHARACTER_PX) for tick in ticks]
    for (left, left_px), (right, right_px) in itertools.pairwise(places):
        assert right - left >= (left_px + right_px) / 2


@given(instants, spans)
def test_ticks_are_full_local_minutes(start_us: int, span_us: int) -> None:
    for tick in time_ticks(start_us, start_us + span_us, 600, p):
        local = p.local(tick.at_us)
        assert (local.second, local.microsecond) == (0, 0)


@pytest.mark.parametrize(
    "start, end, labels",
    [
        (us(2021, 1, 28, 14), us(2021, 1, 29, 14), ["18 Uhr", "Fr 29.", "6 Uhr", "12 Uhr"]),
        (us(2021, 2, 1, 14), us(2021, 2, 4, 14), ["Di 2.", "Mi 3.", "Do 4."]),
        (us(2020, 9, 1), us(2021, 5, 31), ["Okt.", "Jan. 2021", "Apr."]),
        (us(2015, 6, 1), us(2021, 5, 31), ["2016", "2018", "2020"]),
        (us(2021, 1, 28, 14, 1), us(2021, 1, 28, 14, 41), ["15:15", "15:30"]),
    ],
)
def test_labels_are_german(start: int, end: int, labels: list[str]) -> None:
    assert [tick.label for tick in time_ticks(start, end, 280, p)] == labels


def test_days_of_the_clock_change_keep_their_midnights() -> None:
    ticks = time_ticks(us(2020, 3, 27, 12), us(2020, 3, 31, 12), 600, p)
    assert {p.local(tick.at_us).hour for tick in ticks} <= {0, 12}
    assert len(ticks) == 8


def test_the_hour_that_spring_skips_has_no_tick() -> None:
    ticks = time_ticks(us(2020, 3, 29, 0), us(2020, 3, 29, 3), 600, p)
    assert "2 Uhr" not in [tick.label for tick in ticks]
