"""What is deleted, what is erased, and what is left of it."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from talwerk.core.change import Batch, Change, Done, Fragment, Mode, Target
from talwerk.core.entity import Entity, Kind
from talwerk.core.errors import Fault
from talwerk.core.instants import HOUR
from talwerk.core.query import Compare, OfType, Operator, Page, Path, Query, TemporalQuery, TimeProperty, Window
from talwerk.store import Store
from tests.contracts.cities import (
    ALL,
    GAUGE,
    LAMP,
    LEVEL,
    NAME,
    NOON,
    ONE,
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


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(store_factory: StoreFactory, place: str, clock: StandingClock) -> Store:
    return store_factory(place, clock)


def bare(mode: Mode, id_: str = ONE, **more: object) -> Change:
    return msgspec.convert({"mode": mode, "entity": {"id": id_, "types": []}, **more}, Change)


def past(store: Store, query: Query, by: object = ALL, **more: object) -> tuple[Entity, ...]:
    asked = replace(TemporalQuery(entities=query), **more)
    return store.history(asked, by).entities  # type: ignore[arg-type]


def test_a_deleted_entity_keeps_its_history_and_says_when_it_ended(store: Store, clock: StandingClock) -> None:
    write(store, levels([NOON - HOUR, NOON], [1, 2]))
    clock.pass_hours(1)
    (outcome,) = write(store, bare(Mode.DELETE))
    assert outcome.done is Done.DELETED
    assert everything(store) == ()
    assert store.read(Query(page=Page(count=True)), ALL).total == 0
    assert store.types(ALL) == ()
    for query in (Query(ids=(ONE,)), Query(types=(GAUGE,)), Query(filter=Compare(Path(LEVEL), Operator.EQUAL, (2,)))):
        (ended,) = past(store, query)
        assert ended.deleted == clock.time
        assert [i.value for i in ended.attributes[LEVEL]] == [1, 2, "urn:ngsi-ld:null"]
        assert ended.attributes[LEVEL][-1].deleted == clock.time
    (marked,) = past(store, Query(types=(GAUGE,)), property=TimeProperty.DELETED, window=Window(start=NOON))
    assert [i.deleted for i in marked.attributes[LEVEL]] == [clock.time]
    assert past(store, Query(types=(GAUGE,)), property=TimeProperty.DELETED, window=Window(end=NOON)) == ()
    entry = store.log(1)[0]
    assert (entry.entity, entry.deleted, entry.types, entry.after) == (ONE, True, (GAUGE,), {})
    assert entry.before[LEVEL][0].value == 2


def test_an_entity_that_comes_back_goes_on_with_its_history(store: Store, clock: StandingClock) -> None:
    write(store, levels([NOON], [1]))
    before = one(store)
    write(store, bare(Mode.DELETE))
    clock.pass_hours(1)
    (outcome,) = write(store, levels([NOON + HOUR], [2]))
    assert outcome.done is Done.CREATED
    again = one(store)
    assert (again.created, again.deleted) == (clock.time, None)
    assert again.version > before.version
    assert store.points(key(), Window(), ALL).values == [1, 2]
    (grown,) = past(store, Query(types=(GAUGE,)))
    assert (len(grown.attributes[LEVEL]), grown.deleted) == (3, None)


def test_histories_of_what_is_there_and_what_was_are_one_list(store: Store) -> None:
    ids = [f"urn:e:{number}" for number in range(7)]
    write(store, *[levels([NOON], [number], id_) for number, id_ in enumerate(ids)])
    write(store, *[bare(Mode.DELETE, id_) for id_ in ids[::2]])
    walked: list[str] = []
    after = None
    while after is not None or not walked:
        query = Query(types=(GAUGE,), page=Page(limit=2, after=after, count=True))
        page = store.history(TemporalQuery(entities=query), ALL)
        assert page.total == len(ids)
        walked += [e.id for e in page.entities]
        after = page.next
    assert walked == ids
    skipped = store.history(TemporalQuery(entities=Query(types=(GAUGE, LAMP), page=Page(limit=3, offset=2))), ALL)
    assert [e.id for e in skipped.entities] == ids[2:5]


def test_a_cursor_outlives_the_deletion_of_its_entity(store: Store) -> None:
    write(store, *[change(Mode.CREATE, f"urn:e:{number}") for number in range(3)])
    page = store.read(Query(page=Page(limit=1)), ALL)
    write(store, bare(Mode.DELETE, "urn:e:0"))
    rest = store.read(Query(page=Page(limit=5, after=page.next)), ALL)
    assert [e.id for e in rest.entities] == ["urn:e:1", "urn:e:2"]


@pytest.mark.parametrize("by_setting", [False, True])
def test_an_erased_entity_leaves_nothing_but_its_name_in_the_log(
    store_factory: StoreFactory, place: str, clock: StandingClock, *, by_setting: bool
) -> None:
    store = store_factory(place, clock, delete_history_with_entity=by_setting)
    write(store, levels([NOON - HOUR, NOON], [1, 2]), levels([NOON], [5], "urn:e:2"))
    (outcome,) = write(store, bare(Mode.DELETE if by_setting else Mode.ERASE))
    assert outcome.done is Done.DELETED
    assert past(store, Query(ids=(ONE,))) == ()
    assert [entry.entity for entry in store.log(0)] == [ONE, "urn:e:2", ONE]
    assert store.log(2)[0].erased == (LEVEL,)
    (again,) = write(store, levels([NOON - HOUR], [7]))
    assert again.done is Done.CREATED
    assert store.points(key(), Window(), ALL).values == [7]
    assert [bucket.sum for bucket in store.hours(key(), Window(), ALL)] == [7]
    assert store.points(key("urn:e:2"), Window(), ALL).values == [5]


def test_what_was_deleted_can_still_be_erased(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1, NOON), name=prop("a", NOON)))
    write(store, bare(Mode.DELETE))
    (outcome,) = write(store, bare(Mode.ERASE_ATTRIBUTES, targets=[{"attribute": LEVEL}]))
    assert outcome.refused == ()
    (ended,) = past(store, Query(ids=(ONE,)))
    assert ended.attributes.keys() == {NAME}
    assert past(store, Query(filter=Compare(Path(LEVEL), Operator.EQUAL, (1,)))) == ()
    write(store, bare(Mode.ERASE))
    assert past(store, Query(ids=(ONE,))) == ()
    (outcome,) = write(store, bare(Mode.ERASE))
    assert outcome.fault is Fault.NOT_FOUND


def test_an_instance_is_put_right_and_the_old_one_is_kept(store: Store, clock: StandingClock) -> None:
    write(store, levels([NOON - HOUR, NOON], [1, 2]))
    (grown,) = past(store, Query(ids=(ONE,)))
    newest = grown.attributes[LEVEL][-1]
    clock.pass_hours(1)
    given = Entity(id=ONE, types=(), attributes={LEVEL: (prop(3, NOON),)})
    target = Target(attribute=LEVEL, instance=newest.instance)
    (outcome,) = write(store, Change(mode=Mode.REVISE, entity=given, targets=(target,)))
    assert (outcome.done, outcome.refused) == (Done.UPDATED, ())
    assert one(store).attributes[LEVEL][0].value == 3
    assert store.points(key(), Window(), ALL).values == [1, 3]
    assert store.log(1)[0].erased == (LEVEL,)
    moved = Entity(id=ONE, types=(), attributes={LEVEL: (prop(4, NOON - 2 * HOUR),)})
    write(store, Change(mode=Mode.REVISE, entity=moved, targets=(target,)))
    assert store.points(key(), Window(), ALL).values == [4, 1]
    assert one(store).attributes[LEVEL][0].value == 1
    (outcome,) = write(store, Change(mode=Mode.REVISE, entity=moved, targets=(target,)))
    assert [refusal.fault for refusal in outcome.refused] == [Fault.NOT_FOUND]


def test_nobody_reaches_the_history_of_others_by_creating_their_entity_again(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1, NOON)))
    write(store, bare(Mode.DELETE))
    others = scope(OfType((LAMP,)))
    assert past(store, Query(ids=(ONE,)), others) == ()
    for mode in (Mode.CREATE, Mode.REPLACE, Mode.UPDATE, Mode.OBSERVE):
        (outcome,) = write(store, Change(mode=mode, entity=entity(types=(LAMP,))), by=others)
        assert outcome.fault is Fault.NOT_FOUND, mode
    for mode in (Mode.ERASE, Mode.ERASE_ATTRIBUTES, Mode.ERASE_INSTANCES):
        (outcome,) = write(store, bare(mode, targets=[{"attribute": LEVEL}]), by=others)
        assert outcome.fault is Fault.NOT_FOUND, mode
    assert len(past(store, Query(ids=(ONE,)))) == 1


def test_nothing_leaves_a_scope_by_losing_an_attribute(store: Store) -> None:
    write(store, change(Mode.CREATE, level=prop(1), name=prop("a")))
    by = scope(Compare(Path(NAME), Operator.EQUAL, ("a",)))
    for mode in (Mode.DELETE_ATTRIBUTES, Mode.ERASE_ATTRIBUTES):
        (outcome,) = write(store, bare(mode, targets=[{"attribute": NAME}]), by=by)
        assert outcome.fault is Fault.FORBIDDEN
        (outcome,) = write(store, bare(mode, targets=[{"attribute": LEVEL}]), by=by)
        assert outcome.done is Done.UPDATED
        write(store, change(Mode.UPDATE, level=prop(1)))
    assert one(store).attributes.keys() == {LEVEL, NAME}
    (outcome,) = write(store, bare(Mode.DELETE), by=by)
    assert outcome.done is Done.DELETED


def test_changes_travel_as_bytes() -> None:
    fragment = Fragment(kind=Kind.PROPERTY, value={"a": 1}, observed=None, subattributes={NAME: (Fragment(value=2),)})
    sent = Batch(
        changes=(
            Change(
                mode=Mode.MERGE, entity=entity(types=()), fragments={LEVEL: (fragment, Fragment(dataset="urn:d:1"))}
            ),
            bare(Mode.DELETE_ATTRIBUTES, targets=[{"attribute": LEVEL, "every": True}]),
        )
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Batch) == sent
