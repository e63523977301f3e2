"""Measures of days and hours: how often a mean was above a limit, from hourly sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from talwerk.core.change import Provenance
from talwerk.core.instants import HOUR, Instant, datetime_of, instant_of
from talwerk.core.query import Window
from talwerk.core.series import Series
from talwerk.sdk.theme import DaysAbove, HoursAbove

from .evidence import Evidence
from .result import Absence, Result, absent

HOURS_LEAST = 18
"""A day with fewer hours of good values says nothing: three quarters, as the rules of air quality ask."""

Means = dict[date, list[float]]
"""Hourly means by local day."""


def days_above(measure: DaysAbove, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.DaysAbove`."""

    def counted(days: Means) -> tuple[int, int]:
        return sum(sum(means) / len(means) > measure.limit for means in days.values()), len(days)

    return _worst(measure, evidence, measure.days, counted)


def hours_above(measure: HoursAbove, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.HoursAbove`."""

    def counted(days: Means) -> tuple[int, int]:
        means = [mean for day in days.values() for mean in day]
        return sum(mean > measure.limit for mean in means), len(means)

    return _worst(measure, evidence, 1, counted)


def _worst(
    measure: DaysAbove | HoursAbove, evidence: Evidence, days: int, counted: Callable[[Means], tuple[int, int]]
) -> Result:
    """The place with the most; of equal ones that with more to go by. One series is looked at after the other."""
    start, end = _period(evidence, days)
    worst, there, count = (0, 0, ""), False, 0
    told: dict[Provenance, None] = {}
    for series in evidence.select(measure.series):
        there = True
        if series.unit != measure.unit:
            continue
        above, whole = counted(_means(series, evidence, start, end))
        if whole:
            count += 1
            told[series.provenance] = None
            worst = max(worst, (above, whole, series.entity))
    if not count:
        return absent(Absence.TOO_FEW_VALUES if there else Absence.NO_SERIES)
    return Result(
        value=float(worst[0]),
        numerator=worst[0],
        denominator=worst[1],
        count=count,
        observed=end,
        start=start,
        end=end,
        place=worst[2],
        origins=tuple(told),
    )


def _means(series: Series, evidence: Evidence, start: Instant, end: Instant) -> Means:
    """Hourly means of a series' complete days by local day."""
    zone = ZoneInfo(evidence.zone)
    # A value stands at the end of its interval: that of 23 to 24 o'clock lies in the first hour of the next day.
    back = HOUR if (series.provenance.cadence_s or 0) >= 3_600 else 0
    by_day: Means = defaultdict(list)
    for hour in evidence.hours(series, Window(start=start + back, end=end + back)):
        if hour.n:
            by_day[datetime_of(hour.start - back).astimezone(zone).date()].append(hour.sum / hour.n)
    return {day: means for day, means in by_day.items() if len(means) >= HOURS_LEAST}


def _period(evidence: Evidence, days: int) -> tuple[Instant, Instant]:
    """So many local days before today."""
    zone = ZoneInfo(evidence.zone)
    today = datetime_of(evidence.now).astimezone(zone).date()
    first = today - timedelta(days=days)
    return _midnight(first, zone), _midnight(today, zone)


def _midnight(day: date, zone: ZoneInfo) -> Instant:
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=zone))
