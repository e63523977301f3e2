"""Any sequence of changes leaves every store like the naive model: state, history, deletions, sums, outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talwerk.core.change import Change, Done, Fragment, Mode, Outcome, Target
from talwerk.core.entity import NULL, Attribute, Entity, Kind
from talwerk.core.instants import HOUR, MINUTE
from talwerk.core.merge import BEGINNING
from talwerk.core.query import Page, Query, TemporalQuery, TimeProperty, Window
from talwerk.store import Store
from tests.contracts.cities import ALL, GAUGE, NOON, StandingClock, everything, key, prop, write
from tests.contracts.conftest import StoreFactory
from tests.contracts.naive import IDS, OBSERVED, SLOTS, Act, Given, NaiveCity, Slot
from tests.contracts.sums import recomputed, same_sums

START = NOON - 100 * HOUR
"""The model's time 0; its hours are few, so that values of one hour meet, and the times of changes are beyond them."""

_places = (f"changes-{number}" for number in count())
slots = st.sampled_from(SLOTS)
times = st.sampled_from(sorted(OBSERVED))
values = st.integers(0, 3)


def given_values(*, removing: bool) -> st.SearchStrategy[Given]:
    value = st.one_of(st.none(), values) if removing else values
    return st.dictionaries(slots, st.tuples(value, st.one_of(st.none(), times)), max_size=3)


@st.composite
def acts(draw: st.DrawFn) -> Act:
    mode = draw(st.sampled_from([mode for mode in Mode if mode is not Mode.REVISE]))
    removing = mode in {Mode.PATCH, Mode.MERGE, Mode.PARTIAL}
    takes = mode in {*BEGINNING, Mode.PATCH, Mode.MERGE, Mode.PARTIAL}
    return Act(
        mode,
        draw(st.sampled_from(IDS)),
        draw(given_values(removing=removing)) if takes else {},
        tuple(draw(st.sets(slots, min_size=1, max_size=2))) if not takes else (),
        draw(st.booleans()) and mode is not Mode.CREATE and mode in BEGINNING,
        mode is not Mode.UPDATE or draw(st.booleans()),
        draw(times),
    )


def change_of(act: Act, store: Store) -> Change:
    """The change that the store is asked for."""
    attributes: dict[str, tuple[Attribute, ...]] = {}
    fragments: dict[str, tuple[Fragment, ...]] = {}
    for (attribute, dataset), (value, time) in act.given.items():
        observed = None if time is None else START + time * 30 * MINUTE
        shown = NULL if value is None else value
        if act.mode in {Mode.MERGE, Mode.PARTIAL}:
            fragment = Fragment(kind=Kind.PROPERTY, value=shown, dataset=dataset)
            if observed is not None:
                fragment = Fragment(kind=Kind.PROPERTY, value=shown, dataset=dataset, observed=observed)
            fragments[attribute] = (*fragments.get(attribute, ()), fragment)
        else:
            attributes[attribute] = (*attributes.get(attribute, ()), prop(shown, observed, dataset=dataset))
    types = (GAUGE,) if act.mode in BEGINNING else ()
    return Change(
        mode=act.mode,
        entity=Entity(id=act.id, types=types, attributes=attributes),
        existing=act.existing,
        overwrite=act.overwrite,
        fragments=fragments,
        targets=tuple(target_of(act, slot, store) for slot in act.slots),
    )


def target_of(act: Act, slot: Slot, store: Store) -> Target:
    if act.mode is not Mode.ERASE_INSTANCES:
        return Target(attribute=slot[0], dataset=slot[1])
    observed = START + act.at * 30 * MINUTE
    found = [i.instance for i in instances(store, act.id, slot) if i.observed == observed]
    return Target(attribute=slot[0], dataset=slot[1], instance=found[0] if found else "urn:ngsi-ld:Instance:none:0")


