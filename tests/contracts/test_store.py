"""What every store promises about writing and about current state."""

from __future__ import annotations

import threading
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from talwerk.core.change import Ack, Batch, Change, Done, Mode, Observations, Origin, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import HOUR, MINUTE
from talwerk.core.observation import same_observation
from talwerk.core.quality import Flag, Mark, mark_of
from talwerk.core.query import Compare, Nothing, OfType, Operator, Page, Path, Query, TemporalQuery, Window
from talwerk.core.series import Nature
from talwerk.store import Store, Submission
from tests.contracts.cities import (
    ALL,
    GAUGE,
    LAMP,
    LEVEL,
    NAME,
    NOON,
    ONE,
    PLACE,
    StandingClock,
    change,
    entity,
    everything,
    key,
    levels,
    one,
    prop,
    scope,
    write,
)
from tests.contracts.conftest import StoreFactory
from tests.contracts.queries import cities

TWO = "urn:ngsi-ld:Gauge:2"
_places = (f"any-{number}" for number in count())


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(store_factory: StoreFactory, place: str, clock: StandingClock) -> Store:
    return store_factory(place, clock)


def test_an_empty_city_has_nothing(store: Store) -> None:
    assert everything(store) == ()
    assert store.types(ALL) == ()
    assert store.series(ALL) == ()
    assert store.log(0) == ()
    assert store.position() == 0
    assert store.read(Query(page=Page(count=True)), ALL).total == 0


def test_created_entities_come_back_as_they_were(store: Store, clock: StandingClock) -> None:
    river = Attribute(kind=Kind.RELATIONSHIP, value="urn:river:1", subattributes={NAME: (prop("main"),)})
    point = Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [7.1, 51.2]})
    level = (prop(126.5, NOON, unit="CMT"), prop(12, NOON, dataset="urn:d:1", members={"valueType": "x"}))
    given_ = Entity(
        id=ONE, types=(LAMP, GAUGE), scopes=("/a/b",), attributes={LEVEL: level, NAME: (river,), PLACE: (point,)}
    )
    (outcome,) = write(store, Change(mode=Mode.CREATE, entity=given_))
    assert (outcome.done, outcome.added, outcome.corrected) == (Done.CREATED, 4, 0)
    found = one(store)
    assert (found.types, found.scopes, found.created) == ((GAUGE, LAMP), ("/a/b",), clock.time)
    assert found.attributes.keys() == given_.attributes.keys()
    for name, instances in given_.attributes.items():
        assert all(same_observation(a, b) for a, b in zip(instances, found.attributes[name], strict=True))
        assert all(instance.created == clock.time for instance in found.attributes[name])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(city=cities())
def test_any_entity_comes_back_as_it_was(store_factory: StoreFactory, city: list[Change]) -> None:
    store = store_factory(next(_places), StandingClock())
    write(store, *[replace(made, mode=Mode.REPLACE) for made in city])
    for made in city:
        found = one(store, made.entity.id).attributes
        for name, instances in made.entity.attributes.items():
            newest = {instance.dataset: instance for instance in instances}
            assert {i.dataset for i in found[name]} == set(newest)
            assert all(same_observation(i, newest[i.dataset]) for i in found[name])
    store.close()


def test_creating_twice_fails_alone(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1)))
    again, other = write(store, change(Mode.CREATE, level=prop(2)), change(Mode.CREATE, TWO, level=prop(3)))
    assert (again.done, again.fault) == (Done.FAILED, Fault.ALREADY_EXISTS)
    assert other.done is Done.CREATED
    assert one(store).attributes[LEVEL][0].value == 1


def test_update_keeps_and_replace_removes_other_attributes(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1), name=prop("a")))
    write(store, change(Mode.UPDATE, level=prop(2)))
    assert one(store).attributes.keys() == {LEVEL, NAME}
    (outcome,) = write(store, change(Mode.REPLACE, level=prop(3)))
    assert outcome.done is Done.UPDATED
    assert one(store).attributes.keys() == {LEVEL}
    assert store.log(2)[0].attributes == (LEVEL, NAME)
    assert NAME in store.log(2)[0].before
    assert NAME not in store.log(2)[0].after


