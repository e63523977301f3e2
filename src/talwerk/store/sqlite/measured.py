"""Where a city's series come from, and how many are measured: read from the table of entities by provenance."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import apsw
import msgspec

from talwerk.core.change import Provenance
from talwerk.core.scope import Scope
from talwerk.core.series import Measured

from .compiler import ALWAYS, Clause, condition, joined
from .terms import known_tids

DECODER = msgspec.json.Decoder(Provenance)


def pids_of(connection: apsw.Connection, provenances: Collection[Provenance]) -> list[int]:
    """The numbers of those provenances that the store knows."""
    return [pid for pid, known in _known(connection) if known in provenances]


def provenances(connection: apsw.Connection, scope: Scope) -> tuple[Provenance, ...]:
    """See ``Store.provenances``."""
    seen = _seen(connection, scope)
    sql = f"SELECT 1 FROM {seen.tables} WHERE r.pid = ? AND {seen.where.sql} LIMIT 1"
    return tuple(known for pid, known in _known(connection) if connection.execute(sql, (pid, *seen.where.bound)).get)


def measured(connection: apsw.Connection, scope: Scope, without: Collection[str]) -> Measured:
    """See ``Store.measured``."""
    pids = [pid for pid, known in _known(connection) if known.source not in without]
    seen = _seen(connection, scope)
    marks = ", ".join("?" * len(pids))
    counts: list[Any] = connection.execute(
        f"SELECT coalesce(sum({seen.counted}.measured), 0), count(DISTINCT r.eid) FROM {seen.tables} "
        f"WHERE r.pid IN ({marks}) AND {seen.counted}.measured AND {seen.where.sql}",
        (*pids, *seen.where.bound),
    ).fetchall()
    ((series, entities),) = counts
    return Measured(series=series, entities=entities)


class _Seen(NamedTuple):
    """What of the table ``provenance_entity r`` somebody sees.

    Attributes:
        tables: what follows FROM.
        where: the condition.
        counted: the table whose rows tell what is measured: single series where not all may be seen.
    """

    tables: str
    where: Clause
    counted: str


def _seen(connection: apsw.Connection, scope: Scope) -> _Seen:
    tables, clauses, counted = "provenance_entity r", [ALWAYS], "r"
    if scope.predicate is not None:
        tables += " CROSS JOIN entity e ON e.eid = r.eid CROSS JOIN doc d ON d.eid = r.eid"
        clauses.append(condition(scope.predicate))
    if scope.attributes is not None:
        tids = known_tids(connection, scope.attributes)
        marks = ", ".join("?" * len(tids))
        tables += " CROSS JOIN series s ON s.eid = r.eid"
        clauses.append(Clause(f"s.pid = r.pid AND s.closed IS NULL AND s.attr IN ({marks})", tuple(tids)))
        counted = "s"
    return _Seen(tables, joined(clauses), counted)


def _known(connection: apsw.Connection) -> list[tuple[int, Provenance]]:
    """All provenances with their numbers; a city has as many as it has sources and methods."""
    rows: list[Any] = connection.execute("SELECT pid, body FROM provenance ORDER BY pid").fetchall()
    return [(pid, DECODER.decode(body)) for pid, body in rows]
