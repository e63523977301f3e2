"""What every store promises about history: instances, points, series and hourly sums."""

from __future__ import annotations

import random
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talwerk.core.change import Change, Mode, Observations, Provenance
from talwerk.core.entity import Attribute, Kind
from talwerk.core.errors import DomainError
from talwerk.core.instants import HOUR, MINUTE
from talwerk.core.quality import Flag, Mark, mark_of
from talwerk.core.query import Page, Query, TemporalQuery, TimeProperty, Window
from talwerk.core.series import Points
from talwerk.store import Store
from tests.contracts.cities import (
    ALL,
    LEVEL,
    NAME,
    NOON,
    ONE,
    PLACE,
    StandingClock,
    change,
    key,
    levels,
    prop,
    write,
)
from tests.contracts.conftest import StoreFactory
from tests.contracts.sums import recomputed, same_sums

TWO = "urn:ngsi-ld:Gauge:2"
_places = (f"sums-{number}" for number in count())


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(store_factory: StoreFactory, place: str, clock: StandingClock) -> Store:
    return store_factory(place, clock)


def grown(store: Store, query: TemporalQuery, id_: str = ONE, name: str = LEVEL) -> list[object]:
    """The values of one attribute's history."""
    return [a.value for e in store.history(query, ALL).entities if e.id == id_ for a in e.attributes.get(name, ())]


EVERY = TemporalQuery(entities=Query())


def test_history_holds_every_kind_of_instance_oldest_first(store: Store) -> None:
    point = Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [7, 51]}, observed=NOON - HOUR)
    write(store, change(Mode.UPDATE, level=prop(2, NOON), place=point, name=prop("a")))
    write(
        store,
        change(
            Mode.OBSERVE,
            level=(
                prop(1, NOON - HOUR),
                prop(3, NOON + 1, subattributes={NAME: (prop("x"),)}),
                prop([1, None], NOON - 2 * HOUR, dataset="urn:d:1"),
                prop(False, NOON - 3 * HOUR),
            ),
        ),
    )
    (found,) = store.history(EVERY, ALL).entities
    assert [a.value for a in found.attributes[LEVEL]] == [False, [1, None], 1, 2, 3]
    assert [a.observed for a in found.attributes[LEVEL]][:2] == [NOON - 3 * HOUR, NOON - 2 * HOUR]
    assert found.attributes[LEVEL][1].dataset == "urn:d:1"
    assert found.attributes[LEVEL][4].subattributes[NAME][0].value == "x"
    assert found.attributes[PLACE][0].kind is Kind.GEO_PROPERTY
    (name,) = found.attributes[NAME]
    assert (name.observed, mark_of(name.quality), name.value) == (None, Mark.TIME_ASSUMED, "a")
    ids = [a.instance for instances in found.attributes.values() for a in instances]
    assert len(set(ids)) == 7
    assert all(id_ is not None and id_.startswith("urn:ngsi-ld:Instance:") for id_ in ids)
    assert store.history(EVERY, ALL).entities == (found,)


def test_instance_ids_survive_corrections_and_restarts(
    store_factory: StoreFactory, place: str, clock: StandingClock
) -> None:
    store = store_factory(place, clock)
    write(store, levels([NOON], [1], unit="CMT"))
    (before,) = store.history(EVERY, ALL).entities[0].attributes[LEVEL]
    clock.pass_hours(1)
    write(store, levels([NOON], [2], unit="CMT"))
    store.close()
    store = store_factory(place, clock)
    (after,) = store.history(EVERY, ALL).entities[0].attributes[LEVEL]
    assert (after.instance, after.value) == (before.instance, 2)
    assert (after.created, after.modified) == (before.created, clock.time)


def test_the_window_is_half_open_and_about_the_asked_time(store: Store, clock: StandingClock) -> None:
    write(store, levels([NOON - 2 * HOUR, NOON - HOUR, NOON], [1, 2, 3]))
    clock.pass_hours(5)
    write(store, levels([NOON - HOUR, NOON + HOUR], [20, 4]))

    def within(start: int | None, end: int | None, property_: TimeProperty = TimeProperty.OBSERVED) -> list[object]:
        return grown(store, TemporalQuery(entities=Query(), window=Window(start=start, end=end), property=property_))

    assert within(None, None) == [1, 20, 3, 4]
    assert within(NOON - HOUR, NOON) == [20]
    assert within(NOON, None) == [3, 4]
    assert within(None, NOON - 2 * HOUR) == []
    late = NOON + HOUR
    assert within(late, None, TimeProperty.MODIFIED) == [20, 4]
    assert within(None, late, TimeProperty.MODIFIED) == [1, 3]
    assert within(late, None, TimeProperty.CREATED) == [4]
    assert within(None, late, TimeProperty.CREATED) == [1, 20, 3]