def instances(store: Store, id_: str, slot: Slot, about: TimeProperty = TimeProperty.CREATED) -> Iterator[Attribute]:
    page = store.history(TemporalQuery(entities=Query(ids=(id_,)), property=about), ALL)
    for entity in page.entities:
        yield from (i for i in entity.attributes.get(slot[0], ()) if i.dataset == slot[1])


def compare(store: Store, city: NaiveCity, clock: StandingClock, first: int) -> None:
    """Everything that can be read is what the model holds."""

    def real(time: int) -> int:
        return START + time * 30 * MINUTE if time in OBSERVED else first + time * HOUR

    there = {entity.id: entity for entity in everything(store)}
    assert set(there) == set(city.current)
    for id_, entity in there.items():
        held = {(name, i.dataset): i for name, given_ in entity.attributes.items() for i in given_}
        expected = {slot: (value, real(time)) for slot, (value, time) in city.current[id_].items()}
        assert {s: (i.value, i.modified if i.observed is None else i.observed) for s, i in held.items()} == expected
    page = store.history(TemporalQuery(entities=Query(types=(GAUGE,), page=Page(count=True))), ALL)
    told = {e.id: e.deleted is not None for e in page.entities}
    seen = {id_ for (id_, _), kept in [*city.history.items(), *city.deletions.items()] if kept}
    assert set(told) == seen & {*city.current, *city.former}
    assert {id_ for id_, deleted in told.items() if deleted} == city.former & seen
    for id_ in IDS:
        for slot in SLOTS:
            kept = {real(time): value for time, value in city.history.get((id_, slot), {}).items()}
            found = list(instances(store, id_, slot))
            assert [(i.modified if i.observed is None else i.observed, i.value) for i in found] == sorted(kept.items())
            marks = [i.deleted for i in instances(store, id_, slot, TimeProperty.DELETED)]
            assert marks == sorted(real(time) for time in city.deletions.get((id_, slot), ()))
            if id_ in city.current:
                _compare_sums(store, id_, slot, kept)


def _compare_sums(store: Store, id_: str, slot: Slot, kept: dict[int, Any]) -> None:
    named = key(id_, *slot)
    assert dict(zip(*_columns(store.points(named, Window(), ALL)), strict=True)) == kept
    sums = recomputed((at, value, 2) for at, value in kept.items())
    buckets = store.hours(named, Window(), ALL)
    assert [bucket.start for bucket in buckets] == sorted(sums)
    assert all(same_sums(bucket, sums[bucket.start]) for bucket in buckets)


def _columns(points: Any) -> tuple[list[int], list[Any]]:
    return points.at, points.values


def check_outcome(outcome: Outcome, refused: set[Slot] | None) -> None:
    if refused is None:
        assert outcome.done is Done.FAILED
    else:
        assert outcome.fault is None, outcome
        assert {(r.attribute, r.dataset) for r in outcome.refused} == refused


def _agrees(store_factory: StoreFactory, sequence: list[Act]) -> None:
    clock = StandingClock()
    store = store_factory(next(_places), clock)
    city = NaiveCity()
    for number, act in enumerate(sequence, start=10):
        clock.time = NOON + number * HOUR
        (outcome,) = write(store, change_of(act, store))
        check_outcome(outcome, city.apply(act, number))
        compare(store, city, clock, NOON)
    positions = [entry.position for entry in store.log(0)]
    assert positions == list(range(1, len(positions) + 1))
    store.close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequence=st.lists(acts(), min_size=1, max_size=12))
def test_changes_do_what_the_model_does(store_factory: StoreFactory, sequence: list[Act]) -> None:
    _agrees(store_factory, sequence)


@pytest.mark.long
@pytest.mark.timeout(1_200)
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequence=st.lists(acts(), min_size=5, max_size=40))
def test_many_changes_do_what_the_model_does(store_factory: StoreFactory, sequence: list[Act]) -> None:
    _agrees(store_factory, sequence)
