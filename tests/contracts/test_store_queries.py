"""What a store answers to a query is what ``core.match`` says, whatever the query and the data."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from talwerk.core.change import Change
from talwerk.core.match import masked, matches, permitted, selected
from talwerk.core.query import Filter, Page, Query
from talwerk.store import Store
from tests.contracts.cities import StandingClock, everything, scope, write
from tests.contracts.conftest import StoreFactory
from tests.contracts.queries import NAMES, cities, filters, masks, pointed, queries

_places = (f"random-{number}" for number in count())
_many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _city(store_factory: StoreFactory, changes: list[Change]) -> Store:
    store = store_factory(next(_places), StandingClock(), queried=frozenset(NAMES[:2]))
    outcomes = write(store, *changes)
    assert all(outcome.fault is None for outcome in outcomes)
    return store


@_many
@given(
    city=cities(),
    asked=st.lists(st.tuples(queries, st.one_of(st.none(), filters), masks), min_size=5, max_size=15),
)
def test_a_query_finds_what_core_match_selects(
    store_factory: StoreFactory, city: list[Change], asked: list[tuple[Query, Filter | None, frozenset[str] | None]]
) -> None:
    store = _city(store_factory, city)
    there = everything(store)
    for query, predicate, mask in asked:
        by = scope(predicate, None if mask is None else sorted(mask))
        expected = [e.id for e in there if permitted(e, by) and selected(masked(e, mask), query)]
        page = store.read(replace(query, page=Page(limit=100, count=True)), by)
        assert [e.id for e in page.entities] == expected, (query, by)
        assert page.total == len(expected)
        assert page.next is None
        assert all(e == masked(there[int(e.id[6:])], mask) for e in page.entities)
    store.close()


def _agrees_where_it_decides(store_factory: StoreFactory, data: st.DataObject) -> None:
    city = data.draw(cities())
    store = _city(store_factory, city)
    there = everything(store)
    for _ in range(8):
        condition = data.draw(pointed(city))
        mask = data.draw(masks)
        expected = [e.id for e in there if matches(masked(e, mask), condition)]
        found = store.read(Query(filter=condition), scope(attributes=None if mask is None else sorted(mask)))
        assert [e.id for e in found.entities] == expected, (condition, mask)
        permitted_ids = [e.id for e in there if matches(e, condition)]
        assert [e.id for e in everything(store, scope(condition))] == permitted_ids, condition
    store.close()


@_many
@given(data=st.data())
def test_a_condition_on_what_is_there_decides_like_core_match(store_factory: StoreFactory, data: st.DataObject) -> None:
    _agrees_where_it_decides(store_factory, data)


@pytest.mark.long
@pytest.mark.timeout(1_200)
@settings(_many, max_examples=5_000)
@given(data=st.data())
def test_many_conditions_decide_like_core_match(store_factory: StoreFactory, data: st.DataObject) -> None:
    _agrees_where_it_decides(store_factory, data)


@_many
@given(city=cities(), query=queries, predicate=st.one_of(st.none(), filters), limit=st.integers(1, 3))
def test_pages_show_every_entity_once(
    store_factory: StoreFactory, city: list[Change], query: Query, predicate: Filter | None, limit: int
) -> None:
    store, by = _city(store_factory, city), scope(predicate)
    expected = [e.id for e in everything(store) if permitted(e, by) and selected(e, query)]
    walked, after, steps = [], None, 0
    while after is not None or not steps:
        page = store.read(replace(query, page=Page(limit=limit, after=after, count=True)), by)
        assert page.total == len(expected)
        walked += [e.id for e in page.entities]
        after, steps = page.next, steps + 1
    assert walked == expected
    assert steps == max(1, -(-len(expected) // limit))
    offsets = range(0, len(expected) + limit, limit)
    pages = [store.read(replace(query, page=Page(limit=limit, offset=offset)), by) for offset in offsets]
    assert [e.id for page in pages for e in page.entities] == expected
    store.close()