def test_entities_without_an_instance_in_the_window_are_left_out_unless_named_alone(store: Store) -> None:
    write(store, levels([NOON], [1]), levels([NOON - HOUR], [2], TWO))
    window = Window(start=NOON)
    page = store.history(TemporalQuery(entities=Query(page=Page(count=True)), window=window), ALL)
    assert ([e.id for e in page.entities], page.total) == ([ONE], 1)
    (alone,) = store.history(TemporalQuery(entities=Query(ids=(TWO,)), window=window), ALL).entities
    assert (alone.id, alone.attributes) == (TWO, {})
    assert store.history(TemporalQuery(entities=Query(ids=("urn:x:9",))), ALL).entities == ()


def test_pages_of_histories_follow_each_other(store: Store) -> None:
    write(store, *(levels([NOON - n % 2 * HOUR], [n], f"urn:x:{n}") for n in range(7)))
    query = Query(page=Page(limit=2))
    seen = []
    while True:
        page = store.history(TemporalQuery(entities=query, window=Window(start=NOON)), ALL)
        seen += [e.id for e in page.entities]
        if page.next is None:
            break
        query = Query(page=Page(limit=2, after=page.next))
    assert seen == ["urn:x:0", "urn:x:2", "urn:x:4", "urn:x:6"]


def test_last_takes_the_newest_of_each_dataset(store: Store) -> None:
    write(store, levels([NOON - HOUR * n for n in range(5, 0, -1)], [1, 2, 3, 4, 5]))
    write(store, levels([NOON - HOUR, NOON], [10, 11], dataset="urn:d:1"))
    assert grown(store, TemporalQuery(entities=Query(), last=2)) == [4, 5, 10, 11]
    assert grown(store, TemporalQuery(entities=Query(), last=1, window=Window(end=NOON - HOUR))) == [4]


def test_a_page_holds_a_limited_number_of_instances(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock(), instances=5)
    write(store, levels([NOON - n * MINUTE for n in range(4, 0, -1)], [1, 2, 3, 4]))
    write(store, levels([NOON - n * MINUTE for n in range(4, 0, -1)], [1, 2, 3, 4], TWO))
    page = store.history(EVERY, ALL)
    assert page.truncated
    assert [[a.value for a in e.attributes[LEVEL]] for e in page.entities] == [[1, 2], [1, 2]]
    page = store.history(TemporalQuery(entities=Query(), last=4), ALL)
    assert page.truncated
    assert [[a.value for a in e.attributes[LEVEL]] for e in page.entities] == [[3, 4], [3, 4]]
    assert not store.history(TemporalQuery(entities=Query(ids=(ONE,))), ALL).truncated


def test_a_long_history_is_read_piece_by_piece(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock(), instances=500)
    ids = [f"urn:x:{n}" for n in range(30)]
    write(store, *(levels([NOON - 300 + at for at in range(300)], list(range(300)), id_) for id_ in ids))
    page = store.history(TemporalQuery(entities=Query(page=Page(limit=100))), ALL)
    assert page.truncated
    assert {tuple(a.value for a in e.attributes[LEVEL]) for e in page.entities} == {tuple(range(16))}
    page = store.history(TemporalQuery(entities=Query(page=Page(limit=100)), last=100), ALL)
    assert {tuple(a.value for a in e.attributes[LEVEL]) for e in page.entities} == {tuple(range(284, 300))}
    assert grown(store, TemporalQuery(entities=Query(ids=(ids[3],)), last=290), ids[3]) == list(range(10, 300))
    modified = TemporalQuery(entities=Query(ids=(ids[3],)), property=TimeProperty.MODIFIED)
    assert grown(store, modified, ids[3]) == list(range(300))


