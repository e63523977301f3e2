"""Measures of days and hours: how often a mean was above a limit, from hourly sums."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from talwerk.core.instants import HOUR, Instant, datetime_of, instant_of
from talwerk.core.query import Window
from talwerk.core.series import Series
from talwerk.sdk.theme import DaysAbove, HoursAbove, Selection

from .evidence import Evidence, origins
from .result import Absence, Result, absent

HOURS_LEAST = 18
"""A day with fewer hours of good values says nothing: three quarters, as the rules of air quality ask."""

Means = dict[date, list[float]]
"""Hourly means by local day."""


def days_above(measure: DaysAbove, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.DaysAbove`."""
    found = []
    for series, days in _means(measure.series, measure.unit, evidence, measure.days):
        above = sum(sum(means) / len(means) > measure.limit for means in days.values())
        found.append((above, len(days), series))
    return _worst(found, measure.series, evidence, measure.days)


def hours_above(measure: HoursAbove, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.HoursAbove`."""
    found = []
    for series, days in _means(measure.series, measure.unit, evidence, 1):
        means = [mean for day in days.values() for mean in day]
        found.append((sum(mean > measure.limit for mean in means), len(means), series))
    return _worst(found, measure.series, evidence, 1)


def _worst(found: list[tuple[int, int, Series]], selection: Selection, evidence: Evidence, days: int) -> Result:
    """The place with the most; of equal ones that with more to go by."""
    counted = [one for one in found if one[1]]
    if not counted:
        return absent(Absence.TOO_FEW_VALUES if evidence.select(selection) else Absence.NO_SERIES)
    above, whole, series = max(counted, key=lambda one: (one[0], one[1], one[2].entity))
    start, end = _period(evidence, days)
    return Result(
        value=float(above),
        numerator=above,
        denominator=whole,
        count=len(counted),
        observed=end,
        start=start,
        end=end,
        place=series.entity,
        origins=origins(one[2] for one in counted),
    )


def _means(selection: Selection, unit: str, evidence: Evidence, days: int) -> list[tuple[Series, Means]]:
    """Hourly means of complete days, by series of the unit and by local day."""
    start, end = _period(evidence, days)
    zone = ZoneInfo(evidence.zone)
    found = []
    for series in evidence.select(selection):
        if series.unit != unit:
            continue
        # A value stands at the end of its interval: that of 23 to 24 o'clock lies in the first hour of the next day.
        back = HOUR if (series.provenance.cadence_s or 0) >= 3_600 else 0
        by_day: Means = defaultdict(list)
        for hour in evidence.hours(series, Window(start=start + back, end=end + back)):
            if hour.n:
                by_day[datetime_of(hour.start - back).astimezone(zone).date()].append(hour.sum / hour.n)
        found.append((series, {day: means for day, means in by_day.items() if len(means) >= HOURS_LEAST}))
    return found


def _period(evidence: Evidence, days: int) -> tuple[Instant, Instant]:
    """So many local days before today."""
    zone = ZoneInfo(evidence.zone)
    today = datetime_of(evidence.now).astimezone(zone).date()
    first = today - timedelta(days=days)
    return _midnight(first, zone), _midnight(today, zone)


def _midnight(day: date, zone: ZoneInfo) -> Instant:
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=zone))
