"""The common readings find their way by keys: no scan of everything, no sorting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from talwerk.core.query import Compare, Linked, OfType, Operator, Page, Query, TemporalQuery, Window
from talwerk.core.query import Path as QueryPath
from talwerk.store.sqlite import SqliteStore
from tests.contracts.cities import ALL, GAUGE, LAMP, LEVEL, NOON, StandingClock, key, levels, scope, write

Reading = Callable[[SqliteStore], object]
HIGH = Compare(QueryPath(LEVEL), Operator.GREATER, (1,))
LINKED = Linked(QueryPath(LEVEL), (GAUGE,), Linked(QueryPath(LEVEL), (), HIGH))

# What is asked for by name is sorted: that many rows and no more.
SORTED = {"USE TEMP B-TREE FOR ORDER BY"}

READINGS: dict[str, tuple[Reading, set[str]]] = {
    "by id": (lambda s: s.read(Query(ids=("urn:x:1",)), ALL), set()),
    "by id and type": (lambda s: s.read(Query(ids=("urn:x:1",), types=(GAUGE,)), ALL), set()),
    "by ids": (lambda s: s.read(Query(ids=("urn:x:1", "urn:x:2")), ALL), SORTED),
    "of a type": (lambda s: s.read(Query(types=(GAUGE,)), ALL), set()),
    "of types": (lambda s: s.read(Query(types=(GAUGE, LAMP)), ALL), set()),
    "filtered": (lambda s: s.read(Query(types=(GAUGE,), filter=HIGH), scope(OfType((GAUGE,)))), set()),
    "linked": (lambda s: s.read(Query(types=(GAUGE,), filter=LINKED), scope(OfType((GAUGE,)))), set()),
    "everything": (lambda s: s.read(Query(), ALL), {"SCAN e"}),
    "count of a type": (lambda s: s.read(Query(types=(GAUGE,), page=Page(limit=0, count=True)), ALL), set()),
    "points": (lambda s: s.points(key("urn:x:1"), Window(start=NOON), ALL, 5), SORTED),
    "hours": (lambda s: s.hours(key("urn:x:1"), Window(), ALL), SORTED),
    "series": (lambda s: s.series(ALL, "urn:x:1"), set()),
    "series of ids": (lambda s: s.series_of(Query(ids=("urn:x:1", "urn:x:2")), ALL), SORTED),
    "series of a type": (lambda s: s.series_of(Query(types=(GAUGE,), attributes=(LEVEL,)), ALL), set()),
    "series of provenances": (lambda s: s.series_of(Query(), ALL, s.provenances(ALL)), {"SCAN provenance"}),
    # Provenances are a few rows in a city of any size.
    "provenances": (lambda s: s.provenances(scope(OfType((GAUGE,)))), {"SCAN provenance"}),
    "measured": (lambda s: s.measured(ALL), {"SCAN provenance", "USE TEMP B-TREE FOR count(DISTINCT)"}),
    "history": (lambda s: s.history(TemporalQuery(entities=Query(ids=("urn:x:1",))), ALL), set()),
    "histories": (lambda s: s.history(TemporalQuery(entities=Query(types=(GAUGE,))), ALL), set()),
    # What is being erased is nothing, or a few rows for some minutes.
    "log": (lambda s: s.log(1), {"SCAN erasing"}),
    "position": (lambda s: s.position(), {"SCAN change"}),
}


@pytest.mark.parametrize("name", READINGS)
def test_readings_use_keys(tmp_path: Path, name: str) -> None:
    store = SqliteStore.open(tmp_path / "city.db", StandingClock())
    write(store, *(levels([NOON], [n], f"urn:x:{n}") for n in range(5)))
    write(store, levels([NOON], [1], "urn:y:1", dataset="urn:d:1"))
    reading, allowed = READINGS[name]
    statements: list[str] = []
    with store._readers.snapshot() as connection:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: statements.append(event["sql"]))
    reading(store)
    with store._readers.snapshot() as connection:
        connection.trace_v2(0, None)
        wanted = [sql for sql in dict.fromkeys(statements) if sql.startswith("SELECT")]
        assert wanted
        plan = {row[3] for sql in wanted for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", _nothing(sql))}
    store.close()
    # Elements of bound lists and members of one document may be looked through; p and v are single rows.
    suspicious = {line for line in plan if line.startswith(("SCAN", "USE TEMP")) and "VIRTUAL TABLE" not in line}
    assert suspicious - {"SCAN CONSTANT ROW", "SCAN p", "SCAN v"} <= allowed, plan


def _nothing(sql: str) -> tuple[None, ...]:
    """So many NULLs as the statement has parameters; the plan does not depend on them."""
    return (None,) * sql.count("?")
