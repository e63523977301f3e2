"""The chart of a measuring point: from a window of values to places, paths and labels."""

import math
from dataclasses import dataclass

from talwerk.portal.drawing.curve import band_path, bars_path, bucket_runs, drawable, line_path, middle_us, runs, usable
from talwerk.portal.drawing.scale import LinearScale, spread, step_decimals, value_ticks
from talwerk.portal.drawing.timeaxis import time_ticks
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.views import FLAG_FAILED, FLAG_SUSPECT, ChartView, Form, Gauge, Reading

LABEL_LINE_PX = 20
"""Height of one line of labels."""
DIGIT_PX = 8.4
"""Width of one character at 14 px in a wide system font, for labels that must not touch."""
TOP_PX = 34
BOTTOM_PX = 34


@dataclass(frozen=True, slots=True)
class Canvas:
    """Size of a drawing in its own pixels, with the room that labels take on both sides."""

    name: str
    width: int
    height: int
    left: int
    right: int

    @property
    def floor(self) -> int:
        """Lower edge of the plot."""
        return self.height - BOTTOM_PX


WIDE = Canvas("wide", 780, 400, 56, 146)
NARROW = Canvas("narrow", 330, 300, 46, 12)


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place; `anchor` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class LevelLine:
    """An Informationsstufe inside the window of values."""

    stage: int
    y: float
    label: Label


