"""Series as readers see them: those of one entity, or of the entities of a page."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import apsw

from talwerk.core.change import Provenance
from talwerk.core.instants import HOUR
from talwerk.core.query import Query
from talwerk.core.scope import Scope
from talwerk.core.series import Series
from talwerk.store.contract import SeriesPage

from .compiler import Clause, joined
from .cursor import Cursors
from .drivers import RARE
from .measured import DECODER, pids_of
from .points import NUMBERS_AND_TEXTS, permission
from .read import visible_attributes
from .selection import Selection, check_page, following, rows, select
from .terms import NONE, known_tids, terms_of

_COLUMNS = (
    "s.attr, s.dataset, s.unit, s.pid, s.opened, s.closed, s.measured, "
    f"(SELECT min(at) FROM obs o WHERE o.sid = s.sid AND {NUMBERS_AND_TEXTS}), "
    "(SELECT min(hour) FROM closed_hour c WHERE c.sid = s.sid), "
    f"(SELECT max(at) FROM obs o WHERE o.sid = s.sid AND {NUMBERS_AND_TEXTS})"
)


def series(connection: apsw.Connection, scope: Scope, entity: str | None) -> tuple[Series, ...]:
    """See ``Store.series``."""
    allowed = permission(scope)
    where = allowed if entity is None else joined([Clause("e.id = ?", (entity,)), allowed])
    found = connection.execute(
        f"SELECT e.id, {_COLUMNS} FROM entity e CROSS JOIN doc d ON d.eid = e.eid CROSS JOIN series s ON s.eid = e.eid "
        f"WHERE {where.sql}",
        where.bound,
    ).fetchall()
    return tuple(sorted(_made(connection, found, scope.attributes), key=lambda s: (s.entity, *_within_entity(s))))


def series_of(
    connection: apsw.Connection,
    query: Query,
    scope: Scope,
    provenances: Collection[Provenance] | None,
    cursors: Cursors,
) -> SeriesPage:
    """See ``Store.series_of``."""
    check_page(query.page)
    selection = select(connection, query, scope)
    clauses = []
    if provenances is not None:
        pids = pids_of(connection, provenances)
        selection = selection.narrowed(_with_series_from(connection, pids))
        clauses.append(Clause(f"s.closed IS NULL AND s.pid IN ({_marks(pids)})", tuple(pids)))
    visible = visible_attributes(query, scope)
    if visible is not None:
        tids = known_tids(connection, visible)
        clauses.append(Clause(f"s.attr IN ({_marks(tids)})", tuple(tids)))
    found = _entities(connection, selection, query, cursors)
    page = found[: query.page.limit]
    of_page = _of_entities(connection, dict(page), joined(clauses) if clauses else Clause("1"))
    order = {id_: number for number, (_, id_) in enumerate(page)}
    made = sorted(_made(connection, of_page, None), key=lambda s: (order[s.entity], *_within_entity(s)))
    return SeriesPage(series=tuple(made), next=cursors.write(page[-1][1]) if len(found) > len(page) and page else None)


def _entities(
    connection: apsw.Connection, selection: Selection, query: Query, cursors: Cursors
) -> list[tuple[int, str]]:
    """Keys and ids of the page's entities and, when more follow, of one of the next."""
    rest = following(connection, selection, query.page, cursors)
    return [(eid, id_) for eid, id_ in rows(connection, rest, "e.eid, e.id", query.page)]


def _with_series_from(connection: apsw.Connection, pids: list[int]) -> Clause:
    """The clause that an entity has open series of one of these origins; an index lists those that are few."""
    of_these = f"provenance_entity r WHERE r.pid IN ({_marks(pids)})"
    bound = tuple(pids)
    many = connection.execute(f"SELECT 1 FROM {of_these} LIMIT 1 OFFSET {RARE}", bound).get
    if many:
        return Clause(f"EXISTS (SELECT 1 FROM {of_these} AND r.eid = e.eid)", bound)
    return Clause(f"e.eid IN (SELECT r.eid FROM {of_these})", bound)


def _of_entities(connection: apsw.Connection, ids: dict[int, str], wanted: Clause) -> list[tuple[Any, ...]]:
    found: list[Any] = connection.execute(
        f"SELECT s.eid, {_COLUMNS} FROM json_each(?) p CROSS JOIN series s ON s.eid = p.value WHERE {wanted.sql}",
        (json.dumps(list(ids)), *wanted.bound),
    ).fetchall()
    return [(ids[eid], *columns) for eid, *columns in found]


def _made(connection: apsw.Connection, found: list[tuple[Any, ...]], visible: frozenset[str] | None) -> list[Series]:
    """Series of rows of an id and :data:`_COLUMNS`; of visible attributes only, None for all."""
    names: dict[int, str | None] = {NONE: None}
    names.update(terms_of(connection, {tid for row in found for tid in row[1:4]}))
    bodies = {
        pid: DECODER.decode(connection.execute("SELECT body FROM provenance WHERE pid = ?", (pid,)).get)
        for pid in {row[4] for row in found}
    }
    return [
        Series(
            entity=id_,
            attribute=names[attr] or "",
            dataset=names[dataset],
            unit=names[unit],
            provenance=bodies[pid],
            opened=opened,
            closed=closed,
            first=first if hour is None else min(hour * HOUR, hour * HOUR if first is None else first),
            last=last,
            measured=bool(measured),
        )
        for id_, attr, dataset, unit, pid, opened, closed, measured, first, hour, last in found
        if visible is None or names[attr] in visible
    ]


def _within_entity(one: Series) -> tuple[str, str, int]:
    return one.attribute, one.dataset or "", one.opened


def _marks(values: Collection[int]) -> str:
    return ", ".join("?" * len(values))
