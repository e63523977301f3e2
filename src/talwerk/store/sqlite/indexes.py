"""Narrow tables beside the documents, renewed with every write: geometries, and values of declared attributes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import apsw
import msgspec

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.geometry import box_of
from talwerk.core.instants import instant_or_none
from talwerk.core.match import values_at
from talwerk.core.query import Path

from .terms import Terms

_ENCODER = msgspec.json.Encoder()
_NUMBERS = frozenset({int, float})
_NAMES = msgspec.json.Decoder(frozenset[str])

# Cells of the tree hold 32-bit numbers, rounded outwards by SQLite itself.
_BOX = "INSERT INTO geo_box (gid, west, east, south, north) VALUES (?, ?, ?, ?, ?)"


class ValueKind(IntEnum):
    """What an indexed value can be compared with: values of different kinds never match."""

    NUMBER = 0
    TEXT = 1
    TRUTH = 2
    MOMENT = 3


Value = tuple[ValueKind, int | float | str]


def indexed_values(entity: Entity | None, attribute: str) -> set[Value]:
    """Everything that a condition on an attribute itself can be compared with."""
    instances = () if entity is None else entity.attributes.get(attribute, ())
    if len(instances) == 1 and type(number := instances[0].value) in _NUMBERS:
        # What most sensors say, without looking for everything that an attribute can be.
        return {(ValueKind.NUMBER, number)}
    found: set[Value] = set()
    for value in () if entity is None else values_at(entity, Path(attribute)):
        if isinstance(value, bool):
            found.add((ValueKind.TRUTH, int(value)))
        elif isinstance(value, int | float):
            found.add((ValueKind.NUMBER, value))
        elif isinstance(value, str):
            found.add((ValueKind.TEXT, value))
            at = instant_or_none(value)
            if at is not None:
                found.add((ValueKind.MOMENT, at))
    return found


def queried_attributes(connection: apsw.Connection) -> frozenset[str]:
    """IRIs of the attributes whose values are indexed in this database."""
    text = connection.execute("SELECT value FROM meta WHERE key = 'queried'").get
    return frozenset() if text is None else _NAMES.decode(text)


def declare_queried(connection: apsw.Connection, attributes: Iterable[str]) -> None:
    """Remember whose values are indexed."""
    text = _ENCODER.encode(sorted(attributes)).decode()
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('queried', ?)", (text,))


class Indexes:
    """Keeps the narrow tables true.

    Args:
        connection: the writing connection.
        terms: for the attributes.
        queried: IRIs of the attributes whose values are indexed.
    """

    def __init__(self, connection: apsw.Connection, terms: Terms, queried: frozenset[str]) -> None:
        self._connection = connection
        self._terms = terms
        self._queried = queried

    def renew(self, eid: int, before: Entity | None, after: Entity | None) -> None:
        """Take note of an entity's new state; None stands for its absence."""
        old = {} if before is None else before.attributes
        new = {} if after is None else after.attributes
        changed = [name for name, now in new.items() if old.get(name) is not now]
        changed += old.keys() - new.keys()
        for name in changed:
            was, now = old.get(name, ()), new.get(name, ())
            places, there = _geometries(was), _geometries(now)
            if places != there:
                self._locate(eid, name, places, there)
            if name in self._queried:
                self.value(eid, name, indexed_values(before, name), indexed_values(after, name))

    def value(self, eid: int, attribute: str, old: set[Value], new: set[Value]) -> None:
        """Replace the indexed values of an entity's attribute."""
        tid = self._terms.tid(attribute)
        self._connection.executemany(
            "DELETE FROM attr_ix WHERE attr = ? AND kind = ? AND val = ? AND eid = ?",
            [(tid, int(kind), value, eid) for kind, value in old - new],
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO attr_ix (attr, kind, val, eid) VALUES (?, ?, ?, ?)",
            [(tid, int(kind), value, eid) for kind, value in new - old],
        )

    def _locate(self, eid: int, attribute: str, old: list[Any], new: list[Any]) -> None:
        tid = self._terms.tid(attribute)
        execute = self._connection.execute
        if old:
            gone = execute("DELETE FROM geo WHERE eid = ? AND attr = ? RETURNING gid", (eid, tid)).fetchall()
            self._connection.executemany("DELETE FROM geo_box WHERE gid = ?", gone)
        for geometry in new:
            box = box_of(geometry)
            if box is not None:
                execute("INSERT INTO geo (eid, attr) VALUES (?, ?)", (eid, tid))
                execute(_BOX, (self._connection.last_insert_rowid(), box.west, box.east, box.south, box.north))


def _geometries(instances: tuple[Attribute, ...]) -> list[Any]:
    return [instance.value for instance in instances if instance.kind is Kind.GEO_PROPERTY]
