"""A stretch of a series for its page: single values when they are few, hourly or daily sums when they are many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from talwerk.core.instants import DAY, HOUR, datetime_of, instant_of
from talwerk.core.query import Window
from talwerk.core.series import Bucket as Hour
from talwerk.portal import windows
from talwerk.portal.views import Bucket, ChartView, Form, Gauge, Reading, Statistics

from .scene import Place, Scene, readings, stale_after_s

SINGLE_VALUES_MAX = 1_600
BUCKETS_MAX = 400
ROWS_MAX = 48
_STEPS = (HOUR, 3 * HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Everything that a page shows of a window: chart, numbers, the newest rows, and how many there are."""

    chart: ChartView
    statistics: Statistics
    rows: tuple[Reading, ...]
    rows_total: int
    window: Window


def stretch(scene: Scene, place: Place, gauge: Gauge, span: windows.Window) -> Stretch:
    """Read a window of a series.

    Args:
        scene: where to read.
        place: the series.
        gauge: its newest value; a silent series' window ends with it.
        span: how far back to look.
    """
    first = place.series.first if place.series.first is not None else scene.now
    start, last = windows.window_edges(span, gauge, first, scene.now)
    end = last + 1
    window = Window(start=start, end=end)
    hours = scene.broker.hours(place.key, Window(start=start - start % HOUR, end=end), scene.scope)
    total = sum(hour.n + hour.bad for hour in hours)
    # Totals that overlap (the rain of a day, told every half hour) must not be added up again.
    sums = 0 < gauge.measure.sum_period_s <= (place.series.provenance.cadence_s or 0)
    points: tuple[Reading, ...] = ()
    if total <= SINGLE_VALUES_MAX:
        points = tuple(readings(scene.broker.points(place.key, window, scene.scope)))
    rows = points[-ROWS_MAX:] or readings(scene.broker.points(place.key, window, scene.scope, ROWS_MAX))
    buckets = _buckets(hours, end - start, ZoneInfo(scene.profile.city.zone), sums) if sums or not points else ()
    chart = ChartView(
        start_us=start,
        end_us=end - 1,
        points=() if sums else points,
        buckets=buckets,
        gap_us=_gap(place, buckets),
        form=Form.BARS if sums else Form.LINE,
    )
    numbers = _of_points(points, sums) if points or not hours else _of_hours(scene, place, hours, sums)
    return Stretch(chart, numbers, tuple(reversed(tuple(rows))), len(points) or total, window)


def _gap(place: Place, buckets: Sequence[Bucket]) -> int:
    """The distance beyond which neighbours are not joined by a line."""
    if buckets:
        return 2 * max(bucket.end_us - bucket.start_us for bucket in buckets)
    cadence = place.series.provenance.cadence_s
    return int(2.5 * cadence * 1_000_000) if cadence else stale_after_s(place.series) * 1_000_000


def _of_points(points: Sequence[Reading], sums: bool) -> Statistics:
    good = [point for point in points if point.flag not in (4, 9)]
    if not good:
        return Statistics(count=len(points), flagged=len(points))
    amount = sum(point.value for point in good)
    return Statistics(
        count=len(points),
        flagged=sum(point.flag in (3, 4) for point in points),
        lowest=min(good, key=lambda point: point.value),
        highest=max(good, key=lambda point: point.value),
        mean=None if sums else amount / len(good),
        total=amount if sums else None,
    )


def _of_hours(scene: Scene, place: Place, hours: Sequence[Hour], sums: bool) -> Statistics:
    """The same from hourly sums; only the two extreme hours are read value by value."""
    filled = [hour for hour in hours if hour.n]
    if not filled:
        return Statistics(count=sum(hour.bad for hour in hours), flagged=sum(hour.bad for hour in hours))
    lowest = min(filled, key=lambda hour: hour.minimum or 0.0)
    highest = max(filled, key=lambda hour: hour.maximum or 0.0)
    count, amount = sum(hour.n for hour in filled), sum(hour.sum for hour in filled)
    return Statistics(
        count=count + sum(hour.bad for hour in hours),
        flagged=sum(hour.bad for hour in hours),
        lowest=min(_good(scene, place, lowest), key=lambda point: point.value, default=None),
        highest=max(_good(scene, place, highest), key=lambda point: point.value, default=None),
        mean=None if sums else amount / count,
        total=amount if sums else None,
    )


def _good(scene: Scene, place: Place, hour: Hour) -> Iterable[Reading]:
    window = Window(start=hour.start, end=hour.start + HOUR)
    return (r for r in readings(scene.broker.points(place.key, window, scene.scope)) if r.flag not in (4, 9))


def _buckets(hours: Sequence[Hour], span: int, zone: ZoneInfo, sums: bool) -> tuple[Bucket, ...]:
    """Hours gathered into stretches of the city's local time, few enough to draw."""
    step = next((s for s in _STEPS if span / s <= BUCKETS_MAX), _STEPS[-1])
    gathered = []
    for start, group in groupby(hours, key=lambda hour: _floor(hour.start, step, zone)):
        filled = [hour for hour in group if hour.n]
        if not filled:
            continue
        amount = sum(hour.sum for hour in filled)
        low = min(hour.minimum for hour in filled if hour.minimum is not None)
        high = max(hour.maximum for hour in filled if hour.maximum is not None)
        value = amount if sums else amount / sum(hour.n for hour in filled)
        end = _end(start, step, zone)
        gathered.append(Bucket(start, end, value if sums else low, value, value if sums else high))
    return tuple(gathered)


def _floor(start: int, step: int, zone: ZoneInfo) -> int:
    """The beginning of the stretch that an hour belongs to: UTC for parts of a day, local midnight for days."""
    if step < DAY:
        return start - start % step
    day = datetime_of(start).astimezone(zone).date()
    first = day - timedelta(days=day.toordinal() % (step // DAY))
    return instant_of(datetime(first.year, first.month, first.day, tzinfo=zone))


def _end(start: int, step: int, zone: ZoneInfo) -> int:
    if step < DAY:
        return start + step
    day = datetime_of(start).astimezone(zone).date() + timedelta(days=step // DAY)
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=zone))