def test_another_unit_or_method_opens_another_series(store: Store, clock: StandingClock) -> None:
    measured, mean = Provenance(source="a", licence="CC0-1.0"), Provenance(source="a", method="mean")
    write(store, levels([NOON - 3 * HOUR], [1], unit="CMT", provenance=measured))
    write(store, levels([NOON - 2 * HOUR], [200], unit="CMT", provenance=mean))
    write(store, levels([NOON - HOUR], [3], unit="MTR", provenance=measured))
    found = store.series(ALL, ONE)
    assert [(s.unit, s.provenance.method, s.closed is None) for s in found] == [
        ("CMT", "", False),
        ("CMT", "mean", False),
        ("MTR", "", True),
    ]
    assert [(s.first, s.last) for s in found] == [(t, t) for t in (NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR)]
    assert found[0].provenance == measured
    assert store.points(key(), Window(), ALL).values == [3]
    assert grown(store, EVERY) == [1, 200, 3]
    # The unit comes back: its series opens again, and what it holds already is not doubled.
    repeated = levels([NOON - 3 * HOUR, NOON], [1, 4], unit="CMT", provenance=measured)
    (outcome,) = write(store, repeated)
    assert (outcome.added, outcome.corrected) == (1, 0)
    assert store.points(key(), Window(), ALL).values == [1, 200, 4]
    assert store.points(key(), Window(), ALL, last=2).values == [200, 4]
    assert [s.closed is None for s in store.series(ALL)] == [True, False, False]
    assert [b.n for b in store.hours(key(), Window(), ALL)] == [1, 1, 1]


def test_old_values_of_another_unit_do_not_take_over(store: Store) -> None:
    write(store, levels([NOON], [3], unit="MTR"))
    write(store, levels([NOON - HOUR], [100], unit="CMT"))
    assert store.points(key(), Window(), ALL).values == [3]
    assert [(s.unit, s.closed is None) for s in store.series(ALL)] == [("MTR", True), ("CMT", False)]


def test_points_can_be_narrowed(store: Store) -> None:
    write(store, levels([NOON + n for n in range(5)], [0, 1.5, "low", 3, 4], quality=[1, 2, 3, 4, 9]))
    points = store.points(key(), Window(start=NOON + 1, end=NOON + 4), ALL)
    assert (points.at, points.values, points.quality) == ([NOON + 1, NOON + 2, NOON + 3], [1.5, "low", 3], [2, 3, 4])
    assert store.points(key(), Window(end=NOON + 4), ALL, last=2).values == ["low", 3]
    assert store.points(key(), Window(), ALL, last=0).values == []
    assert store.points(key(dataset="urn:d:1"), Window(), ALL) == Points(at=[], values=[], quality=[], recorded=[])
    assert store.points(key("urn:x:9"), Window(), ALL).at == []


def test_points_and_sums_include_numbers_that_carry_more(store: Store) -> None:
    more = prop(2, NOON - 1, subattributes={NAME: (prop("x"),)})
    write(store, change(Mode.OBSERVE, level=(prop(1, NOON - 2), more, prop({"a": 1}, NOON - 3), prop(True, NOON - 4))))
    assert store.points(key(), Window(), ALL).values == [1, 2]
    assert [(b.n, b.sum) for b in store.hours(key(), Window(), ALL)] == [(2, 3.0)]


def test_hours_start_within_the_window(store: Store) -> None:
    write(store, levels([NOON - HOUR + n * 30 * MINUTE for n in range(5)], [1, 2, 3, 4, 5]))
    starts = [b.start for b in store.hours(key(), Window(start=NOON - HOUR + 1, end=NOON + HOUR), ALL)]
    assert starts == [NOON]
    assert [b.n for b in store.hours(key(), Window(), ALL)] == [2, 2, 1]


def test_before_1970_hours_are_hours_too(store: Store) -> None:
    write(store, levels([-HOUR - 1, -HOUR, -1, 0], [1, 2, 3, 4]))
    assert [(b.start, b.n) for b in store.hours(key(), Window(), ALL)] == [(-2 * HOUR, 1), (-HOUR, 2), (0, 1)]


