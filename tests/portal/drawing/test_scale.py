"""Ticks are round and inside; labels keep their distance."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.drawing.scale import LinearScale, spread, step_decimals, value_ticks

lows = st.floats(-1e6, 1e6)
spans = st.floats(1e-3, 1e6)


@given(lows, spans, st.integers(1, 12))
def test_value_ticks_lie_inside_and_ascend(low: float, span: float, most: int) -> None:
    ticks = value_ticks(low, low + span, most)
    assert all(low <= tick <= low + span for tick in ticks)
    assert all(later > earlier for earlier, later in itertools.pairwise(ticks))
    assert len(ticks) <= most + 1


@given(st.floats(0, 1e4), st.floats(0.01, 1e4))
def test_tick_labels_differ(low: float, span: float) -> None:
    ticks = value_ticks(low, low + span, 5)
    decimals = step_decimals(ticks)
    assert len({f"{tick:.{decimals}f}" for tick in ticks}) == len(ticks)


def test_ticks_are_round() -> None:
    assert value_ticks(0, 230, 5) == (0, 50, 100, 150, 200)
    assert value_ticks(-3, 7, 5) == (-2, 0, 2, 4, 6)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=6).map(sorted))
def test_spread_places_keep_distance_and_stay_inside(wanted: list[float]) -> None:
    placed = spread(wanted, 20, 0, 300)
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in placed)
    assert all(later - earlier >= 20 - 1e-6 for earlier, later in itertools.pairwise(placed))


def test_spread_moves_nothing_that_has_room() -> None:
    assert spread([10, 100, 200], 20, 0, 300) == [10, 100, 200]


def test_spread_shares_a_room_that_is_too_small() -> None:
    assert spread([0, 1, 2], 20, 0, 30) == [0, 15, 30]


def test_scale_runs_both_ways() -> None:
    assert LinearScale(0, 10, 100, 0).place(2.5) == 75
