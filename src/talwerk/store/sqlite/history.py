"""Histories of entities: the instances of their attributes within a window of time."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.fragments import null_of
from talwerk.core.instants import EARLIEST, HOUR, LATEST
from talwerk.core.quality import Mark
from talwerk.core.query import Page, TemporalQuery, TimeProperty, Window
from talwerk.core.scope import Scope
from talwerk.store.contract import EntityPage

from .compiler import Clause, joined
from .cursor import Cursors
from .entities import COLUMNS, entity_of
from .instances import instance_id, instance_of, series_name
from .points import bounds
from .read import visible_attributes
from .selection import Selection, check_page, following, rows, select, select_former, total
from .terms import terms_of

_FIRST_RECORDED = "coalesce((SELECT min(p.recorded) FROM superseded p WHERE p.sid = o.sid AND p.at = o.at), o.recorded)"
TIMES = {
    TimeProperty.OBSERVED: "o.at",
    TimeProperty.CREATED: _FIRST_RECORDED,
    TimeProperty.MODIFIED: "o.recorded",
}
"""The times of a value ``obs o``."""

_MARKED = -1
"""In place of a flag: the row tells of a deletion."""


class Branch(msgspec.Struct, frozen=True):
    """One series of an entity on the page.

    Attributes:
        sid: its key.
        entity: index of the entity on the page.
        attribute: IRI.
        dataset: IRI or None.
        unit: UN/CEFACT code or None.
        name: the part that the ids of its instances share.
    """

    sid: int
    entity: int
    attribute: str
    dataset: str | None
    unit: str | None
    name: str


def history(
    connection: apsw.Connection, query: TemporalQuery, scope: Scope, cursors: Cursors, instances_max: int
) -> EntityPage:
    """See ``Store.history``.

    Args:
        connection: a snapshot.
        query: what is asked for.
        scope: on whose behalf.
        cursors: of this database.
        instances_max: how many instances a page may hold.
    """
    chosen = chosen_of(connection, query, scope, cursors)
    taken, truncated = _taken(connection, query, chosen.branches, instances_max)
    grown = _grown(chosen.entities, chosen.branches, taken)
    alone = len(query.entities.ids) == 1
    return EntityPage(
        entities=tuple(e for e in grown if e.attributes or alone),
        next=chosen.next,
        total=chosen.total,
        truncated=truncated,
    )


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The page of entities that a temporal query is about.

    Attributes:
        entities: in their last state.
        branches: their series.
        next: cursor of the following page, None on the last.
        total: size of the whole result when it was asked for.
    """

    entities: list[Entity]
    branches: list[Branch]
    next: str | None
    total: int | None


def chosen_of(
    connection: apsw.Connection, query: TemporalQuery, scope: Scope, cursors: Cursors, *, summed: bool = False
) -> Chosen:
    """The page of entities that a temporal query is about, and their series.

    Args:
        connection: a snapshot.
        query: what is asked for.
        scope: on whose behalf.
        cursors: of this database.
        summed: whether hours of which only sums are kept count as well.
    """
    page = query.entities.page
    check_page(page)
    visible = visible_attributes(query.entities, scope)
    parts = (select(connection, query.entities, scope), select_former(connection, query.entities, scope))
    if len(query.entities.ids) != 1:
        within = _within(query, visible, summed=summed)
        parts = (parts[0].narrowed(within), parts[1].narrowed(within))
    found = _found(connection, [following(connection, part, page, cursors) for part in parts], page)
    shown = found[: page.limit]
    entities = [replace(entity_of(row[2:]), deleted=row[1]) for row in shown]
    return Chosen(
        entities=entities,
        branches=_branches(connection, [row[0] for row in shown], entities, visible),
        next=cursors.write(entities[-1].id) if len(found) > page.limit else None,
        total=sum(total(connection, part) for part in parts) if page.count else None,
    )


