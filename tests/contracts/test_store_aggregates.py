"""Aggregated histories are what an independent computation over the very same instances says."""

from __future__ import annotations

import math
import statistics
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talwerk.core.aggregates import AggregateQuery, Method
from talwerk.core.durations import Duration, parse_duration
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import DAY, HOUR, MINUTE, datetime_of, instant_of, parse_instant
from talwerk.core.query import Query, TemporalQuery, TimeProperty, Window
from talwerk.core.values import same_value
from talwerk.store import Store
from tests.contracts.cities import ALL, NOON, ONE, StandingClock, levels, write
from tests.contracts.conftest import StoreFactory

_places = (f"aggregated-{number}" for number in count())
METHODS = tuple(Method)

times = st.integers(-8 * 60, 0).map(lambda minutes: NOON + minutes * MINUTE)
numbers = st.one_of(st.integers(-5, 5), st.floats(-1e3, 1e3), st.sampled_from([1e9, 1e9 + 1]))
values = st.one_of(numbers, numbers, numbers, st.sampled_from(["a", "b", "1"]))
columns = st.dictionaries(times, st.tuples(values, st.sampled_from([1, 1, 1, 4, 9])), min_size=1, max_size=30)
durations = st.sampled_from([None, "PT1H", "PT20M", "PT90M", "P1D", "PT3H", "P1M"])
windows = st.tuples(st.one_of(st.none(), times), st.one_of(st.none(), times))


def expected(
    instances: list[tuple[int, Any]], query: AggregateQuery
) -> list[tuple[int, int, dict[Method, float | str | None]]]:
    """The long way: every period looks at every value."""
    window = query.histories.window
    inside = [(at, v) for at, v in instances if (window.start or 0) <= at < (window.end or 2**62)]
    if not inside:
        return []
    start = min(at for at, _ in inside) if window.start is None else window.start
    last = max(at for at, _ in inside)
    found: list[tuple[int, int, dict[Method, float | str | None]]] = []
    moment = datetime_of(start)
    while instant_of(moment) <= last:
        begin = instant_of(moment)
        if query.duration is None:
            end = last + 1 if window.end is None else window.end
        elif query.duration.months:
            moment = (moment.replace(day=1) + timedelta(days=32)).replace(day=moment.day)
            end = instant_of(moment)
        else:
            moment += timedelta(microseconds=query.duration.fixed_us)
            end = instant_of(moment)
        part = [v for at, v in inside if begin <= at < end]
        shown = last if query.duration is None and window.end is None else min(end, window.end or 2**62)
        if part:
            found.append((begin, shown, aggregated(part)))
        if query.duration is None:
            break
    return found


def aggregated(part: list[Any]) -> dict[Method, float | str | None]:
    plain = [v for v in part if not isinstance(v, str)]
    different: list[Any] = []
    for v in part:
        if not any(same_value(v, known) for known in different):
            different.append(v)
    ordered: list[Any] = plain or part
    result: dict[Method, float | str | None] = {
        Method.TOTAL_COUNT: len(part),
        Method.DISTINCT_COUNT: len(different),
        Method.MIN: min(ordered),
        Method.MAX: max(ordered),
    }
    if plain:
        result[Method.SUM] = math.fsum(plain)
        result[Method.SUMSQ] = math.fsum(v * v for v in plain)
        result[Method.AVG] = statistics.fmean(plain)
        result[Method.STDDEV] = statistics.pstdev(map(float, plain))
    return result


def ask(store: Store, query: AggregateQuery) -> list[tuple[int, int, dict[Method, float | str | None]]]:
    (one,) = store.aggregates(query, ALL).entities
    assert not one.entity.attributes
    return [
        (p.start, p.end, {m: p.sums.value(m) for m in query.methods if p.sums.value(m) is not None})
        for attribute in one.attributes
        for p in attribute.periods
    ]


def alike(one: float | str | None, other: float | str | None) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one is None or other is None:
        return one == other
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-4)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=columns, duration=durations, ends=windows, distinct=st.booleans())
def test_aggregates_are_what_the_values_say(
    store_factory: StoreFactory,
    data: dict[int, tuple[Any, int]],
    duration: str | None,
    ends: tuple[int | None, int | None],
    distinct: bool,
) -> None:
    store = store_factory(next(_places), StandingClock())
    at = sorted(data)
    write(store, levels(at, [data[t][0] for t in at], quality=[data[t][1] for t in at]))
    # Without the count of distinct values hourly sums may answer.
    methods = METHODS if distinct else tuple(m for m in METHODS if m is not Method.DISTINCT_COUNT)
    query = AggregateQuery(
        histories=TemporalQuery(entities=Query(ids=(ONE,)), window=Window(start=ends[0], end=ends[1])),
        methods=methods,
        duration=None if duration is None else parse_duration(duration),
    )
    wanted = expected([(t, data[t][0]) for t in at], query)
    found = ask(store, query)
    assert [row[:2] for row in found] == [row[:2] for row in wanted]
    for (_, _, one), (_, _, everything) in zip(found, wanted, strict=True):
        other = {method: value for method, value in everything.items() if method in methods}
        assert one.keys() == other.keys()
        assert all(alike(one[method], other[method]) for method in one), (one, other)
    store.close()


def test_hourly_sums_answer_where_they_are_exact(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    at = [NOON - n * MINUTE for n in range(600, 0, -1)]
    write(store, levels(at, list(range(600))))
    whole = TemporalQuery(entities=Query(ids=(ONE,)))
    for duration in (None, Duration(fixed_us=HOUR), Duration(fixed_us=HOUR // 2)):
        query = AggregateQuery(histories=whole, methods=METHODS[:1] + METHODS[2:], duration=duration)
        slow = AggregateQuery(histories=whole, methods=METHODS, duration=duration)
        assert [row[2][Method.SUM] for row in ask(store, query)] == [row[2][Method.SUM] for row in ask(store, slow)]


def test_other_times_and_kinds(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    write(store, levels([NOON - DAY, NOON], [1, 3]))
    recorded = TemporalQuery(
        entities=Query(ids=(ONE,)), property=TimeProperty.MODIFIED, window=Window(start=NOON - HOUR, end=NOON + HOUR)
    )
    ((start, end, found),) = ask(store, AggregateQuery(histories=recorded, methods=(Method.AVG,)))
    assert (start, end, found) == (NOON - HOUR, NOON + HOUR, {Method.AVG: 2})


def test_too_many_periods_are_refused(store_factory: StoreFactory, place: str) -> None:
    store = store_factory(place, StandingClock())
    write(store, levels([NOON - DAY, NOON], [1, 3]))
    query = AggregateQuery(
        histories=TemporalQuery(entities=Query(ids=(ONE,))), methods=METHODS, duration=Duration(fixed_us=1_000_000)
    )
    with pytest.raises(DomainError) as refused:
        store.aggregates(query, ALL)
    assert refused.value.fault is Fault.TOO_COMPLEX


def test_months_are_as_long_as_they_are() -> None:
    start = parse_instant("2026-01-31T00:00:00Z")
    month = parse_duration("P1M")
    assert [month.after(start, n) for n in (1, 2)] == [parse_instant(f"2026-{d}T00:00:00Z") for d in ("02-28", "03-31")]
    assert parse_duration("P1Y2M3W4DT5H6M7.5S") == Duration(14, 25 * DAY + 5 * HOUR + 6 * MINUTE + 7_500_000)
    for text in ("", "P", "PT", "1H", "P1H", "-P1D", "P1DT", "PT1.5H"):
        with pytest.raises(DomainError):
            parse_duration(text)
