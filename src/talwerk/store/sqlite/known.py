"""History as it was known: plain values, hourly sums and corrections as of an earlier instant.

A value is known from when it was recorded until another one replaced it; what was erased is known of no instant.
"""

from __future__ import annotations

from typing import Any

import apsw

from talwerk.core.instants import HOUR
from talwerk.core.series import Bucket, Correction
from talwerk.core.terms import expand

from .instances import instance_of
from .rollups import Sums, runs

Row = tuple[int, Any, int, int]
"""Time, value, flag, and when it was recorded."""

_KNOWN = (
    "SELECT at, val, flag, recorded FROM obs "
    "WHERE sid = :sid AND at >= :start AND at < :end AND val IS NOT NULL AND recorded <= :known "
    "UNION ALL SELECT at, val, flag, recorded FROM superseded "
    "WHERE sid = :sid AND at >= :start AND at < :end AND val IS NOT NULL AND recorded <= :known AND replaced > :known "
)
_CHANGED = (
    "SELECT at FROM obs WHERE sid = :sid AND at >= :start AND at < :end AND recorded > :known "
    "UNION SELECT at FROM superseded WHERE sid = :sid AND at >= :start AND at < :end AND replaced > :known"
)
# Of each time the whole chain, so that every value finds the one that followed it; a text or number has no body.
_REPLACED = (
    "SELECT at, val, flag, recorded, replaced, role FROM superseded "
    "WHERE sid = :sid AND at >= :start AND at < :end AND val IS NOT NULL AND replaced <= :known "
    "ORDER BY replaced DESC, at DESC LIMIT :most"
)
_FOLLOWED = (
    "SELECT o.val, o.flag, x.body FROM obs o LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at "
    "WHERE o.sid = :sid AND o.at = :at AND o.recorded = :replaced AND o.val IS NOT NULL "
    "UNION ALL SELECT val, flag, body FROM superseded "
    "WHERE sid = :sid AND at = :at AND recorded = :replaced AND val IS NOT NULL LIMIT 1"
)
_REASON = expand("reason")


def known_points(
    connection: apsw.Connection, sid: int, window: tuple[int, int], known: int, *, order: str, limit: int
) -> list[Row]:
    """Plain values of one series as they were known, in order of their times.

    Args:
        connection: a reading connection.
        sid: the series' key.
        window: first time, and the one after the last.
        known: the instant, microseconds UTC.
        order: ``ASC`` or ``DESC``.
        limit: how many at most, -1 for all.
    """
    bound = {"sid": sid, "start": window[0], "end": window[1], "known": known, "limit": limit}
    found: list[Any] = connection.execute(f"{_KNOWN} ORDER BY at {order} LIMIT :limit", bound).fetchall()
    return found


def known_hours(
    connection: apsw.Connection, sid: int, buckets: dict[int, Bucket], window: tuple[int, int], known: int
) -> dict[int, Bucket]:
    """Hourly sums of one series as they were known.

    Hours in which nothing was written since are what they are; the others are added up from their values. Of hours
    whose values are no longer kept, the sums of today are all there is.

    Args:
        connection: a reading connection.
        sid: the series' key.
        buckets: today's sums by hour (since 1970).
        window: first hour, and the one after the last.
        known: the instant, microseconds UTC.
    """
    start, end = window[0] * HOUR, window[1] * HOUR
    bound = {"sid": sid, "start": start, "end": end, "known": known}
    changed = {at // HOUR for (at,) in connection.execute(_CHANGED, bound)}
    found = {hour: bucket for hour, bucket in buckets.items() if hour not in changed}
    for first, beyond in runs(changed):
        sums: dict[int, Sums] = {}
        rows = known_points(connection, sid, (first * HOUR, beyond * HOUR), known, order="ASC", limit=-1)
        for at, value, flag, _ in rows:
            sums.setdefault(at // HOUR, Sums()).add(value, flag)
        for hour, s in sums.items():
            if s.n + s.n_bad:
                found[hour] = Bucket(hour * HOUR, s.n, s.sum, s.sumsq, s.min, s.max, s.n_bad)
    return found


def corrections(
    connection: apsw.Connection, sid: int, window: tuple[int, int], known: int, most: int
) -> list[Correction]:
    """Values of one series that others replaced until an instant, the latest replaced first."""
    bound = {"sid": sid, "start": window[0], "end": window[1], "known": known, "most": most}
    found = []
    for at, value, flag, recorded, replaced, role in connection.execute(_REPLACED, bound):
        after: Any = connection.execute(_FOLLOWED, {"sid": sid, "at": at, "replaced": replaced}).fetchone()
        found.append(
            Correction(
                at=at,
                value=value,
                quality=flag,
                recorded=recorded,
                replaced=replaced,
                after=None if after is None else after[0],
                after_quality=None if after is None else after[1],
                role=str(role or ""),
                reason="" if after is None else _reason(after[2]),
            )
        )
    return found


def _reason(body: str | None) -> str:
    """Why a value took another's place, when whoever wrote it said so in a text."""
    if body is None:
        return ""
    said = (one.value for one in instance_of(body).subattributes.get(_REASON, ()))
    return next((value for value in said if isinstance(value, str)), "")