def _found(connection: apsw.Connection, parts: list[Selection], page: Page) -> list[tuple[Any, ...]]:
    """The page's rows and, when more follow, one of the next: entities that are there and those that were deleted."""
    if not page.limit:
        return []
    both = replace(page, limit=page.offset + page.limit, offset=0)
    found = [
        rows(connection, part, f"e.eid, {deleted}, {COLUMNS}", both)
        for part, deleted in zip(parts, ("NULL", "e.deleted"), strict=True)
    ]
    return list(islice(merge(*found, key=itemgetter(0)), page.offset, page.offset + page.limit + 1))


def _within(query: TemporalQuery, visible: frozenset[str] | None, *, summed: bool) -> Clause:
    """The clause that an entity has an instance in the window."""
    time = TIMES.get(query.property)
    start, end = bounds(query.window)
    seen = ""
    bound: tuple[str, ...] = ()
    if visible is not None:
        seen = " AND s.attr IN (SELECT t.tid FROM json_each(?) j JOIN term t ON t.text = j.value)"
        bound = (msgspec.json.encode(sorted(visible)).decode(),)
    clauses = []
    if query.property is not TimeProperty.DELETED:
        clauses.append(
            Clause(
                "EXISTS (SELECT 1 FROM series s CROSS JOIN obs o ON o.sid = s.sid "
                f"WHERE s.eid = e.eid{seen} AND {time} >= ? AND {time} < ?)",
                (*bound, start, end),
            )
        )
    if summed and query.property is TimeProperty.OBSERVED:
        clauses.append(
            Clause(
                "EXISTS (SELECT 1 FROM series s CROSS JOIN closed_hour c ON c.sid = s.sid "
                f"WHERE s.eid = e.eid{seen} AND c.hour >= ? AND c.hour <= ?)",
                (*bound, start // HOUR, (end - 1) // HOUR),
            )
        )
    if _shows_deletions(query):
        clauses.append(
            Clause(
                "EXISTS (SELECT 1 FROM series s CROSS JOIN deletion x ON x.sid = s.sid "
                f"WHERE s.eid = e.eid{seen} AND x.at >= ? AND x.at < ?)",
                (*bound, start, end),
            )
        )
    return joined(clauses, "OR")


def _shows_deletions(query: TemporalQuery) -> bool:
    """Whether the instances that mark deletions are wanted: they have been modified and deleted, never observed."""
    if query.property is TimeProperty.OBSERVED:
        return query.window == Window() and query.last is None
    return query.property is not TimeProperty.CREATED


def _branches(
    connection: apsw.Connection, eids: list[int], entities: list[Entity], visible: frozenset[str] | None
) -> list[Branch]:
    """The series of the page's entities."""
    found = []
    for index, eid in enumerate(eids):
        found += [
            (index, *row)
            for row in connection.execute(
                "SELECT s.sid, s.attr, s.dataset, s.unit, s.method FROM series s WHERE s.eid = ?", (eid,)
            )
        ]
    names = terms_of(connection, {tid for row in found for tid in row[2:]})
    branches = []
    for index, sid, attr, dataset, unit, method in found:
        attribute = names[attr]
        if visible is None or attribute in visible:
            parts = (entities[index].id, attribute, *(names.get(tid) for tid in (dataset, unit, method)))
            branches.append(
                Branch(
                    sid=sid,
                    entity=index,
                    attribute=attribute,
                    dataset=names.get(dataset),
                    unit=names.get(unit),
                    name=series_name(*parts),
                )
            )
    return branches


Row = tuple[int, int, Any, int, int, int, str | None]
"""Time, index of the branch, value, flag, when recorded, when first recorded, stored form."""

_TIME_AND_BRANCH = itemgetter(0, 1)


def _taken(
    connection: apsw.Connection, query: TemporalQuery, branches: list[Branch], most: int
) -> tuple[list[Row], bool]:
    """The instances of the page, oldest first, and whether it is complete.

    What does not fit is cut off at one instant for all series: later ones, or with ``last`` the older ones.
    """
    newest_first = query.last is not None
    marked = _shows_deletions(query)
    # So few at a time that many series together do not fill the memory, so many that one needs to be asked once.
    few = min(max(2 * most // max(len(branches), 1), 16), query.last if query.last else most + 1)
    groups: dict[tuple[int, str, str | None], list[Iterator[Row]]] = {}
    for index, branch in enumerate(branches):
        group = groups.setdefault((branch.entity, branch.attribute, branch.dataset), [])
        group.append(_instances(connection, query, (branch.sid, index), few))
        if marked:
            group.append(_deletions(connection, query, (branch.sid, index)))
    streams = [
        islice(merge(*group, key=_TIME_AND_BRANCH, reverse=newest_first), query.last) for group in groups.values()
    ]
    taken = list(islice(merge(*streams, key=_TIME_AND_BRANCH, reverse=newest_first), most + 1))
    truncated = len(taken) > most
    if truncated:
        # An instant is shown with all its instances or not at all, so that a client can go on from there.
        cut = taken[-1][0]
        whole = [row for row in taken if row[0] != cut]
        taken = whole or taken[:most]
    if newest_first:
        taken.reverse()
    return taken, truncated


def _instances(connection: apsw.Connection, query: TemporalQuery, series: tuple[int, int], few: int) -> Iterator[Row]:
    """The rows of one series (its key and the index of its branch) within the window, in order, few at a time."""
    sid, index = series
    if query.property is TimeProperty.DELETED:
        return
    time, window = TIMES[query.property], bounds(query.window)
    start, end = window if query.property is TimeProperty.OBSERVED else (EARLIEST, LATEST)
    direction = "DESC" if query.last is not None else "ASC"
    sql = (
        f"SELECT o.at, ?, o.val, o.flag, o.recorded, {_FIRST_RECORDED}, x.body "
        "FROM obs o LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at "
        f"WHERE o.sid = ? AND o.at >= ? AND o.at < ? AND {time} >= ? AND {time} < ? ORDER BY o.at {direction} LIMIT ?"
    )
    while True:
        rows: list[Any] = connection.execute(sql, (index, sid, start, end, *window, few)).fetchall()
        yield from rows
        if len(rows) < few:
            return
        if query.last is None:
            start = rows[-1][0] + 1
        else:
            end = rows[-1][0]


def _deletions(connection: apsw.Connection, query: TemporalQuery, series: tuple[int, int]) -> Iterator[Row]:
    """Rows that mark deletions in one series (its key and the index of its branch), in order."""
    direction = "DESC" if query.last is not None else "ASC"
    sql = (
        f"SELECT at, ?, kind, {_MARKED}, at, at, NULL FROM deletion "
        f"WHERE sid = ? AND at >= ? AND at < ? ORDER BY at {direction}"
    )
    found: list[Any] = connection.execute(sql, (series[1], series[0], *bounds(query.window))).fetchall()
    return iter(found)


def _grown(entities: list[Entity], branches: list[Branch], taken: list[Row]) -> list[Entity]:
    """The entities with their histories in place of their current attributes."""
    histories: list[dict[str, list[Attribute]]] = [{} for _ in entities]
    for row in taken:
        branch = branches[row[1]]
        histories[branch.entity].setdefault(branch.attribute, []).append(_instance(branch, row))
    return [replace(entity, attributes=_frozen(grown)) for entity, grown in zip(entities, histories, strict=True)]


def _frozen(grown: dict[str, list[Attribute]]) -> Attributes:
    return {name: tuple(instances) for name, instances in grown.items()}


def _instance(branch: Branch, row: Row) -> Attribute:
    at, _, value, flag, recorded, first_recorded, body = row
    if flag == _MARKED:
        kind = Kind(value)
        return Attribute(kind=kind, value=null_of(kind), dataset=branch.dataset, created=at, modified=at, deleted=at)
    id_ = instance_id(branch.name, at)
    timed = not flag & Mark.TIME_ASSUMED
    modified = recorded if timed else at
    if body is not None:
        return replace(instance_of(body), created=first_recorded, modified=modified, quality=flag, instance=id_)
    return Attribute(
        kind=Kind.PROPERTY,
        value=value,
        dataset=branch.dataset,
        observed=at if timed else None,
        unit=branch.unit,
        created=first_recorded,
        modified=modified,
        quality=flag,
        instance=id_,
    )
