"""A stretch of a series for its page: single values when they are few, hourly or daily sums when they are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from zoneinfo import ZoneInfo

from talwerk.core.instants import HOUR, SECOND
from talwerk.core.query import Window
from talwerk.core.series import Bucket as Hour
from talwerk.portal.frame.views import FLAG_FAILED, FLAG_SUSPECT, Bucket, ChartView, Form, Gauge, Reading
from talwerk.portal.point import remarks, windows
from talwerk.portal.point.buckets import means, period_sums, step_of, sums
from talwerk.portal.point.views import Remark, Statistics
from talwerk.portal.site.newest import readings, usable
from talwerk.portal.site.register import series_key
from talwerk.portal.site.scene import Place, Scene

SINGLE_VALUES_MAX = 1_600
ROWS_MAX = 48
_GAP_CADENCES = 2.5


class Adding(Enum):
    """Whether values of a series may be added up."""

    NEVER = "values of the moment"
    ALWAYS = "totals that follow each other"
    ONE_PER_PERIOD = "totals that overlap, such as the rain of a day told every half hour"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Everything that a page shows of a window."""

    chart: ChartView
    statistics: Statistics
    rows: tuple[Reading, ...]
    rows_total: int
    window: Window
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A window of a series, as it is read: from the first instant to the one after the last."""

    scene: Scene
    place: Place
    start: int
    end: int

    def window(self, start: int, end: int) -> Window:
        """A part of the window, known as far as the scene knows it."""
        return Window(start=start, end=end, known=self.scene.known)

    def readings(self, start: int, end: int, last: int | None = None) -> tuple[Reading, ...]:
        """Single values of a part of the window."""
        window = self.window(max(start, self.start), min(end, self.end))
        return tuple(readings(self.scene.broker.points(series_key(self.place.series), window, self.scene.scope, last)))

    def _single(self, start: int) -> bool:
        """Whether single values of an hour are kept, also outside of the window."""
        window, series = self.window(start, start + HOUR), series_key(self.place.series)
        return bool(self.scene.broker.points(series, window, self.scene.scope, 1).at)

    def hours(self) -> list[Hour]:
        """Hourly sums; those of the hours that the window cuts count only what lies inside."""
        floor = self.start - self.start % HOUR
        window = self.window(floor, self.end)
        hours = list(self.scene.broker.hours(series_key(self.place.series), window, self.scene.scope))
        for index in {0, len(hours) - 1} if hours else set():
            start = hours[index].start
            if start < self.start or start + HOUR > self.end:
                inside = self.readings(start, start + HOUR)
                # Without a single value of its own, only the sums of the hour are kept: it counts as a whole.
                if inside or self._single(start):
                    hours[index] = _summed(start, inside)
        return [hour for hour in hours if hour.n or hour.bad]


def stretch(scene: Scene, place: Place, gauge: Gauge, span: windows.Window, rows_max: int = ROWS_MAX) -> Stretch:
    """Read a window of a series.

    Args:
        scene: Where to read.
        place: The series.
        gauge: Its newest value; the window of a series that no longer sends ends with it.
        span: How far back to look.
        rows_max: How many single values the table shows.
    """
    first = place.series.first if place.series.first is not None else scene.now
    start, last = windows.window_edges(span, gauge, first, scene.now)
    asked = _Asked(scene, place, start, last + 1)
    hours = asked.hours()
    total = sum(hour.n + hour.bad for hour in hours)
    adding = _adding(place, gauge)
    points = asked.readings(start, last + 1) if total <= SINGLE_VALUES_MAX else ()
    if {hour.start for hour in hours}.difference(point.at_us - point.at_us % HOUR for point in points):
        # Of a part of the window only hourly sums are kept: it is told from those.
        points = ()
    chart = _chart(asked, hours, points, adding, gauge)
    statistics = _of_points(points) if points or not hours else _of_hours(asked, hours)
    return Stretch(
        chart=chart,
        statistics=_added(statistics, chart, adding),
        rows=tuple(reversed(points[-rows_max:] or asked.readings(start, last + 1, rows_max))),
        rows_total=len(points) or total,
        window=asked.window(start, last + 1),
        remarks=_remarks(asked, hours, points, gauge),
    )


def _remarks(asked: _Asked, hours: Sequence[Hour], points: tuple[Reading, ...], gauge: Gauge) -> tuple[Remark, ...]:
    """What is flagged and what was put right in a window, by the day that it is about, newest first."""
    scene, measure = asked.scene, gauge.measure
    flagged = (
        remarks.of_readings(points, measure, scene.p)
        if points
        else remarks.of_hours(hours, asked.readings, measure, scene.p)
    )
    window = asked.window(asked.start, asked.end)
    replaced = scene.broker.corrections(series_key(asked.place.series), window, scene.scope, remarks.CORRECTIONS_MAX)
    corrected = remarks.of_corrections(replaced, measure, scene.p)
    return tuple(sorted((*flagged, *corrected), key=lambda remark: remark.at_us, reverse=True))


def _adding(place: Place, gauge: Gauge) -> Adding:
    period_s, cadence_s = gauge.measure.sum_period_s, place.series.provenance.cadence_s
    if not period_s:
        return Adding.NEVER
    # Where nobody names the rhythm, nobody knows that the totals do not overlap.
    return Adding.ALWAYS if cadence_s and period_s <= cadence_s else Adding.ONE_PER_PERIOD


def _chart(
    asked: _Asked, hours: Sequence[Hour], points: tuple[Reading, ...], adding: Adding, gauge: Gauge
) -> ChartView:
    """Bars for totals, a line for everything else; overlapping totals are a line, too, where bars would be few."""
    start, end, zone = asked.start, asked.end, ZoneInfo(asked.scene.profile.city.zone)
    period_s = gauge.measure.sum_period_s
    drawn: tuple[Bucket, ...]
    if adding is Adding.ALWAYS:
        step = step_of(end - start)
        drawn = sums(hours, period_s, step, zone)
    elif adding is Adding.ONE_PER_PERIOD and HOUR <= period_s * SECOND < (end - start) / 2:
        step = step_of(end - start, period_s * SECOND)
        drawn = tuple(bar for bar in period_sums(hours, period_s, step, zone) if bar.end_us > start)
        start = min([start, *(bar.start_us for bar in drawn)])
    elif points or not hours:
        return ChartView(start_us=start, end_us=end - 1, points=points, gap_us=_gap(asked.place))
    else:
        step = step_of(end - start)
        return ChartView(
            start_us=start, end_us=end - 1, buckets=means(hours, step, zone), gap_us=2 * step, step_s=step // SECOND
        )
    return ChartView(start_us=start, end_us=end - 1, buckets=drawn, form=Form.BARS, step_s=step // SECOND)


def _gap(place: Place) -> int:
    """The distance beyond which neighbours are not joined by a line; 0 joins all, where there is no rhythm."""
    return int(_GAP_CADENCES * (place.series.provenance.cadence_s or 0) * SECOND)


def _added(numbers: Statistics, chart: ChartView, adding: Adding) -> Statistics:
    """Totals have a sum instead of a mean, and only where none is counted twice."""
    if adding is Adding.NEVER:
        return numbers
    total = sum(bar.value for bar in chart.buckets) if chart.form is Form.BARS and chart.buckets else None
    return Statistics(numbers.count, numbers.failed, numbers.suspect, None, numbers.highest, None, total)


def _of_points(points: Sequence[Reading]) -> Statistics:
    good = usable(points)
    failed = sum(point.flag == FLAG_FAILED for point in points)
    if not good:
        return Statistics(count=len(points), failed=failed)
    return Statistics(
        count=len(points),
        failed=failed,
        suspect=sum(point.flag == FLAG_SUSPECT for point in points),
        lowest=min(good, key=lambda point: point.value),
        highest=max(good, key=lambda point: point.value),
        mean=sum(point.value for point in good) / len(good),
    )


def _of_hours(asked: _Asked, hours: Sequence[Hour]) -> Statistics:
    """The same from hourly sums; only the two extreme hours are read value by value."""
    failed = sum(hour.bad for hour in hours)
    filled = [hour for hour in hours if hour.n]
    count = sum(hour.n for hour in filled)
    if not filled:
        return Statistics(count=failed, failed=failed)
    lowest = min(filled, key=lambda hour: hour.minimum or 0.0)
    highest = max(filled, key=lambda hour: hour.maximum or 0.0)
    return Statistics(
        count=count + failed,
        failed=failed,
        lowest=min(_values(asked, lowest, lowest.minimum), key=lambda point: point.value, default=None),
        highest=max(_values(asked, highest, highest.maximum), key=lambda point: point.value, default=None),
        mean=sum(hour.sum for hour in filled) / count,
    )


def _values(asked: _Asked, hour: Hour, extreme: float | None) -> list[Reading]:
    """The usable values of an hour; where only its sums are kept, its extreme at the hour's beginning."""
    found = usable(asked.readings(hour.start, hour.start + HOUR))
    return found if found or extreme is None else [Reading(hour.start, extreme)]


def _summed(start: int, found: Sequence[Reading]) -> Hour:
    """The sums of a part of an hour."""
    good = [reading.value for reading in usable(found)]
    return Hour(
        start=start,
        n=len(good),
        sum=sum(good),
        sumsq=sum(value * value for value in good),
        minimum=min(good, default=None),
        maximum=max(good, default=None),
        bad=len(found) - len(good),
    )
