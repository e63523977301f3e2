"""A query and a scope as the FROM and WHERE of a statement over entities. There is no SQL without a scope."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from talwerk.core.errors import invalid
from talwerk.core.query import LIMIT_MAX, OFFSET_MAX, Page, Query
from talwerk.core.scope import Scope

from .compiler import NEVER, Clause, condition, having, joined, of_types
from .cursor import Cursors
from .terms import known_tids


class Selection(msgspec.Struct, frozen=True):
    """Which entities, in SQL.

    Attributes:
        tables: what follows FROM; ``e`` is the entity and ``d`` its document.
        where: the condition.
    """

    tables: str
    where: Clause


def select(connection: apsw.Connection, query: Query, scope: Scope) -> Selection:
    """What the query selects and the scope permits, page aside."""
    clauses: list[Clause] = []
    tables = "entity e CROSS JOIN doc d ON d.eid = e.eid"
    if query.ids:
        clauses.append(_of_ids(query.ids))
    if query.types and not query.ids:
        tids = known_tids(connection, query.types)
        if len(tids) == 1:
            tables = "entity_type t CROSS JOIN entity e ON e.eid = t.eid CROSS JOIN doc d ON d.eid = t.eid"
            clauses.append(Clause("t.type = ?", (tids[0],)))
        else:
            clauses.append(of_types(query.types) if tids else NEVER)
    elif query.types:
        clauses.append(of_types(query.types))
    if query.having:
        seen = [name for name in query.having if scope.attributes is None or name in scope.attributes]
        clauses.append(having(seen) if seen else NEVER)
    if query.filter is not None:
        clauses.append(condition(query.filter, scope.attributes))
    if scope.predicate is not None:
        clauses.append(condition(scope.predicate))
    return Selection(tables, joined(clauses) if clauses else Clause("1"))


def check_page(page: Page) -> None:
    """Make sure that a page can be asked for.

    Raises:
        DomainError: InvalidRequest for a limit beyond 0..1,000 or an offset beyond 0..10,000.
    """
    if not 0 <= page.limit <= LIMIT_MAX:
        raise invalid(f"The limit {page.limit} lies outside of 0 to {LIMIT_MAX}.")
    if not 0 <= page.offset <= OFFSET_MAX:
        raise invalid(f"The offset {page.offset} lies outside of 0 to {OFFSET_MAX}; cursors lead further.")


def following(connection: apsw.Connection, page: Page, cursors: Cursors) -> Clause:
    """The clause that an entity lies after the page's cursor.

    Raises:
        DomainError: InvalidRequest for a cursor that is none of ours, or whose entity is gone.
    """
    if page.after is None:
        return Clause("1")
    eid = connection.execute("SELECT eid FROM entity WHERE id = ?", (cursors.read(page.after),)).get
    if eid is None:
        raise invalid("The cursor's entity does not exist any more.")
    return Clause("e.eid > ?", (eid,))


def rows(
    connection: apsw.Connection, selection: Selection, after: Clause, columns: str, page: Page
) -> list[tuple[Any, ...]]:
    """The page's rows and, when more follow, one of the next."""
    where = joined([selection.where, after])
    sql = f"SELECT {columns} FROM {selection.tables} WHERE {where.sql} ORDER BY e.eid LIMIT ? OFFSET ?"
    return connection.execute(sql, (*where.bound, page.limit + 1, page.offset)).fetchall()


def total(connection: apsw.Connection, selection: Selection) -> int:
    """Size of the whole result."""
    where = selection.where
    return int(connection.execute(f"SELECT count(*) FROM {selection.tables} WHERE {where.sql}", where.bound).get)


def _of_ids(ids: Sequence[str]) -> Clause:
    if len(ids) == 1:
        return Clause("e.id = ?", (ids[0],))
    return Clause("e.id IN (SELECT value FROM json_each(?))", (json.dumps(ids),))