def test_an_entity_needs_a_type_to_begin(store: Store) -> None:
    (outcome,) = write(store, Change(mode=Mode.UPDATE, entity=entity(types=())))
    assert (outcome.done, outcome.fault) == (Done.FAILED, Fault.BAD_REQUEST_DATA)
    write(store, change(Mode.CREATE))
    (outcome,) = write(store, Change(mode=Mode.UPDATE, entity=entity(types=(), attributes={LEVEL: (prop(1),)})))
    assert outcome.done is Done.UPDATED
    assert one(store).types == (GAUGE,)


def test_types_are_found_and_counted(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1)), change(Mode.CREATE, TWO, name=prop("a")))
    write(store, Change(mode=Mode.UPDATE, entity=entity(TWO, types=(LAMP,))))
    assert [(t.type, t.count) for t in store.types(ALL)] == [(GAUGE, 2), (LAMP, 1)]
    assert store.types(ALL)[0].attributes == (LEVEL, NAME)
    write(store, Change(mode=Mode.REPLACE, entity=entity(TWO, types=(LAMP,))))
    assert [(t.type, t.count) for t in store.types(ALL)] == [(GAUGE, 1), (LAMP, 1)]
    assert [e.id for e in store.read(Query(types=(GAUGE,)), ALL).entities] == [ONE]
    assert [(t.type, t.attributes) for t in store.types(scope(OfType((LAMP,)), [NAME]))] == [(LAMP, (NAME,))]


def test_observations_type_an_entity_only_when_it_comes_into_being(store: Store) -> None:
    write(store, Change(mode=Mode.CREATE, entity=entity(types=(LAMP,))), levels([NOON], [1]), levels([NOON], [1], TWO))
    assert [e.types for e in everything(store)] == [(LAMP,), (GAUGE,)]


def test_a_repeated_batch_changes_nothing(store: Store, clock: StandingClock) -> None:
    batch = (
        levels([NOON - HOUR, NOON], [1, 2.5], unit="CMT"),
        change(Mode.OBSERVE, TWO, level=(prop(3, NOON - HOUR), prop(True, NOON)), name=prop("a", NOON)),
        change(Mode.UPDATE, "urn:x:3", place=Attribute(kind=Kind.JSON_PROPERTY, value={"a": [1, None]}, observed=NOON)),
    )
    first = write(store, *batch)
    assert [(o.done, o.added) for o in first] == [(Done.CREATED, 2), (Done.CREATED, 3), (Done.CREATED, 1)]
    position, before = store.position(), everything(store)
    clock.pass_hours(1)
    assert {(o.done, o.added, o.corrected) for o in write(store, *batch)} == {(Done.UNCHANGED, 0, 0)}
    assert store.position() == position
    assert everything(store) == before


def test_an_older_instance_that_is_there_already_changes_nothing(store: Store) -> None:
    write(store, change(Mode.OBSERVE, level=(prop(1, NOON - HOUR), prop(2, NOON))))
    (outcome,) = write(store, change(Mode.OBSERVE, level=prop(1, NOON - HOUR)))
    assert (outcome.done, outcome.added) == (Done.UNCHANGED, 0)


@pytest.mark.parametrize("old, new", [(1, True), (True, 1), (1, "1"), (0, False)])
def test_kinds_of_values_are_told_apart(store: Store, old: Any, new: Any) -> None:
    write(store, change(Mode.OBSERVE, level=prop(old, NOON)))
    (outcome,) = write(store, change(Mode.OBSERVE, level=prop(new, NOON)))
    assert (outcome.done, outcome.corrected) == (Done.UPDATED, 1)
    current = one(store).attributes[LEVEL][0].value
    assert (type(current), current) == (type(new), new)


