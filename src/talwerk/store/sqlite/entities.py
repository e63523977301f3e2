"""Current state on disk: entities, their types and their documents."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from talwerk.core.entity import Attribute, Attributes, Entity

from .indexes import Indexes
from .limits import Limits
from .terms import Terms

COLUMNS = "e.id, e.created, d.modified, d.version, d.types, d.scopes, json(d.body)"
"""What :func:`entity_of` needs, of ``entity e JOIN doc d``."""

_ATTRIBUTES = msgspec.json.Decoder(dict[str, tuple[Attribute, ...]])
_TEXTS = msgspec.json.Decoder(tuple[str, ...])
_ENCODER = msgspec.json.Encoder()

_KEPT_CHARACTERS = 4_096
"""Of the stored form, for each entity that may be kept: of smaller ones there are more, and their size is bounded."""

FORMER = "former e CROSS JOIN former d ON d.eid = e.eid"
"""Deleted entities in place of ``entity e JOIN doc d``: one table has what those two have."""


class Stored(msgspec.Struct, frozen=True):
    """An entity and its key; one that was deleted has the time of that in ``entity.deleted``."""

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
        indexes: told of every new state.
        limits: what stays decoded, how many pairs of type and attribute are kept in memory.
    """

    def __init__(self, connection: apsw.Connection, terms: Terms, indexes: Indexes, limits: Limits) -> None:
        self._connection = connection
        self._indexes = indexes
        self._terms = terms
        self._remembered = limits.remembered
        self._room = self._room_most = limits.kept * _KEPT_CHARACTERS
        # The one writer knows the newest state of what it wrote or read last: sensors send again and again. Should they
        # be more than have room here, each is forgotten right before it sends: the room has to hold those of a city.
        self._kept: OrderedDict[str, tuple[Stored, int]] = OrderedDict()
        self._seen: set[tuple[int, int]] = set()

    def load(self, id_: str) -> Stored | None:
        """The entity with this id, None when there is none."""
        kept = self._kept.get(id_)
        if kept is not None:
            return kept[0]
        row = self._connection.execute(
            f"SELECT e.eid, {COLUMNS} FROM entity e JOIN doc d ON d.eid = e.eid WHERE e.id = ?", (id_,)
        ).fetchone()
        if row is None:
            return None
        stored = Stored(row[0], entity_of(row[1:]))
        self._keep(stored, len(row[-1]))
        return stored

    def load_former(self, id_: str) -> Stored | None:
        """The deleted entity with this id, in its last state; None when there is none."""
        row = self._connection.execute(
            f"SELECT e.eid, e.deleted, {COLUMNS} FROM {FORMER} WHERE e.id = ?", (id_,)
        ).fetchone()
        return None if row is None else Stored(row[0], replace(entity_of(row[2:]), deleted=row[1]))

    def add(self, entity: Entity) -> Stored:
        """Keep a new entity; one that comes back has its old key and goes on with its versions."""
        eid, version = None, 0
        former = self._connection.execute("SELECT eid, version FROM former WHERE id = ?", (entity.id,)).fetchone()
        if former is not None:
            eid, version = former
            self._drop_former(eid)
        self._connection.execute(
            "INSERT INTO entity (eid, id, created) VALUES (?, ?, ?)", (eid, entity.id, entity.created)
        )
        eid = self._connection.last_insert_rowid()
        document = _document(entity)
        self._connection.execute(
            "INSERT INTO doc (version, modified, types, scopes, body, eid) VALUES (?, ?, ?, ?, jsonb(?), ?)",
            (version + 1, *document, eid),
        )
        self._type(eid, entity.types)
        self._see(entity, entity.attributes)
        self._indexes.renew(eid, None, entity)
        stored = Stored(eid, replace(entity, version=version + 1))
        self._keep(stored, len(document[-1]))
        return stored

    def replace(self, eid: int, before: Entity, entity: Entity) -> None:
        """Keep the new state of an entity."""
        document = _document(entity)
        self._connection.execute(
            "UPDATE doc SET version = ?, modified = ?, types = ?, scopes = ?, body = jsonb(?) WHERE eid = ?",
            (before.version + 1, *document, eid),
        )
        if entity.types != before.types:
            gone = set(before.types).difference(entity.types)
            self._connection.executemany(
                "DELETE FROM entity_type WHERE type = ? AND eid = ?", ((self._terms.tid(t), eid) for t in gone)
            )
            self._type(eid, entity.types)
            self._see(entity, entity.attributes)
        else:
            self._see(entity, entity.attributes.keys() - before.attributes.keys())
        self._indexes.renew(eid, before, entity)
        self._keep(Stored(eid, replace(entity, version=before.version + 1)), len(document[-1]))

    def remove(self, stored: Stored, at: int) -> None:
        """Set an entity apart, because it was deleted at that time."""
        self._connection.execute(
            "INSERT INTO former (eid, id, created, deleted, version, modified, types, scopes, body) "
            "SELECT e.eid, e.id, e.created, ?, d.version + 1, ?, d.types, d.scopes, d.body "
            "FROM entity e CROSS JOIN doc d ON d.eid = e.eid WHERE e.eid = ?",
            (at, at, stored.eid),
        )
        self._connection.executemany(
            "INSERT INTO former_type (type, eid) VALUES (?, ?)",
            [(self._terms.tid(t), stored.eid) for t in stored.entity.types],
        )
        self._drop(stored)

    def replace_former(self, eid: int, entity: Entity) -> None:
        """Keep another last state of an entity that was deleted."""
        self._connection.execute(
            "UPDATE former SET body = jsonb(?) WHERE eid = ?",
            (_ENCODER.encode(entity.attributes).decode(), eid),
        )

    def erase(self, stored: Stored) -> None:
        """Keep nothing of an entity but the id for which its key stands in the change log."""
        if stored.entity.deleted is None:
            self._drop(stored)
        else:
            self._drop_former(stored.eid)
        self._connection.execute(
            "INSERT INTO erased (eid, id, pos) VALUES (?, ?, (SELECT max(pos) + 1 FROM change))",
            (stored.eid, stored.entity.id),
        )

    def forget(self) -> None:
        """Forget what was added in a transaction that was rolled back."""
        self._kept.clear()
        self._room = self._room_most
        self._seen.clear()

    def _keep(self, stored: Stored, characters: int) -> None:
        """Remember the newest state of an entity, whose stored form is so long."""
        self._leave(stored.entity.id)
        self._kept[stored.entity.id] = (stored, characters)
        self._room -= characters
        while self._room < 0:
            self._room += self._kept.popitem(last=False)[1][1]

    def _leave(self, id_: str) -> None:
        known = self._kept.pop(id_, None)
        if known is not None:
            self._room += known[1]

    def _drop(self, stored: Stored) -> None:
        self._leave(stored.entity.id)
        self._connection.executemany(
            "DELETE FROM entity_type WHERE type = ? AND eid = ?",
            [(self._terms.tid(t), stored.eid) for t in stored.entity.types],
        )
        self._connection.execute("DELETE FROM doc WHERE eid = ?", (stored.eid,))
        self._connection.execute("DELETE FROM entity WHERE eid = ?", (stored.eid,))
        self._indexes.renew(stored.eid, stored.entity, None)

    def _drop_former(self, eid: int) -> None:
        types = self._connection.execute("SELECT types FROM former WHERE eid = ?", (eid,)).get
        self._connection.executemany(
            "DELETE FROM former_type WHERE type = ? AND eid = ?",
            [(self._terms.tid(t), eid) for t in _TEXTS.decode(types)],
        )
        self._connection.execute("DELETE FROM former WHERE eid = ?", (eid,))

    def _type(self, eid: int, types: Sequence[str]) -> None:
        self._connection.executemany(
            "INSERT OR IGNORE INTO entity_type (type, eid) VALUES (?, ?)", [(self._terms.tid(t), eid) for t in types]
        )

    def _see(self, entity: Entity, names: Iterable[str]) -> None:
        """Take note of attributes that an entity of these types did not have before."""
        types = [self._terms.tid(name) for name in entity.types]
        for name in names:
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
