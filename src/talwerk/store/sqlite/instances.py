"""History as the writer keeps it: single instances of attributes, idempotent, corrections kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from hashlib import blake2b
from typing import Any

import apsw
import msgspec

from talwerk.core.entity import Attribute, Kind, is_lean, observed_or_created
from talwerk.core.instants import HOUR
from talwerk.core.observation import same_observation
from talwerk.core.quality import FLAG_MASK, Mark
from talwerk.core.scope import Role

from .rollups import Rollups
from .series import Ends, Line

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Attribute)
_INSTANCE = "urn:ngsi-ld:Instance:"
_DIGITS_MAX = 19
_INSERT = "INSERT INTO obs (sid, at, val, flag, recorded) VALUES (?, ?, ?, ?, ?)"
_INSERT_BODY = "INSERT INTO obs_ext (sid, at, body) VALUES (?, ?, ?)"


class Kept(Enum):
    """What became of a value."""

    ADDED = "added"
    CORRECTED = "corrected"
    SAME = "same"
    CLOSED = "closed"
    """Its hour's values were removed, and whether it was among them nobody knows."""


def scalar_of(instance: Attribute) -> int | float | str | None:
    """The number or text of an instance, None for anything else."""
    value = instance.value
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def body_of(instance: Attribute) -> str | None:
    """The stored form of what does not fit into a plain row, None for a lean instance."""
    return None if is_lean(instance) else _ENCODER.encode(instance).decode()


def series_name(entity: str, attribute: str, dataset: str | None, unit: str | None, method: str | None) -> str:
    """The part that the ids of a series' instances share."""
    parts = (entity, attribute, dataset or "", unit or "", method or "")
    return blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def instance_id(name: str, at: int) -> str:
    """The id of an instance.

    Args:
        name: of its series, see :func:`series_name`.
        at: its time, microseconds UTC.
    """
    return f"{_INSTANCE}{name}:{at}"


def parse_instance_id(id_: str) -> tuple[str, int] | None:
    """The name of the series and the time that an instance's id holds, None when it is no such id."""
    name, _, at = id_.removeprefix(_INSTANCE).partition(":")
    digits = at.removeprefix("-")
    known = id_.startswith(_INSTANCE) and digits.isascii() and digits.isdigit() and len(digits) < _DIGITS_MAX
    return (name, int(at)) if known else None


def instance_of(body: str) -> Attribute:
    """The instance that a stored form holds."""
    return _DECODER.decode(body)


