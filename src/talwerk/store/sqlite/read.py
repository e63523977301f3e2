"""Current state, types and the log, as readers see them."""

from __future__ import annotations

from typing import Any

import apsw

from talwerk.core.match import masked
from talwerk.core.query import Filter, Query
from talwerk.core.scope import Scope
from talwerk.core.series import TypeCount
from talwerk.store.contract import EntityPage

from .compiler import condition
from .cursor import Cursors
from .kept import STAMPS, Kept
from .selection import check_page, following, rows, select, total
from .terms import terms_of


def read(connection: apsw.Connection, query: Query, scope: Scope, cursors: Cursors, kept: Kept) -> EntityPage:
    """See ``Store.read``."""
    page = query.page
    check_page(page)
    selection = select(connection, query, scope)
    rest = following(connection, selection, page, cursors)
    found = rows(connection, rest, STAMPS, page) if page.limit else []
    visible = visible_attributes(query, scope)
    entities = tuple(masked(entity, visible) for entity in kept.entities(connection, found[: page.limit]))
    more = len(found) > page.limit
    return EntityPage(
        entities=entities,
        next=cursors.write(entities[-1].id) if more else None,
        total=total(connection, selection) if page.count else None,
    )


def visible_attributes(query: Query, scope: Scope) -> frozenset[str] | None:
    """IRIs of the attributes that were asked for and may be seen, None for all."""
    if query.attributes is None:
        return scope.attributes
    asked = frozenset(query.attributes)
    return asked if scope.attributes is None else asked & scope.attributes


def types(connection: apsw.Connection, scope: Scope) -> tuple[TypeCount, ...]:
    """See ``Store.types``."""
    counts, seen = _open_types(connection) if scope.predicate is None else _permitted_types(connection, scope.predicate)
    names = terms_of(connection, {tid for pair in seen for tid in pair} | {type_ for type_, _ in counts})
    attributes: dict[int, list[str]] = {}
    for type_, attr in seen:
        if scope.attributes is None or names[attr] in scope.attributes:
            attributes.setdefault(type_, []).append(names[attr])
    found = [
        TypeCount(type=names[type_], attributes=tuple(sorted(attributes.get(type_, ()))), count=count)
        for type_, count in counts
    ]
    return tuple(sorted(found, key=lambda entry: entry.type))


def _open_types(connection: apsw.Connection) -> tuple[list[Any], list[Any]]:
    """Pairs of type and number of entities, pairs of type and attribute, of the whole city."""
    counts = connection.execute("SELECT type, count(*) FROM entity_type GROUP BY type").fetchall()
    return counts, connection.execute("SELECT type, attr FROM type_attribute").fetchall()


def _permitted_types(connection: apsw.Connection, predicate: Filter) -> tuple[list[Any], list[Any]]:
    """The same for somebody who sees a part of the city: the attributes of that part only."""
    where = condition(predicate)
    tables = "entity_type y CROSS JOIN entity e ON e.eid = y.eid CROSS JOIN doc d ON d.eid = y.eid"
    counts = connection.execute(
        f"SELECT y.type, count(*) FROM {tables} WHERE {where.sql} GROUP BY y.type", where.bound
    ).fetchall()
    seen = connection.execute(
        f"SELECT DISTINCT y.type, s.attr FROM {tables} JOIN series s ON s.eid = e.eid WHERE {where.sql}", where.bound
    ).fetchall()
    return counts, seen
