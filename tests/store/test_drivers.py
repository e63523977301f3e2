"""Where few entities fulfil a condition, an index leads the way to them; where many do, nothing is sorted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from talwerk.core.change import Change, Mode
from talwerk.core.entity import Attribute, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock, format_instant
from talwerk.core.query import And, Compare, Filter, Located, Moment, Operator, Or, Query, Range, Relation
from talwerk.core.query import Path as QueryPath
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite import drivers as drivers_module
from tests.contracts.cities import (
    ALL,
    GAUGE,
    LEVEL,
    NAME,
    NOON,
    PLACE,
    StandingClock,
    change,
    entity,
    prop,
    scope,
    write,
)

QUERIED = frozenset({LEVEL})


def place(longitude: float) -> Attribute:
    return Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [longitude, 51.0]})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Fifty gauges with levels 0 to 49, a thousandth of a degree apart."""
    store = SqliteStore.open(tmp_path / "city.db", StandingClock(), limits=Limits(queried=QUERIED))
    write(
        store,
        *(
            change(Mode.CREATE, f"urn:x:{n}", level=prop(n), name=prop(f"n{n}"), place=place(7 + n / 1_000))
            for n in range(50)
        ),
    )
    yield store
    store.close()


def near(max_m: float) -> Located:
    return Located(PLACE, Relation.NEAR, json.dumps({"type": "Point", "coordinates": [7, 51]}), max_m=max_m)


LEVEL_IS_7 = Compare(QueryPath(LEVEL), Operator.EQUAL, (7,))


def explained(store: SqliteStore, condition: Filter) -> tuple[list[str], str]:
    """The ids that are found, and the plan of the statement that found them."""
    statements: list[str] = []
    with store._readers.snapshot() as connection:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: statements.append(event["sql"]))
    found = store.read(Query(types=(GAUGE,), filter=condition), ALL)
    with store._readers.snapshot() as connection:
        connection.trace_v2(0, None)
        (sql,) = {sql for sql in statements if "ORDER BY" in sql}
        bound = (None,) * sql.count("?")
        plan = "\n".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bound))
    return [e.id for e in found.entities], plan


VALUES = "SEARCH x USING PRIMARY KEY (attr=?"
BOXES = "SCAN b VIRTUAL TABLE INDEX"


@pytest.mark.parametrize(
    "condition, index, numbers",
    [
        (LEVEL_IS_7, VALUES, [7]),
        (Compare(QueryPath(LEVEL), Operator.GREATER, (47,)), VALUES, [48, 49]),
        (Compare(QueryPath(LEVEL), Operator.EQUAL, (Range(3, 4), 6.0)), VALUES, [3, 4, 6]),
        (And((Compare(QueryPath(NAME), Operator.EQUAL, ("n7",)), LEVEL_IS_7)), VALUES, [7]),
        (near(150), BOXES, [0, 1, 2]),
        (And((near(150), Compare(QueryPath(NAME), Operator.EQUAL, ("n1",)))), BOXES, [1]),
    ],
)
def test_an_index_leads(store: SqliteStore, condition: Filter, index: str, numbers: list[int]) -> None:
    found, plan = explained(store, condition)
    assert found == [f"urn:x:{n}" for n in numbers]
    assert index in plan, plan
    assert "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)" in plan, plan
    assert "TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize(
    "condition",
    [
        Compare(QueryPath(NAME), Operator.EQUAL, ("n7",)),
        Compare(QueryPath(LEVEL), Operator.UNEQUAL, (7,)),
        Or((LEVEL_IS_7, near(1))),
    ],
)
def test_without_an_index_every_entity_is_asked(store: SqliteStore, condition: Filter) -> None:
    found, plan = explained(store, condition)
    assert found
    assert VALUES not in plan
    assert BOXES not in plan


def test_what_many_fulfil_needs_no_index(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers_module, "RARE", 3)
    assert VALUES not in explained(store, Compare(QueryPath(LEVEL), Operator.LESS, (40,)))[1]
    assert VALUES in explained(store, LEVEL_IS_7)[1]


def test_an_index_follows_every_change(store: SqliteStore) -> None:
    write(store, change(Mode.REPLACE, "urn:x:7", level=prop("7"), place=place(9)))
    write(store, change(Mode.REPLACE, "urn:x:0", level=prop([7, format_instant(NOON)])))
    assert explained(store, LEVEL_IS_7)[0] == ["urn:x:0"]
    assert explained(store, Compare(QueryPath(LEVEL), Operator.EQUAL, (Moment(NOON),)))[0] == ["urn:x:0"]
    assert explained(store, near(150))[0] == ["urn:x:1", "urn:x:2"]
    write(store, Change(mode=Mode.DELETE, entity=entity("urn:x:1", types=())))
    assert explained(store, near(150))[0] == ["urn:x:2"]
    with store._readers.snapshot() as connection:
        tables = ("geo", "geo_box")
        counts = {connection.execute(f"SELECT count(*) FROM {table}").get for table in tables}
    assert counts == {48}


def test_what_may_not_be_seen_leads_nobody(store: SqliteStore) -> None:
    blind = scope(attributes=[NAME])
    assert not store.read(Query(filter=LEVEL_IS_7), blind).entities
    assert not store.read(Query(filter=near(1e6)), blind).entities


def test_other_attributes_may_be_declared_later(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    for queried in (frozenset[str](), QUERIED, frozenset({NAME}), QUERIED | {NAME}):
        store = SqliteStore.open(path, StandingClock(), limits=Limits(queried=queried))
        if not queried:
            write(store, *(change(Mode.CREATE, f"urn:x:{n}", level=prop(n), name=prop(f"n{n}")) for n in range(9)))
        by_name = Compare(QueryPath(NAME), Operator.EQUAL, ("n7",))
        for attribute, condition in ((LEVEL, LEVEL_IS_7), (NAME, by_name)):
            found, plan = explained(store, condition)
            assert found == ["urn:x:7"]
            assert (VALUES in plan) is (attribute in queried)
        store.close()


class HurryingClock(SystemClock):
    """Each look at it finds a second gone, however fast the machine is."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic_s(self) -> float:
        self._seconds += 1
        return self._seconds


def test_a_scan_beyond_its_budget_is_refused(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "city.db", HurryingClock(), limits=Limits(queried=QUERIED, budget_s=2.5))
    write(store, *(change(Mode.CREATE, f"urn:x:{n}", level=prop(n), name=prop("x" * 200)) for n in range(5_000)))
    with pytest.raises(DomainError) as refused:
        store.read(Query(filter=Compare(QueryPath(NAME), Operator.EQUAL, ("y",))), ALL)
    assert refused.value.fault is Fault.TOO_COMPLEX
    assert len(store.read(Query(filter=LEVEL_IS_7), ALL).entities) == 1
    store.close()