def test_absurd_numbers_are_kept_and_do_not_break_the_sums(store: Store) -> None:
    write(
        store,
        levels([NOON, NOON + 1, NOON + 2], [1e308, 1e308, -1e308]),
        levels([NOON, NOON + 1], [2**63 - 1] * 2, TWO),
    )
    assert store.points(key(), Window(), ALL).values == [1e308, 1e308, -1e308]
    assert [b.n for b in store.hours(key(), Window(), ALL)] == [3]
    assert [b.sum for b in store.hours(key(TWO), Window(), ALL)] == [2.0**64]


def test_texts_have_no_sums(store: Store) -> None:
    write(store, levels([NOON, NOON + 1], ["a", "b"]))
    assert store.hours(key(), Window(), ALL) == ()


times = st.integers(-6 * 4, 4).map(lambda quarter: NOON + quarter * 15 * MINUTE)
sizes = st.one_of(st.integers(-5, 5), st.floats(-1e6, 1e6), st.sampled_from(["low", 0.1]))
flags = st.sampled_from([int(f) for f in Flag])


@st.composite
def columns(draw: st.DrawFn) -> Observations:
    at = sorted(draw(st.sets(times, min_size=1, max_size=8)))
    values = draw(st.lists(sizes, min_size=len(at), max_size=len(at)))
    quality = draw(st.one_of(st.lists(flags, min_size=len(at), max_size=len(at)), flags.map(lambda flag: [flag])))
    return levels(at, values, quality=quality, unit=draw(st.sampled_from(["CMT", "CMT", "MTR"])))


single = st.builds(
    lambda mode, value, at, quality: change(mode, level=prop(value, at, quality=quality, unit="CMT")),
    st.sampled_from([Mode.OBSERVE, Mode.UPDATE]),
    st.one_of(sizes, st.booleans(), st.just([1])),
    times,
    flags,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(batches=st.lists(st.lists(st.one_of(columns(), single), min_size=1, max_size=3), min_size=1, max_size=8))
def test_hourly_sums_are_those_of_the_values_whatever_happened(
    store_factory: StoreFactory, batches: list[list[Change | Observations]]
) -> None:
    store = store_factory(next(_places), StandingClock())
    for batch in batches:
        write(store, *batch)
    points = store.points(key(), Window(), ALL)
    assert points.at == sorted(set(points.at))
    (unit,) = [s.unit for s in store.series(ALL) if s.closed is None]
    (found,) = store.history(EVERY, ALL).entities
    raw = [(a.observed or 0, a.value, a.quality) for a in found.attributes[LEVEL] if a.unit == unit]
    plain = [(at, v) for at, v, _ in raw if isinstance(v, int | float | str) and not isinstance(v, bool)]
    assert list(zip(points.at, points.values, strict=True)) == plain
    expected = recomputed(raw)
    buckets = store.hours(key(), Window(), ALL)
    assert [b.start for b in buckets] == sorted(expected)
    assert all(same_sums(bucket, expected[bucket.start]) for bucket in buckets)
    position = store.position()
    write(store, *[last for last in batches[-1][-1:] if isinstance(last, Observations)])
    assert store.position() == position or isinstance(batches[-1][-1], Change)
    store.close()


def test_long_histories_survive_any_order_of_arrival(store: Store) -> None:
    order = list(range(0, 2_000, 20))
    random.Random(7).shuffle(order)
    for start in order:
        at = [NOON - (2_000 - n) * MINUTE for n in range(start, start + 40)]
        write(store, levels(at, [float(n) for n in range(start, start + 40)]))
    points = store.points(key(), Window(), ALL)
    assert points.values == [float(n) for n in range(2_020)]
    sums = recomputed(zip(points.at, points.values, points.quality, strict=True))
    assert all(same_sums(b, sums[b.start]) for b in store.hours(key(), Window(), ALL))


def test_a_query_that_takes_too_long_ends(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    store = store_factory(place, clock)
    write(store, *(levels([NOON + n for n in range(100)], list(range(100)), f"urn:x:{e}") for e in range(100)))

    class Hasty(StandingClock):
        def monotonic_s(self) -> float:
            self.monotonic += 1
            return self.monotonic

    hasty = store_factory(place, Hasty(), readonly=True, budget_s=2.5)
    with pytest.raises(DomainError, match="time budget"):
        hasty.history(TemporalQuery(entities=Query(page=Page(count=True))), ALL)
    assert len(store.history(TemporalQuery(entities=Query(page=Page(count=True))), ALL).entities) == 20
