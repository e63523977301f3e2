"""The newest of a series: its last usable value, and what the drawing and the number need to know of the others."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from talwerk.broker import Broker
from talwerk.core.instants import DAY, FUTURE_TOLERANCE, HOUR
from talwerk.core.quality import Mark, flag_of
from talwerk.core.query import Window
from talwerk.core.scope import Scope
from talwerk.core.series import Bucket, Points, Series
from talwerk.portal.frame.views import FLAG_FAILED, FLAG_MISSING, Reading
from talwerk.portal.site.register import series_key

LOOKED_AT = 8
YEAR = 366 * DAY
_PEAKS_MAX = 256
_DECIMALS = {"CMT": 0, "2N": 1, "MQS": 1, "MMT": 1, "CEL": 1, "P1": 0, "GQ": 0}


def readings(points: Points) -> Iterator[Reading]:
    """The finite numbers among the points, without those from the future."""
    for at, value, quality in zip(points.at, points.values, points.quality, strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float) or quality & Mark.FUTURE:
            continue
        if math.isfinite(value):
            yield Reading(at, float(value), int(flag_of(quality)))


def usable(found: Sequence[Reading]) -> list[Reading]:
    """Those of the readings that count: neither failed nor missing."""
    return [reading for reading in found if reading.flag not in (FLAG_FAILED, FLAG_MISSING)]


class Newest:
    """Reads the newest values of series.

    Args:
        broker: The way to the data.
        scope: On whose behalf.
        now: The instant for which it is true.
        known: Only what was recorded until then, as it was; None for what is known now.
    """

    def __init__(self, broker: Broker, scope: Scope, now: int, known: int | None = None) -> None:
        self._broker = broker
        self._scope = scope
        self._now = now
        self._known = known

    def of(self, series: Series) -> tuple[Reading | None, int | None]:
        """The newest usable value, and the time of the newest one if that failed its check."""
        window = Window(end=self._now + FUTURE_TOLERANCE + 1, known=self._known)
        found = list(readings(self._broker.points(series_key(series), window, self._scope, LOOKED_AT)))
        failed = found[-1].at_us if found and found[-1].flag == FLAG_FAILED else None
        good = usable(found)
        if good:
            return good[-1], failed
        return (self._before(series, found[0].at_us) if found else None), failed

    def _before(self, series: Series, at: int) -> Reading | None:
        """The newest usable value within the year before a run of unusable ones, found by the hourly sums."""
        window = Window(start=at - YEAR, end=at, known=self._known)
        hours = self._broker.hours(series_key(series), window, self._scope)
        last = next((hour.start for hour in reversed(hours) if hour.n), None)
        if last is None:
            return None
        window = Window(start=last, end=min(last + HOUR, at), known=self._known)
        good = usable(list(readings(self._broker.points(series_key(series), window, self._scope))))
        return good[-1] if good else None

    def trend_per_h(self, series: Series, latest: Reading | None) -> float | None:
        """Change per hour over the last hour or so; None when the values do not reach back that far."""
        if latest is None:
            return None
        window = Window(start=latest.at_us - HOUR, end=latest.at_us, known=self._known)
        earlier = usable(list(readings(self._broker.points(series_key(series), window, self._scope))))
        if not earlier or latest.at_us - earlier[0].at_us < HOUR // 3:
            return None
        return (latest.value - earlier[0].value) * HOUR / (latest.at_us - earlier[0].at_us)


class Peaks:
    """The top of a tube without levels: the highest good value of a year, and twice the mean at least.

    A young series has hardly been higher than now; its tube would look full on the calmest day.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[object, float | None] = OrderedDict()

    def of(self, series: Series, broker: Broker, scope: Scope) -> float | None:
        """The top; it is looked for again when the series has grown by an hour."""
        last = series.last or 0
        grown = (series.entity, series.attribute, series.dataset, series.opened, series.first, last // HOUR)
        key = (scope.sight, grown)
        if key not in self._kept:
            hours = broker.hours(series_key(series), Window(start=last - YEAR), scope)
            self._kept[key] = _top(hours)
            if len(self._kept) > _PEAKS_MAX:
                self._kept.popitem(last=False)
        return self._kept[key]


def _top(hours: Sequence[Bucket]) -> float | None:
    peaks = [hour.maximum for hour in hours if hour.maximum is not None]
    if not peaks:
        return None
    return max(*peaks, 2 * sum(hour.sum for hour in hours) / sum(hour.n for hour in hours))


def decimals(unit: str | None, value: float | None) -> int:
    """How many decimals a series is written with: by its unit, otherwise about three figures of its newest value."""
    if unit in _DECIMALS:
        return _DECIMALS[unit]
    if value is None or value == round(value):
        return 0 if unit is None else 1
    return min(max(2 - math.floor(math.log10(abs(value))), 0), 4)
