"""The Talband: the city's axis as one line, its gauges as tubes with levels as ticks."""

import math
from dataclasses import dataclass

from talwerk.portal.drawing.scale import LinearScale, spread
from talwerk.portal.frame.coordinate import coordinate
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.states import State, gauge_state
from talwerk.portal.frame.views import Gauge, Talband

COLUMN_PX = 100
HEIGHT_PX = 216
TUBE_TOP_PX = 14
TUBE_BOTTOM_PX = 158
LINE_PX = 184
MOST_COLUMNS = 8
"""More gauges than this do not fit beside each other; the line then runs down the page everywhere."""


@dataclass(frozen=True, slots=True)
class Tick:
    """An Informationsstufe on a tube; `y` from the top, `share` along the tube in percent."""

    stage: int
    y: float
    label_y: float
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Column:
    """One gauge on the band.

    Attributes:
        gauge: The gauge.
        state: Its state now.
        node_y: Height of its node on the line.
        tube_end: Lower end of its tube.
        fill_y: Upper end of the filling, or None without a tube or value.
        fill_share: The same as percent of the tube.
        ticks: Levels, lowest first.
        has_tube: False if nothing says how high a tube should be.
    """

    gauge: Gauge
    state: State
    node_y: float
    tube_end: float
    fill_y: float | None
    fill_share: float
    ticks: tuple[Tick, ...]
    has_tube: bool


@dataclass(frozen=True, slots=True)
class Band:
    """The drawn band: the line as path data over all columns, and the columns."""

    axis: str
    flow: str
    line: str
    width: int
    height: int
    columns: tuple[Column, ...]
    wide: bool


def draw_band(talband: Talband, now_us: int, p: Phrasebook) -> Band:
    """Lay the band out, one column of equal width per gauge.

    Args:
        talband: Axis and gauges in order.
        now_us: Instant for which the page is true.
        p: Language and zone.
    """
    columns = tuple(_column(gauge, _node_y(index), now_us, p) for index, gauge in enumerate(talband.gauges))
    return Band(
        axis=talband.axis,
        flow=talband.flow,
        line=_line(len(columns)),
        width=COLUMN_PX * max(len(columns), 1),
        height=HEIGHT_PX,
        columns=columns,
        wide=len(columns) <= MOST_COLUMNS,
    )


def _node_y(index: float) -> float:
    """Return the gentle up and down of the line; it stands for no height above sea level."""
    return LINE_PX + 6.0 * math.sin(1.1 * index + 0.6)


def _line(count: int) -> str:
    """Return a smooth path through all nodes, from edge to edge."""
    places = [(-0.5, LINE_PX - 14.0)]
    places += [(float(index), _node_y(index)) for index in range(count)]
    places.append((count - 0.5, LINE_PX - 10.0))
    pieces = []
    for index, (column, y) in enumerate(places):
        x = (column + 0.5) * COLUMN_PX
        if index == 0:
            pieces.append(f"M{coordinate(x)} {coordinate(y)}")
            continue
        before_x, before_y = (places[index - 1][0] + 0.5) * COLUMN_PX, places[index - 1][1]
        third = (x - before_x) / 2
        pieces.append(
            f"C{coordinate(before_x + third)} {coordinate(before_y)} "
            f"{coordinate(x - third)} {coordinate(y)} {coordinate(x)} {coordinate(y)}"
        )
    return "".join(pieces)


def _tube_top(gauge: Gauge) -> float | None:
    """Return the value at the top of the tube, so that level 3 and the value itself both show."""
    value = gauge.latest.value if gauge.latest else 0.0
    if gauge.levels:
        return max(gauge.levels[-1], value, 1e-9) * 1.12
    if gauge.scale_top is not None and gauge.scale_top > 0:
        return max(gauge.scale_top, value)
    return None


def _column(gauge: Gauge, node_y: float, now_us: int, p: Phrasebook) -> Column:
    top = _tube_top(gauge)
    tube_end = TUBE_BOTTOM_PX + node_y - LINE_PX
    scale = LinearScale(0.0, top or 1.0, tube_end, TUBE_TOP_PX)
    value = max(gauge.latest.value, 0.0) if gauge.latest else None
    filled = top is not None and value is not None
    return Column(
        gauge=gauge,
        state=gauge_state(gauge, now_us),
        node_y=node_y,
        tube_end=tube_end,
        # The rounded end of the filling needs some height to be seen at all.
        fill_y=min(scale.place(value or 0.0), tube_end - 8.0) if filled else None,
        fill_share=min(100.0 * (value or 0.0) / (top or 1.0), 100.0) if filled else 0.0,
        ticks=_ticks(gauge, scale, p),
        has_tube=top is not None,
    )


def _ticks(gauge: Gauge, scale: LinearScale, p: Phrasebook) -> tuple[Tick, ...]:
    levels = gauge.levels[:3]
    places = [scale.place(level) for level in reversed(levels)]
    labels = spread([place + 4.5 for place in places], 15.0, TUBE_TOP_PX, scale.start)
    return tuple(
        Tick(
            stage=len(levels) - index,
            y=place,
            label_y=label_y,
            text=p.number(level, 0 if level == round(level) else gauge.measure.decimals),
            share=100.0 * level / scale.high,
        )
        for index, (level, place, label_y) in enumerate(zip(reversed(levels), places, labels, strict=True))
    )
