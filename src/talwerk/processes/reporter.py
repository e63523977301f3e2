"""Puts the engine's report together, and looks at the disk every second so that nobody has to wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from msgspec.structs import replace

from talwerk import __version__
from talwerk.broker.ports import WriterState
from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError
from talwerk.core.instants import DAY, Clock
from talwerk.core.scope import Scope
from talwerk.protocols.http.tally import Tally
from talwerk.services.sources.pushed import Arrival
from talwerk.services.sources.state import SourceState
from talwerk.store import Condition

from .copies.state import CopiesState
from .duties import Roster
from .engine import Engine
from .growth import note_size
from .housekeeping import HousekeepingState
from .report import Presence, Report
from .vitals import process_name, vitals

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
ENGINE = "engine"


class Reporter:
    """What is known of the running city in the engine's process; also the engine's state with that of the disk.

    Args:
        engine: the writer.
        condition: looks at database and disk.
        directory: the city's data directory, named after it; the sizes of each day are kept there.
        clock: stamps reports.
        tally: requests that this process answers by itself.
    """

    def __init__(
        self, engine: Engine, condition: Callable[[], Condition], directory: Path, clock: Clock, tally: Tally
    ) -> None:
        self._engine = engine
        self._look = condition
        self._directory = directory
        self._clock = clock
        self._tally = tally
        self._since = clock.now()
        self._condition: Condition | None = None
        self._noted = 0
        self._failed_before: int | None = None
        """How many batches had failed when nothing could be written any more; None while it can be."""
        self._guests: dict[int, Presence] = {}
        self.roster = Roster()
        # Whoever polls, copies and cleans puts itself in the place of these.
        self.sources: Callable[[], tuple[SourceState, ...]] = tuple
        self.halted: Callable[[], str] = str
        self.copies: Callable[[], CopiesState | None] = lambda: None
        self.housekeeping: Callable[[], HousekeepingState | None] = lambda: None

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look at the disk every second while the context lasts."""
        await self._refresh()
        task = asyncio.create_task(self._keep_looking(), name="condition of the store")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        """Hand a batch to the engine."""
        return await self._engine.submit(batch, scope)

    def state(self) -> WriterState:
        """The engine's state, with what is wrong with the disk and with polling."""
        state, halted = self._engine.state(), self.halted()
        if halted:
            state = replace(state, ailing=f"Its sources are not polled. {halted}")
        found = self._condition
        if state.trouble or found is None or found.writable:
            return state
        return replace(state, trouble=found.trouble or "The store cannot be written at present.")

    async def report(self) -> Report:
        """Everything that is known now."""
        return Report(
            version=__version__,
            city=self._directory.name,
            at=self._clock.now(),
            since=self._since,
            writer=self.state(),
            work=self._engine.work,
            store=self._condition,
            sources=self.sources(),
            halted=self.halted(),
            copies=self.copies(),
            housekeeping=self.housekeeping(),
            duties=self.roster.states(),
            processes=self._processes(),
        )

    def note(self, guest: int, presence: Presence | None) -> None:
        """Take note of how a connected process is, or that it left (None)."""
        if presence is None:
            self._guests.pop(guest, None)
        else:
            self._guests[guest] = presence

    def arrivals(self, source: str) -> tuple[Arrival, ...]:
        """What came of a source that sends by itself, in each process that answers."""
        told = (self._tally.arrivals, *(guest.arrivals for guest in self._guests.values()))
        return tuple(arrivals[source] for arrivals in told if source in arrivals)

    def _processes(self) -> tuple[Presence, ...]:
        own = presence(self._tally, alone="city")
        if own.name != ENGINE:
            # What started us, a shell or the system, is no part of the city.
            return (own, *self._guests.values())
        supervisor = Presence(name="supervisor", part=True, vitals=vitals(os.getppid()))
        return (supervisor, own, *self._guests.values())

    async def _refresh(self) -> None:
        try:
            # In a thread: a disk that hangs must not stop the pulse that tells of it.
            self._condition = await asyncio.to_thread(self._look)
            self._tell(self._condition)
            today = self._clock.now() // DAY
            if today != self._noted:
                self._noted = today
                await asyncio.to_thread(note_size, self._directory, self._condition, self._clock.now())
        except (DomainError, OSError) as error:
            logger.error("the disk cannot be looked at: %s", error)  # noqa: TRY400 - foreseen: no trace

    def _tell(self, found: Condition) -> None:
        """One line when nothing can be written any more, one with what that cost when it can be again."""
        failed = self._engine.work.failed
        if self._failed_before is None and not found.writable:
            self._failed_before = failed
            logger.error("nothing can be written: %s", found.trouble, extra={"free_bytes": found.disk_free_bytes})
        elif self._failed_before is not None and found.writable:
            refused, self._failed_before = failed - self._failed_before, None
            logger.warning("it can be written again; %d batches were refused meanwhile", refused)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._refresh()


def presence(tally: Tally, alone: str = "") -> Presence:
    """This process, as it says of itself.

    Args:
        tally: the requests that it answered.
        alone: its name when it is no part of a supervised city; that of the program when empty.
    """
    name, part = process_name()
    return Presence(
        name=name if part or not alone else alone,
        part=part or bool(alone),
        vitals=vitals(),
        counts=tally.counts(),
        answering=tally.answering(),
        arrivals=tally.arrivals,
    )
