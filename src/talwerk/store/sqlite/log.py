"""The change log: one row per change and entity, or per batch of observations and series."""

from __future__ import annotations

import apsw
import msgspec

from talwerk.core.change import Origin
from talwerk.core.entity import Attributes
from talwerk.core.series import LogEntry


class Body(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={
        "attributes": "a",
        "before": "b",
        "after": "f",
        "series": "s",
        "start": "t",
        "end": "e",
        "count": "n",
        "deleted": "d",
        "types": "y",
        "erased": "x",
    },
):
    """What a row of the log says; the fields are those of ``core.series.LogEntry``."""

    attributes: tuple[str, ...] = ()
    before: Attributes = {}
    after: Attributes = {}
    series: str | None = None
    start: int | None = None
    end: int | None = None
    count: int = 0
    deleted: bool = False
    types: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()


class Cause(msgspec.Struct, frozen=True):
    """Where a batch came from: its origin and its depth."""

    origin: Origin
    depth: int


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Body)


def newest(connection: apsw.Connection) -> tuple[int, int]:
    """Position and time of the newest row, (0, 0) when there is none."""
    row = connection.execute("SELECT pos, at FROM change ORDER BY pos DESC LIMIT 1").fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def oldest(connection: apsw.Connection) -> tuple[int, int | None]:
    """Position and time of the oldest row that is kept, (0, None) when there is none."""
    row = connection.execute("SELECT pos, at FROM change ORDER BY pos LIMIT 1").fetchone()
    return (0, None) if row is None else (int(row[0]), int(row[1]))


def append(connection: apsw.Connection, position: int, cause: Cause, eid: int, at: int, body: Body) -> int:
    """Write a row at a position that is greater than every other; returns it."""
    connection.execute(
        "INSERT INTO change (pos, at, origin, depth, eid, body) VALUES (?, ?, ?, ?, ?, ?)",
        (position, at, cause.origin.value, cause.depth, eid, _ENCODER.encode(body).decode()),
    )
    return position


def entries(connection: apsw.Connection, after: int, limit: int) -> tuple[LogEntry, ...]:
    """The rows after a position, in order."""
    rows = connection.execute(
        "SELECT c.pos, c.at, c.origin, c.depth, coalesce(e.id, f.id, x.id), c.body FROM change c "
        "LEFT JOIN entity e ON e.eid = c.eid LEFT JOIN former f ON f.eid = c.eid LEFT JOIN erased x ON x.eid = c.eid "
        "WHERE c.pos > ? ORDER BY c.pos LIMIT ?",
        (after, limit),
    )
    return tuple(_entry(*row) for row in rows)


def _entry(position: int, at: int, origin: str, depth: int, entity: str, text: str) -> LogEntry:
    body = _DECODER.decode(text)
    return LogEntry(
        position=position,
        at=at,
        origin=Origin(origin),
        depth=depth,
        entity=entity,
        attributes=body.attributes,
        before=body.before,
        after=body.after,
        series=body.series,
        start=body.start,
        end=body.end,
        count=body.count,
        deleted=body.deleted,
        types=body.types,
        erased=body.erased,
    )
