"""Hourly sums gathered into stretches of the city's local time, few enough to draw."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from talwerk.core.instants import DAY, HOUR, SECOND, datetime_of, instant_of
from talwerk.core.series import Bucket as Hour
from talwerk.portal.frame.views import Bucket

BUCKETS_MAX = 400
_STEPS = (HOUR, 3 * HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY)
_LATE = 8
"""The total of a period may be told late by this part of the period."""


def step_of(span: int, least: int = HOUR) -> int:
    """The shortest step, a multiple of the least one, with which a span has few enough stretches."""
    steps = (step for step in _STEPS if step % least == 0 and span / step <= BUCKETS_MAX)
    return next(steps, least * -(-span // (least * BUCKETS_MAX)))


def means(hours: Sequence[Hour], step: int, zone: ZoneInfo) -> tuple[Bucket, ...]:
    """Mean with extremes of every stretch that holds good values."""
    made = []
    for start, end, filled in _gathered(hours, step, zone):
        low = min(hour.minimum for hour in filled if hour.minimum is not None)
        high = max(hour.maximum for hour in filled if hour.maximum is not None)
        made.append(Bucket(start, end, low, sum(h.sum for h in filled) / sum(h.n for h in filled), high))
    return tuple(made)


def sums(hours: Sequence[Hour], period_s: int, step: int, zone: ZoneInfo) -> tuple[Bucket, ...]:
    """Total of every stretch that holds good values, for values that follow each other without overlap.

    A value stands at the end of its period and belongs to the stretch in which that begins.
    """
    made = []
    for start, end, filled in _gathered(hours, step, zone, period_s * SECOND // HOUR * HOUR):
        total = sum(hour.sum for hour in filled)
        made.append(Bucket(start, end, total, total, total))
    return tuple(made)


def period_sums(hours: Sequence[Hour], period_s: int, step: int, zone: ZoneInfo) -> tuple[Bucket, ...]:
    """Totals of values that overlap: of each period only the one value that is told at its end.

    Periods follow each other in the zone's standard time, as hydrological services keep their days: a value at their
    common edge then speaks of exactly one of them, all the year.
    """
    period = period_s * SECOND
    by_start = {hour.start: hour for hour in hours if hour.n}
    totals: dict[int, float] = {}
    for end in _ends(hours, period, zone):
        first = -(-end // HOUR) * HOUR
        late = range(first, first + max(period // _LATE, HOUR), HOUR)
        told = next((by_start[at] for at in late if at in by_start), None)
        if told is not None:
            start = _floor(end - period, step, zone)
            totals[start] = totals.get(start, 0.0) + told.sum / told.n
    return tuple(Bucket(start, start + step, total, total, total) for start, total in totals.items())


def _ends(hours: Sequence[Hour], period: int, zone: ZoneInfo) -> range:
    """Ends of the periods that the hours can tell of."""
    if not hours:
        return range(0)
    return range(_floor(hours[0].start + period - 1, period, zone), hours[-1].start + 1, period)


def _standard_offset(zone: ZoneInfo, at: int) -> int:
    moment = datetime_of(at).astimezone(zone)
    offset = (moment.utcoffset() or timedelta()) - (moment.dst() or timedelta())
    return round(offset.total_seconds()) * SECOND


def _floor(at: int, step: int, zone: ZoneInfo) -> int:
    """The last edge at or before an instant, counted in the zone's standard time."""
    offset = _standard_offset(zone, at)
    return at - (at + offset) % step


def _gathered(hours: Sequence[Hour], step: int, zone: ZoneInfo, back: int = 0) -> list[tuple[int, int, list[Hour]]]:
    """Hours with good values by the stretch in which they begin, counted from so much earlier."""
    filled = [hour for hour in hours if hour.n]
    if not filled:
        return []
    edges = _edges(filled[0].start - back, filled[-1].start - back, step, zone)
    found: dict[int, list[Hour]] = {}
    for hour in filled:
        found.setdefault(bisect_right(edges, hour.start - back) - 1, []).append(hour)
    return [(edges[index], edges[index + 1], group) for index, group in found.items()]


def _edges(first: int, last: int, step: int, zone: ZoneInfo) -> list[int]:
    """Beginnings of stretches: parts of a day count in UTC, days begin at local midnight."""
    if step < DAY:
        return list(range(first - first % step, last + 2 * step, step))
    days = step // DAY
    day = datetime_of(first).astimezone(zone).date()
    day -= timedelta(days=day.toordinal() % days)
    edges = [_midnight(day, zone)]
    while edges[-1] <= last:
        day += timedelta(days=days)
        edges.append(_midnight(day, zone))
    return edges


def _midnight(day: date, zone: ZoneInfo) -> int:
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=zone))
