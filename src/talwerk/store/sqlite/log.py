"""The change log: one row per change and entity, or per batch of observations and series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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


class Mask(msgspec.Struct, frozen=True):
    """Values that were erased after the log had spoken of them.

    Attributes:
        attribute: IRI, None for all of the entity.
        position: up to which the log may hold them.
    """

    attribute: str | None
    position: int


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
    """The rows after a position, in order, without what was erased since."""
    masks = erasing(connection)
    rows = connection.execute(
        "SELECT c.eid, c.body, c.pos, c.at, c.origin, c.depth, coalesce(e.id, f.id, x.id) FROM change c "
        "LEFT JOIN entity e ON e.eid = c.eid LEFT JOIN former f ON f.eid = c.eid LEFT JOIN erased x ON x.eid = c.eid "
        "WHERE c.pos > ? ORDER BY c.pos LIMIT ?",
        (after, limit),
    )
    return tuple(
        _entry(_masked(_DECODER.decode(text), pos, masks.get(eid, ())), pos, *row) for eid, text, pos, *row in rows
    )


def erase(connection: apsw.Connection, eid: int, attributes: Iterable[str] | None) -> None:
    """Hide from now on what the log holds of attributes (all when None); :func:`scrub` takes it out.

    Args:
        connection: the writing connection.
        eid: the entity's key.
        attributes: IRIs.
    """
    position, _ = newest(connection)
    if attributes is None:
        connection.execute("DELETE FROM erasing WHERE eid = ?", (eid,))
    connection.executemany(
        "INSERT INTO erasing (eid, attr, pos) VALUES (?, coalesce((SELECT tid FROM term WHERE text = ?), 0), ?) "
        "ON CONFLICT (eid, attr) DO UPDATE SET pos = excluded.pos",
        [(eid, name, position) for name in ((None,) if attributes is None else attributes)],
    )


def erasing(connection: apsw.Connection) -> Mapping[int, Sequence[Mask]]:
    """What was erased and may still be in the log, by the entity's key."""
    found: dict[int, list[Mask]] = {}
    rows = connection.execute("SELECT eid, t.text, pos FROM erasing LEFT JOIN term t ON t.tid = attr")
    for eid, attribute, position in rows:
        found.setdefault(eid, []).append(Mask(attribute, position))
    return found


def scrub(connection: apsw.Connection, masks: Mapping[int, Sequence[Mask]], after: int, end: int) -> int:
    """Take what was erased out of the rows between two positions (the second one included); returns how many had it."""
    rows: list[Any] = connection.execute(
        "SELECT pos, eid, body FROM change WHERE pos > ? AND pos <= ? AND eid IN (SELECT eid FROM erasing)",
        (after, end),
    ).fetchall()
    cleaned = []
    for pos, eid, text in rows:
        body = _DECODER.decode(text)
        left = _masked(body, pos, masks.get(eid, ()))
        if left is not body:
            cleaned.append((_ENCODER.encode(left).decode(), pos))
    connection.executemany("UPDATE change SET body = ? WHERE pos = ?", cleaned)
    return len(cleaned)


def _masked(body: Body, position: int, masks: Sequence[Mask]) -> Body:
    """What may still be said; the very same body when that is everything."""
    for mask in masks:
        if position <= mask.position and (body.before or body.after):
            before, after = _without(body.before, mask.attribute), _without(body.after, mask.attribute)
            if len(before) < len(body.before) or len(after) < len(body.after):
                body = msgspec.structs.replace(body, before=before, after=after)
    return body


def _without(attributes: Attributes, name: str | None) -> Attributes:
    return {} if name is None else {known: given for known, given in attributes.items() if known != name}


def _entry(body: Body, position: int, at: int, origin: str, depth: int, entity: str) -> LogEntry:
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
