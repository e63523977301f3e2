"""Series as the writer keeps them: one per entity, attribute, dataset, unit and method, at most one of them open."""

from __future__ import annotations

from sys import intern
from typing import Any

import apsw
import msgspec

from talwerk.core.change import Provenance
from talwerk.core.entity import Attribute
from talwerk.core.instants import EARLIEST, HOUR

from .terms import Terms

_ENCODER = msgspec.json.Encoder()
_NUMBERS = frozenset({int, float})
_BEFORE_ALL = EARLIEST - 1


class Track(msgspec.Struct, frozen=True):
    """Names a series before its number is known.

    Attributes:
        eid: key of the entity.
        attribute: IRI.
        dataset: IRI or None.
        unit: UN/CEFACT code or None.
        provenance: where the values come from.
    """

    eid: int
    attribute: str
    dataset: str | None
    unit: str | None
    provenance: Provenance


class Line(msgspec.Struct, frozen=True):
    """One series that is there.

    Attributes:
        sid: its key.
        attribute: IRI.
        dataset: IRI or None.
        unit: UN/CEFACT code or None.
        method: how its values come about, None when nobody said so.
    """

    sid: int
    attribute: str
    dataset: str | None
    unit: str | None
    method: str | None


def is_measurement(instance: Attribute) -> bool:
    """Whether an instance is a number with a time of observation; without one it is a statement."""
    return instance.observed is not None and type(instance.value) in _NUMBERS


class SeriesBook:
    """Finds, opens and closes series.

    A unit or method that comes back finds its old series again, so that replaying old values meets those that are
    there already instead of doubling them.

    Args:
        connection: the writing connection.
        terms: for attributes, datasets, units and methods.
        ends: told of series that begin.
        remembered: how many series are kept in memory.
    """

    def __init__(self, connection: apsw.Connection, terms: Terms, ends: Ends, remembered: int) -> None:
        self._connection = connection
        self._terms = terms
        self._ends = ends
        self._remembered = remembered
        self._sids: dict[tuple[int, str, str | None, str | None, str], int] = {}
        self._open: dict[tuple[int, str, str | None], tuple[int, Provenance]] = {}
        # Entities whose series are all among those two: what is not there need not be looked for.
        self._whole: set[int] = set()
        # Series without a unit that are known to hold measurements.
        self._measured: set[int] = set()
        self._pids: dict[Provenance, int] = {}

    def begin(self, eid: int) -> None:
        """Take note of an entity that has no series yet: most of a city's first day is such entities."""
        if len(self._whole) >= self._remembered:
            self._whole.clear()
        self._whole.add(eid)

    def sid(self, track: Track, now: int, *, measured: bool) -> int:
        """The key of the series; a new one stays closed while another is open.

        Args:
            track: names the series.
            now: when it begins, if it does.
            measured: whether a number with a time of observation is about to be written.
        """
        # Looked up for every value: by the texts themselves, which saves looking up the number of each.
        name = (track.eid, track.attribute, track.dataset or None, track.unit or None, track.provenance.method)
        sid = self._sids.get(name)
        if sid is None:
            sid = self._found_or_added(track, now)
            if len(self._sids) >= self._remembered:
                self._forget_known()
            self._sids[track.eid, intern(track.attribute), *name[2:]] = sid
        if measured and not track.unit and sid not in self._measured:
            self._note_measured(sid)
        return sid

    def make_current(self, sid: int, track: Track, now: int) -> None:
        """Open a series because its value became current, close the one that was open, renew its provenance."""
        name = (track.eid, track.attribute, track.dataset or None)
        known = self._open.get(name)
        if known is not None and known[0] == sid and (known[1] is track.provenance or known[1] == track.provenance):
            return
        pid = self._pid(track.provenance)
        self._connection.execute(
            "UPDATE series SET closed = ? WHERE eid = ? AND attr = ? AND dataset = ? AND closed IS NULL AND sid <> ?",
            (now, *self._key(track)[:3], sid),
        )
        self._connection.execute(
            "UPDATE series SET closed = NULL, pid = ? WHERE sid = ? AND (closed IS NOT NULL OR pid <> ?)",
            (pid, sid, pid),
        )
        self._remember_open(sid, track)

    def open_sid(self, eid: int, attribute: str, dataset: str | None) -> int | None:
        """The key of the open series, None when there is none."""
        tid = self._terms.tid
        found = self._connection.execute(
            "SELECT sid FROM series WHERE eid = ? AND attr = ? AND dataset = ? AND closed IS NULL",
            (eid, tid(attribute), tid(dataset)),
        ).get
        return None if found is None else int(found)

    def lines(self, eid: int, attribute: str | None = None) -> list[Line]:
        """All series of an entity, or of one of its attributes."""
        rows = self._connection.execute(
            "SELECT s.sid, a.text, d.text, u.text, m.text FROM series s CROSS JOIN term a ON a.tid = s.attr "
            "LEFT JOIN term d ON d.tid = s.dataset LEFT JOIN term u ON u.tid = s.unit "
            "LEFT JOIN term m ON m.tid = s.method WHERE s.eid = ? AND (? IS NULL OR a.text = ?) ORDER BY s.sid",
            (eid, attribute, attribute),
        )
        return [Line(*row) for row in rows]

    def drop(self, sid: int) -> None:
        """Remove a series; its values have to be gone already."""
        self._connection.execute("DELETE FROM series WHERE sid = ?", (sid,))
        # Rare enough to look everything up again.
        self._forget_known()

    def forget(self) -> None:
        """Forget what was added in a transaction that was rolled back."""
        self._forget_known()
        self._pids.clear()

    def _note_measured(self, sid: int) -> None:
        self._connection.execute("UPDATE series SET measured = 1 WHERE sid = ? AND NOT measured", (sid,))
        if len(self._measured) >= self._remembered:
            self._measured.clear()
        self._measured.add(sid)

    def _forget_known(self) -> None:
        self._sids.clear()
        self._open.clear()
        self._whole.clear()
        self._measured.clear()

    def _key(self, track: Track) -> tuple[int, int, int, int, int]:
        tid = self._terms.tid
        return (
            track.eid,
            tid(track.attribute),
            tid(track.dataset),
            tid(track.unit),
            tid(track.provenance.method),
        )

    def _remember_open(self, sid: int, track: Track) -> None:
        if len(self._open) >= self._remembered:
            self._forget_known()
        self._open[track.eid, intern(track.attribute), track.dataset or None] = (sid, track.provenance)

    def _found_or_added(self, track: Track, now: int) -> int:
        key = self._key(track)
        if track.eid in self._whole:
            busy = (track.eid, track.attribute, track.dataset or None) in self._open
        else:
            beside: list[Any] = self._connection.execute(
                "SELECT sid, unit, method, closed IS NULL FROM series WHERE eid = ? AND attr = ? AND dataset = ?",
                key[:3],
            ).fetchall()
            for sid, unit, method, _ in beside:
                if (unit, method) == key[3:]:
                    return int(sid)
            busy = any(is_open for *_, is_open in beside)
        self._connection.execute(
            "INSERT INTO series (eid, attr, dataset, unit, method, pid, opened, closed, measured) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, self._pid(track.provenance), now, now if busy else None, bool(track.unit)),
        )
        sid = self._connection.last_insert_rowid()
        # Nothing has to be asked about what begins here: most of a city's first day is such series.
        self._ends.begin(sid)
        if not busy:
            self._remember_open(sid, track)
        return sid

    def _pid(self, provenance: Provenance) -> int:
        pid = self._pids.get(provenance)
        if pid is None:
            body = _ENCODER.encode(provenance).decode()
            found = self._connection.execute("SELECT pid FROM provenance WHERE body = ?", (body,)).get
            if found is None:
                self._connection.execute("INSERT INTO provenance (body) VALUES (?)", (body,))
                found = self._connection.last_insert_rowid()
            pid = self._pids[provenance] = int(found)
        return pid