def test_devices_make_the_newest_current_and_keep_the_rest(store: Store) -> None:
    write(store, levels([NOON], [5], unit="CMT"))
    (outcome,) = write(store, change(Mode.OBSERVE, level=prop(4, NOON - HOUR, unit="CMT")))
    assert (outcome.done, outcome.added) == (Done.UPDATED, 1)
    assert one(store).attributes[LEVEL][0].value == 5
    entry = store.log(1)[0]
    assert (entry.attributes, entry.start, entry.count) == ((), NOON - HOUR, 1)
    assert store.points(key(), Window(), ALL).values == [4, 5]


def test_the_future_is_kept_but_never_current_until_it_comes(store: Store, clock: StandingClock) -> None:
    write(store, levels([NOON, NOON + 9 * MINUTE, NOON + HOUR], [1, 2, 3]))
    assert one(store).attributes[LEVEL][0].value == 2
    assert [mark_of(q) for q in store.points(key(), Window(), ALL).quality] == [Mark.NONE, Mark.NONE, Mark.FUTURE]
    clock.pass_hours(2)
    (outcome,) = write(store, levels([NOON + HOUR], [3]))
    assert (outcome.done, outcome.added, outcome.corrected) == (Done.UPDATED, 0, 0)
    assert one(store).attributes[LEVEL][0].value == 3
    assert mark_of(store.points(key(), Window(), ALL).quality[-1]) is Mark.NONE


def test_only_future_values_make_an_entity_without_the_attribute(store: Store) -> None:
    (outcome,) = write(store, levels([NOON + HOUR], [3]))
    assert outcome.done is Done.CREATED
    assert one(store).attributes == {}
    assert store.points(key(), Window(), ALL).values == [3]


def test_a_device_speaks_on_after_an_update_from_the_future(store: Store, clock: StandingClock) -> None:
    write(store, change(Mode.UPDATE, level=prop(9, NOON + 99 * HOUR)))
    assert mark_of(one(store).attributes[LEVEL][0].quality) is Mark.FUTURE
    write(store, change(Mode.OBSERVE, level=prop(1, NOON)))
    assert one(store).attributes[LEVEL][0].value == 1


def test_an_update_is_current_whatever_its_time(store: Store) -> None:
    write(store, levels([NOON], [5]))
    write(store, change(Mode.UPDATE, level=prop(4, NOON - HOUR)))
    current = one(store).attributes[LEVEL][0]
    assert (current.value, mark_of(current.quality)) == (4, Mark.OUT_OF_ORDER)


def test_times_that_did_not_come_strictly_increase_across_restarts(
    store_factory: StoreFactory, place: str, clock: StandingClock
) -> None:
    store = store_factory(place, clock)
    for value in (1, 1, 2):
        (outcome,) = write(store, change(Mode.OBSERVE, level=(prop(value), prop(value + 1))))
        assert outcome.added == 2
    store.close()
    store = store_factory(place, clock)
    (outcome,) = write(store, change(Mode.OBSERVE, level=prop(7)))
    assert outcome.added == 1
    points = store.points(key(), Window(), ALL)
    assert points.values == [1, 2, 1, 2, 2, 3, 7]
    assert points.at == sorted(set(points.at))
    assert {mark_of(q) for q in points.quality} == {Mark.TIME_ASSUMED}


def test_a_corrected_value_replaces_the_old_one(store: Store, clock: StandingClock) -> None:
    write(store, levels([NOON - HOUR, NOON], [1, 2]))
    clock.pass_hours(1)
    (outcome,) = write(store, levels([NOON - HOUR, NOON], [10, 2]))
    assert (outcome.done, outcome.added, outcome.corrected) == (Done.UPDATED, 0, 1)
    points = store.points(key(), Window(), ALL)
    assert (points.values, points.recorded) == ([10, 2], [clock.time, NOON])
    (outcome,) = write(store, levels([NOON], [2], quality=[int(Flag.FAIL)]))
    assert outcome.corrected == 1
    assert one(store).attributes[LEVEL][0].quality == Flag.FAIL


