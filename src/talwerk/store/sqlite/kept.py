"""Entities that were read before: as long as a document has the same version, it is not decoded again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import apsw

from talwerk.core.entity import Entity

from .entities import COLUMNS, entity_of

STAMPS = "d.eid, d.version, d.modified"
"""What :meth:`Kept.entities` needs, of ``doc d``. The two last columns together never come back for another state."""


class Kept:
    """A bounded memory of decoded entities, shared by all readers of a store.

    Args:
        most: entities that are kept; the oldest go first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Ordered, because the oldest key of a plain dictionary has to be searched for.
        self._known: OrderedDict[int, tuple[tuple[int, int], Entity]] = OrderedDict()

    def entities(self, connection: apsw.Connection, stamps: Sequence[tuple[Any, ...]]) -> list[Entity]:
        """The entities of rows of :data:`STAMPS`, in their order; read from the same snapshot where they are new."""
        found: dict[int, Entity] = {}
        missing: dict[int, tuple[int, int]] = {}
        for eid, version, modified in stamps:
            known = self._known.get(eid)
            if known is not None and known[0] == (version, modified):
                found[eid] = known[1]
            else:
                missing[eid] = (version, modified)
        if missing:
            self._load(connection, missing, found)
        return [found[row[0]] for row in stamps]

    def _load(self, connection: apsw.Connection, missing: dict[int, tuple[int, int]], found: dict[int, Entity]) -> None:
        marks = ", ".join("?" * len(missing))
        sql = f"SELECT d.eid, {COLUMNS} FROM doc d CROSS JOIN entity e ON e.eid = d.eid WHERE d.eid IN ({marks})"
        for row in connection.execute(sql, tuple(missing)):
            eid, entity = row[0], entity_of(row[1:])
            found[eid] = entity
            # Other threads may write here at the same time: each step is atomic, and a lost entry only costs time.
            self._known.pop(eid, None)
            self._known[eid] = (missing[eid], entity)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
