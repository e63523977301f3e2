"""Duties: what the engine does besides writing, each by itself, so that none can stop another or the writing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

logger = logging.getLogger(__name__)

PAUSE_LEAST_S, PAUSE_MOST_S = 1.0, 60.0


class Duty(Protocol):
    """Something that goes on as long as the city is up: polling sources, housekeeping, copying."""

    @property
    def name(self) -> str:
        """What logs and reports call it."""
        ...

    async def run(self) -> None:
        """Do it until cancelled; returning means that there is nothing to do in this city."""
        ...


@contextlib.asynccontextmanager
async def on_duty(duties: Sequence[Duty]) -> AsyncIterator[None]:
    """Keep the duties going while the context lasts; one that fails is logged and begins anew after a pause."""
    tasks = [asyncio.create_task(_keep_going(duty), name=duty.name) for duty in duties]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _keep_going(duty: Duty) -> None:
    pause_s = PAUSE_LEAST_S
    while True:
        try:
            await duty.run()
        except Exception:
            # Whatever it is: writing and the other duties go on.
            logger.exception("%s failed and begins anew in %.0f s", duty.name, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, PAUSE_MOST_S)
        else:
            return