BROKEN: list[Change | Observations] = [
    change(Mode.UPDATE, TWO, level=prop("\ud800")),
    change(Mode.UPDATE, TWO, level=prop({"\udfff": 1})),
    change(Mode.UPDATE, TWO, level=prop(["a\0b"])),
    levels([NOON], ["\0"], TWO),
    change(Mode.UPDATE, TWO, level=prop(2**63)),
    change(Mode.UPDATE, TWO, level=prop([1, {"a": float("nan")}])),
    change(Mode.UPDATE, TWO, level=prop(float("inf"))),
    change(Mode.UPDATE, TWO, level=prop(1, 2**62)),
    change(Mode.UPDATE, TWO, level=prop(1, unit="\ud800")),
    change(Mode.UPDATE, TWO, level=prop(1, quality=7)),
    change(Mode.UPDATE, TWO, level=prop(1, subattributes={NAME: (prop("\ud800"),)})),
    change(Mode.UPDATE, TWO, level=prop(1, members={"a": 2**70})),
    change(Mode.UPDATE, "no uri", level=prop(1)),
    Change(mode=Mode.UPDATE, entity=Entity(id=TWO, types=("a b",))),
    Change(mode=Mode.UPDATE, entity=Entity(id=TWO, types=(GAUGE,), scopes=("\ud800",))),
    levels([NOON], [float("nan")], TWO),
    levels([NOON], [2**63], TWO),
    levels([NOON], ["\ud800"], TWO),
    levels([NOON], [True], TWO),
    levels([NOON, NOON], [1, 2], TWO),
    levels([NOON, NOON - 1], [1, 2], TWO),
    levels([NOON], [1, 2], TWO),
    levels([], [], TWO),
    levels([2**62], [1], TWO),
    levels([NOON], [1], TWO, quality=[1, 2]),
    levels([NOON], [1], TWO, quality=[0]),
    levels([NOON], [1], TWO, dataset="no uri"),
]


def _deep(levels_: int) -> Any:
    value: Any = 1
    for _ in range(levels_):
        value = [value]
    return value


BROKEN.append(change(Mode.UPDATE, TWO, level=prop(_deep(5_000))))


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_broken_batch_leaves_nothing_and_hurts_no_other(store: Store, number: int) -> None:
    def good(id_: str, value: int) -> Change:
        return change(Mode.UPDATE, id_, level=prop(value, NOON))

    batches = [(good(ONE, 1),), (good("urn:x:3", 2), BROKEN[number], good("urn:x:4", 3)), (good("urn:x:5", 4),)]
    first, refused, last = store.apply([Submission(Batch(changes=changes), ALL) for changes in batches])
    assert isinstance(first, Ack)
    assert isinstance(refused, DomainError)
    assert refused.fault is Fault.BAD_REQUEST_DATA
    assert isinstance(last, Ack)
    assert [e.id for e in everything(store)] == [ONE, "urn:x:5"]
    assert [entry.entity for entry in store.log(0)] == [ONE, "urn:x:5"]
    assert (first.position, last.position) == (1, 2)


def test_a_scope_that_may_not_write_does_not(store: Store) -> None:
    (answer,) = store.apply([Submission(Batch(changes=(change(Mode.CREATE),)), scope(may_write=False))])
    assert isinstance(answer, DomainError)
    assert answer.fault is Fault.FORBIDDEN
    assert everything(store) == ()


