"""What a store answers to a query is what ``core.match`` says, whatever the query and the data."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from talwerk.core.change import Change, Mode
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.match import Find, masked, matches, permitted, selected
from talwerk.core.query import (
    LINKS_MAX,
    And,
    Exists,
    Filter,
    HasId,
    IdMatches,
    Linked,
    Matches,
    Nothing,
    OfType,
    Or,
    Page,
    Path,
    Query,
    TemporalQuery,
)
from talwerk.core.scope import Scope
from talwerk.store import Store
from tests.contracts.cities import ALL, GAUGE, LAMP, StandingClock, everything, prop, scope, write
from tests.contracts.conftest import StoreFactory
from tests.contracts.queries import LINK, NAMES, cities, filters, link_types, masks, pointed, queries

_places = (f"random-{number}" for number in count())
_many = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _city(store_factory: StoreFactory, changes: list[Change]) -> Store:
    store = store_factory(next(_places), StandingClock(), queried=frozenset(NAMES[:2]))
    outcomes = write(store, *changes)
    assert all(outcome.fault is None for outcome in outcomes)
    return store


def _finders(there: tuple[Entity, ...], by: Scope) -> tuple[Find, Find]:
    """What finds linked entities for a predicate, and for whoever asks."""
    every = {e.id: e for e in there}
    seen = {e.id: masked(e, by.attributes) for e in there if permitted(e, by, every.get)}
    return every.get, seen.get


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
        every, seen = _finders(there, by)
        expected = [e.id for e in there if permitted(e, by, every) and selected(masked(e, mask), query, seen)]
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
        condition: Filter = data.draw(pointed(city))
        for _ in range(data.draw(st.sampled_from([0, 0, 1, 1, 2, LINKS_MAX]))):
            condition = Linked(Path(LINK), data.draw(link_types), condition)
        mask = data.draw(masks)
        predicate = data.draw(st.one_of(st.none(), pointed(city), st.just(Linked(Path(LINK), (), And(())))))
        by = scope(predicate, None if mask is None else sorted(mask))
        every, seen = _finders(there, by)
        expected = [e.id for e in there if permitted(e, by, every) and matches(masked(e, mask), condition, seen)]
        found = store.read(Query(filter=condition), by)
        assert [e.id for e in found.entities] == expected, (condition, mask)
        permitted_ids = [e.id for e in there if matches(e, condition, every)]
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
    there = everything(store)
    every, seen = _finders(there, by)
    expected = [e.id for e in there if permitted(e, by, every) and selected(e, query, seen)]
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


def _pointing(id_: str, *objects: str, kind: str = GAUGE) -> Change:
    attributes: Attributes = {NAMES[0]: (prop(id_),)}
    if objects:
        attributes[LINK] = (Attribute(kind=Kind.RELATIONSHIP, value=list(objects)),)
    return Change(mode=Mode.CREATE, entity=Entity(id=id_, types=(kind,), attributes=attributes))


def _to(item: Filter, *types: str) -> Linked:
    return Linked(Path(LINK), types, item)


def _chain(length: int) -> Filter:
    tree: Filter = And(())
    for _ in range(length):
        tree = _to(tree)
    return tree


def test_links_lead_to_what_is_there_now(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    write(store, _pointing("urn:e:0", "urn:e:1", "urn:e:2"), _pointing("urn:e:1", kind=LAMP))
    lamp = Query(filter=_to(OfType((LAMP,))))

    def found(query: Query = lamp) -> list[str]:
        return [e.id for e in store.read(query, ALL).entities]

    def remembered() -> list[str]:
        return [e.id for e in store.history(TemporalQuery(entities=lamp), ALL).entities]

    assert found() == found(Query(filter=_to(And(()), LAMP))) == remembered() == ["urn:e:0"]
    write(store, Change(mode=Mode.DELETE, entity=Entity(id="urn:e:0", types=())))
    # Whoever was deleted is asked by its last state; what it pointed at has to be there still.
    assert found() == []
    assert remembered() == ["urn:e:0"]
    write(store, Change(mode=Mode.DELETE, entity=Entity(id="urn:e:1", types=())))
    assert remembered() == []


def test_links_show_nothing_that_may_not_be_seen(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    write(store, _pointing("urn:e:0", "urn:e:1"), _pointing("urn:e:1", "urn:e:2"), _pointing("urn:e:2"))
    named, there = _to(Exists(Path(NAMES[0]))), _to(And(()))

    def found(condition: Filter, by: Scope) -> list[str]:
        return [e.id for e in store.read(Query(filter=condition, page=Page(count=True)), by).entities]

    assert found(named, scope()) == ["urn:e:0", "urn:e:1"]
    assert found(named, scope(IdMatches("[01]$"))) == ["urn:e:0"]
    assert found(_to(there), scope(HasId(("urn:e:0", "urn:e:2")))) == []
    assert found(there, scope(attributes=[LINK])) == ["urn:e:0", "urn:e:1"]
    assert found(named, scope(attributes=[LINK])) == []
    assert found(there, scope(attributes=[NAMES[0]])) == []
    # A predicate looks at everything: it says who may be seen, and is not bound by that.
    assert found(And(()), scope(_to(HasId(("urn:e:2",))), [NAMES[0]])) == ["urn:e:1"]
    store.close()


def test_a_predicate_with_links_holds_for_writes(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    write(store, _pointing("urn:e:1", kind=LAMP), _pointing("urn:e:2"))
    by = scope(_to(OfType((LAMP,))))
    outcomes = write(store, _pointing("urn:e:3", "urn:e:1"), _pointing("urn:e:4", "urn:e:2", "urn:e:9"), by=by)
    assert [outcome.fault for outcome in outcomes] == [None, Fault.FORBIDDEN]


def test_links_are_bounded(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    write(store, _pointing("urn:e:0", "urn:e:0"))
    assert len(store.read(Query(filter=_chain(LINKS_MAX)), scope(_chain(LINKS_MAX))).entities) == 1
    deep: Filter = _chain(LINKS_MAX)
    for _ in range(90):
        deep = And((deep,))
    assert len(store.read(Query(filter=deep), scope(deep)).entities) == 1
    wide, many = Or((Nothing(),) * 400), Or((_to(And(())),) * 3)
    assert store.read(Query(filter=Or((_to(And(())),) * 400)), scope()).entities
    for condition, by in (
        (_chain(LINKS_MAX + 1), scope()),
        (And(()), scope(_chain(LINKS_MAX + 1))),
        (many, scope(wide)),
    ):
        with pytest.raises(DomainError) as refused:
            store.read(Query(filter=condition), by)
        assert refused.value.fault is Fault.TOO_COMPLEX


def test_patterns_are_asked_of_texts_alone(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    street = Attribute(kind=Kind.LANGUAGE_PROPERTY, value={"fr": None, "nl": [3, None, "Markt"], "de": {"a": "b"}})
    entity = Entity(id="urn:e:0", types=(GAUGE,), attributes={NAMES[0]: (street,)})
    write(store, Change(mode=Mode.CREATE, entity=entity))
    for pattern, expected in (("Mark", 1), ("b", 0), ("^$", 0), (".", 1)):
        assert len(store.read(Query(filter=Matches(Path(NAMES[0]), pattern)), ALL).entities) == expected
        unlike = Matches(Path(NAMES[0]), pattern, negated=True)
        assert len(store.read(Query(filter=unlike), ALL).entities) == 1 - expected
