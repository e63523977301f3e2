"""Plain values of series, as readers see them."""

from __future__ import annotations

from typing import Any, NamedTuple

import apsw

from talwerk.core.instants import EARLIEST, HOUR, LATEST
from talwerk.core.query import Window
from talwerk.core.scope import Scope
from talwerk.core.series import Bucket, Correction, Points, SeriesKey

from . import known
from .compiler import Clause, condition
from .terms import NONE

NUMBERS_AND_TEXTS = "val IS NOT NULL"


def bounds(window: Window) -> tuple[int, int]:
    """A window's ends as times that stand in the database."""
    start = EARLIEST if window.start is None else window.start
    end = LATEST if window.end is None else window.end
    return max(start, EARLIEST), min(end, LATEST)


def permission(scope: Scope) -> Clause:
    """The scope's predicate as a clause over ``e`` and ``d``."""
    return Clause("1") if scope.predicate is None else condition(scope.predicate)


class Cut(NamedTuple):
    """How many points are asked for: the newest, the oldest, or all."""

    last: int | None = None
    first: int | None = None


def points(connection: apsw.Connection, key: SeriesKey, window: Window, scope: Scope, cut: Cut) -> Points:
    """See ``Store.points``."""
    backwards = cut.last is not None
    most = cut.last if backwards else cut.first
    sids = _sids(connection, key, scope, window.known)
    start, end = bounds(window)
    # Oldest first as they lie there, or the newest ones and then turned round.
    direction, limit = "DESC" if backwards else "ASC", -1 if most is None else max(most, 0)
    sql = (
        "SELECT at, val, flag, recorded FROM obs "
        f"WHERE sid = ? AND at >= ? AND at < ? AND {NUMBERS_AND_TEXTS} ORDER BY at {direction} LIMIT ?"
    )
    found: list[Any] = []
    for sid in sids:
        if window.known is None:
            found += connection.execute(sql, (sid, start, end, limit)).fetchall()
        else:
            found += known.known_points(connection, sid, (start, end), window.known, order=direction, limit=limit)
    if len(sids) > 1:
        # Where two methods speak of one time, the open series is right; it comes last. Which one was open at an
        # earlier instant nobody remembers: then the value that was recorded last is.
        if window.known is not None:
            found.sort(key=lambda row: row[3])
        found = sorted({row[0]: row for row in found}.values(), reverse=backwards)[: None if most is None else limit]
    if backwards:
        found.reverse()
    return Points(
        at=[row[0] for row in found],
        values=[row[1] for row in found],
        quality=[row[2] for row in found],
        recorded=[row[3] for row in found],
    )


def hours(connection: apsw.Connection, key: SeriesKey, window: Window, scope: Scope) -> tuple[Bucket, ...]:
    """See ``Store.hours``."""
    start, end = bounds(window)
    first, beyond = -(-start // HOUR), -(-end // HOUR)
    found: dict[int, Bucket] = {}
    for sid in _sids(connection, key, scope, window.known):
        rows = connection.execute(
            "SELECT hour, n, sum, sumsq, min, max, n_bad FROM rollup WHERE sid = ? AND hour >= ? AND hour < ?",
            (sid, first, beyond),
        )
        buckets = {int(str(hour)): Bucket(int(str(hour)) * HOUR, *sums) for hour, *sums in rows}
        if window.known is not None:
            buckets = known.known_hours(connection, sid, buckets, (first, beyond), window.known)
        for hour, bucket in buckets.items():
            found[hour] = _together(found[hour], bucket) if hour in found else bucket
    return tuple(found[hour] for hour in sorted(found))


def corrections(
    connection: apsw.Connection, key: SeriesKey, window: Window, scope: Scope, most: int
) -> tuple[Correction, ...]:
    """See ``Store.corrections``."""
    until = LATEST if window.known is None else window.known
    found = [
        correction
        for sid in _sids(connection, key, scope, window.known)
        for correction in known.corrections(connection, sid, bounds(window), until, most)
    ]
    found.sort(key=lambda one: (one.replaced, one.at), reverse=True)
    return tuple(found[:most])


def _sids(connection: apsw.Connection, key: SeriesKey, scope: Scope, as_of: int | None) -> list[int]:
    """The open series of an attribute and the closed ones of its unit; the open one comes last.

    As of an instant, series that began later are none of them.
    """
    if scope.attributes is not None and key.attribute not in scope.attributes:
        return []
    allowed, known_at = permission(scope), LATEST if as_of is None else as_of
    found: list[Any] = connection.execute(
        "SELECT s.sid, s.unit FROM entity e CROSS JOIN doc d ON d.eid = e.eid "
        "CROSS JOIN series s ON s.eid = e.eid "
        f"WHERE e.id = ? AND s.attr = (SELECT tid FROM term WHERE text = ?) AND s.dataset = "
        f"coalesce((SELECT tid FROM term WHERE text = ?), iif(? IS NULL, {NONE}, -1)) "
        f"AND s.opened <= ? AND {allowed.sql} "
        "ORDER BY s.closed IS NULL, s.closed",
        (key.entity, key.attribute, key.dataset, key.dataset, known_at, *allowed.bound),
    ).fetchall()
    return [sid for sid, unit in found if unit == found[-1][1]]


def _together(one: Bucket, other: Bucket) -> Bucket:
    """The sums of one hour over two series."""
    return Bucket(
        start=one.start,
        n=one.n + other.n,
        sum=one.sum + other.sum,
        sumsq=one.sumsq + other.sumsq,
        minimum=min((m for m in (one.minimum, other.minimum) if m is not None), default=None),
        maximum=max((m for m in (one.maximum, other.maximum) if m is not None), default=None),
        bad=one.bad + other.bad,
    )