class History:
    """Writes single instances.

    Args:
        connection: the writing connection.
        ends: tells what is newer than everything before.
        rollups: to be told which hours were touched.

    Attributes:
        role: of the principal on whose behalf is written; it stands beside the values that are replaced.
    """

    def __init__(self, connection: apsw.Connection, ends: Ends, rollups: Rollups) -> None:
        self._connection = connection
        self._ends = ends
        self._rollups = rollups
        self.role = Role.SYSTEM.value

    def put(self, given: Iterable[tuple[int, Attribute]], now: int) -> list[Kept]:
        """Keep instances in their series.

        Args:
            given: keys of series and instances, stamped by ``core.merge``.
            now: when they are recorded, microseconds UTC.
        """
        kept: list[Kept] = []
        rows: list[tuple[int, int, int | float | str | None, int, int]] = []
        bodies: list[tuple[int, int, str]] = []
        pending: set[int] = set()
        for sid, instance in given:
            at = observed_or_created(instance)
            if sid in pending:
                # It may meet the one that came with it; and should its end be forgotten, that is read from the disk.
                self._append(rows, bodies)
                rows, bodies, pending = [], [], set()
            if not self._ends.advance(sid, at, at):
                kept.append(self._insert(sid, at, instance, now))
                continue
            value, body = scalar_of(instance), body_of(instance)
            pending.add(sid)
            rows.append((sid, at, value, instance.quality, now))
            if body is not None:
                bodies.append((sid, at, body))
            self._rollups.add(sid, ((at, value, instance.quality),))
            kept.append(Kept.ADDED)
        self._append(rows, bodies)
        return kept

    def _append(self, rows: Sequence[tuple[Any, ...]], bodies: Sequence[tuple[int, int, str]]) -> None:
        """Keep what is newer than everything before."""
        if rows:
            self._connection.executemany(_INSERT, rows)
        if bodies:
            self._connection.executemany(_INSERT_BODY, bodies)

    def _insert(self, sid: int, at: int, instance: Attribute, now: int) -> Kept:
        """Keep what may be there already, or be of a closed hour."""
        if self._ends.closed(sid, at, at):
            return Kept.CLOSED
        value, body = scalar_of(instance), body_of(instance)
        self._connection.execute(f"{_INSERT} ON CONFLICT DO NOTHING", (sid, at, value, instance.quality, now))
        kept = Kept.ADDED
        if not self._connection.changes():
            if self._same(sid, at, instance):
                return Kept.SAME
            self.supersede(sid, at, now)
            self._connection.execute(
                "UPDATE obs SET val = ?, flag = ?, recorded = ? WHERE sid = ? AND at = ?",
                (value, instance.quality, now, sid, at),
            )
            kept = Kept.CORRECTED
        if body is not None:
            self._connection.execute(_INSERT_BODY, (sid, at, body))
        self._rollups.touch(sid, (at,))
        return kept

    def supersede(self, sid: int, at: int, now: int) -> None:
        """Set the value of a time aside, because another one takes its place."""
        self._connection.execute(
            "INSERT INTO superseded (sid, at, recorded, replaced, val, flag, body, role) "
            "SELECT o.sid, o.at, o.recorded, ?, o.val, o.flag, x.body, ? "
            "FROM obs o LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at WHERE o.sid = ? AND o.at = ?",
            (now, self.role, sid, at),
        )
        self._connection.execute("DELETE FROM obs_ext WHERE sid = ? AND at = ?", (sid, at))

    def mark_deleted(self, sid: int, at: int, kind: Kind) -> None:
        """Keep when an instance of current state was deleted."""
        self._connection.execute("INSERT INTO deletion (sid, at, kind) VALUES (?, ?, ?)", (sid, at, kind.value))

    def erase(self, sid: int) -> None:
        """Remove all values of a series, what they replaced and their sums."""
        for table in ("obs", "obs_ext", "superseded", "deletion", "closed_hour"):
            self._connection.execute(f"DELETE FROM {table} WHERE sid = ?", (sid,))
        self._rollups.drop(sid)
        self._ends.drop(sid)

    def holds(self, sid: int, at: int) -> bool:
        """Whether a series has a value of this time."""
        return self._connection.execute("SELECT 1 FROM obs WHERE sid = ? AND at = ?", (sid, at)).get is not None

    def closed(self, sid: int, at: int) -> bool:
        """Whether the hour of a time takes no values any more."""
        query = "SELECT 1 FROM closed_hour WHERE sid = ? AND hour = ?"
        return self._connection.execute(query, (sid, at // HOUR)).get is not None

    def take(self, sid: int, at: int, now: int | None) -> None:
        """Remove one value.

        Args:
            sid: the series' key.
            at: its time, microseconds UTC.
            now: when another one took its place, so that it is kept as superseded; None to erase it altogether.
        """
        if now is None:
            for table in ("obs_ext", "superseded"):
                self._connection.execute(f"DELETE FROM {table} WHERE sid = ? AND at = ?", (sid, at))
        else:
            self.supersede(sid, at, now)
        self._connection.execute("DELETE FROM obs WHERE sid = ? AND at = ?", (sid, at))
        self._rollups.touch(sid, (at,))
        self._ends.drop(sid)

    def newest(self, line: Line) -> Attribute | None:
        """The newest instance of a series that is not from the future, None when there is none."""
        row = self._connection.execute(
            "SELECT o.at, o.val, o.flag, o.recorded, x.body FROM obs o "
            "LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at "
            f"WHERE o.sid = ? AND NOT o.flag & {int(Mark.FUTURE)} ORDER BY o.at DESC LIMIT 1",
            (line.sid,),
        ).fetchone()
        if row is None:
            return None
        at, value, flag, recorded, body = row
        if body is not None:
            return msgspec.structs.replace(instance_of(body), quality=flag)
        timed = not flag & Mark.TIME_ASSUMED
        return Attribute(
            kind=Kind.PROPERTY,
            value=value,
            dataset=line.dataset,
            observed=at if timed else None,
            unit=line.unit,
            created=recorded,
            modified=recorded if timed else at,
            quality=flag,
        )

    def _same(self, sid: int, at: int, instance: Attribute) -> bool:
        value, flag, body = self._connection.execute(
            "SELECT o.val, o.flag, x.body FROM obs o LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at "
            "WHERE o.sid = ? AND o.at = ?",
            (sid, at),
        ).get
        if body is not None:
            same = same_observation(msgspec.structs.replace(instance_of(body), quality=flag), instance)
        else:
            same = is_lean(instance) and value == instance.value and (flag ^ instance.quality) & FLAG_MASK == 0
        if same and flag & Mark.FUTURE and not instance.quality & Mark.FUTURE:
            # Its time has come: the very same value is no longer from the future.
            self._connection.execute("UPDATE obs SET flag = ? WHERE sid = ? AND at = ?", (instance.quality, sid, at))
        return same
