"""Hourly sums over the good numbers, recomputed from the raw values of every touched hour."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from talwerk.core.instants import HOUR
from talwerk.core.quality import FLAG_MASK, Flag

_BAD = f"(flag & {FLAG_MASK}) IN ({int(Flag.FAIL)}, {int(Flag.MISSING)})"
_GOOD = f"NOT {_BAD} AND typeof(val) IN ('integer', 'real')"

# Floor division: before 1970 SQLite's own would round towards zero. Sums are in floating point, because SUM over
# integers fails beyond 64 bits; what is beyond floating point as well counts as infinite.
_RECOMPUTE = f"""
INSERT INTO rollup (sid, hour, n, sum, sumsq, min, max, n_bad)
SELECT sid,
       (at - ((at % {HOUR}) + {HOUR}) % {HOUR}) / {HOUR} AS hour,
       count(*) FILTER (WHERE {_GOOD}) AS n,
       coalesce(sum(1.0 * val) FILTER (WHERE {_GOOD}), iif(count(*) FILTER (WHERE {_GOOD}), 9e999, 0.0)),
       coalesce(sum(1.0 * val * val) FILTER (WHERE {_GOOD}), iif(count(*) FILTER (WHERE {_GOOD}), 9e999, 0.0)),
       CAST(min(val) FILTER (WHERE {_GOOD}) AS REAL),
       CAST(max(val) FILTER (WHERE {_GOOD}) AS REAL),
       count(*) FILTER (WHERE {_BAD}) AS n_bad
FROM obs WHERE sid = ? AND at >= ? AND at < ?
GROUP BY hour HAVING n + n_bad > 0
"""


def runs(hours: Iterable[int]) -> list[tuple[int, int]]:
    """Hours as half-open runs of neighbours: ``[(first, last + 1), ...]``."""
    found: list[tuple[int, int]] = []
    for hour in sorted(set(hours)):
        if found and found[-1][1] == hour:
            found[-1] = (found[-1][0], hour + 1)
        else:
            found.append((hour, hour + 1))
    return found


class Rollups:
    """Gathers the touched hours of a transaction and renews their sums before it ends.

    Args:
        connection: the writing connection.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._touched: dict[int, set[int]] = {}

    def touch(self, sid: int, times: Iterable[int]) -> None:
        """Remember the hours of values (microseconds UTC) that were written."""
        self._touched.setdefault(sid, set()).update(at // HOUR for at in times)

    def renew(self) -> None:
        """Recompute what was touched."""
        for sid, hours in self._touched.items():
            for first, end in runs(hours):
                self._connection.execute(
                    "DELETE FROM rollup WHERE sid = ? AND hour >= ? AND hour < ?", (sid, first, end)
                )
                self._connection.execute(_RECOMPUTE, (sid, first * HOUR, end * HOUR))
        self._touched.clear()

    def forget(self) -> None:
        """Forget what was touched in a transaction that was rolled back."""
        self._touched.clear()
