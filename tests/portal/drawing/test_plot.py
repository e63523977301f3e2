"""What the script draws is what the drawn chart shows: same line, same gaps, same marks, same edges."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.drawing.curve import runs, usable
from talwerk.portal.drawing.plot import plot_data
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.views import Bucket, ChartView, Form, Reading
from talwerk.texts import catalogue
from tests.portal.examples import DAY_US, HOUR_US, NOW_US, buckets, gauge, point

p = Phrasebook(catalogue("de"), "Europe/Berlin")
readings = st.builds(
    Reading,
    st.integers(0, 48).map(lambda n: NOW_US - n * HOUR_US // 2),
    st.floats(-1e6, 1e6),
    st.sampled_from([1, 2, 3, 4, 9]),
)
series = st.lists(readings, max_size=30, unique_by=lambda one: one.at_us).map(
    lambda found: tuple(sorted(found, key=lambda one: one.at_us))
)


@given(series, st.sampled_from([0, HOUR_US, 2 * HOUR_US]))
def test_every_value_stands_at_its_time_and_gaps_are_gaps(points: tuple[Reading, ...], gap_us: int) -> None:
    told = plot_data(ChartView(NOW_US - DAY_US, NOW_US, points, gap_us=gap_us), gauge(), NOW_US, p)
    at, values = told["t"], told["v"]
    assert len(at) == len(values) == len(told["q"])
    assert all(later > earlier for earlier, later in itertools.pairwise(at))
    shown = [(one.at_us, one.value) for one in points if one.flag != 9]
    assert [(round(t * 1e6), v) for t, v in zip(at, values, strict=True) if v is not None] == [
        (at_us, round(value, 2)) for at_us, value in shown
    ]
    # The line breaks where the drawn one does.
    assert values.count(None) == max(len(runs(usable(points), gap_us)) - 1, 0)
    marked = [(at[index], kind) for index, kind, _ in told["marks"]]
    kinds = {3: "suspect", 4: "failed"}
    assert marked == [(one.at_us / 1e6, kinds[one.flag]) for one in points if one.flag in kinds]
    assert [told["quality"][told["q"][at.index(one.at_us / 1e6)]] for one in points if one.flag == 2] == [
        "ungeprüft" for one in points if one.flag == 2
    ]
    json.dumps(told, allow_nan=False)


def test_aggregates_have_their_extremes_and_stand_in_the_middle() -> None:
    made = (*buckets(3, end_us=NOW_US - 5 * DAY_US), *buckets(2))
    told = plot_data(ChartView(NOW_US - 9 * DAY_US, NOW_US, (), made, DAY_US), gauge(), NOW_US, p)
    assert told["v"].index(None) == 3
    assert told["low"][0] < told["v"][0] < told["high"][0]
    assert told["t"][0] * 1e6 == (made[0].start_us + made[0].end_us) / 2


def test_bars_stand_at_their_beginnings_on_the_zero_line() -> None:
    bars = buckets(4, sums=True)
    told = plot_data(ChartView(NOW_US - 4 * DAY_US, NOW_US, (), bars, form=Form.BARS), gauge(levels=()), NOW_US, p)
    assert [t * 1e6 for t in told["t"]] == [bar.start_us for bar in bars]
    assert told["floor"] == 0
    assert "low" not in told


def test_only_levels_in_sight_are_named() -> None:
    told = plot_data(point().chart, gauge(), NOW_US, p)
    assert [level["label"] for level in told["levels"]] == ["Infostufe 1 · 126", "Infostufe 2 · 212"]
    assert told["floor"] <= told["levels"][0]["value"] <= told["top"]


def test_a_number_beyond_all_measure_is_left_out() -> None:
    points = (Reading(NOW_US - HOUR_US, 1e300), Reading(NOW_US, 5.0))
    told = plot_data(ChartView(NOW_US - DAY_US, NOW_US, points), gauge(levels=()), NOW_US, p)
    assert told["v"] == [5.0]
    endless = (Bucket(NOW_US - DAY_US, NOW_US, 0.0, float("inf"), float("inf")),)
    assert plot_data(ChartView(NOW_US - DAY_US, NOW_US, (), endless), gauge(), NOW_US, p)["t"] == []


def test_clocks_are_those_of_the_language() -> None:
    english = Phrasebook(catalogue("en"), "Europe/Berlin")
    words = plot_data(replace(point().chart), gauge(), NOW_US, english)["words"]
    assert (words["clock"], words["padded"]) == ("{hour}:{minute}", True)
    assert plot_data(point().chart, gauge(), NOW_US, p)["words"]["clock"] == "{hour}:{minute} Uhr"