def test_a_writer_knows_nothing_outside_of_its_predicate(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1)), Change(mode=Mode.CREATE, entity=entity(TWO, types=(LAMP,))))
    by = scope(OfType((LAMP,)))
    for mode in Mode:
        (outcome,) = write(store, change(mode, level=prop(2)), by=by)
        assert (outcome.done, outcome.fault) == (Done.FAILED, Fault.NOT_FOUND), mode
    (outcome,) = write(store, levels([NOON], [1]), by=by)
    assert outcome.fault is Fault.NOT_FOUND
    (outcome,) = write(store, change(Mode.CREATE, "urn:x:3", level=prop(2)), by=by)
    assert (outcome.done, outcome.fault) == (Done.FAILED, Fault.FORBIDDEN)
    assert [e.id for e in everything(store)] == [ONE, TWO]
    (outcome,) = write(store, Change(mode=Mode.UPDATE, entity=entity(TWO, {NAME: (prop("a"),)}, (LAMP,))), by=by)
    assert outcome.done is Done.UPDATED


def test_a_scope_hides_entities_and_attributes_everywhere(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1, NOON), name=prop("a", NOON)), change(Mode.CREATE, TWO))
    nobody, masked = scope(Nothing()), scope(attributes=[NAME])
    assert everything(store, nobody) == ()
    assert store.types(nobody) == ()
    assert store.series(nobody) == ()
    assert store.history(TemporalQuery(entities=Query(ids=(ONE,))), nobody).entities == ()
    assert store.points(key(), Window(), nobody).at == []
    assert store.hours(key(), Window(), nobody) == ()
    assert one(store, by=masked).attributes.keys() == {NAME}
    assert [s.attribute for s in store.series(masked)] == [NAME]
    assert store.points(key(), Window(), masked).at == []
    assert store.hours(key(), Window(), masked) == ()
    assert [t.attributes for t in store.types(masked)] == [(NAME,)]
    (grown,) = store.history(TemporalQuery(entities=Query()), masked).entities
    assert grown.attributes.keys() == {NAME}
    secret = Query(filter=Compare(Path(LEVEL), Operator.EQUAL, (1,)))
    assert len(store.read(secret, ALL).entities) == 1
    assert store.read(secret, masked).entities == ()
    assert store.read(Query(having=(LEVEL,)), masked).entities == ()


def test_only_the_wanted_attributes_come_back(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1), name=prop("a")))
    (found,) = store.read(Query(attributes=(NAME, PLACE)), ALL).entities
    assert found.attributes.keys() == {NAME}


@pytest.mark.parametrize(
    "page", [Page(limit=-1), Page(limit=1_001), Page(offset=-1), Page(offset=10_001), Page(after="x")]
)
def test_impossible_pages_are_refused(store: Store, page: Page) -> None:
    with pytest.raises(DomainError) as refused:
        store.read(Query(page=page), ALL)
    assert refused.value.fault is Fault.INVALID_REQUEST


def test_a_cursor_cannot_be_made_up(store: Store) -> None:
    write(store, *(change(Mode.CREATE, f"urn:x:{n}") for n in range(3)))
    cursor = store.read(Query(page=Page(limit=1)), ALL).next
    assert cursor is not None
    for forged in (cursor[:-4] + "AAAA", "AAAA" + cursor[4:], cursor + "ä", ""):
        with pytest.raises(DomainError, match="cursor"):
            store.read(Query(page=Page(after=forged)), ALL)


def test_the_log_tells_what_happened_in_order(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1, NOON)), origin=Origin.REPLAY)
    write(store, levels([NOON - HOUR, NOON, NOON + 1], [0, 1, 2]), change(Mode.CREATE, TWO))
    first, second, third = store.log(0)
    assert (first.position, first.origin, first.entity, first.attributes) == (1, Origin.REPLAY, ONE, (LEVEL,))
    assert (first.before, [a.value for a in first.after[LEVEL]]) == ({}, [1])
    assert (second.series, second.start, second.end, second.count) == (LEVEL, NOON - HOUR, NOON + 1, 2)
    assert [a.value for a in (*second.before[LEVEL], *second.after[LEVEL])] == [1, 2]
    assert (third.entity, third.attributes) == (TWO, ())
    assert store.log(1, limit=1) == (second,)
    assert store.log(third.position) == ()
    assert first.at < second.at < third.at


