"""History as the writer keeps it: single instances of attributes, idempotent, corrections kept."""

from __future__ import annotations

from enum import Enum

import apsw
import msgspec

from talwerk.core.entity import Attribute, is_lean, observed_or_created
from talwerk.core.observation import same_observation
from talwerk.core.quality import FLAG_MASK, Mark

from .rollups import Rollups
from .series import Ends

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Attribute)


class Kept(Enum):
    """What became of a value."""

    ADDED = "added"
    CORRECTED = "corrected"
    SAME = "same"


def scalar_of(instance: Attribute) -> int | float | str | None:
    """The number or text of an instance, None for anything else."""
    value = instance.value
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def body_of(instance: Attribute) -> str | None:
    """The stored form of what does not fit into a plain row, None for a lean instance."""
    return None if is_lean(instance) else _ENCODER.encode(instance).decode()


def instance_of(body: str) -> Attribute:
    """The instance that a stored form holds."""
    return _DECODER.decode(body)


class History:
    """Writes single instances.

    Args:
        connection: the writing connection.
        ends: tells what is newer than everything before.
        rollups: to be told which hours were touched.
    """

    def __init__(self, connection: apsw.Connection, ends: Ends, rollups: Rollups) -> None:
        self._connection = connection
        self._ends = ends
        self._rollups = rollups

    def put(self, sid: int, instance: Attribute, now: int) -> Kept:
        """Keep an instance in its series.

        Args:
            sid: the series' key.
            instance: stamped by ``core.merge``.
            now: when it is recorded, microseconds UTC.
        """
        at = observed_or_created(instance)
        value, body = scalar_of(instance), body_of(instance)
        append = self._ends.advance(sid, at, at)
        self._connection.execute(
            "INSERT INTO obs (sid, at, val, flag, recorded) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (sid, at, value, instance.quality, now),
        )
        kept = Kept.ADDED
        if not append and not self._connection.changes():
            if self._same(sid, at, instance):
                return Kept.SAME
            self.supersede(sid, at, now)
            self._connection.execute(
                "UPDATE obs SET val = ?, flag = ?, recorded = ? WHERE sid = ? AND at = ?",
                (value, instance.quality, now, sid, at),
            )
            kept = Kept.CORRECTED
        if body is not None:
            self._connection.execute("INSERT INTO obs_ext (sid, at, body) VALUES (?, ?, ?)", (sid, at, body))
        if append:
            self._rollups.add(sid, ((at, value, instance.quality),))
        else:
            self._rollups.touch(sid, (at,))
        return kept

    def supersede(self, sid: int, at: int, now: int) -> None:
        """Set the value of a time aside, because another one takes its place."""
        self._connection.execute(
            "INSERT INTO superseded (sid, at, recorded, replaced, val, flag, body) "
            "SELECT o.sid, o.at, o.recorded, ?, o.val, o.flag, x.body "
            "FROM obs o LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at WHERE o.sid = ? AND o.at = ?",
            (now, sid, at),
        )
        self._connection.execute("DELETE FROM obs_ext WHERE sid = ? AND at = ?", (sid, at))

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
