"""What the engine tells of itself: lag, a commit that hangs, a full queue, and what it has done."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, cast

import pytest

from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError, Fault
from talwerk.privacy.policy import system_scope
from talwerk.processes.engine import STUCK_S, Engine
from talwerk.protocols.http.request_ids import request_id
from tests.processes.test_door import bench
from tests.protocols.city import FixedClock

if TYPE_CHECKING:
    from talwerk.store import Store

BATCH, SCOPE = Batch(changes=(bench(1),)), system_scope("test")


class MovingClock(FixedClock):
    seconds = 100.0

    def monotonic_s(self) -> float:
        return self.seconds


class HangingStore:
    """Stands for a disk that does not answer until it is told to."""

    def __init__(self) -> None:
        self.go, self.fault = threading.Event(), Fault.BUSY
        self.fails = False

    def position(self) -> int:
        return 7

    def apply(self, submissions: list[object]) -> list[Ack]:
        assert self.go.wait(10)
        if self.fails:
            raise DomainError(Fault.STORAGE_FULL, "The disk is full.")
        return [Ack(position=9, outcomes=()) for _ in submissions]


async def test_a_commit_that_hangs_and_a_full_queue_are_told() -> None:
    store, clock = HangingStore(), MovingClock()
    async with Engine(cast("Store", store), 2, clock) as engine:
        assert (engine.state().trouble, engine.state().position) == ("", 7)
        first = asyncio.create_task(engine.submit(BATCH, SCOPE))
        await asyncio.sleep(0.01)
        clock.seconds += 2
        assert engine.state().lag_ms == 2_000
        assert not engine.state().trouble
        others = [asyncio.create_task(engine.submit(BATCH, SCOPE)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert "2 batches wait" in engine.state().trouble
        clock.seconds += STUCK_S
        assert "A commit has lasted 7 s" in engine.state().trouble
        assert engine.state().lag_ms == 7_000
        store.go.set()
        results = await asyncio.gather(first, *others, return_exceptions=True)
        assert sum(isinstance(result, DomainError) for result in results) == 1
        state, work = engine.state(), engine.work
        assert (state.trouble, state.lag_ms, state.waiting, state.position) == ("", 0, 0, 9)
        assert (work.batches, work.refused, work.failed, work.values) == (3, 1, 0, 6)
        assert work.commits.total == 2
        assert work.last_commit_s == 0
    assert "not running" in engine.state().trouble


async def test_a_failure_is_logged_with_the_requests_it_hit(caplog: pytest.LogCaptureFixture) -> None:
    store = HangingStore()
    store.fails = True
    store.go.set()
    async with Engine(cast("Store", store), 10) as engine:
        request_id.set("abc-1")
        with caplog.at_level(logging.ERROR), pytest.raises(DomainError, match="disk is full"):
            await engine.submit(BATCH, SCOPE)
        assert engine.work.failed == 1
    (record,) = [record for record in caplog.records if record.name.endswith("engine")]
    assert record.__dict__["requests"] == ["abc-1"]