def test_simulated_observations_never_come_beside_real_ones(
    store_factory: StoreFactory, place: str, clock: StandingClock
) -> None:
    simulated = Provenance(source="twin", simulated=True)
    store = store_factory(place, clock)
    write(store, change(Mode.CREATE, TWO, name=prop("a statement")))
    assert store.nature() is Nature.EMPTY
    write(store, change(Mode.CREATE, name=prop("an observation", NOON)))
    assert store.nature() is Nature.MEASURED
    for refused in (
        levels([NOON], [1], provenance=simulated),
        change(Mode.OBSERVE, TWO, simulated, level=prop(1, NOON)),
    ):
        (outcome,) = write(store, refused)
        assert (outcome.done, outcome.fault) == (Done.FAILED, Fault.FORBIDDEN)
    (outcome,) = write(store, change(Mode.UPDATE, TWO, simulated, name=prop("another statement")))
    assert outcome.done is Done.UPDATED
    other = store_factory(f"{place}-twin", clock)
    write(other, levels([NOON], [1], provenance=simulated))
    write(other, levels([NOON], [1], TWO))
    assert other.nature() is Nature.SIMULATED


def test_what_comes_by_itself_is_live_and_no_file_no_calculation_and_no_simulation(
    store_factory: StoreFactory, place: str, clock: StandingClock
) -> None:
    store = store_factory(place, clock)
    write(store, levels([NOON], [1], TWO, provenance=Provenance(source="twin", simulated=True)))
    for origin in (Origin.REPLAY, Origin.BACKFILL, Origin.DERIVED):
        write(store, levels([NOON + 1], [2]), origin=origin)
    assert not store.held_live()
    write(store, change(Mode.UPDATE, name=prop("a statement")))
    assert store.held_live()
    assert not store.held_live(own={GAUGE}), "the city tells of itself"
    write(store, levels([NOON + 2], [3]))
    assert store.held_live(own={GAUGE})
    assert store.held_live()
    store.close()
    assert store_factory(place, clock, readonly=True).held_live()


def test_a_reader_sees_every_acknowledged_batch_whole(
    store_factory: StoreFactory, place: str, clock: StandingClock
) -> None:
    store = store_factory(place, clock)
    write(store, levels([NOON], [0]), levels([NOON], [0], TWO))
    reader = store_factory(place, clock, readonly=True)
    done = threading.Event()
    wrong: list[Any] = []

    def watch() -> None:
        while not done.is_set():
            newest = {e.attributes[LEVEL][0].value for e in reader.read(Query(), ALL).entities}
            if len(newest) != 1:
                wrong.append(newest)

    watchers = [threading.Thread(target=watch) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    for n in range(1, 100):
        write(store, levels([NOON + n], [n]), levels([NOON + n], [n], TWO))
        assert one(reader).attributes[LEVEL][0].value == n
        assert reader.points(key(), Window(), ALL, last=1).values == [n]
    done.set()
    for watcher in watchers:
        watcher.join()
    assert not wrong


def test_a_reading_store_does_not_write(store_factory: StoreFactory, place: str, clock: StandingClock) -> None:
    store_factory(place, clock)
    reader = store_factory(place, clock, readonly=True)
    with pytest.raises(DomainError) as refused:
        reader.apply([Submission(Batch(changes=(change(Mode.CREATE),)), ALL)])
    assert refused.value.fault is Fault.BUSY


def test_a_store_has_one_writer(store_factory: StoreFactory, place: str, clock: StandingClock) -> None:
    store = store_factory(place, clock)
    with pytest.raises(DomainError) as refused:
        store_factory(place, clock)
    assert refused.value.fault is Fault.BUSY
    store.close()
    store.close()
    store_factory(place, clock)
