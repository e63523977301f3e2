"""History as it was known: whatever is written later, an earlier instant is read as it was then."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talwerk.core.change import Mode, Provenance, Target
from talwerk.core.instants import HOUR, MINUTE
from talwerk.core.quality import Flag
from talwerk.core.query import Query, TemporalQuery, Window
from talwerk.core.scope import Principal, Role, Scope
from talwerk.core.series import Bucket
from talwerk.core.terms import expand
from talwerk.store import Store
from tests.contracts.cities import ALL, LEVEL, NOON, StandingClock, change, key, levels, prop, scope, write
from tests.contracts.conftest import StoreFactory

STEP = 20 * MINUTE
DAY_BEFORE = NOON - 24 * HOUR
EVERYTHING = Window()
NUMBERS = count()
"""Every example has a store of its own."""

# One writing: which times, which values, with which flag.
writings = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 9), st.integers(0, 50), min_size=1, max_size=6),
        st.sampled_from([Flag.PASS, Flag.FAIL]),
    ),
    min_size=1,
    max_size=6,
)


def told(store: Store, window: Window) -> tuple[list[tuple[int, object, int]], list[Bucket]]:
    found = store.points(key(), window, ALL)
    return list(zip(found.at, found.values, found.quality, strict=True)), list(store.hours(key(), window, ALL))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(writings=writings, window=st.tuples(st.integers(-1, 4), st.integers(0, 5)))
def test_every_earlier_instant_is_read_as_it_was(
    store_factory: StoreFactory,
    writings: list[tuple[dict[int, int], Flag]],
    window: tuple[int, int],
) -> None:
    clock = StandingClock()
    store = store_factory(f"known-{next(NUMBERS)}", clock)
    edges = {"start": DAY_BEFORE + window[0] * HOUR, "end": DAY_BEFORE + window[1] * HOUR}
    seen = []
    for values, flag in writings:
        at = [DAY_BEFORE + n * STEP for n in sorted(values)]
        measured = [values[n] for n in sorted(values)]
        write(store, levels(at, measured, quality=[int(flag)]))
        seen.append((clock.time, told(store, EVERYTHING), told(store, Window(**edges))))
        clock.pass_hours(1)
    assert told(store, Window(known=NOON - 1)) == ([], [])
    for known, everything, part in seen:
        assert told(store, Window(known=known)) == everything
        # Also later, as long as nothing else was written.
        assert told(store, Window(known=known + HOUR - 1)) == everything
        assert told(store, Window(known=known, **edges)) == part


def test_the_newest_and_the_oldest_of_what_was_known(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    store = store_factory(place, clock)
    at = [DAY_BEFORE + n * STEP for n in range(6)]
    write(store, levels(at[:4], [0, 1, 2, 3]))
    clock.pass_hours(1)
    write(store, levels(at[2:], [20, 30, 40, 50]))
    then = Window(known=NOON)
    assert store.points(key(), then, ALL, last=2).values == [2, 3]
    assert store.points(key(), then, ALL, first=3).values == [0, 1, 2]
    assert store.points(key(), EVERYTHING, ALL, last=2).values == [40, 50]


def test_of_two_methods_the_value_that_was_recorded_last_was_known(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    store = store_factory(place, clock)
    for value, method in ((1, "mean"), (2, "maximum"), (3, "mean")):
        at = DAY_BEFORE + value * STEP
        write(store, levels([DAY_BEFORE, at], [value, value], provenance=Provenance(method=method)))
        clock.pass_hours(1)
    known = [store.points(key(), Window(known=NOON + n * HOUR), ALL).values for n in range(3)]
    assert known == [[1, 1], [2, 1, 2], [3, 1, 2, 3]]


def test_corrections_tell_what_was_there_and_what_followed(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    store = store_factory(place, clock)
    for value, flag in ((104, Flag.NOT_EVALUATED), (999, Flag.FAIL), (105, Flag.PASS)):
        write(store, levels([DAY_BEFORE], [value], quality=[int(flag)]))
        clock.pass_hours(1)
    found = store.corrections(key(), EVERYTHING, ALL, 10)
    assert [(one.value, one.quality, one.after, one.after_quality) for one in found] == [
        (999, Flag.FAIL, 105, Flag.PASS),
        (104, Flag.NOT_EVALUATED, 999, Flag.FAIL),
    ]
    assert [(one.recorded, one.replaced) for one in found] == [
        (NOON + HOUR, NOON + 2 * HOUR),
        (NOON, NOON + HOUR),
    ]
    assert store.corrections(key(), EVERYTHING, ALL, 1) == found[:1]
    assert store.corrections(key(), Window(known=NOON + HOUR), ALL, 10) == found[1:]
    assert store.corrections(key(), Window(start=DAY_BEFORE + 1), ALL, 10) == ()
    assert store.corrections(key(), EVERYTHING, scope(attributes=()), 10) == ()


def test_a_correction_says_who_and_why(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    store = store_factory(place, clock)
    write(store, levels([DAY_BEFORE], [1]))
    clock.pass_hours(1)
    (entity,) = store.history(TemporalQuery(entities=Query()), ALL).entities
    why = {expand("reason"): (prop("Ice on the sensor"),)}
    revised = change(Mode.REVISE, level=prop(2, DAY_BEFORE, subattributes=why))
    target = Target(attribute=LEVEL, instance=entity.attributes[LEVEL][0].instance)
    write(store, type(revised)(mode=Mode.REVISE, entity=revised.entity, targets=(target,)))
    clock.pass_hours(1)
    write(store, levels([DAY_BEFORE], [3]), by=Scope._issue(Principal(role=Role.SYSTEM), may_write=True))
    found = store.corrections(key(), EVERYTHING, ALL, 10)
    assert [(one.value, one.after, one.role, one.reason) for one in found] == [
        (2, 3, "system", ""),
        (1, 2, "operator", "Ice on the sensor"),
    ]


def test_what_was_erased_is_known_of_no_instant(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    store = store_factory(place, clock)
    write(store, levels([DAY_BEFORE, DAY_BEFORE + STEP], [1, 2]))
    clock.pass_hours(1)
    write(store, levels([DAY_BEFORE], [3]))
    (entity,) = store.history(TemporalQuery(entities=Query()), ALL).entities
    instance = next(one.instance for one in entity.attributes[LEVEL] if one.observed == DAY_BEFORE)
    erasing = change(Mode.ERASE_INSTANCES)
    write(
        store,
        type(erasing)(
            mode=Mode.ERASE_INSTANCES, entity=erasing.entity, targets=(Target(attribute=LEVEL, instance=instance),)
        ),
    )
    assert store.points(key(), Window(known=NOON), ALL).values == [2]
    assert store.corrections(key(), EVERYTHING, ALL, 10) == ()
    assert [bucket.n for bucket in store.hours(key(), Window(known=NOON), ALL)] == [1]


def test_a_value_that_was_moved_has_nothing_after_it(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    store = store_factory(place, clock)
    write(store, levels([DAY_BEFORE], [1]))
    clock.pass_hours(1)
    (entity,) = store.history(TemporalQuery(entities=Query()), ALL).entities
    moved = change(Mode.REVISE, level=prop(1, DAY_BEFORE + 2 * HOUR))
    target = Target(attribute=LEVEL, instance=entity.attributes[LEVEL][0].instance)
    write(store, type(moved)(mode=Mode.REVISE, entity=moved.entity, targets=(target,)))
    assert store.points(key(), Window(known=NOON), ALL).at == [DAY_BEFORE]
    assert store.points(key(), EVERYTHING, ALL).at == [DAY_BEFORE + 2 * HOUR]
    (found,) = store.corrections(key(), EVERYTHING, ALL, 10)
    assert (found.value, found.after) == (1, None)
    assert [bucket.start for bucket in store.hours(key(), Window(known=NOON), ALL)] == [DAY_BEFORE]
