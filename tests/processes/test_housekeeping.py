"""Housekeeping in a city that goes on: nobody waits for it, and what it finds is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from talwerk.core.change import Batch
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import DAY, MINUTE, Instant, SystemClock
from talwerk.core.query import Window
from talwerk.processes.engine import Engine
from talwerk.processes.housekeeping import Housekeeping, leftovers
from talwerk.store import Keeping, Tidied
from talwerk.store.sqlite import SqliteStore
from tests.contracts.cities import ALL, key, levels, write
from tests.store.test_scrub import flip, pages_of

CLOCK = SystemClock()
KEEPING = Keeping(today=Instant(0), raw_days=7)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "city.db", CLOCK)
    now = CLOCK.now()
    at = [now - n * 15 * MINUTE for n in range(30 * 96, -1, -1)]
    for entity in range(40):
        write(opened, levels(at, list(range(len(at))), f"urn:x:{entity}"))
    yield opened
    opened.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition, half a minute at most."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_a_pass_goes_on_beside_the_writing(store: SqliteStore, tmp_path: Path) -> None:
    house = Housekeeping(tmp_path, store.tidy, KEEPING, CLOCK)
    async with Engine(store, queue_max=100) as engine:
        tidying = asyncio.create_task(house.tidy())
        number = 0
        while not tidying.done():
            number += 1
            at = CLOCK.now()
            ack = await engine.submit(Batch(changes=(levels([at], [number], "urn:x:new"),)), ALL)
            assert ack.outcomes[0].added == 1
        done = await tidying
    state = house.state()
    assert done.values == state.removed > 40 * 20 * 96
    assert state.slices > 2
    assert number > 2
    assert state.last is not None
    assert len(store.points(key("urn:x:new"), Window(), ALL).at) == number
    assert sum(bucket.n for bucket in store.hours(key("urn:x:3"), Window(), ALL)) == 30 * 96 + 1


async def test_the_duty_begins_by_itself_and_reads_every_page(store: SqliteStore, tmp_path: Path) -> None:
    house = Housekeeping(tmp_path, store.tidy, KEEPING, CLOCK, soon_s=0.01)
    duty = asyncio.create_task(house.run())
    await until(lambda: house.state().last is not None and house.state().checked > 0)
    duty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await duty
    state = house.state()
    assert state.removed > 0
    assert state.checked > 0
    assert state.next is not None
    assert state.next - CLOCK.now() > DAY // 5


async def test_damaged_pages_are_remembered_until_they_are_sound(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    store.close()
    house = Housekeeping(tmp_path, store.tidy, KEEPING, CLOCK)
    page = pages_of(path, "obs", "leaf")[5]
    flip(path, page)
    while house.state().round_ended is None:
        await house.read_pages(100)
    assert [(damage.page, damage.place) for damage in house.state().damaged] == [(page, "obs")]
    assert house.state().checked == house.state().pages
    flip(path, page)
    await house.read_pages(10_000)
    assert house.state().damaged == ()


async def test_a_store_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    met: list[Fault] = []

    def full(_keeping: Keeping, _budget_s: float) -> Tidied:
        met.append(Fault.STORAGE_FULL)
        raise DomainError(Fault.STORAGE_FULL, "The disk is full; nothing was written.")

    house = Housekeeping(tmp_path, full, KEEPING, CLOCK, soon_s=0.001)
    duty = asyncio.create_task(house.run())
    await until(lambda: house.state().trouble != "")
    duty.cancel()
    assert met == [Fault.STORAGE_FULL]
    assert "disk is full" in house.state().trouble


def test_what_earlier_procedures_left_is_told_and_stays(tmp_path: Path) -> None:
    (tmp_path / "city.db.v1.bak").write_bytes(b"x" * 100)
    (tmp_path / "replaced-2026-01-01").mkdir()
    (tmp_path / "replaced-2026-01-01" / "city.db").write_bytes(b"x" * 50)
    (tmp_path / "city.db").write_bytes(b"x")
    assert [(left.name, left.bytes) for left in leftovers(tmp_path)] == [
        ("city.db.v1.bak", 100),
        ("replaced-2026-01-01", 50),
    ]
