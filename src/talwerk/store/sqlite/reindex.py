"""Renews the value index when other attributes are declared ``queried`` than before."""

from __future__ import annotations

import apsw

from .entities import COLUMNS, entity_of
from .indexes import Indexes, declare_queried, indexed_values, queried_attributes
from .terms import Terms, known_tids


def renew_queried(connection: apsw.Connection, terms: Terms, queried: frozenset[str]) -> None:
    """Make the value index hold exactly the values of these attributes; nothing is done when it does already.

    Args:
        connection: the writing connection.
        terms: for the attributes.
        queried: IRIs of the attributes.
    """
    known = queried_attributes(connection)
    if known == queried:
        return
    with connection:
        for tid in known_tids(connection, known - queried):
            connection.execute("DELETE FROM attr_ix WHERE attr = ?", (tid,))
        added = queried - known
        indexes = Indexes(connection, terms, added)
        rows = connection.execute(f"SELECT e.eid, {COLUMNS} FROM entity e CROSS JOIN doc d ON d.eid = e.eid")
        for row in rows if added else ():
            entity = entity_of(row[1:])
            for attribute in added & entity.attributes.keys():
                indexes.value(row[0], attribute, set(), indexed_values(entity, attribute))
        declare_queried(connection, queried)
