"""The band fills towards its levels and leaves silence dashed."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.drawing.talband import MOST_COLUMNS, TUBE_TOP_PX, draw_band
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.states import State
from talwerk.portal.frame.views import Gauge, Talband
from talwerk.texts import catalogue
from tests.portal.examples import AXIS, NOW_US, gauge

p = Phrasebook(catalogue("de"), "Europe/Berlin")
levels = st.lists(st.floats(1, 500), max_size=3, unique=True).map(lambda found: tuple(sorted(found)))


@given(st.lists(st.tuples(st.floats(-50, 900) | st.none(), levels), max_size=12))
def test_everything_stays_on_the_drawing(rows: list[tuple[float | None, tuple[float, ...]]]) -> None:
    gauges: tuple[Gauge, ...] = tuple(gauge(value=value, levels=found) for value, found in rows)
    band = draw_band(Talband("der Fluss", gauges), NOW_US, p)
    assert "nan" not in band.line
    assert band.wide == (len(rows) <= MOST_COLUMNS)
    for column in band.columns:
        assert column.fill_y is None or TUBE_TOP_PX <= column.fill_y < column.tube_end
        assert 0 <= column.fill_share <= 100
        assert all(TUBE_TOP_PX <= tick.y <= column.tube_end for tick in column.ticks)
        labels = [tick.label_y for tick in column.ticks]
        assert all(later - earlier >= 14 for earlier, later in itertools.pairwise(labels))


def test_a_value_above_a_level_is_drawn_above_its_tick() -> None:
    band = draw_band(Talband("der Fluss", (gauge(value=213.0),)), NOW_US, p)
    (column,) = band.columns
    ticks = {tick.stage: tick.y for tick in column.ticks}
    assert column.fill_y is not None
    assert ticks[3] < column.fill_y < ticks[2] < ticks[1]


def test_states_and_order_are_kept() -> None:
    band = draw_band(Talband("der Fluss", AXIS, "fließt"), NOW_US, p)
    states = [column.state for column in band.columns]
    assert states == [State.UNSTAGED, State.NORMAL, State.STAGE_2, State.STAGE_3, State.SILENT, State.EMPTY]
    assert [column.gauge.station for column in band.columns] == [one.station for one in AXIS]
    assert band.columns[0].ticks == ()
