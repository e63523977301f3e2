"""What every store says of series in a large city: page by page, where they come from, how many are measured."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from talwerk.core.change import Mode, Provenance, Target
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import DAY, HOUR
from talwerk.core.query import Filter, HasId, Nothing, OfType, Page, Query
from talwerk.core.scope import Scope
from talwerk.core.series import Measured, Series
from talwerk.store import Store
from tests.contracts.cities import (
    ALL,
    GAUGE,
    LAMP,
    LEVEL,
    NAME,
    NOON,
    StandingClock,
    change,
    levels,
    prop,
    scope,
    write,
)
from tests.contracts.conftest import StoreFactory
from tests.contracts.naive import ATTRIBUTES, IDS, Act
from tests.contracts.test_store_changes import acts, change_of

BOARD = Provenance(source="board", method="mean", cadence_s=900)
CLUB = Provenance(source="club")
ONE, TWO, THREE = (f"urn:ngsi-ld:Gauge:{number}" for number in (1, 2, 3))

_places = (f"series-{number}" for number in count())


@pytest.fixture
def store(store_factory: StoreFactory, place: str) -> Store:
    return store_factory(place, StandingClock())


def walked(
    store: Store, by: Scope = ALL, limit: int = 1, provenances: tuple[Provenance, ...] | None = None, **asked: object
) -> list[Series]:
    """All series of a question, page by page."""
    found: list[Series] = []
    after: str | None = None
    while True:
        page = store.series_of(Query(page=Page(limit=limit, after=after), **asked), by, provenances)  # type: ignore[arg-type]
        assert len({one.entity for one in page.series}) <= limit
        found += page.series
        after = page.next
        if after is None:
            return found


def ordered(found: list[Series]) -> list[Series]:
    return sorted(found, key=lambda s: (s.entity, s.attribute, s.dataset or "", s.opened))


def test_an_empty_city_has_no_series(store: Store) -> None:
    assert store.provenances(ALL) == ()
    assert store.measured(ALL) == Measured(series=0, entities=0)
    assert store.series_of(Query(), ALL).series == ()
    assert store.series_of(Query(), ALL, (BOARD,)).series == ()


def test_series_come_by_entities_types_attributes_and_provenances(store: Store) -> None:
    write(store, levels([NOON], [1], ONE, provenance=BOARD), levels([NOON], [1], TWO, provenance=CLUB))
    lamp = change(Mode.CREATE, THREE, CLUB, level=prop(3, NOON), name=prop("Lamp"))
    write(store, replace(lamp, entity=replace(lamp.entity, types=(LAMP,))))
    assert [(s.entity, s.attribute) for s in walked(store)] == [
        (ONE, LEVEL),
        (TWO, LEVEL),
        (THREE, LEVEL),
        (THREE, NAME),
    ]
    assert {s.entity for s in walked(store, ids=(ONE, THREE))} == {ONE, THREE}
    assert {s.entity for s in walked(store, types=(GAUGE,))} == {ONE, TWO}
    assert [s.entity for s in walked(store, attributes=(NAME,))] == [THREE]
    assert {s.entity for s in walked(store, provenances=(CLUB,))} == {TWO, THREE}
    assert [s.entity for s in walked(store, provenances=(CLUB,), types=(LAMP,), attributes=(LEVEL,))] == [THREE]
    assert [s.entity for s in walked(store, provenances=(CLUB, BOARD), ids=(ONE,))] == [ONE]
    assert walked(store, provenances=(Provenance(source="board"),)) == []
    assert walked(store, provenances=()) == []
    assert store.provenances(ALL) == (BOARD, CLUB)


def test_an_entity_without_fitting_series_is_on_no_page_of_a_provenance(store: Store) -> None:
    write(store, *(levels([NOON], [1], f"urn:x:{n}", provenance=CLUB) for n in range(9)))
    write(store, levels([NOON], [1], ONE, provenance=BOARD))
    page = store.series_of(Query(page=Page(limit=1)), ALL, (BOARD,))
    assert [s.entity for s in page.series] == [ONE]
    assert page.next is None


def test_measurements_have_a_unit_or_a_time_of_observation(store: Store) -> None:
    assert_measured(store, Measured(series=0, entities=0))
    write(store, change(Mode.CREATE, ONE, name=prop("Bridge", NOON), level=prop(5)))
    assert_measured(store, Measured(series=0, entities=0))
    write(store, change(Mode.UPDATE, ONE, level=prop(True, NOON)))
    assert_measured(store, Measured(series=0, entities=0))
    write(store, change(Mode.UPDATE, ONE, level=prop(6, NOON)))
    assert_measured(store, Measured(series=1, entities=1))
    write(
        store, change(Mode.CREATE, TWO, level=prop(5, unit="CMT"), name=(prop("a"), prop(1, NOON, dataset="urn:d:1")))
    )
    assert_measured(store, Measured(series=3, entities=2))
    write(store, levels([NOON], ["text"], THREE))
    assert_measured(store, Measured(series=3, entities=2))
    write(store, levels([NOON + 1, NOON + 2], ["text", 2], THREE))
    assert_measured(store, Measured(series=4, entities=3))


def assert_measured(store: Store, expected: Measured) -> None:
    assert store.measured(ALL) == expected
    assert expected.series == sum(s.measured for s in store.series(ALL))


def test_another_unit_or_provenance_does_not_count_twice(store: Store) -> None:
    write(store, levels([NOON - 2 * HOUR], [1], ONE, unit="MTR", provenance=BOARD))
    write(store, levels([NOON - HOUR], [100], ONE, unit="CMT", provenance=BOARD))
    assert store.measured(ALL) == Measured(series=1, entities=1)
    write(store, levels([NOON], [100], ONE, unit="CMT", provenance=replace(BOARD, cadence_s=60)))
    assert store.measured(ALL) == Measured(series=1, entities=1)
    assert store.provenances(ALL) == (replace(BOARD, cadence_s=60),)
    write(store, change(Mode.UPDATE, ONE, CLUB, name=prop(3, NOON)))
    assert store.measured(ALL) == Measured(series=2, entities=1)
    assert store.measured(ALL, ("club",)) == Measured(series=1, entities=1)
    assert store.measured(ALL, ["club", "board"]) == Measured(series=0, entities=0)


def test_what_is_deleted_does_not_count_until_it_comes_back(store: Store) -> None:
    write(store, levels([NOON], [1], ONE, provenance=BOARD), levels([NOON], [1], TWO, provenance=CLUB))
    write(store, change(Mode.DELETE, ONE))
    assert store.measured(ALL) == Measured(series=1, entities=1)
    assert store.provenances(ALL) == (CLUB,)
    write(store, replace(change(Mode.ERASE_ATTRIBUTES, ONE), targets=(Target(attribute=NAME),)))
    write(store, change(Mode.CREATE, ONE, BOARD, name=prop("again")))
    assert store.measured(ALL) == Measured(series=2, entities=2)
    assert store.provenances(ALL) == (BOARD, CLUB)
    write(store, replace(change(Mode.ERASE_ATTRIBUTES, ONE), targets=(Target(attribute=LEVEL),)))
    assert store.measured(ALL) == Measured(series=1, entities=1)
    write(store, change(Mode.DELETE, TWO))
    write(store, change(Mode.ERASE, TWO))
    assert store.measured(ALL) == Measured(series=0, entities=0)
    assert store.provenances(ALL) == (BOARD,)


def test_a_scope_hides_series_of_every_question(store: Store) -> None:
    write(store, change(Mode.CREATE, ONE, BOARD, level=prop(1, NOON)))
    write(store, change(Mode.CREATE, TWO, CLUB, level=prop(2, NOON - DAY), name=prop(3, NOON)))
    seen: dict[Filter, tuple[tuple[Provenance, ...], Measured]] = {
        Nothing(): ((), Measured(series=0, entities=0)),
        HasId((TWO,)): ((CLUB,), Measured(series=2, entities=1)),
        OfType((GAUGE,)): ((BOARD, CLUB), Measured(series=3, entities=2)),
    }
    for predicate, (provenances, measured) in seen.items():
        by = scope(predicate)
        assert store.provenances(by) == provenances
        assert store.measured(by) == measured
        assert ordered(walked(store, by)) == list(store.series(by))
    masked = scope(HasId((ONE, TWO)), [NAME])
    assert store.provenances(masked) == (CLUB,)
    assert store.measured(masked) == Measured(series=1, entities=1)
    assert [s.attribute for s in walked(store, masked)] == [NAME]
    assert walked(store, masked, attributes=(LEVEL,)) == []


def test_pages_that_cannot_be_are_refused(store: Store) -> None:
    for page in (Page(limit=1_001), Page(after="no cursor")):
        with pytest.raises(DomainError) as refused:
            store.series_of(Query(page=page), ALL)
        assert refused.value.fault is Fault.INVALID_REQUEST


@given(
    steps=st.lists(
        st.tuples(acts(), st.sampled_from((BOARD, CLUB)), st.sampled_from((None, "CMT", "MTR"))), max_size=12
    )
)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_any_changes_the_counts_are_those_of_the_series(
    store_factory: StoreFactory, steps: list[tuple[Act, Provenance, str | None]]
) -> None:
    clock = StandingClock()
    store = store_factory(next(_places), clock)
    for act, provenance, unit in steps:
        clock.pass_hours(1)
        made = change_of(act, store)
        attributes = {
            name: tuple(replace(instance, unit=unit) for instance in given_)
            for name, given_ in made.entity.attributes.items()
        }
        made = replace(made, provenance=provenance, entity=replace(made.entity, attributes=attributes))
        write(store, made)
        for by in (ALL, scope(HasId(IDS[:2])), scope(attributes=ATTRIBUTES[:1])):
            series = store.series(by)
            current = [s for s in series if s.closed is None]
            places = {s.entity for s in current if s.measured}
            assert store.measured(by) == Measured(series=sum(s.measured for s in current), entities=len(places))
            assert set(store.provenances(by)) == {s.provenance for s in current}
            assert ordered(walked(store, by, 2)) == list(series)
            from_board = [s for s in current if s.provenance == BOARD]
            assert ordered(walked(store, by, 2, (BOARD,))) == from_board
