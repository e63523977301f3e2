"""Current state on disk: entities, their types and their documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from talwerk.core.entity import Attribute, Attributes, Entity

from .terms import Terms

COLUMNS = "e.id, e.created, d.modified, d.version, d.types, d.scopes, json(d.body)"
"""What :func:`entity_of` needs, of ``entity e JOIN doc d``."""

_ATTRIBUTES = msgspec.json.Decoder(dict[str, tuple[Attribute, ...]])
_TEXTS = msgspec.json.Decoder(tuple[str, ...])
_ENCODER = msgspec.json.Encoder()


class Stored(msgspec.Struct, frozen=True):
    """An entity and its key."""

    eid: int
    entity: Entity


def attributes_of(body: str) -> Attributes:
    """The attributes that a document's body holds."""
    return _ATTRIBUTES.decode(body)


def entity_of(row: Sequence[Any]) -> Entity:
    """The entity of a row of :data:`COLUMNS`."""
    id_, created, modified, version, types, scopes, body = row
    return Entity(
        id=id_,
        types=_TEXTS.decode(types),
        scopes=() if scopes is None else _TEXTS.decode(scopes),
        attributes=_ATTRIBUTES.decode(body),
        created=created,
        modified=modified,
        version=version,
    )


class Entities:
    """Entities as the writer loads and keeps them.

    Args:
        connection: the writing connection.
        terms: for the types.
        remembered: how many pairs of type and attribute are kept in memory.
    """

    def __init__(self, connection: apsw.Connection, terms: Terms, remembered: int) -> None:
        self._connection = connection
        self._terms = terms
        self._remembered = remembered
        self._seen: set[tuple[int, int]] = set()

    def load(self, id_: str) -> Stored | None:
        """The entity with this id, None when there is none."""
        row = self._connection.execute(
            f"SELECT e.eid, {COLUMNS} FROM entity e JOIN doc d ON d.eid = e.eid WHERE e.id = ?", (id_,)
        ).fetchone()
        return None if row is None else Stored(row[0], entity_of(row[1:]))

    def add(self, entity: Entity) -> int:
        """Keep a new entity; returns its key."""
        self._connection.execute("INSERT INTO entity (id, created) VALUES (?, ?)", (entity.id, entity.created))
        eid = self._connection.last_insert_rowid()
        self._connection.execute(
            "INSERT INTO doc (version, modified, types, scopes, body, eid) VALUES (1, ?, ?, ?, jsonb(?), ?)",
            (*_document(entity), eid),
        )
        self._type(eid, entity.types)
        self._see(entity)
        return eid

    def replace(self, eid: int, before: Entity, entity: Entity) -> None:
        """Keep the new state of an entity."""
        self._connection.execute(
            "UPDATE doc SET version = version + 1, modified = ?, types = ?, scopes = ?, body = jsonb(?) WHERE eid = ?",
            (*_document(entity), eid),
        )
        if entity.types != before.types:
            gone = set(before.types).difference(entity.types)
            self._connection.executemany(
                "DELETE FROM entity_type WHERE type = ? AND eid = ?", ((self._terms.tid(t), eid) for t in gone)
            )
            self._type(eid, entity.types)
        self._see(entity)

    def forget(self) -> None:
        """Forget what was added in a transaction that was rolled back."""
        self._seen.clear()

    def _type(self, eid: int, types: Sequence[str]) -> None:
        self._connection.executemany(
            "INSERT OR IGNORE INTO entity_type (type, eid) VALUES (?, ?)", [(self._terms.tid(t), eid) for t in types]
        )

    def _see(self, entity: Entity) -> None:
        types = [self._terms.tid(name) for name in entity.types]
        for name in entity.attributes:
            attr = self._terms.tid(name)
            for type_ in types:
                if (type_, attr) not in self._seen:
                    if len(self._seen) >= self._remembered:
                        self._seen.clear()
                    self._connection.execute("INSERT OR IGNORE INTO type_attribute VALUES (?, ?)", (type_, attr))
                    self._seen.add((type_, attr))


def _document(entity: Entity) -> tuple[int, str, str | None, str]:
    return (
        entity.modified,
        _ENCODER.encode(entity.types).decode(),
        _ENCODER.encode(entity.scopes).decode() if entity.scopes else None,
        _ENCODER.encode(entity.attributes).decode(),
    )
