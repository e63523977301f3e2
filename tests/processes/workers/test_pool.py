"""The pool on real processes: its limits, and everything that can happen to a worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from talwerk.core.errors import DomainError, Fault
from talwerk.processes.workers.pool import Pool

TASKS = "tests.processes.workers.tasks"
LIMIT_S = 20.0


async def run(pool: Pool, name: str, payload: bytes = b"", limit_s: float = LIMIT_S) -> bytes:
    return await pool.run(f"{TASKS}:{name}", payload, limit_s)


async def refused(task: Awaitable[bytes]) -> DomainError:
    with pytest.raises(DomainError) as caught:
        await task
    return caught.value


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has taken note of yet counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - processes offer no event to wait for
            await asyncio.sleep(0.01)


async def test_nothing_runs_until_there_is_something_to_do() -> None:
    async with Pool(2, 256) as pool:
        assert not pool.pids
        assert await run(pool, "reverse", b"abc") == b"cba"
        assert len(pool.pids) == 1


async def test_a_large_payload_travels_unharmed() -> None:
    payload = os.urandom(10 << 20)
    async with Pool(1, 256) as pool:
        assert await run(pool, "reverse", payload) == payload[::-1]


async def test_one_task_after_the_other_needs_one_worker() -> None:
    async with Pool(4, 256) as pool:
        assert len({await run(pool, "pid") for _ in range(5)}) == 1


async def test_there_are_never_more_workers_than_allowed() -> None:
    async with Pool(2, 256) as pool:
        tasks = [asyncio.create_task(run(pool, "pause", b"0.05")) for _ in range(8)]
        most = 0
        while not all(task.done() for task in tasks):
            most = max(most, len(pool.pids))
            await asyncio.sleep(0.005)
        assert [task.result() for task in tasks] == [b"rested"] * 8
        assert most == 2


async def test_a_worker_goes_last_when_processors_are_few() -> None:
    async with Pool(1, 256) as pool:
        assert int(await run(pool, "niceness")) >= min(19, os.nice(0) + 5)


async def test_idle_workers_are_stopped_and_start_again() -> None:
    async with Pool(2, 256, idle_s=0.05) as pool:
        tasks = [asyncio.create_task(run(pool, "pause", b"0.05")) for _ in range(2)]
        await until(lambda: len(pool.pids) == 2)
        pids = pool.pids
        await asyncio.gather(*tasks)
        await until(lambda: not pool.pids and all(is_gone(pid) for pid in pids))
        assert await run(pool, "reverse", b"ab") == b"ba"


async def test_a_hanging_task_is_killed_and_the_next_one_works() -> None:
    async with Pool(1, 256) as pool:
        first = int(await run(pool, "pid"))
        began = time.monotonic()
        error = await refused(run(pool, "spin", limit_s=0.3))
        assert error.fault is Fault.TIMED_OUT
        assert "0.3 s" in error.detail
        assert time.monotonic() - began < 5
        assert is_gone(first)
        assert int(await run(pool, "pid")) != first


async def test_a_task_that_needs_too_much_memory_is_too_large() -> None:
    async with Pool(1, 128) as pool:
        error = await refused(run(pool, "swallow", b"512"))
        assert error.fault is Fault.TOO_LARGE
        assert "128 MB" in error.detail
        assert await run(pool, "swallow", b"16") == b"\0"


@pytest.mark.parametrize(
    "name, payload, fault",
    [
        ("crash", str(int(signal.SIGSEGV)).encode(), Fault.INTERNAL),
        ("leave", b"", Fault.INTERNAL),
        # What the system does when the machine has no memory left.
        ("crash", str(int(signal.SIGKILL)).encode(), Fault.BUSY),
    ],
)
async def test_a_worker_that_dies_hurts_only_its_task(name: str, payload: bytes, fault: Fault) -> None:
    async with Pool(2, 256) as pool:
        other = asyncio.create_task(run(pool, "pause", b"0.3"))
        await until(lambda: len(pool.pids) == 1)
        assert (await refused(run(pool, name, payload))).fault is fault
        assert await other == b"rested"
        assert await run(pool, "reverse", b"ab") == b"ba"


async def test_a_worker_that_died_while_idle_is_not_noticed() -> None:
    async with Pool(1, 256) as pool:
        pid = int(await run(pool, "pid"))
        os.kill(pid, signal.SIGKILL)
        await until(lambda: is_gone(pid))
        assert int(await run(pool, "pid")) != pid


async def test_errors_of_a_task_are_the_callers() -> None:
    async with Pool(1, 256) as pool:
        pid = await run(pool, "pid")
        error = await refused(run(pool, "blame"))
        assert (error.fault, error.detail, error.where) == (Fault.BAD_REQUEST_DATA, "The payload is to blame.", "/0")
        assert await run(pool, "pid") == pid


async def test_a_failure_that_nobody_expected_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async with Pool(1, 256) as pool:
        error = await refused(run(pool, "stumble"))
        assert error.fault is Fault.INTERNAL
        assert "on purpose" not in error.detail
        assert "ZeroDivisionError: on purpose" in caplog.text
        assert (await refused(pool.run("no.such.module:task", b"", LIMIT_S))).fault is Fault.INTERNAL


async def test_a_full_queue_refuses_at_once() -> None:
    async with Pool(1, 256, waiting_most=2) as pool:
        tasks = [asyncio.create_task(run(pool, "pause", b"0.2")) for _ in range(3)]
        await until(lambda: len(pool.pids) == 1)
        error = await refused(run(pool, "pause", b"0"))
        assert error.fault is Fault.BUSY
        assert await asyncio.gather(*tasks) == [b"rested"] * 3
        assert await run(pool, "reverse", b"ab") == b"ba"


async def test_waiting_has_an_end() -> None:
    async with Pool(1, 256, wait_s=0.1) as pool:
        long = asyncio.create_task(run(pool, "pause", b"0.6"))
        await until(lambda: len(pool.pids) == 1)
        error = await refused(run(pool, "pause", b"0"))
        assert error.fault is Fault.BUSY
        assert "0.1 s" in error.detail
        assert await long == b"rested"


async def test_a_caller_that_gives_up_does_not_leave_its_answer_to_the_next_one() -> None:
    async with Pool(1, 256) as pool:
        pid = int(await run(pool, "pid"))
        task = asyncio.create_task(run(pool, "pause", b"0.3"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await run(pool, "reverse", b"ab") == b"ba"
        await until(lambda: is_gone(pid))


async def test_ending_the_pool_ends_everything() -> None:
    async with Pool(1, 256) as pool:
        working = asyncio.create_task(run(pool, "pause", b"30"))
        await until(lambda: len(pool.pids) == 1)
        waiting = asyncio.create_task(run(pool, "reverse", b"ab"))
        pids = pool.pids
        await asyncio.sleep(0.05)
    assert (await refused(working)).fault is Fault.BUSY
    assert (await refused(waiting)).fault is Fault.BUSY
    assert (await refused(run(pool, "reverse", b"ab"))).fault is Fault.BUSY
    assert all(is_gone(pid) for pid in pids)


async def test_an_interpreter_that_cannot_be_started_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Pool(1, 256) as pool:
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", "/nowhere/python")
            assert (await refused(run(pool, "reverse", b"ab"))).fault is Fault.BUSY
        assert await run(pool, "reverse", b"ab") == b"ba"


def test_it_works_in_the_loop_that_serves() -> None:
    async def both() -> None:
        async with Pool(2, 256, idle_s=0.05) as pool:
            payload = os.urandom(3 << 20)
            assert await run(pool, "reverse", payload) == payload[::-1]
            assert (await refused(run(pool, "spin", limit_s=0.3))).fault is Fault.TIMED_OUT
            assert (await refused(run(pool, "leave"))).fault is Fault.INTERNAL
            working = asyncio.create_task(run(pool, "pause", b"30"))
            await until(lambda: bool(pool.pids))
        assert (await refused(working)).fault is Fault.BUSY

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(both())


PARENT = f"""
import asyncio, sys
from talwerk.processes.workers.pool import Pool

async def main() -> None:
    async with Pool(1, 256) as pool:
        await pool.run("{TASKS}:say_pid_and_pause", sys.argv[1].encode(), 60)

asyncio.run(main())
"""


async def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", PARENT, str(note)]) as parent:  # noqa: ASYNC220 - a moment
        await until(lambda: note.exists() and bool(note.read_text()), 20)
        pid = int(note.read_text())
        assert not is_gone(pid)
        parent.kill()
    await until(lambda: is_gone(pid))