@dataclass(frozen=True, slots=True)
class FlaggedMark:
    """A flagged value: a triangle if suspect, a cross if failed, at the edge if it lies outside."""

    x: float
    y: float
    kind: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the template writes down, in pixels of the canvas."""

    canvas: Canvas
    plot_right: float
    y_labels: tuple[Label, ...]
    x_labels: tuple[Label, ...]
    levels: tuple[LevelLine, ...]
    line: str
    band: str
    bars: str
    marks: tuple[FlaggedMark, ...]
    last: tuple[float, float] | None
    now_x: float | None


def shown_values(chart: ChartView) -> list[float]:
    """Return the values that decide the height of a chart: no failed ones."""
    values = [point.value for point in usable(chart.points)]
    if chart.form is Form.BARS:
        return values + [bucket.value for bucket in chart.buckets if drawable(bucket.value)]
    for bucket in chart.buckets:
        values += [value for value in (bucket.low, bucket.high) if drawable(value)]
    return values


def value_window(values: list[float], gauge: Gauge, form: Form) -> tuple[float, float]:
    """Return lowest and highest value of the plot.

    A calm day must not look like a mountain: the window never shrinks below ten steps of the last shown
    digit. It includes zero when that is near, and the next Informationsstufe when that is in reach.
    """
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    step = 10.0**-gauge.measure.decimals
    low, high = _widened(low, high, max(10 * step, 0.15 * abs(high)))
    if form is Form.BARS or (0 <= low <= high - low):
        low = min(low, 0.0)
    reach = high + 0.75 * (high - low)
    ahead = [level for level in gauge.levels[:3] if high < level <= reach]
    top = max([high, *ahead[:1]])
    room = 0.07 * (top - low)
    return (low if low == 0 else low - room, top + room)


def _widened(low: float, high: float, least: float) -> tuple[float, float]:
    missing = least - (high - low)
    if missing <= 0:
        return low, high
    floor = low - missing / 2
    if low >= 0 > floor:
        floor = 0.0
    return floor, floor + least if floor + least > high else high


def levels_above(gauge: Gauge, values: list[float], form: Form) -> tuple[int, ...]:
    """Return the Informationsstufen that lie above the plot and are told in words instead."""
    _, high = value_window(values, gauge, form)
    return tuple(stage for stage, level in enumerate(gauge.levels[:3], 1) if level > high)


def draw(chart: ChartView, gauge: Gauge, canvas: Canvas, now_us: int, p: Phrasebook) -> Drawing:
    """Lay a window of one series out on a canvas.

    Args:
        chart: The window and its values.
        gauge: The series, for its levels and the way its numbers are written.
        canvas: Size and margins.
        now_us: Instant for which the page is true; drawn if it lies in the window.
        p: Language and zone.
    """
    low, high = value_window(shown_values(chart), gauge, chart.form)
    inside = [level for level in gauge.levels[:3] if low <= level <= high]
    beside = bool(inside) and canvas.name == "wide"
    plot_right = float(canvas.width - (canvas.right if beside else NARROW.right))
    x = LinearScale(chart.start_us, max(chart.end_us, chart.start_us + 1), canvas.left, plot_right)
    y = LinearScale(low, high, canvas.floor, TOP_PX)
    line, band, bars = _paths(chart, x, y)
    return Drawing(
        canvas=canvas,
        plot_right=plot_right,
        y_labels=_y_labels(y, canvas, p),
        x_labels=_x_labels(chart, x, canvas, now_us, p),
        levels=_level_lines(gauge, inside, y, (canvas, plot_right), p),
        line=line,
        band=band,
        bars=bars,
        marks=_marks(chart, x, y),
        last=_last(chart, x, y),
        now_x=x.place(now_us) if chart.start_us < now_us <= chart.end_us else None,
    )


def _paths(chart: ChartView, x: LinearScale, y: LinearScale) -> tuple[str, str, str]:
    if chart.form is Form.BARS:
        return "", "", bars_path(chart.buckets, x, y)
    parts = [
        [(x.place(point.at_us), y.place(point.value)) for point in part]
        for part in runs(usable(chart.points), chart.gap_us)
    ]
    buckets = bucket_runs(chart.buckets, chart.gap_us)
    parts += [[(x.place(middle_us(bucket)), y.place(bucket.value)) for bucket in part] for part in buckets]
    return line_path(parts), band_path(buckets, x, y), ""


def _y_labels(y: LinearScale, canvas: Canvas, p: Phrasebook) -> tuple[Label, ...]:
    ticks = value_ticks(y.low, y.high, 6 if canvas.name == "wide" else 5)
    decimals = step_decimals(ticks)
    return tuple(Label(canvas.left - 10, y.place(tick), p.number(tick, decimals), "end") for tick in ticks)


def _x_labels(chart: ChartView, x: LinearScale, canvas: Canvas, now_us: int, p: Phrasebook) -> tuple[Label, ...]:
    """Label round times; one that would touch "jetzt" or stick out of the drawing gives way."""
    if chart.end_us <= chart.start_us:
        return ()
    floor = canvas.height - 8
    labels = []
    taken = math.inf
    if chart.start_us < now_us <= chart.end_us:
        text = p.text("time.now")
        half = len(text) * DIGIT_PX / 2
        place = min(x.place(now_us), canvas.width - half)
        labels.append(Label(place, floor, text))
        taken = place - half
    for tick in time_ticks(chart.start_us, chart.end_us, x.end - x.start, p):
        place, half = x.place(tick.at_us), len(tick.label) * DIGIT_PX / 2
        if half <= place and place + half <= min(taken - DIGIT_PX, canvas.width):
            labels.append(Label(place, floor, tick.label))
    return tuple(labels)


def _level_lines(
    gauge: Gauge, inside: list[float], y: LinearScale, room: tuple[Canvas, float], p: Phrasebook
) -> tuple[LevelLine, ...]:
    """Place level labels beside the plot, or inside it above the line where there is no room."""
    canvas, plot_right = room
    wide = canvas.name == "wide"
    wanted = [y.place(level) + (5 if wide else -6) for level in reversed(inside)]
    places = spread(wanted, LABEL_LINE_PX, TOP_PX - 12, canvas.floor - 6)
    lines = []
    for level, place in zip(reversed(inside), places, strict=True):
        stage = gauge.levels.index(level) + 1
        text = p.text("chart.level", stage=stage, level=p.number(level, _level_decimals(level, gauge.measure.decimals)))
        label = Label(plot_right + 8, place, text, "start") if wide else Label(plot_right - 8, place, text, "end")
        lines.append(LevelLine(stage, y.place(level), label))
    return tuple(lines)


def _level_decimals(level: float, decimals: int) -> int:
    """A level is named as exactly as it was set: a round one without decimals."""
    return 0 if level == round(level) else decimals


def _marks(chart: ChartView, x: LinearScale, y: LinearScale) -> tuple[FlaggedMark, ...]:
    kinds = {FLAG_SUSPECT: "suspect", FLAG_FAILED: "failed"}
    return tuple(
        FlaggedMark(x.place(point.at_us), min(max(y.place(point.value), y.end), y.start), kinds[point.flag])
        for point in chart.points
        if point.flag in kinds and drawable(point.value)
    )


def _last(chart: ChartView, x: LinearScale, y: LinearScale) -> tuple[float, float] | None:
    """Return the place of the newest drawn single value; aggregates have no such place."""
    good: list[Reading] = usable(chart.points)
    if chart.form is Form.BARS or not good:
        return None
    return x.place(good[-1].at_us), y.place(good[-1].value)
