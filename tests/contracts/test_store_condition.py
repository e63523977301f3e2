"""What every store tells of itself, to whoever watches over it."""

from __future__ import annotations

from talwerk.core.instants import MINUTE
from tests.contracts.cities import NOON, StandingClock, levels, write
from tests.contracts.conftest import StoreFactory


def test_an_empty_city_is_in_good_condition(store_factory: StoreFactory, place: str) -> None:
    found = store_factory(place, StandingClock()).condition()
    assert (found.position, found.oldest, found.oldest_at) == (0, 0, None)
    assert (found.writable, found.trouble) == (True, "")
    assert found.database_bytes > 0
    assert found.disk_free_bytes > 0


def test_what_is_written_shows_in_the_condition(store_factory: StoreFactory, place: str) -> None:
    clock = StandingClock()
    writer = store_factory(place, clock)
    reader = store_factory(place, clock, readonly=True)
    before = writer.condition()
    for number in range(3):
        clock.pass_hours(1)
        write(writer, levels([NOON + n * MINUTE for n in range(1_000 * number, 1_000 * number + 500)], [1] * 500))
    for store in (writer, reader):
        found = store.condition()
        assert (found.position, found.oldest) == (3, 1)
        assert found.oldest_at is not None
        assert NOON < found.oldest_at < clock.time
        assert found.database_bytes + found.wal_bytes > before.database_bytes + before.wal_bytes


def test_a_disk_that_is_nearly_full_is_trouble(store_factory: StoreFactory, place: str) -> None:
    found = store_factory(place, StandingClock(), disk_reserve_bytes=2**60).condition()
    assert not found.writable
    assert "MB left" in found.trouble
