"""Paths break at gaps, leave failed values out and never carry a NaN."""

from __future__ import annotations

import itertools
import math
import re

from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.drawing.chart import NARROW, WIDE, Canvas, draw
from talwerk.portal.drawing.curve import bars_path, bucket_runs, line_path, runs, usable
from talwerk.portal.drawing.scale import LinearScale
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.views import Bucket, ChartView, Form, Reading
from talwerk.texts import catalogue
from tests.portal.examples import DAY_US, HOUR_US, NOW_US, gauge

p = Phrasebook(catalogue("de"), "Europe/Berlin")
flags = st.sampled_from([1, 2, 3, 4, 9])
values = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])
steps = st.integers(1, 5 * HOUR_US)
NUMBER = re.compile(r"-?\d+(\.\d)?")


@st.composite
def series(draw_: st.DrawFn) -> tuple[Reading, ...]:
    at_us, made = NOW_US - DAY_US, []
    for step, value, flag in draw_(st.lists(st.tuples(steps, values, flags), max_size=60)):
        at_us += step
        made.append(Reading(at_us, value, flag))
    return tuple(made)


@given(series(), st.sampled_from([WIDE, NARROW]), st.floats(0, 300) | st.none())
def test_drawing_is_finite_and_inside(points: tuple[Reading, ...], canvas: Canvas, level: float | None) -> None:
    end_us = max([NOW_US, *(point.at_us for point in points)])
    chart = ChartView(NOW_US - DAY_US, end_us, points, (), HOUR_US)
    drawing = draw(chart, gauge(levels=() if level is None else (level,)), canvas, NOW_US, p)
    assert not re.search("nan|inf|e", drawing.line, re.IGNORECASE)
    for pair in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", drawing.line):
        x, y = map(float, pair)
        assert canvas.left - 0.1 <= x <= drawing.plot_right + 0.1
        assert 0 <= y <= canvas.floor + 0.1
    assert all(0 <= mark.y <= canvas.height for mark in drawing.marks)


@given(series(), steps)
def test_runs_hold_every_value_once_and_no_gap(points: tuple[Reading, ...], gap_us: int) -> None:
    parts = runs(usable(points), gap_us)
    assert [point for part in parts for point in part] == usable(points)
    assert all(b.at_us - a.at_us <= gap_us for part in parts for a, b in itertools.pairwise(part))
    assert all(b[0].at_us - a[-1].at_us > gap_us for a, b in itertools.pairwise(parts))


def test_a_lone_value_is_a_dot() -> None:
    assert line_path([[(1, 2)], [(3, 4), (5.25, 6)]]) == "M1 2h0M3 4L5.2 6"


def test_a_failed_value_breaks_nothing_by_itself() -> None:
    points = (Reading(0, 1.0), Reading(1, 9_999.0, 4), Reading(2, 1.0))
    assert len(runs(usable(points), 2)) == 1
    assert len(runs(usable(points), 1)) == 2


def test_empty_time_between_aggregates_breaks_the_band() -> None:
    made = [Bucket(at, at + 10, 1.0, 2.0, 3.0) for at in (0, 10, 40)]
    assert [len(part) for part in bucket_runs(made, 10)] == [2, 1]


def test_bars_stand_on_zero_and_skip_dry_hours() -> None:
    x, y = LinearScale(0, 100, 0, 100), LinearScale(0, 10, 100, 0)
    path = bars_path([Bucket(0, 10, 5, 5, 5), Bucket(10, 20, 0, 0, 0), Bucket(20, 21, 1, 1, 1)], x, y)
    assert path == "M0 100V50h9V100ZM20 100V90h1V100Z"


def test_bars_are_drawn_from_zero() -> None:
    chart = ChartView(0, DAY_US, (), (Bucket(0, HOUR_US, 7, 7, 7),), HOUR_US, Form.BARS)
    drawing = draw(chart, gauge(levels=()), WIDE, NOW_US, p)
    assert drawing.bars.startswith(f"M{WIDE.left} {WIDE.floor}V")
    assert drawing.line == ""
