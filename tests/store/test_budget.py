"""A query that takes too long ends, whatever makes it slow."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from talwerk.core.change import Change, Mode
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock
from talwerk.core.query import And, Compare, Filter, Moment, Operator, Or, Page, Query
from talwerk.core.query import Path as QueryPath
from talwerk.store.sqlite import Limits, SqliteStore
from tests.contracts.cities import ALL, GAUGE, LEVEL, NOON, change, entity, levels, prop, write

BUDGET_S = 0.1
LATER = Compare(QueryPath(LEVEL), Operator.GREATER, (Moment(NOON),))

SLOW: dict[str, Filter] = {
    "texts that could be times": LATER,
    "a hundred conditions": Or(tuple(Compare(QueryPath(LEVEL), Operator.EQUAL, (f"x{n}",)) for n in range(100))),
    "hundreds of operands": Compare(QueryPath(LEVEL), Operator.UNEQUAL, tuple(f"x{n}" for n in range(900))),
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city with few but long lists."""
    path = tmp_path_factory.mktemp("slow") / "city.db"
    store = SqliteStore.open(path, SystemClock())
    for n in range(300):
        long = [f"not a time {n} {number}" for number in range(2_000)]
        write(store, change(Mode.UPDATE, f"urn:x:{n}", level=prop(long)))
    store.close()
    return path


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_query_ends_in_time(city: Path, name: str) -> None:
    store = SqliteStore.open(city, SystemClock(), readonly=True, limits=Limits(budget_s=BUDGET_S))
    begun = time.monotonic()
    with pytest.raises(DomainError) as ended:
        store.read(Query(filter=SLOW[name], page=Page(limit=0, count=True)), ALL)
    assert ended.value.fault is Fault.TOO_COMPLEX
    assert time.monotonic() - begun < 10 * BUDGET_S
    # The connection serves the next one as ever.
    assert len(store.read(Query(), ALL).entities) == 20
    store.close()


def _deep(levels_: int) -> Filter:
    tree: Filter = LATER
    for _ in range(levels_):
        tree = And((tree,))
    return tree


@pytest.mark.parametrize("tree", [_deep(101), _deep(20_000), Or((LATER,) * 501)], ids=["deep", "deeper", "wide"])
def test_absurd_trees_are_refused(tmp_path: Path, tree: Filter) -> None:
    store = SqliteStore.open(tmp_path / "city.db", SystemClock())
    with pytest.raises(DomainError) as refused:
        store.read(Query(filter=tree), ALL)
    assert refused.value.fault is Fault.TOO_COMPLEX
    store.close()


@pytest.mark.parametrize("tree", [_deep(100), Or((LATER,) * 499)], ids=["deep", "wide"])
def test_large_trees_are_answered(tmp_path: Path, tree: Filter) -> None:
    store = SqliteStore.open(tmp_path / "city.db", SystemClock())
    write(store, levels([NOON], ["2027-01-01T00:00:00Z"]), Change(mode=Mode.CREATE, entity=entity("urn:x:2")))
    assert [e.types for e in store.read(Query(filter=tree), ALL).entities] == [(GAUGE,)]
    store.close()


def test_many_ids_and_types_are_answered(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "city.db", SystemClock())
    write(store, levels([NOON], [1]))
    ids = tuple(f"urn:x:{n}" for n in range(50_000))
    assert store.read(Query(ids=ids), ALL).entities == ()
    types = (GAUGE, *(f"urn:t:{n}" for n in range(50_000)))
    assert len(store.read(Query(types=types), ALL).entities) == 1
    store.close()
