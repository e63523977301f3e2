"""Raw values and the change log are kept for a time; hourly sums stay, and never lose or double what they counted."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from talwerk.core.aggregates import AggregateQuery, Method
from talwerk.core.change import Done, Mode, Target
from talwerk.core.durations import Duration
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import DAY, HOUR, MINUTE, Instant
from talwerk.core.query import Query, TemporalQuery, TimeProperty, Window
from talwerk.store import Keeping, Store, Tidied
from tests.contracts.cities import ALL, LEVEL, NAME, NOON, ONE, StandingClock, change, key, levels, one, prop, write
from tests.contracts.conftest import StoreFactory
from tests.contracts.sums import recomputed, same_sums

_places = (f"kept-{number}" for number in count())
WEEK = Keeping(today=Instant(NOON), raw_days=7, log_days=0)
EXACT = tuple(method for method in Method if method is not Method.DISTINCT_COUNT)


class TickingClock(StandingClock):
    """A clock on which time passes with every look at it, so that slices are small."""

    def monotonic_s(self) -> float:
        self.monotonic += 1e-6
        return self.monotonic


def tidied(store: Store, keeping: Keeping) -> Tidied:
    """Passes in the smallest slices, until the day has come that is asked for; what all of them did."""
    done = Tidied()
    while True:
        part = store.tidy(keeping, 0.0)
        done = done.plus(part)
        if not part.more and part.today == keeping.today:
            return done


def summed(store: Store, duration: Duration | None = None, window: Window | None = None) -> list[Any]:
    """Aggregates of the level."""
    histories = TemporalQuery(entities=Query(ids=(ONE,)), window=window or Window())
    found = store.aggregates(AggregateQuery(histories=histories, methods=EXACT, duration=duration), ALL)
    return [
        (p.start, p.end, {m: p.sums.value(m) for m in EXACT})
        for entity in found.entities
        for a in entity.attributes
        for p in a.periods
    ]


@pytest.fixture
def clock() -> StandingClock:
    return TickingClock()


@pytest.fixture
def store(store_factory: StoreFactory, place: str, clock: StandingClock) -> Store:
    return store_factory(place, clock)


def filled(store: Store, days: int = 20) -> list[int]:
    """A value every quarter of an hour up to noon, some of them failed or texts; returns their times."""
    at = [NOON - n * 15 * MINUTE for n in range(days * 96, -1, -1)]
    values = ["text" if n % 97 == 5 else n % 13 for n in range(len(at))]
    write(store, levels(at, values, quality=[4 if n % 50 == 0 else 1 for n in range(len(at))]))
    return at


def test_old_values_go_and_their_hours_stay(store: Store) -> None:
    at = filled(store)
    hours, days = (
        store.hours(key(), Window(), ALL),
        summed(store, Duration(fixed_us=DAY), Window(start=NOON - 20 * DAY)),
    )
    removed = tidied(store, WEEK).values
    limit = NOON - 7 * DAY
    left = [t for t in at if t >= limit]
    assert removed == len(at) - len(left)
    assert store.points(key(), Window(), ALL).at == left
    assert store.hours(key(), Window(), ALL) == hours
    found = summed(store, Duration(fixed_us=DAY), Window(start=NOON - 20 * DAY))
    assert [row[:2] for row in found] == [row[:2] for row in days]
    for (_, _, now), (_, _, before) in zip(found, days, strict=True):
        assert now.pop(Method.STDDEV) == pytest.approx(before.pop(Method.STDDEV))
        assert now == before
    (series,) = store.series(ALL)
    assert (series.first, series.last) == (NOON - 20 * DAY, NOON)
    assert tidied(store, WEEK).values == 0


def test_what_cannot_be_said_of_closed_hours_is_refused(store: Store) -> None:
    filled(store)
    tidied(store, WEEK)
    for duration, start in ((HOUR // 2, NOON - 20 * DAY), (DAY, NOON - 20 * DAY + MINUTE)):
        with pytest.raises(DomainError) as refused:
            summed(store, Duration(fixed_us=duration), Window(start=start))
        assert refused.value.fault is Fault.NOT_SUPPORTED
        assert "only sums are kept" in refused.value.detail
    histories = TemporalQuery(entities=Query(ids=(ONE,)))
    with pytest.raises(DomainError) as refused:
        store.aggregates(AggregateQuery(histories=histories, methods=(Method.DISTINCT_COUNT,)), ALL)
    assert refused.value.fault is Fault.NOT_SUPPORTED
    assert summed(store, Duration(fixed_us=HOUR // 2), Window(start=NOON - DAY))
    ((_, _, whole),) = summed(store)
    assert whole[Method.TOTAL_COUNT] == 20 * 96 + 1


def test_entities_with_closed_hours_alone_are_found_by_aggregates(store: Store) -> None:
    filled(store)
    tidied(store, WEEK)
    window = Window(start=NOON - 12 * DAY, end=NOON - 10 * DAY)
    histories = TemporalQuery(entities=Query(types=("https://example.org/Gauge",)), window=window)
    found = store.aggregates(AggregateQuery(histories=histories, methods=(Method.TOTAL_COUNT,)), ALL)
    (attribute,) = found.entities[0].attributes
    assert attribute.periods[0].sums.total == 2 * 96
    assert store.history(histories, ALL).entities == ()


def test_a_closed_hour_takes_nothing_any_more_and_says_so(store: Store) -> None:
    filled(store)
    tidied(store, WEEK)
    hours, position = store.hours(key(), Window(), ALL), store.position()
    old = [NOON - 10 * DAY + n * MINUTE for n in range(60)]
    (outcome,) = write(store, levels(old, [1] * 60))
    assert (outcome.done, outcome.added, outcome.corrected) == (Done.UNCHANGED, 0, 0)
    assert outcome.refused[0].fault is Fault.NOT_SUPPORTED
    assert outcome.refused[0].detail.startswith("60 values")
    (outcome,) = write(store, change(Mode.OBSERVE, level=prop(3, NOON - 10 * DAY)))
    assert (outcome.done, len(outcome.refused)) == (Done.UNCHANGED, 1)
    assert (store.hours(key(), Window(), ALL), store.position()) == (hours, position)
    # Some of them do not concern closed hours.
    (outcome,) = write(store, levels([NOON - 10 * DAY, NOON - MINUTE], [1, 1]))
    assert (outcome.added, len(outcome.refused)) == (1, 1)


def test_an_hour_that_never_had_values_takes_late_ones(store: Store) -> None:
    write(store, levels([NOON - 30 * DAY, NOON - 20 * DAY, NOON], [1, 2, 3]))
    tidied(store, WEEK)
    between = NOON - 25 * DAY
    for minute in range(3):
        (outcome,) = write(store, levels([between + minute * MINUTE], [minute]))
        assert (outcome.added, outcome.refused) == (1, ())
    (outcome,) = write(store, levels([between], [7]))
    assert outcome.corrected == 1
    before = store.hours(key(), Window(), ALL)
    assert [(b.n, b.sum) for b in before] == [(1, 1), (1, 2), (3, 10), (1, 3)] or sum(b.n for b in before) == 6
    assert tidied(store, WEEK).values == 3
    assert store.hours(key(), Window(), ALL) == before
    (outcome,) = write(store, levels([between], [8]))
    assert outcome.refused


def test_the_newest_value_stays_however_old(store: Store) -> None:
    write(store, levels([NOON - 400 * DAY, NOON - 400 * DAY + DAY], [1, 2]))
    write(store, change(Mode.UPDATE, name=prop("old", NOON - 300 * DAY)))
    tidied(store, WEEK)
    assert store.points(key(), Window(), ALL).values == [2]
    assert store.points(key(attribute=NAME), Window(), ALL).values == ["old"]
    assert one(store).attributes[LEVEL][0].value == 2
    # The last hour still counts anew: a correction of its value is possible.
    (outcome,) = write(store, levels([NOON - 399 * DAY], [5]))
    assert outcome.corrected == 1
    assert [b.sum for b in store.hours(key(), Window(), ALL)] == [1, 5]


def test_attributes_can_be_kept_longer_or_for_ever(store: Store) -> None:
    at = [NOON - n * DAY for n in range(40, -1, -1)]
    write(store, levels(at, [1] * 41))
    for instant in at:
        write(store, change(Mode.OBSERVE, name=prop("x", instant)))
    tidied(store, replace(WEEK, raw_days_of={NAME: 0, LEVEL: 30}))
    assert len(store.points(key(), Window(), ALL).at) == 31
    assert len(store.points(key(attribute=NAME), Window(), ALL).at) == 41
    assert tidied(store, replace(WEEK, raw_days=0)).values == 0


def test_erasing_takes_closed_hours_along(store: Store) -> None:
    filled(store)
    tidied(store, WEEK)
    write(store, replace(change(Mode.ERASE_ATTRIBUTES), targets=(Target(attribute=LEVEL),)))
    assert store.hours(key(), Window(), ALL) == ()
    (outcome,) = write(store, levels([NOON - 10 * DAY], [1]))
    assert (outcome.added, outcome.refused) == (1, ())
    assert [b.sum for b in store.hours(key(), Window(), ALL)] == [1]


def test_with_its_last_values_erased_a_series_still_knows_its_closed_hours(store: Store) -> None:
    write(store, levels([NOON - 10 * DAY, NOON], [1, 2]))
    tidied(store, WEEK)
    page = store.history(TemporalQuery(entities=Query(ids=(ONE,))), ALL)
    (newest,) = page.entities[0].attributes[LEVEL]
    target = Target(attribute=LEVEL, instance=newest.instance)
    write(store, replace(change(Mode.ERASE_INSTANCES), targets=(target,)))
    (outcome,) = write(store, levels([NOON - 10 * DAY], [1]))
    assert len(outcome.refused) == 1
    assert [b.sum for b in store.hours(key(), Window(), ALL)] == [1]


def test_instances_are_not_moved_into_closed_hours(store: Store) -> None:
    write(store, levels([NOON - 10 * DAY, NOON], [1, 2]))
    tidied(store, WEEK)
    page = store.history(TemporalQuery(entities=Query(ids=(ONE,))), ALL)
    (newest,) = page.entities[0].attributes[LEVEL]
    target = Target(attribute=LEVEL, instance=newest.instance)
    moved = replace(change(Mode.REVISE, level=prop(9, NOON - 10 * DAY)), targets=(target,))
    (outcome,) = write(store, moved)
    assert (outcome.done, outcome.refused[0].fault) == (Done.UNCHANGED, Fault.NOT_SUPPORTED)
    assert store.points(key(), Window(), ALL).values == [2]


def test_a_clock_that_is_years_ahead_removes_a_day_at_most_in_a_pass(store: Store, clock: StandingClock) -> None:
    filled(store)
    tidied(store, WEEK)
    left = len(store.points(key(), Window(), ALL).at)
    clock.time = NOON + 3_650 * DAY
    part = Tidied(more=True)
    while part.more:
        part = store.tidy(replace(WEEK, today=Instant(clock.time)), 0.0)
    assert part.today == NOON + DAY
    assert left - len(store.points(key(), Window(), ALL).at) == 96


def test_the_log_is_cut_from_its_beginning_and_positions_go_on(
    store_factory: StoreFactory, place: str, clock: StandingClock
) -> None:
    store = store_factory(place, clock)
    for number in range(1, 31):
        clock.time = NOON + number * DAY
        write(store, levels([NOON + number], [number]))
    keeping = Keeping(today=Instant(clock.time), log_days=10)
    assert tidied(store, keeping).entries == 19
    assert [entry.position for entry in store.log(0)] == list(range(20, 31))
    assert tidied(store, replace(keeping, log_rows=5)).entries == 6
    weight = 150
    tidied(store, replace(keeping, log_bytes=2 * weight))
    assert 1 <= len(store.log(0)) <= 4
    tidied(store, replace(keeping, log_rows=0))
    assert [entry.position for entry in store.log(0)] == [30]
    condition = store.condition()
    assert (condition.position, condition.oldest) == (30, 30)
    store.close()
    again = store_factory(place, clock)
    write(again, levels([NOON], [1]))
    assert again.position() == 31


def test_what_is_erased_leaves_the_change_log_at_once(store: Store) -> None:
    two = "urn:ngsi-ld:Gauge:2"
    for id_ in (ONE, two):
        write(store, change(Mode.CREATE, id_, level=prop(1, NOON), name=prop("secret", NOON)))
        write(store, change(Mode.MERGE, id_), change(Mode.UPDATE, id_, name=prop("secret too", NOON + 1)))
    write(store, replace(change(Mode.ERASE_ATTRIBUTES), targets=(Target(attribute=NAME),)))
    write(store, change(Mode.UPDATE, name=prop("new", NOON + 2)))
    write(store, change(Mode.ERASE, two))

    def told() -> list[tuple[str, list[Any]]]:
        return [
            (entry.entity, [i.value for side in (entry.before, entry.after) for given in side.values() for i in given])
            for entry in store.log(0)
        ]

    expected = [(ONE, [1]), (ONE, []), (two, []), (two, []), (ONE, []), (ONE, ["new"]), (two, [])]
    assert told() == expected
    assert tidied(store, WEEK).scrubbed == 4
    assert told() == expected
    assert tidied(store, WEEK).scrubbed == 0


def test_entities_whose_erasure_left_the_log_leave_nothing(store: Store, clock: StandingClock) -> None:
    write(store, change(Mode.CREATE, level=prop(1, NOON)))
    write(store, change(Mode.ERASE))
    for number in range(3):
        clock.time += HOUR
        write(store, levels([NOON + number], [1], "urn:other"))
    tidied(store, replace(WEEK, log_rows=4))
    assert store.log(0)[0].entity == ONE
    tidied(store, replace(WEEK, log_rows=1))
    assert [entry.entity for entry in store.log(0)] == ["urn:other"]


hours_back = st.integers(0, 40 * 24)
minutes = st.integers(0, 59)
values = st.one_of(st.integers(-5, 5), st.floats(-100, 100), st.sampled_from(["a", "b"]))
arrivals = st.lists(
    st.tuples(hours_back, minutes, values, st.sampled_from([1, 1, 1, 4])),
    min_size=1,
    max_size=25,
    unique_by=lambda a: a[:2],
)
steps = st.lists(st.one_of(arrivals, st.integers(0, 96)), min_size=1, max_size=8)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequence=steps)
def test_sums_are_those_of_all_values_that_were_accepted(store_factory: StoreFactory, sequence: list[Any]) -> None:
    """Values arrive late, twice, corrected and failed, with sweeps between them: nothing is lost or counted twice."""
    clock = TickingClock()
    store = store_factory(next(_places), clock)
    truth: dict[int, tuple[Any, int]] = {}
    closed: set[int] = set()
    now = int(NOON)
    for step in sequence:
        if isinstance(step, int):
            now += step * HOUR
            clock.time = now
            tidied(store, replace(WEEK, today=Instant(now)))
            if truth:
                end = min(now - 7 * DAY, max(truth)) // HOUR
                closed |= {at // HOUR for at in truth if at // HOUR < end}
            continue
        rows = sorted((now - hour * HOUR + minute * MINUTE - HOUR, v, q) for hour, minute, v, q in step)
        write(store, levels([r[0] for r in rows], [r[1] for r in rows], quality=[r[2] for r in rows]))
        truth.update({at: (value, quality) for at, value, quality in rows if at // HOUR not in closed})
    _agrees(store, truth, closed)
    store.close()


def _agrees(store: Store, truth: dict[int, tuple[Any, int]], closed: set[int]) -> None:
    everything = [(at, value, quality) for at, (value, quality) in truth.items()]
    sums = recomputed(everything)
    buckets = store.hours(key(), Window(), ALL)
    assert [bucket.start for bucket in buckets] == sorted(sums)
    assert all(same_sums(bucket, sums[bucket.start]) for bucket in buckets)
    kept = store.points(key(), Window(), ALL)
    assert dict(zip(kept.at, kept.values, strict=True)) == {
        at: value for at, value, _ in everything if at // HOUR not in closed
    }
    if truth:
        ((_, _, whole),) = summed(store)
        numbers = [value for _, value, _ in everything if not isinstance(value, str)]
        assert whole[Method.TOTAL_COUNT] == len(truth)
        assert (whole[Method.SUM] or 0) == pytest.approx(sum(numbers), abs=1e-6)
        if numbers:
            assert (whole[Method.MIN], whole[Method.MAX]) == (min(numbers), max(numbers))


def test_windows_on_other_times_see_what_is_kept(store: Store, clock: StandingClock) -> None:
    filled(store)
    tidied(store, WEEK)
    histories = TemporalQuery(
        entities=Query(ids=(ONE,)),
        property=TimeProperty.MODIFIED,
        window=Window(start=NOON - HOUR, end=clock.time + HOUR),
    )
    found = store.aggregates(AggregateQuery(histories=histories, methods=(Method.TOTAL_COUNT,)), ALL)
    assert found.entities[0].attributes[0].periods[0].sums.total == 7 * 96 + 1
