"""Entities as ready bytes: what was written once is not written again while the entity's version stands."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import msgspec

from talwerk.core.entity import Entity
from talwerk.core.query import Query
from talwerk.core.scope import Scope

from .encoding import Representation
from .features import encoded

BYTES_MAX = 32 << 20
_ENTRY_BYTES = 400
"""What an entry costs besides its bytes: key, dictionary, object."""

State = tuple[str, int, int, int]


class Ready:
    """A bounded memory of written entities, one shelf for each way of writing and each set of visible attributes.

    Args:
        bytes_max: when it would grow beyond, everything is forgotten: what is read again soon comes back by itself.
    """

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._shelves: dict[Hashable, dict[State, msgspec.Raw]] = {}

    def entities(
        self, entities: Iterable[Entity], how: Representation, query: Query, scope: Scope
    ) -> list[msgspec.Raw]:
        """The JSON of entities as the query and scope show them."""
        key = (how, query.attributes, scope.attributes)
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = {}
            self._bytes += _ENTRY_BYTES
        written = []
        for entity in entities:
            state = (entity.id, entity.created, entity.modified, entity.version)
            raw = shelf.get(state)
            if raw is None:
                raw = msgspec.Raw(msgspec.json.encode(encoded(entity, how)))
                shelf[state] = raw
                self._bytes += len(raw) + _ENTRY_BYTES
            written.append(raw)
        if self._bytes > self._bytes_max:
            self._shelves.clear()
            self._bytes = 0
        return written
