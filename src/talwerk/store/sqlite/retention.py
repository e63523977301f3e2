"""What need not be kept leaves the city, a little at a time: old raw values, old change log, what was erased of it.

Only whole hours of raw values are removed, and such an hour is *closed*: its sums are final, and no value enters it any
more. Every other hour has all its values and can be computed from them anew. The hour of a series' newest value stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from talwerk.core.instants import DAY, EARLIEST, HOUR, Clock, Instant
from talwerk.core.quality import Mark
from talwerk.store.contract import Keeping, Tidied

from . import log
from .rollups import CLOSE

_ROWS = 1_000
"""Values that are removed at once: a few milliseconds, beyond which a single hour may go."""
_SERIES = 100
_ENTRIES = 500
_SAMPLES, _SAMPLE = 20, 50
_LOOKED_THROUGH = 2_000
_LAST = "tidied"

_NEWEST = f"SELECT at FROM obs WHERE sid = ? AND NOT flag & {int(Mark.FUTURE)} ORDER BY at DESC LIMIT 1"


class Retention:
    """Goes through the database in passes; each call of :meth:`tidy` does a part of one, in the caller's transaction.

    Args:
        connection: the writing connection.
        clock: measures the time that a part may take.
    """

    def __init__(self, connection: apsw.Connection, clock: Clock) -> None:
        self._connection = connection
        # What is removed is overwritten, also in pages that become free: it is gone with the next checkpoint.
        connection.pragma("secure_delete", True)
        self._clock = clock
        self._pass: Iterator[Tidied] | None = None
        self._day = Instant(0)
        self.touched: set[int] = set()
        """Keys of the series that values were removed from, for whoever remembers their ends."""

    def tidy(self, keeping: Keeping, budget_s: float) -> Tidied:
        """Do as much of the pass as the budget allows, at least one step; begin one when none is under way."""
        until_s = self._clock.monotonic_s() + budget_s
        if self._pass is None:
            self._day = self._today(keeping)
            self._pass = self._steps(keeping, self._day)
        done = Tidied(today=self._day, more=True)
        for step in self._pass:
            done = done.plus(step)
            if self._clock.monotonic_s() >= until_s:
                return done
        self._pass = None
        return msgspec.structs.replace(done, more=False)

    def forget(self) -> None:
        """Begin anew, because a transaction was rolled back."""
        self._pass = None
        self.touched.clear()

    def _today(self, keeping: Keeping) -> Instant:
        """The day that ages are counted from: it moves on by a day in a pass, whatever the machine's clock says.

        A clock that is years ahead would otherwise remove everything at once.
        """
        known = self._connection.execute("SELECT value FROM meta WHERE key = ?", (_LAST,)).get
        last = log.newest(self._connection)[1] if known is None else int(str(known))
        return Instant(min(keeping.today, last + DAY)) if last else keeping.today

    def _steps(self, keeping: Keeping, today: Instant) -> Iterator[Tidied]:
        yield from self._scrub()
        yield from self._sweep(keeping, today)
        yield from self._cut(keeping, today)
        self._connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (_LAST, str(int(today))),
        )

    def _sweep(self, keeping: Keeping, today: Instant) -> Iterator[Tidied]:
        """Remove the raw values that are older than their series keeps them."""
        if not keeping.raw_days and not any(keeping.raw_days_of.values()):
            return
        last = 0
        while True:
            rows: list[Any] = self._connection.execute(
                "SELECT s.sid, t.text FROM series s CROSS JOIN term t ON t.tid = s.attr WHERE s.sid > ? "
                f"ORDER BY s.sid LIMIT {_SERIES}",
                (last,),
            ).fetchall()
            if not rows:
                return
            for last, attribute in rows:
                days = keeping.raw_days_of.get(attribute, keeping.raw_days)
                if days:
                    yield from self._sweep_series(last, today - days * DAY)
            yield Tidied()

    def _sweep_series(self, sid: int, limit: int) -> Iterator[Tidied]:
        newest = self._connection.execute(_NEWEST, (sid,)).get
        if newest is None:
            return
        end = min(limit, int(str(newest))) // HOUR * HOUR
        while True:
            found = self._connection.execute("SELECT min(at) FROM obs WHERE sid = ? AND at < ?", (sid, end)).get
            if found is None:
                break
            first = int(str(found)) // HOUR * HOUR
            beyond = self._connection.execute(
                "SELECT at FROM obs WHERE sid = ? AND at < ? ORDER BY at LIMIT 1 OFFSET ?", (sid, end, _ROWS)
            ).get
            stop = end if beyond is None else max(int(str(beyond)) // HOUR * HOUR, first + HOUR)
            yield Tidied(values=self._close(sid, first, stop))

    def _close(self, sid: int, start: int, end: int) -> int:
        """Close the hours between two instants; returns how many values were removed."""
        self.touched.add(sid)
        self._connection.execute(CLOSE, (sid, start, end))
        removed = 0
        for table in ("obs_ext", "superseded", "deletion", "obs"):
            self._connection.execute(f"DELETE FROM {table} WHERE sid = ? AND at >= ? AND at < ?", (sid, start, end))
            removed = self._connection.changes()
        return removed

    def _cut(self, keeping: Keeping, today: Instant) -> Iterator[Tidied]:
        """Remove the oldest rows of the change log. The newest one stays: positions and times go on from it."""
        newest, _ = log.newest(self._connection)
        least = newest - min(keeping.log_rows, self._fitting(keeping.log_bytes, newest))
        old = today - keeping.log_days * DAY if keeping.log_days else EARLIEST
        while True:
            # Times grow with positions. No gaps: behind the log's beginning everything is there.
            gone: Any = self._connection.execute(
                "SELECT max(pos), count(*) FROM (SELECT pos, at FROM change WHERE pos < ? ORDER BY pos LIMIT ?) "
                "WHERE pos <= ? OR at < ?",
                (newest, _ENTRIES, least, old),
            ).fetchone()
            if not gone[1]:
                break
            self._connection.execute("DELETE FROM change WHERE pos <= ?", (gone[0],))
            yield Tidied(entries=gone[1])
        oldest, _ = log.oldest(self._connection)
        self._connection.execute("DELETE FROM erased WHERE pos < ?", (oldest,))

    def _fitting(self, bytes_max: int, newest: int) -> int:
        """How many rows of the log have about so many bytes, by samples from all over it."""
        oldest, _ = log.oldest(self._connection)
        rows = total = 0
        for start in range(oldest, newest + 1, max((newest - oldest) // _SAMPLES, _SAMPLE)):
            # octet_length looks at the row's beginning alone, however long the body is.
            count, weight = self._connection.execute(
                "SELECT count(*), coalesce(sum(octet_length(body)), 0) FROM change WHERE pos >= ? AND pos < ?",
                (start, start + _SAMPLE),
            ).get
            rows, total = rows + count, total + weight
        return bytes_max * rows // total if total else newest

    def _scrub(self) -> Iterator[Tidied]:
        """Take the values of what was erased out of the change log."""
        pending = log.erasing(self._connection)
        if not pending:
            return
        end = max(mask.position for masks in pending.values() for mask in masks)
        position = log.oldest(self._connection)[0] - 1
        while position < end:
            beyond = min(position + _LOOKED_THROUGH, end)
            yield Tidied(scrubbed=log.scrub(self._connection, pending, position, beyond))
            position = beyond
        self._connection.execute("DELETE FROM erasing WHERE pos <= ?", (end,))
