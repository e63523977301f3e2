"""A clock that jumps, while the city runs and between two starts: nothing is lost, order and ids hold."""

from __future__ import annotations

import itertools
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talwerk.core.change import Mode
from talwerk.core.instants import DAY, HOUR, MINUTE, SECOND, Instant, clock_drift
from talwerk.core.quality import Mark
from talwerk.core.query import Page, Query, TemporalQuery, Window
from talwerk.store.sqlite import SqliteStore
from tests.contracts.cities import (
    ALL,
    LEVEL,
    NAME,
    NOON,
    StandingClock,
    change,
    everything,
    key,
    levels,
    one,
    prop,
    write,
)

YEARS = 3_653 * DAY
JUMPS = [HOUR, -HOUR, YEARS, -YEARS]


def measure(store: SqliteStore, true: int, n: int) -> None:
    """What comes in at one moment: a sensor with a right time, a feed in bulk, a counter without any time."""
    write(store, change(Mode.OBSERVE, "urn:x:sensor", level=prop(n, true)))
    write(store, levels([true - SECOND, true], [n, n], "urn:x:feed"))
    write(store, change(Mode.OBSERVE, "urn:x:counter", level=prop(n)))
    write(store, change(Mode.UPDATE, f"urn:x:new:{n}", name=prop(str(n))))


def consistent(store: SqliteStore, true: list[int], after: int = 0) -> None:
    """Everything that was acknowledged is there, in the order in which it came."""
    count = len(true)
    sensor = store.points(key("urn:x:sensor"), Window(), ALL)
    assert dict(zip(sensor.at, sensor.values, strict=True)) == {at: n for n, at in enumerate(true)}
    assert len(store.points(key("urn:x:feed"), Window(), ALL).at) == len({at for t in true for at in (t, t - SECOND)})
    counted = store.points(key("urn:x:counter"), Window(), ALL)
    assert counted.values == list(range(count)), "what came without a time keeps the order in which it came"
    assert all(a < b for a, b in itertools.pairwise(counted.at))
    assert one(store, "urn:x:counter").attributes[LEVEL][0].value == count - 1
    log = store.log(after, 10_000)
    assert all(a.position < b.position and a.at < b.at for a, b in itertools.pairwise(log))
    (history,) = store.history(TemporalQuery(entities=Query(ids=("urn:x:counter",))), ALL).entities
    ids = [instance.instance for instance in history.attributes[LEVEL]]
    assert len(set(ids)) == len(ids) == count
    # Page by page gives the same as all at once.
    paged, cursor = [], None
    while True:
        page = store.read(Query(page=Page(limit=3, after=cursor)), ALL)
        paged += [entity.id for entity in page.entities]
        if (cursor := page.next) is None:
            break
    assert paged == [entity.id for entity in everything(store)]
    assert len(set(paged)) == len(paged) == 3 + count


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_and_the_way_back(tmp_path: Path, jump: int, restart: bool) -> None:
    path, clock = tmp_path / "city.db", StandingClock()
    store = SqliteStore.open(path, clock)
    true: list[int] = []
    for n in range(12):
        at = NOON + n * MINUTE
        clock.time = at + (jump if 4 <= n < 8 else 0)
        if restart and n in (4, 8):
            store.close()
            store = SqliteStore.open(path, clock)
        true.append(at)
        measure(store, at, n)
        consistent(store, true)
    # Once the clock is right again, the newest value is current, whatever it was judged by meanwhile.
    for id_ in ("urn:x:sensor", "urn:x:feed"):
        assert one(store, id_).attributes[LEVEL][0].observed == true[-1]
    store.close()


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("jump", JUMPS)
def test_values_are_marked_by_what_the_clock_says_and_kept(tmp_path: Path, jump: int, restart: bool) -> None:
    path, clock = tmp_path / "city.db", StandingClock()
    store = SqliteStore.open(path, clock)
    measure(store, NOON, 0)
    clock.time = NOON + MINUTE + jump
    if restart:
        store.close()
        store = SqliteStore.open(path, clock)
    measure(store, NOON + MINUTE, 1)
    flags = store.points(key("urn:x:sensor"), Window(), ALL).quality
    feed = store.points(key("urn:x:feed"), Window(), ALL).quality
    # Only a clock that fell back by years takes the present for the future; an hour is seen through.
    future = jump == -YEARS
    assert [bool(flag & Mark.FUTURE) for flag in flags] == [False, future]
    assert bool(feed[-1] & Mark.FUTURE) == future
    assert one(store, "urn:x:sensor").attributes[LEVEL][0].value == (0 if future else 1)
    store.close()


@pytest.mark.parametrize("jump", [HOUR, YEARS])
def test_the_future_is_recognised_again_after_a_clock_was_ahead(tmp_path: Path, jump: int) -> None:
    clock = StandingClock()
    with closing(SqliteStore.open(tmp_path / "city.db", clock)) as store:
        clock.time = NOON + jump
        measure(store, NOON, 0)
        clock.time = NOON + MINUTE
        ahead = NOON + jump + HOUR
        write(store, levels([NOON + MINUTE, ahead], [1, 2], "urn:x:feed"))
        write(store, change(Mode.OBSERVE, "urn:x:sensor", level=prop(2, ahead)))
        assert store.points(key("urn:x:feed"), Window(), ALL).quality[-1] & Mark.FUTURE
        assert one(store, "urn:x:feed").attributes[LEVEL][0].value == 1
        assert one(store, "urn:x:sensor").attributes[LEVEL][0].value == 0


def test_a_clock_that_was_ahead_is_told(tmp_path: Path) -> None:
    clock = StandingClock()
    with closing(SqliteStore.open(tmp_path / "city.db", clock)) as store:
        clock.time = NOON + YEARS
        write(store, change(Mode.UPDATE, name=prop("a")))
        (entry,) = store.log(store.position() - 1)
        assert clock_drift(entry.at, clock.now()) == 0
        clock.time = NOON
        assert clock_drift(entry.at, clock.now()) == YEARS


def test_budgets_do_not_look_at_the_wall(tmp_path: Path) -> None:
    clock = StandingClock()
    with closing(SqliteStore.open(tmp_path / "city.db", clock)) as store:
        write(store, levels([NOON + n for n in range(5_000)], list(range(5_000))))

        class Jumping(StandingClock):
            def now(self) -> Instant:
                self.time += YEARS
                return Instant(self.time)

        with closing(SqliteStore.open(tmp_path / "city.db", Jumping(), readonly=True)) as reader:
            assert len(reader.points(key(), Window(), ALL).at) == 5_000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    jumps=st.lists(st.sampled_from([0, *JUMPS, 3 * MINUTE, -3 * MINUTE]), min_size=1, max_size=8), restart=st.booleans()
)
def test_any_row_of_jumps(tmp_path_factory: pytest.TempPathFactory, jumps: list[int], restart: bool) -> None:
    path, clock = tmp_path_factory.mktemp("jumps") / "city.db", StandingClock()
    store = SqliteStore.open(path, clock)
    true = []
    for n, jump in enumerate(jumps):
        true.append(NOON + n * MINUTE)
        clock.time = true[-1] + jump
        measure(store, true[-1], n)
        if restart:
            store.close()
            store = SqliteStore.open(path, clock)
    consistent(store, true)
    assert one(store, f"urn:x:new:{len(jumps) - 1}").attributes[NAME][0].value == str(len(jumps) - 1)
    store.close()
