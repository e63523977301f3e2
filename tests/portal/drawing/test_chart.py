"""A chart shows what is there, names what is above it, and lets no label cover another."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.drawing.chart import DIGIT_PX, NARROW, WIDE, Canvas, draw, levels_above, value_window
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.views import ChartView, Form, Reading
from talwerk.texts import catalogue
from tests.portal.examples import DAY_US, HOUR_US, NOW_US, gauge, half_hours, point

p = Phrasebook(catalogue("de"), "Europe/Berlin")
canvases = pytest.mark.parametrize("canvas", [WIDE, NARROW])


@given(
    st.lists(st.floats(0, 400), min_size=1, max_size=3, unique=True).map(sorted),
    st.floats(0, 400),
    st.sampled_from([WIDE, NARROW]),
)
def test_level_labels_never_overlap(levels: list[float], value: float, canvas: Canvas) -> None:
    points = (Reading(NOW_US - HOUR_US, 0.0), Reading(NOW_US, value))
    view = gauge(levels=tuple(levels))
    drawing = draw(ChartView(NOW_US - DAY_US, NOW_US, points), view, canvas, NOW_US, p)
    places = [line.label.y for line in drawing.levels]
    assert all(later - earlier >= 14 for earlier, later in itertools.pairwise(places))


@canvases
def test_time_labels_stay_inside_and_apart(canvas: Canvas) -> None:
    for days in (1, 2, 7, 30, 100, 430, 4_000):
        view = ChartView(NOW_US - days * DAY_US, NOW_US, half_hours(48))
        labels = sorted(draw(view, gauge(), canvas, NOW_US, p).x_labels, key=lambda label: label.x)
        edges = [
            (label.x - len(label.text) * DIGIT_PX / 2, label.x + len(label.text) * DIGIT_PX / 2) for label in labels
        ]
        assert edges[0][0] >= 0
        assert edges[-1][1] <= canvas.width + 0.1
        assert all(right[0] > left[1] for left, right in itertools.pairwise(edges)), (days, labels)
        assert labels[-1].text == "jetzt"


def test_a_calm_day_does_not_look_like_a_mountain() -> None:
    low, high = value_window([26.4, 26.9], gauge(), Form.LINE)
    assert high - low >= 10


def test_the_next_level_shows_when_it_is_in_reach() -> None:
    assert value_window([60.0, 104.0], gauge(), Form.LINE)[1] > 126
    assert levels_above(gauge(), [60.0, 104.0], Form.LINE) == (2, 3)
    assert levels_above(gauge(), [20.0, 26.0], Form.LINE) == (1, 2, 3)


def test_a_failed_value_does_not_flatten_the_curve() -> None:
    drawing = draw(point().chart, gauge(), WIDE, NOW_US, p)
    assert max(float(label.text.replace(".", "")) for label in drawing.y_labels) <= 300
    failed = [mark for mark in drawing.marks if mark.kind == "failed"]
    assert [mark.y for mark in failed] == [34]


def test_now_is_drawn_only_where_it_lies() -> None:
    chart = point().chart
    assert draw(chart, gauge(), WIDE, NOW_US, p).now_x is not None
    later = draw(chart, gauge(), WIDE, NOW_US + 1_000 * DAY_US, p)
    assert later.now_x is None
    assert "jetzt" not in [label.text for label in later.x_labels]


@canvases
@pytest.mark.parametrize("width_us", [0, 1, HOUR_US])
def test_strange_windows_are_drawn(canvas: Canvas, width_us: int) -> None:
    chart = replace(point().chart, start_us=NOW_US - width_us, end_us=NOW_US, points=())
    assert draw(chart, gauge(value=None), canvas, NOW_US, p).line == ""
