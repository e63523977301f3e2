"""Duties: what the engine does besides writing, each by itself, so that none can stop another or the writing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

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


class DutyState(msgspec.Struct, kw_only=True):
    """How a duty is.

    Attributes:
        name: of the duty.
        running: whether it goes on; False while it pauses after a failure, and when there is nothing to do.
        failures: how often it failed since the start.
        error: the last failure, in one line; empty when it never failed.
    """

    name: str
    running: bool = True
    failures: int = 0
    error: str = ""


class Roster:
    """Who is on duty, and how it goes."""

    def __init__(self) -> None:
        self._states: dict[str, DutyState] = {}

    def enter(self, name: str) -> DutyState:
        """The state of a duty that begins; the duty's keeper writes in it."""
        state = self._states[name] = DutyState(name=name)
        return state

    def states(self) -> tuple[DutyState, ...]:
        """All duties, in the order in which they began."""
        return tuple(self._states.values())


@contextlib.asynccontextmanager
async def on_duty(duties: Sequence[Duty], roster: Roster | None = None) -> AsyncIterator[None]:
    """Keep the duties going while the context lasts; one that fails is logged and begins anew after a pause."""
    roster = roster or Roster()
    tasks = [asyncio.create_task(_keep_going(duty, roster.enter(duty.name)), name=duty.name) for duty in duties]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _keep_going(duty: Duty, state: DutyState) -> None:
    loop = asyncio.get_running_loop()
    pause_s = PAUSE_LEAST_S
    while True:
        state.running = True
        began_s = loop.time()
        try:
            await duty.run()
        except Exception as error:
            # Whatever it is: writing and the other duties go on.
            if loop.time() - began_s > PAUSE_MOST_S:
                pause_s = PAUSE_LEAST_S
            state.running, state.failures, state.error = False, state.failures + 1, _line(error)
            logger.exception("%s failed and begins anew", duty.name, extra={"failures": state.failures})
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, PAUSE_MOST_S)
        else:
            state.running = False
            return


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
