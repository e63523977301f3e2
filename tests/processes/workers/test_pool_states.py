"""Whatever happens in whatever order: every task ends as it should, and the pool stays within its limits."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from talwerk.core.errors import DomainError, Fault
from talwerk.processes.workers.pool import Pool
from tests.processes.workers.test_pool import TASKS, is_gone

MOST, WAITING_MOST = 2, 2
DONE = "done"


class Kind(NamedTuple):
    """A task, and how it ends when nobody interferes."""

    function: str
    payload: bytes
    limit_s: float
    end: str


KINDS = (
    Kind("reverse", b"ab", 20, DONE),
    Kind("pause", b"0.03", 20, DONE),
    Kind("spin", b"", 0.25, Fault.TIMED_OUT),
    Kind("swallow", b"512", 20, Fault.TOO_LARGE),
    Kind("leave", b"", 20, Fault.INTERNAL),
    Kind("stumble", b"", 20, Fault.INTERNAL),
    Kind("blame", b"", 20, Fault.BAD_REQUEST_DATA),
)


class Life(RuleBasedStateMachine):
    """Tasks come, callers give up, the system takes workers away."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.pool = Pool(MOST, 128, idle_s=0.05, waiting_most=WAITING_MOST)
        self.under_way: dict[asyncio.Task[str], set[str]] = {}
        self.seen: set[int] = set()

    @rule(kind=st.sampled_from(KINDS))
    def ask(self, kind: Kind) -> None:
        async def outcome() -> str:
            try:
                await self.pool.run(f"{TASKS}:{kind.function}", kind.payload, kind.limit_s)
            except DomainError as error:
                return error.fault
            return DONE

        async def begin() -> None:
            full = sum(not task.done() for task in self.under_way) >= MOST + WAITING_MOST
            self.under_way[asyncio.create_task(outcome())] = {Fault.BUSY} if full else {kind.end}
            await asyncio.sleep(0)

        self.runner.run(begin())

    @rule(seconds=st.sampled_from([0.0, 0.02, 0.2]))
    def wait(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    @rule(choose=st.sampled_from([min, max]))
    def the_system_takes_a_worker(self, choose: Callable[[frozenset[int]], int]) -> None:
        if not self.pool.pids:
            return
        taken = choose(self.pool.pids)
        with contextlib.suppress(ProcessLookupError):
            os.kill(taken, signal.SIGKILL)
        for task, ends in self.under_way.items():
            if not task.done():
                ends.add(Fault.BUSY)
        # A signal needs a moment to arrive; until then the worker could still be handed the next task.
        while not is_gone(taken):
            time.sleep(0.001)

    @rule()
    def a_caller_gives_up(self) -> None:
        async def give_up() -> None:
            task = next((task for task in self.under_way if not task.done()), None)
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        self.runner.run(give_up())

    @invariant()
    def there_are_no_more_workers_than_allowed(self) -> None:
        assert len(self.pool.pids) <= MOST
        self.seen |= self.pool.pids

    def teardown(self) -> None:
        try:
            self.runner.run(self.end())
        finally:
            self.runner.close()

    async def end(self) -> None:
        end = asyncio.create_task(self._end())
        await asyncio.wait([end], timeout=60)
        assert end.done(), self._what_hangs()
        await end

    async def _end(self) -> None:
        async with self.pool, asyncio.timeout(30):
            if self.under_way:
                await asyncio.wait(self.under_way)
            for task, ends in self.under_way.items():
                assert task.cancelled() or task.result() in ends
            assert await self.pool.run(f"{TASKS}:reverse", b"abc", 20) == b"cba"
            self.seen |= self.pool.pids
        assert all(is_gone(pid) for pid in self.seen)

    def _what_hangs(self) -> str:
        told = io.StringIO()
        for task in asyncio.all_tasks():
            task.print_stack(file=told)
        for pid in sorted(self.seen):
            told.write(f"{pid} is gone: {is_gone(pid)}\n")
        return told.getvalue()


@pytest.mark.long
def test_the_pool_keeps_its_promises() -> None:
    unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Life, settings=settings(unhurried, max_examples=60, stateful_step_count=30))
