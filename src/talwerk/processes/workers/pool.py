"""A pool of workers: started when there is something to do, stopped when idle, killed when they take too much.

A task is the name of a function and bytes; nothing else travels, so that a worker can neither be handed nor hand back
anything but data. Whatever happens to a worker ends in an answer or in a DomainError, within the time asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Self

import msgspec

from talwerk.core.errors import DomainError, Fault

from . import worker
from .messages import FRAME_BYTES_MAX, LENGTH_BYTES, Answer, Task, framed

logger = logging.getLogger(__name__)

IDLE_S = 20.0
WAITING_PER_WORKER = 8
WAIT_S = 20.0
"""How long a task waits for a worker; whoever asks has something better to do than to wait longer."""

_answers = msgspec.msgpack.Decoder(Answer)


class _Worker:
    """One process, and the line to it."""

    def __init__(self, memory_mb: int) -> None:
        command = [sys.executable, "-P", "-m", worker.__name__, str(memory_mb), str(os.getpid())]
        self.line, theirs = socket.socketpair()
        try:
            # A group of its own: Ctrl-C in a terminal is for the parent, which ends its workers itself.
            self.process = subprocess.Popen(command, stdin=theirs.fileno(), process_group=0)  # noqa: S603 - ourselves
        except OSError:
            self.line.close()
            raise
        finally:
            theirs.close()
        self.line.setblocking(False)
        self.retirement: asyncio.TimerHandle | None = None

    async def perform(self, task: Task) -> Answer:
        """Let it do a task.

        Raises:
            ConnectionError: it ended before it answered.
        """
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.line, framed(task))
        length = int.from_bytes(await self._receive(LENGTH_BYTES), "big")
        if length > FRAME_BYTES_MAX:
            raise ConnectionError
        return _answers.decode(await self._receive(length))

    async def _receive(self, length: int) -> bytearray:
        loop = asyncio.get_running_loop()
        received = bytearray(length)
        view = memoryview(received)
        while view:
            count = await loop.sock_recv_into(self.line, view)
            if not count:
                raise ConnectionError
            view = view[count:]
        return received

    async def end(self) -> int:
        """Kill it, for it keeps nothing that matters; its exit code."""
        if self.retirement is not None:
            self.retirement.cancel()
        self.line.close()
        self.process.kill()
        # In a thread: a gigabyte takes the system a moment to clear away.
        return await asyncio.to_thread(self.process.wait)


class Pool:
    """Does tasks in other processes.

    Args:
        most: workers at a time.
        memory_mb: megabytes that one of them may take.
        idle_s: seconds without a task after which a worker is stopped.
        waiting_most: tasks that may wait for a worker, None for eight per worker; a further one is refused.
        wait_s: seconds that a task waits for a worker.
    """

    def __init__(
        self,
        most: int,
        memory_mb: int,
        *,
        idle_s: float = IDLE_S,
        waiting_most: int | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        self._most = most
        self._memory_mb = memory_mb
        self._idle_s = idle_s
        self._waiting_most = most * WAITING_PER_WORKER if waiting_most is None else waiting_most
        self._wait_s = wait_s
        self._turns = asyncio.Semaphore(most)
        self._waiting = 0
        self._workers: set[_Worker] = set()
        # The one that worked last works next, so that those that are not needed become idle.
        self._idle: list[_Worker] = []
        self._ends: set[asyncio.Task[int]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all workers; who still waits for one is refused."""
        self._closed = True
        for worker_ in self._workers:
            worker_.process.kill()
        # Once all turns are taken, nobody works any more.
        for _turn in range(self._most):
            await self._turns.acquire()
        for worker_ in list(self._workers):
            self._dismiss(worker_)
        if self._ends:
            await asyncio.wait(self._ends)

    @property
    def pids(self) -> frozenset[int]:
        """Process ids of the workers that there are."""
        return frozenset(worker_.process.pid for worker_ in self._workers)

    async def run(self, function: str, payload: bytes, limit_s: float) -> bytes:
        """Do a task in a worker.

        Args:
            function: ``module:name`` of a function from bytes to bytes; it may raise a DomainError.
            payload: what it gets.
            limit_s: seconds that it may take, a worker's start included.

        Returns:
            What the function returned.

        Raises:
            DomainError: what the function raised; RequestTimeout when it took too long, RequestEntityTooLarge when it
                needs too much memory, Busy when too many tasks wait or the system took the worker away, InternalError
                when the worker died of the task.
        """
        task = Task(function, payload)
        async with self._turn():
            worker_ = self._take()
            try:
                async with asyncio.timeout(limit_s):
                    answer = await worker_.perform(task)
            except TimeoutError as error:
                await self._dismissed(worker_)
                raise DomainError(Fault.TIMED_OUT, f"It took longer than {limit_s:g} s and was stopped.") from error
            except (ConnectionError, msgspec.DecodeError) as error:
                raise self._death(function, await self._dismissed(worker_)) from error
            except BaseException:
                # Nobody waits for its answer any more, which must not become that of the next task.
                self._dismiss(worker_)
                raise
            if answer.spent:
                await self._dismissed(worker_)
            else:
                self._keep(worker_)
        if answer.result is not None:
            return answer.result
        if answer.trace:
            logger.error("%s failed in a worker:\n%s", function, answer.trace)
        raise DomainError(answer.fault or Fault.INTERNAL, answer.detail, answer.where)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._closed:
            raise _stopping()
        if self._turns.locked() and self._waiting >= self._waiting_most:
            raise DomainError(Fault.BUSY, f"{self._waiting} large tasks wait for a worker already.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise DomainError(Fault.BUSY, f"No worker became free within {self._wait_s:g} s.") from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    def _take(self) -> _Worker:
        """A worker that is there, or a new one."""
        if self._closed:
            raise _stopping()
        while self._idle:
            worker_ = self._idle.pop()
            if worker_.retirement is not None:
                worker_.retirement.cancel()
            if worker_.process.poll() is None:
                return worker_
            # It died while it had nothing to do; the task does not have to know.
            self._dismiss(worker_)
        try:
            worker_ = _Worker(self._memory_mb)
        except OSError as error:
            raise DomainError(Fault.BUSY, f"No worker could be started: {error.strerror}.") from error
        self._workers.add(worker_)
        return worker_

    def _keep(self, worker_: _Worker) -> None:
        """Let it wait for the next task, for a while."""
        loop = asyncio.get_running_loop()
        worker_.retirement = loop.call_later(self._idle_s, self._dismiss, worker_)
        self._idle.append(worker_)

    def _dismiss(self, worker_: _Worker) -> asyncio.Task[int]:
        """End a worker for good; the task gives its exit code."""
        self._workers.discard(worker_)
        if worker_ in self._idle:
            self._idle.remove(worker_)
        end = asyncio.create_task(worker_.end())
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)
        return end

    async def _dismissed(self, worker_: _Worker) -> int:
        """End a worker and wait until it is gone; a caller that gives up meanwhile does not keep it alive."""
        return await asyncio.shield(self._dismiss(worker_))

    def _death(self, function: str, code: int) -> DomainError:
        if self._closed:
            return _stopping()
        logger.error("a worker ended with %d while it did %s", code, function)
        if code == -signal.SIGKILL:
            return DomainError(Fault.BUSY, "The machine has no memory left for it now.")
        return DomainError(Fault.INTERNAL, "The worker that did it died.")


def _stopping() -> DomainError:
    return DomainError(Fault.BUSY, "The city is being stopped.")
