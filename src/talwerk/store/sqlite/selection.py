"""A query and a scope as the FROM and WHERE of a statement over entities. There is no SQL without a scope."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from talwerk.core.errors import invalid
from talwerk.core.query import LIMIT_MAX, OFFSET_MAX, Page, Query
from talwerk.core.scope import Scope

from .compiler import NEVER, Clause, condition, having, joined, of_ids, of_types
from .cursor import Cursors
from .drivers import RARE, driver
from .terms import known_tids

_FORMER = {"entity e": "former e", "doc d": "former d", "entity_type": "former_type"}
# What bears its schema's name is meant as it stands: linked entities are never deleted ones.
_TABLE = re.compile(rf"(?<!main\.)\b(?:{'|'.join(map(re.escape, _FORMER))})\b")


class Selection(msgspec.Struct, frozen=True):
    """Which entities, in SQL.

    Attributes:
        tables: what follows FROM; ``e`` is the entity and ``d`` its document.
        where: the condition.
        eid: the column that holds the entity's key and has the order of the tables, so that nothing is sorted.
        counted: tables that suffice for counting.
    """

    tables: str
    where: Clause
    eid: str
    counted: str

    def narrowed(self, clause: Clause) -> Selection:
        """The part of the selection for which another condition (on ``e`` and ``d``) holds as well."""
        return Selection(self.tables, joined([self.where, clause]), self.eid, self.tables)

    def of_former(self) -> Selection:
        """The same selection among the entities that were deleted."""
        # Values are always bound: in the text, these words are nothing but our own tables.
        sql = _TABLE.sub(lambda found: _FORMER[found[0]], self.where.sql)
        tables, counted = (_TABLE.sub(lambda found: _FORMER[found[0]], text) for text in (self.tables, self.counted))
        return Selection(tables, Clause(sql, self.where.bound), self.eid, counted)


_ALL = Selection("entity e CROSS JOIN doc d ON d.eid = e.eid", Clause("1"), "e.eid", "entity e")


def select_former(connection: apsw.Connection, query: Query, scope: Scope) -> Selection:
    """The same as :func:`select` among the entities that were deleted, by their last state."""
    return select(connection, query, scope, led=False).of_former()


def select(connection: apsw.Connection, query: Query, scope: Scope, *, led: bool = True) -> Selection:
    """What the query selects and the scope permits, page aside.

    Args:
        connection: a snapshot.
        query: what is asked for.
        scope: on whose behalf.
        led: whether an index may lead; indexes hold nothing of what was deleted.
    """
    selection = _ALL
    if query.ids:
        selection = _ALL.narrowed(of_ids(query.ids))
        if query.types:
            selection = selection.narrowed(of_types(query.types))
    elif query.types:
        selection = _of_types(connection, query.types)
    clauses: list[Clause] = []
    if query.having:
        seen = [name for name in query.having if scope.attributes is None or name in scope.attributes]
        clauses.append(having(seen) if seen else NEVER)
    if query.filter is not None:
        # Compiled first: that refuses a tree too deep to be looked through.
        clauses.append(condition(query.filter, scope.attributes, scope.predicate))
        lead = None if query.ids or not led else driver(connection, query.filter, scope.attributes)
        if lead is not None:
            selection = _led(lead, query.types)
    if scope.predicate is not None:
        clauses.append(condition(scope.predicate))
    return selection.narrowed(joined(clauses)) if clauses else selection


def _led(lead: Clause, types: Sequence[str]) -> Selection:
    """The entities that an index lists, of some types."""
    selection = _ALL.narrowed(lead)
    return selection.narrowed(of_types(types)) if types else selection


def _of_types(connection: apsw.Connection, types: Sequence[str]) -> Selection:
    """The entities that have one of the types: read from the list of one type, or of several rare ones."""
    tids = known_tids(connection, set(types))
    if not tids:
        return _ALL.narrowed(NEVER)
    if len(tids) == 1:
        joins = "CROSS JOIN entity e ON e.eid = t.eid CROSS JOIN doc d ON d.eid = t.eid"
        where = Clause("t.type = ?", (tids[0],))
        return Selection(f"entity_type t {joins}", where, "t.eid", "entity_type t")
    marks = ", ".join("?" * len(tids))
    of_these = f"SELECT eid FROM entity_type WHERE type IN ({marks})"
    many = connection.execute(f"SELECT 1 FROM ({of_these}) LIMIT 1 OFFSET {RARE}", tids).get
    clause = of_types(types) if many else Clause(f"e.eid IN ({of_these})", tuple(tids))
    return Selection(_ALL.tables, clause, _ALL.eid, "entity e")


def check_page(page: Page) -> None:
    """Make sure that a page can be asked for.

    Raises:
        DomainError: InvalidRequest for a limit beyond 0..1,000 or an offset beyond 0..10,000.
    """
    if not 0 <= page.limit <= LIMIT_MAX:
        raise invalid(f"The limit {page.limit} lies outside of 0 to {LIMIT_MAX}.")
    if not 0 <= page.offset <= OFFSET_MAX:
        raise invalid(f"The offset {page.offset} lies outside of 0 to {OFFSET_MAX}; cursors lead further.")


def following(connection: apsw.Connection, selection: Selection, page: Page, cursors: Cursors) -> Selection:
    """The part of the selection that lies after the page's cursor.

    Raises:
        DomainError: InvalidRequest for a cursor that is none of ours, or whose entity is gone.
    """
    if page.after is None:
        return selection
    id_ = cursors.read(page.after)
    eid = connection.execute(
        "SELECT eid FROM entity WHERE id = ? UNION ALL SELECT eid FROM former WHERE id = ?", (id_, id_)
    ).get
    if eid is None:
        raise invalid("The cursor's entity does not exist any more.")
    return selection.narrowed(Clause(f"{selection.eid} > ?", (eid,)))


def rows(connection: apsw.Connection, selection: Selection, columns: str, page: Page) -> list[tuple[Any, ...]]:
    """The page's rows and, when more follow, one of the next."""
    if page.offset and selection.counted != selection.tables:
        # What is skipped is counted along the narrow tables: no document is touched for it.
        first = connection.execute(
            f"SELECT {selection.eid} FROM {selection.counted} WHERE {selection.where.sql} "
            f"ORDER BY {selection.eid} LIMIT 1 OFFSET ?",
            (*selection.where.bound, page.offset),
        ).get
        if first is None:
            return []
        selection, page = selection.narrowed(Clause(f"{selection.eid} >= ?", (first,))), replace(page, offset=0)
    where = selection.where
    sql = f"SELECT {columns} FROM {selection.tables} WHERE {where.sql} ORDER BY {selection.eid} LIMIT ? OFFSET ?"
    return connection.execute(sql, (*where.bound, page.limit + 1, page.offset)).fetchall()


def total(connection: apsw.Connection, selection: Selection) -> int:
    """Size of the whole result."""
    where = selection.where
    return int(connection.execute(f"SELECT count(*) FROM {selection.counted} WHERE {where.sql}", where.bound).get)
