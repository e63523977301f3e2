"""The engine: the only writer of a city's data.

Batches that arrive while a commit is under way form the next group; there is no fixed window to wait for, and one
fsync serves the whole group. Nothing is acknowledged before the store says that it is on disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Self

from talwerk.core.change import Ack, Batch, Observations
from talwerk.core.errors import DomainError, Fault
from talwerk.core.scope import Scope
from talwerk.store import Store, Submission

logger = logging.getLogger(__name__)

GROUP_VALUES_MAX = 50_000
"""Values in one group: enough to fill a commit, few enough that nobody waits long for theirs."""

Waiting = tuple[Submission, "asyncio.Future[Ack]"]


class Engine:
    """Gathers batches into groups and commits them, one group after the other.

    Args:
        store: the store, open for writing; the engine alone calls its ``apply``.
        queue_max: batches that may wait; a further one is refused.
    """

    def __init__(self, store: Store, queue_max: int) -> None:
        self._store = store
        # None is the request to stop: what was accepted before it is still committed.
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue(queue_max)
        self._held: Waiting | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="engine")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit what was accepted, then stop."""
        self._stopping = True
        await self._queue.put(None)
        if self._task is not None:
            await self._task

    def ready(self) -> bool:
        """Whether it runs and its queue has room."""
        return self._task is not None and not self._task.done() and not self._stopping and not self._queue.full()

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        """Write a batch; return when it is on disk.

        Raises:
            DomainError: Busy when the queue is full; whatever the store says of the batch.
        """
        if self._task is None or self._stopping:
            raise DomainError(Fault.BUSY, "The engine is not running.")
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((Submission(batch, scope), answer))
        except asyncio.QueueFull:
            raise DomainError(Fault.BUSY, f"{self._queue.maxsize} batches wait for the writer already.") from None
        return await answer

    async def _run(self) -> None:
        while group := await self._next_group():
            for (_, answer), result in zip(group, await self._commit(group), strict=True):
                if answer.done():
                    continue
                if isinstance(result, DomainError):
                    answer.set_exception(result)
                else:
                    answer.set_result(result)

    async def _commit(self, group: list[Waiting]) -> Sequence[Ack | DomainError]:
        try:
            return await asyncio.to_thread(self._store.apply, [submission for submission, _ in group])
        except DomainError as error:
            return [error] * len(group)
        except Exception:
            # The engine must outlive any single group; the store has rolled this one back.
            logger.exception("a group of %d batches could not be written", len(group))
            return [DomainError(Fault.INTERNAL, "The batch could not be written.")] * len(group)

    async def _next_group(self) -> list[Waiting]:
        """Whatever has arrived, at least one batch, bounded by the number of values; nothing at the end."""
        waiting = self._held or await self._queue.get()
        self._held = None
        group: list[Waiting] = []
        values = 0
        while waiting is not None:
            values += _weight(waiting)
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


def _weight(waiting: Waiting) -> int:
    """How many values a batch brings, roughly."""
    changes = waiting[0].batch.changes
    return sum(len(c.at) if isinstance(c, Observations) else len(c.entity.attributes) + 1 for c in changes)
