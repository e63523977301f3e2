"""Measures of series: how fresh and how complete they are, and what some make up of others."""

from __future__ import annotations

from talwerk.core.change import Provenance
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


def stale_s(origin: Provenance) -> int:
    """Seconds after which the newest value of a series is stale, 0 when it has no rhythm."""
    if origin.stale_s is not None:
        return origin.stale_s
    return STALE_CADENCES * (origin.cadence_s or 0)


def fresh(measure: Fresh, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.Fresh`."""
    part = whole = 0
    told: dict[Provenance, None] = {}
    for series in evidence.select(measure.series, stale_s):
        part += _is_fresh(series, evidence)
        whole += 1
        told[series.provenance] = None
    if not whole:
        return absent(Absence.NO_SERIES)
    return Result(
        value=percent(part, whole),
        numerator=part,
        denominator=whole,
        count=whole,
        observed=evidence.now,
        origins=tuple(told),
    )


def _is_fresh(series: Series, evidence: Evidence) -> bool:
    limit = stale_s(series.provenance) * SECOND
    if series.last is None or evidence.now - series.last > limit:
        return False
    newest = evidence.newest(series, 1)
    age = evidence.now - newest.at[-1]
    return is_good(newest.quality[-1]) and -FUTURE_TOLERANCE <= age <= limit


def received(measure: Received, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.Received`."""
    end = Instant(evidence.now - evidence.now % HOUR)
    start = Instant(end - measure.days * DAY)
    came = due = count = 0
    told: dict[Provenance, None] = {}
    for series in evidence.select(measure.series, lambda origin: origin.cadence_s):
        expected = _expected(series, start, end)
        if not expected:
            continue
        held = sum(hour.n + hour.bad for hour in evidence.hours(series, Window(start=start, end=end)))
        if held or _holds_numbers(series, evidence):
            came += min(held, expected)
            due += expected
            count += 1
            told[series.provenance] = None
    if not due:
        return absent(Absence.NO_SERIES)
    return Result(
        value=percent(came, due),
        numerator=came,
        denominator=due,
        count=count,
        observed=end,
        start=start,
        end=end,
        origins=tuple(told),
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
    part, whole = ([tuple(evidence.select(one)) for one in side] for side in (measure.part, measure.whole))
    if not all(part) or not all(whole):
        return absent(Absence.NO_SERIES)
    over, under = ({series for group in side for series in group} for side in (part, whole))
    members = tuple(dict.fromkeys(series for group in (*part, *whole) for series in group))
    sums: dict[int, tuple[float, float]] | None = None
    for series in members:
        # Of each series no more is kept than what it adds to the times that all before it have.
        values = _good(series, evidence)
        before = dict.fromkeys(values, (0.0, 0.0)) if sums is None else sums
        sums = {
            at: (above + values[at] * (series in over), below + values[at] * (series in under))
            for at, (above, below) in before.items()
            if at in values
        }
    usable = [at for at, (_, below) in (sums or {}).items() if below > 0]
    if not usable:
        return absent(Absence.NO_COMMON_TIME)
    at = max(usable)
    above, below = (sums or {})[at]
    return Result(
        value=percent(above, below),
        numerator=above,
        denominator=below,
        count=len(members),
        observed=Instant(at),
        origins=origins(members),
    )


def _good(series: Series, evidence: Evidence) -> dict[int, float]:
    """The newest good numbers by their time, none of them from the future."""
    found = evidence.newest(series, LOOKED_BACK)
    return {
        at: float(value)
        for at, value, quality in zip(found.at, found.values, found.quality, strict=True)
        if isinstance(value, int | float) and is_good(quality) and at <= evidence.now + FUTURE_TOLERANCE
    }
