"""The engine: the only writer of a city's data.

Batches that arrive while a commit is under way form the next group; there is no fixed window to wait for, and one
fsync serves the whole group. Nothing is acknowledged before the store says that it is on disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Self

import msgspec

from talwerk.broker.ports import WriterState
from talwerk.core.change import Ack, Batch, Observations
from talwerk.core.distribution import Distribution
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock, SystemClock
from talwerk.core.scope import Scope
from talwerk.protocols.http.request_ids import request_id
from talwerk.store import Store, Submission

from .marking import Marking

logger = logging.getLogger(__name__)

GROUP_VALUES_MAX = 50_000
"""Values in one group: enough to fill a commit, few enough that nobody waits long for theirs."""
STUCK_S = 5.0
"""The largest groups are committed in less than a second: what lasts this long hangs on the disk."""
COMMIT_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Waiting(msgspec.Struct, frozen=True):
    """A batch on its way to the disk, who waits for it, how many values it brings, and with which request."""

    submission: Submission
    answer: asyncio.Future[Ack]
    values: int
    request: str


class Work(msgspec.Struct):
    """What the engine has done since its start.

    Attributes:
        commits: groups that are on disk, and how long writing each of them took, its fsync included.
        batches: batches that are on disk.
        values: values in them, roughly.
        refused: batches that were not accepted because the queue was full.
        failed: batches that the store could not write.
        last_commit_s: how long the last commit took, 0 before the first.
    """

    commits: Distribution
    batches: int = 0
    values: int = 0
    refused: int = 0
    failed: int = 0
    last_commit_s: float = 0.0


class Engine:
    """Gathers batches into groups and commits them, one group after the other.

    Args:
        store: the store, open for writing; the engine alone calls its ``apply``.
        queue_max: batches that may wait; a further one is refused.
        clock: measures how long batches wait and commits last; the machine's when None.
        marking: marks what is written into a city of simulated values; nothing is marked when None.
    """

    def __init__(
        self, store: Store, queue_max: int, clock: Clock | None = None, marking: Marking | None = None
    ) -> None:
        self._store = store
        self._marking = marking
        self._clock = clock or SystemClock()
        # None is the request to stop: what was accepted before it is still committed.
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue(queue_max)
        self._held: _Waiting | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        # Groups keep the order of arrival, so the first one is always the oldest.
        self._arrived_s: deque[float] = deque()
        self._committing_since_s: float | None = None
        self._position = 0
        self.work = Work(Distribution.empty(COMMIT_BOUNDS_S))

    async def __aenter__(self) -> Self:
        self._position = await asyncio.to_thread(self._store.position)
        self._task = asyncio.create_task(self._run(), name="engine")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit what was accepted, then stop."""
        self._stopping = True
        await self._queue.put(None)
        if self._task is not None:
            await self._task

    def state(self) -> WriterState:
        """How it is now."""
        now_s = self._clock.monotonic_s()
        return WriterState(
            trouble=self._trouble(now_s),
            lag_ms=round((now_s - self._arrived_s[0]) * 1_000) if self._arrived_s else 0,
            waiting=len(self._arrived_s),
            waiting_max=self._queue.maxsize,
            position=self._position,
        )

    def _trouble(self, now_s: float) -> str:
        if self._task is None or self._task.done() or self._stopping:
            return "The engine is not running."
        lasts_s = 0.0 if self._committing_since_s is None else now_s - self._committing_since_s
        if lasts_s > STUCK_S:
            return f"A commit has lasted {lasts_s:.0f} s and is not on disk yet."
        if self._queue.full():
            return f"{self._queue.maxsize} batches wait for the writer, which is the most."
        return ""

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        """Write a batch; return when it is on disk.

        Raises:
            DomainError: Busy when the queue is full; whatever the store says of the batch.
        """
        if self._task is None or self._stopping:
            raise DomainError(Fault.BUSY, "The engine is not running.")
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Waiting(Submission(batch, scope), answer, _weight(batch), request_id.get()))
        except asyncio.QueueFull:
            self.work.refused += 1
            raise DomainError(Fault.BUSY, f"{self._queue.maxsize} batches wait for the writer already.") from None
        self._arrived_s.append(self._clock.monotonic_s())
        return await answer

    async def _run(self) -> None:
        while group := await self._next_group():
            results = await self._commit(group)
            for waiting, result in zip(group, results, strict=True):
                self._arrived_s.popleft()
                if waiting.answer.done():
                    continue
                if isinstance(result, DomainError):
                    waiting.answer.set_exception(result)
                else:
                    waiting.answer.set_result(result)

    async def _commit(self, group: list[_Waiting]) -> Sequence[Ack | DomainError]:
        started_s = self._committing_since_s = self._clock.monotonic_s()
        try:
            results = await asyncio.to_thread(self._apply, [waiting.submission for waiting in group])
        except DomainError as error:
            logger.error("batches were not written: %s", error, extra=_told(group))  # noqa: TRY400 - foreseen: no trace
            self.work.failed += len(group)
            return [error] * len(group)
        except Exception:
            # The engine must outlive any single group; the store has rolled this one back.
            logger.exception("batches could not be written", extra=_told(group))
            self.work.failed += len(group)
            return [DomainError(Fault.INTERNAL, "The batch could not be written.")] * len(group)
        finally:
            self._committing_since_s = None
        self._count(group, results, self._clock.monotonic_s() - started_s)
        return results

    def _apply(self, submissions: list[Submission]) -> Sequence[Ack | DomainError]:
        """Write a group; where a batch of it may decide what the city's values are, one batch after the other."""
        marking = self._marking
        if marking is None:
            return self._store.apply(submissions)
        alone = marking.is_open(one.batch for one in submissions)
        groups = [[one] for one in submissions] if alone else [submissions]
        return [
            answer
            for group in groups
            for answer in self._store.apply([Submission(marking.marked(one.batch), one.scope) for one in group])
        ]

    def _count(self, group: list[_Waiting], results: Sequence[Ack | DomainError], lasted_s: float) -> None:
        work = self.work
        work.commits.add(lasted_s)
        work.last_commit_s = lasted_s
        for waiting, result in zip(group, results, strict=True):
            if isinstance(result, DomainError):
                work.failed += 1
                continue
            work.batches += 1
            work.values += waiting.values
            self._position = max(self._position, result.position)

    async def _next_group(self) -> list[_Waiting]:
        """Whatever has arrived, at least one batch, bounded by the number of values; nothing at the end."""
        waiting = self._held or await self._queue.get()
        self._held = None
        group: list[_Waiting] = []
        values = 0
        while waiting is not None:
            values += waiting.values
            if group and values > GROUP_VALUES_MAX:
                self._held = waiting
                break
            group.append(waiting)
            if self._queue.empty():
                break
            waiting = self._queue.get_nowait()
        else:
            if group:
                # The request to stop came behind this group: it is read again after the commit.
                self._queue.put_nowait(None)
        return group


def _weight(batch: Batch) -> int:
    """How many values a batch brings, roughly."""
    return sum(len(c.at) if isinstance(c, Observations) else len(c.entity.attributes) + 1 for c in batch.changes)


def _told(group: list[_Waiting]) -> dict[str, object]:
    """What the log says of a group: its size, and the requests that it came with."""
    requests = [waiting.request for waiting in group if waiting.request]
    return {"batches": len(group), "requests": requests[:20]}
