"""What the reporter says to the log by itself: once when nothing can be written, once when it can be again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from msgspec.structs import replace

from talwerk.core.instants import SystemClock
from talwerk.processes import reporter
from talwerk.processes.engine import Engine
from talwerk.processes.reporter import Reporter
from talwerk.protocols.http.tally import Tally
from talwerk.store import Condition
from tests.processes.test_engine import HangingStore

if TYPE_CHECKING:
    from talwerk.store import Store

ROOM = Condition(database_bytes=1, wal_bytes=1, disk_free_bytes=10**9, position=7)
FULL = replace(ROOM, disk_free_bytes=0, writable=False, trouble="The disk has 0 MB left.")


async def test_a_full_disk_is_told_once_and_what_it_cost_afterwards(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "LOOK_EVERY_S", 0.01)
    caplog.set_level("INFO")
    condition, looks = ROOM, 0

    def look() -> Condition:
        nonlocal looks
        looks += 1
        return condition

    async def looked() -> None:
        """Wait until the present condition was looked at more than once."""
        before = looks
        async with asyncio.timeout(10):
            while looks < before + 3:  # noqa: ASYNC110 - looks happen in a thread
                await asyncio.sleep(0.01)

    async with Engine(cast("Store", HangingStore()), 10) as engine:
        watch = Reporter(engine, look, tmp_path, SystemClock(), Tally())
        async with watch.looking():
            for failed in (3, 4):
                condition = FULL
                await looked()
                assert watch.state().trouble == FULL.trouble
                engine.work.failed += failed
                condition = ROOM
                await looked()
                assert not watch.state().trouble
    assert [record.getMessage() for record in caplog.records] == [
        "nothing can be written: The disk has 0 MB left.",
        "it can be written again; 3 batches were refused meanwhile",
        "nothing can be written: The disk has 0 MB left.",
        "it can be written again; 4 batches were refused meanwhile",
    ]


async def test_sources_that_are_not_polled_make_the_city_ailing_and_not_unready(tmp_path: Path) -> None:
    async with Engine(cast("Store", HangingStore()), 10) as engine:
        watch = Reporter(engine, lambda: ROOM, tmp_path, SystemClock(), Tally())
        assert not watch.state().ailing
        watch.halted = lambda: "The data directory holds simulated values."
        state = watch.state()
        assert (state.trouble, "not polled. The data directory" in state.ailing) == ("", True)