class Ends:
    """Remembers the newest time of each series, so that an append is known as one, and where its closed hours end.

    Args:
        connection: the writing connection.
        remembered: how many series are kept in memory.
    """

    def __init__(self, connection: apsw.Connection, remembered: int) -> None:
        self._connection = connection
        self._remembered = remembered
        self._newest: dict[int, int] = {}
        self._closed: dict[int, int] = {}

    def begin(self, sid: int) -> None:
        """Take note of a series that has no values yet."""
        if len(self._newest) >= self._remembered:
            self.forget()
        self._newest[sid] = _BEFORE_ALL

    def advance(self, sid: int, start: int, end: int) -> bool:
        """Take note of values that are about to be written; True when all are newer than everything before."""
        newest = self._newest.get(sid)
        if newest is None:
            newest = self._load(sid)
        self._newest[sid] = max(newest, end)
        return start > newest

    def closed(self, sid: int, start: int, end: int) -> frozenset[int]:
        """The hours between two instants whose values were removed, for a series that :meth:`advance` was told of."""
        if start >= self._closed.get(sid, EARLIEST):
            return frozenset()
        rows = self._connection.execute(
            "SELECT hour FROM closed_hour WHERE sid = ? AND hour >= ? AND hour <= ?", (sid, start // HOUR, end // HOUR)
        )
        return frozenset([row[0] for row in rows])

    def _load(self, sid: int) -> int:
        found, hour = self._connection.execute(
            "SELECT (SELECT max(at) FROM obs WHERE sid = ?), (SELECT max(hour) FROM closed_hour WHERE sid = ?)",
            (sid, sid),
        ).get
        if len(self._newest) >= self._remembered:
            self.forget()
        newest = _BEFORE_ALL if found is None else int(found)
        if hour is not None:
            self._closed[sid] = (hour + 1) * HOUR
            # Should nothing but closed hours be left: what comes into them is no append.
            newest = max(newest, self._closed[sid] - 1)
        return newest

    def drop(self, sid: int) -> None:
        """Forget a series that values were removed from."""
        self._newest.pop(sid, None)
        self._closed.pop(sid, None)

    def forget(self) -> None:
        """Forget what was written in a transaction that was rolled back."""
        self._newest.clear()
        self._closed.clear()
