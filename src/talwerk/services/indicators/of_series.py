"""Measures of series: how fresh and how complete they are, and what some make up of others."""

from __future__ import annotations

from talwerk.core.instants import DAY, FUTURE_TOLERANCE, HOUR, SECOND, Instant
from talwerk.core.quality import is_good
from talwerk.core.query import Window
from talwerk.core.series import Series
from talwerk.sdk.theme import Fresh, Received, Share

from .evidence import Evidence, origins
from .result import Absence, Result, absent, percent

STALE_CADENCES = 3
"""A series whose source states no limit is stale after this many of its cadences."""
LOOKED_BACK = 200
"""Values in which a common time is looked for: a week of hours and a little more."""


def stale_s(series: Series) -> int:
    """Seconds after which the newest value of a series is stale, 0 when it has no rhythm."""
    if series.provenance.stale_s is not None:
        return series.provenance.stale_s
    return STALE_CADENCES * (series.provenance.cadence_s or 0)


def fresh(measure: Fresh, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.Fresh`."""
    rhythmic = tuple(series for series in evidence.select(measure.series) if stale_s(series))
    if not rhythmic:
        return absent(Absence.NO_SERIES)
    part = sum(_is_fresh(series, evidence) for series in rhythmic)
    return Result(
        value=percent(part, len(rhythmic)),
        numerator=part,
        denominator=len(rhythmic),
        count=len(rhythmic),
        observed=evidence.now,
        origins=origins(rhythmic),
    )


def _is_fresh(series: Series, evidence: Evidence) -> bool:
    limit = stale_s(series) * SECOND
    if series.last is None or evidence.now - series.last > limit:
        return False
    newest = evidence.newest(series, 1)
    age = evidence.now - newest.at[-1]
    return is_good(newest.quality[-1]) and -FUTURE_TOLERANCE <= age <= limit


def received(measure: Received, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.Received`."""
    end = Instant(evidence.now - evidence.now % HOUR)
    start = Instant(end - measure.days * DAY)
    came = due = 0
    counted = []
    for series in evidence.select(measure.series):
        expected = _expected(series, start, end)
        if expected and _holds_numbers(series, evidence):
            hours = evidence.hours(series, Window(start=start, end=end))
            came += min(sum(hour.n + hour.bad for hour in hours), expected)
            due += expected
            counted.append(series)
    if not due:
        return absent(Absence.NO_SERIES)
    return Result(
        value=percent(came, due),
        numerator=came,
        denominator=due,
        count=len(counted),
        observed=end,
        start=start,
        end=end,
        origins=origins(counted),
    )


def _expected(series: Series, start: Instant, end: Instant) -> int:
    """How many values were due; a series owes nothing before its first value."""
    cadence_s = series.provenance.cadence_s
    if not cadence_s or series.first is None or series.first >= end:
        return 0
    begin = max(start, series.first - series.first % HOUR)
    return (end - begin) // (cadence_s * SECOND)


def _holds_numbers(series: Series, evidence: Evidence) -> bool:
    """Whether hourly sums count what a series holds; they count no texts."""
    return not isinstance(evidence.newest(series, 1).values[-1], str)


def share(measure: Share, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.Share`."""
    part, whole = ([evidence.select(one) for one in side] for side in (measure.part, measure.whole))
    if not all(part) or not all(whole):
        return absent(Absence.NO_SERIES)
    over, under = (tuple(dict.fromkeys(s for group in side for s in group)) for side in (part, whole))
    values = {series: _good(series, evidence) for series in dict.fromkeys((*over, *under))}
    common = set.intersection(*(set(found) for found in values.values()))
    usable = [at for at in common if sum(values[series][at] for series in under) > 0]
    if not usable:
        return absent(Absence.NO_COMMON_TIME)
    at = max(usable)
    above, below = (sum(values[series][at] for series in side) for side in (over, under))
    return Result(
        value=percent(above, below),
        numerator=above,
        denominator=below,
        count=len(values),
        observed=Instant(at),
        origins=origins(values),
    )


def _good(series: Series, evidence: Evidence) -> dict[int, float]:
    """The newest good numbers by their time, none of them from the future."""
    found = evidence.newest(series, LOOKED_BACK)
    return {
        at: float(value)
        for at, value, quality in zip(found.at, found.values, found.quality, strict=True)
        if isinstance(value, int | float) and is_good(quality) and at <= evidence.now + FUTURE_TOLERANCE
    }
