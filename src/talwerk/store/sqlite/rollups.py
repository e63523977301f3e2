"""Hourly sums over the good numbers: appended values are added, every other touched hour is recomputed from raw."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

import apsw
import msgspec

from talwerk.core.instants import HOUR
from talwerk.core.quality import FLAG_MASK, Flag

_BAD_FLAGS = frozenset((int(Flag.FAIL), int(Flag.MISSING)))
_BAD = f"(flag & {FLAG_MASK}) IN ({int(Flag.FAIL)}, {int(Flag.MISSING)})"
_GOOD = f"NOT {_BAD} AND typeof(val) IN ('integer', 'real')"

# Floor division: before 1970 SQLite's own would round towards zero.
_HOUR = f"(at - ((at % {HOUR}) + {HOUR}) % {HOUR}) / {HOUR}"

# Sums are in floating point, because SUM over integers fails beyond 64 bits; what is beyond floating point as well
# counts as infinite.
_RECOMPUTE = f"""
INSERT INTO rollup (sid, hour, n, sum, sumsq, min, max, n_bad)
SELECT sid,
       {_HOUR} AS hour,
       count(*) FILTER (WHERE {_GOOD}) AS n,
       coalesce(sum(1.0 * val) FILTER (WHERE {_GOOD}), iif(count(*) FILTER (WHERE {_GOOD}), 9e999, 0.0)),
       coalesce(sum(1.0 * val * val) FILTER (WHERE {_GOOD}), iif(count(*) FILTER (WHERE {_GOOD}), 9e999, 0.0)),
       CAST(min(val) FILTER (WHERE {_GOOD}) AS REAL),
       CAST(max(val) FILTER (WHERE {_GOOD}) AS REAL),
       count(*) FILTER (WHERE {_BAD}) AS n_bad
FROM obs WHERE sid = ? AND at >= ? AND at < ?
GROUP BY hour HAVING n + n_bad > 0
"""


_NUMBER = "iif(typeof(val) IN ('integer', 'real'), val, NULL)"
_UNEQUAL = f"count(*) > count(*) FILTER (WHERE {_GOOD})"


def _where_unequal(sql: str) -> str:
    return f"iif({_UNEQUAL}, {sql}, NULL)"


CLOSE = f"""
INSERT INTO closed_hour (sid, hour, total, numbers, sum, sumsq, least, most)
SELECT sid,
       {_HOUR} AS hour,
       {_where_unequal("count(*)")},
       {_where_unequal(f"count({_NUMBER})")},
       {_where_unequal(f"coalesce(sum(1.0 * {_NUMBER}), 0.0)")},
       {_where_unequal(f"coalesce(sum(1.0 * {_NUMBER} * {_NUMBER}), 0.0)")},
       {_where_unequal(f"CAST(min({_NUMBER}) AS REAL)")},
       {_where_unequal(f"CAST(max({_NUMBER}) AS REAL)")}
FROM obs WHERE sid = ? AND at >= ? AND at < ?
GROUP BY hour
"""
"""Remembers hours of a series as closed, before their values are removed."""

_ADD = """
INSERT INTO rollup (sid, hour, n, sum, sumsq, min, max, n_bad) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (sid, hour) DO UPDATE SET
    n = n + excluded.n,
    sum = sum + excluded.sum,
    sumsq = sumsq + excluded.sumsq,
    min = min(coalesce(min, excluded.min), coalesce(excluded.min, min)),
    max = max(coalesce(max, excluded.max), coalesce(excluded.max, max)),
    n_bad = n_bad + excluded.n_bad
"""

Row = tuple[int, int | float | str | None, int]
"""Time, value and flag."""


def runs(hours: Iterable[int]) -> list[tuple[int, int]]:
    """Hours as half-open runs of neighbours: ``[(first, last + 1), ...]``."""
    found: list[tuple[int, int]] = []
    for hour in sorted(set(hours)):
        if found and found[-1][1] == hour:
            found[-1] = (found[-1][0], hour + 1)
        else:
            found.append((hour, hour + 1))
    return found


class Sums(msgspec.Struct):
    """Sums of values that are added to an hour."""

    n: int = 0
    sum: float = 0.0
    sumsq: float = 0.0
    min: float | None = None
    max: float | None = None
    n_bad: int = 0

    def add(self, value: Any, flag: int) -> None:
        """Add a value; only good numbers enter the sums."""
        if flag & FLAG_MASK in _BAD_FLAGS:
            self.n_bad += 1
        elif isinstance(value, int | float):
            number = float(value)
            self.n += 1
            self.sum += number
            self.sumsq += number * number
            self.min = number if self.min is None or number < self.min else self.min
            self.max = number if self.max is None or number > self.max else self.max


class Rollups:
    """Gathers what happens to the hours of a transaction and renews their sums before it ends.

    Values newer than all others of their series are added to the sums; every other hour is recomputed from raw.

    Args:
        connection: the writing connection.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._touched: dict[int, set[int]] = {}
        self._added: dict[tuple[int, int], Sums] = {}

    def touch(self, sid: int, times: Iterable[int]) -> None:
        """Remember the hours of values (microseconds UTC) that were written somewhere."""
        self._touched.setdefault(sid, set()).update(at // HOUR for at in times)

    def add(self, sid: int, rows: Iterable[Row]) -> None:
        """Remember values that were written at the end of their series."""
        hour, sums = 0, None
        for at, value, flag in rows:
            if sums is None or at // HOUR != hour:
                hour = at // HOUR
                sums = self._added.setdefault((sid, hour), Sums())
            sums.add(value, flag)

    def drop(self, sid: int) -> None:
        """Forget and remove the sums of a series that is erased."""
        self._touched.pop(sid, None)
        for key in [key for key in self._added if key[0] == sid]:
            del self._added[key]
        self._connection.execute("DELETE FROM rollup WHERE sid = ?", (sid,))

    def renew(self) -> None:
        """Bring the sums up to date."""
        for (sid, hour), sums in self._added.items():
            # Infinity plus minus infinity would be nothing that a column of numbers can hold.
            if not isfinite(sums.sum):
                self.touch(sid, (hour * HOUR,))
        for sid, hours in self._touched.items():
            for first, end in runs(hours):
                self._connection.execute(
                    "DELETE FROM rollup WHERE sid = ? AND hour >= ? AND hour < ?", (sid, first, end)
                )
                self._connection.execute(_RECOMPUTE, (sid, first * HOUR, end * HOUR))
        self._connection.executemany(
            _ADD,
            [
                (sid, hour, s.n, s.sum, s.sumsq, s.min, s.max, s.n_bad)
                for (sid, hour), s in self._added.items()
                if hour not in self._touched.get(sid, ()) and s.n + s.n_bad
            ],
        )
        self.forget()

    def forget(self) -> None:
        """Forget what was gathered in a transaction that was rolled back."""
        self._touched.clear()
        self._added.clear()
