"""Housekeeping: what need not be kept leaves the city a little at a time, and every page of it is read once a day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError
from talwerk.core.instants import SECOND, Clock, Instant
from talwerk.store import Keeping, Tidied
from talwerk.store.sqlite.scrub import Damage, PageCheck, check_pages

from .directory import DATABASE

logger = logging.getLogger(__name__)

SOON_S = 600.0
"""A city that has just started has other things to do; and one that starts again and again does not get old by it."""
PASS_EVERY_S = 6 * 3_600.0
SLICE_S = 0.01
"""How long a slice goes on; a step that has begun is finished, so that writers wait for 50 ms at most."""
_REST = 4.0
"""Of the time that slices take, how much is left to others after each."""
SCRUB_S = 86_400.0
_SCRUB_SLICE_S = 10.0
_SCRUB_PAGES_LEAST = 256
_LEFTOVERS = ("city.db.v*.bak", "replaced-*")

Tidy = Callable[[Keeping, float], Tidied]


class Leftover(msgspec.Struct, frozen=True):
    """A file or folder that an earlier procedure left for safety; the operator removes it.

    Attributes:
        name: in the city's data directory.
        bytes: its size with everything in it.
    """

    name: str
    bytes: int


class HousekeepingState(msgspec.Struct, kw_only=True):
    """How housekeeping goes.

    Attributes:
        last: when the last pass ended, None before the first.
        next: when the next one begins.
        removed: raw values that were removed since the start.
        entries: rows of the change log that were removed since the start.
        scrubbed: rows of the change log from which erased values were taken since the start.
        slices: how many slices that took.
        slice_longest_s: the longest of them.
        pages: how many pages the database has.
        checked: how many of them the present round has read.
        round_ended: when all pages had been read the last time, None before that.
        damaged: pages that do not agree with their checksums.
        leftovers: files that earlier procedures left for safety.
        trouble: why the last pass or look failed, empty when it did not.
    """

    last: Instant | None = None
    next: Instant | None = None
    removed: int = 0
    entries: int = 0
    scrubbed: int = 0
    slices: int = 0
    slice_longest_s: float = 0.0
    pages: int = 0
    checked: int = 0
    round_ended: Instant | None = None
    damaged: tuple[Damage, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    trouble: str = ""


class Housekeeping:
    """The duty of keeping the city's data tidy and looking after every page.

    Args:
        directory: the city's data directory.
        tidy: removes a slice of what need not be kept, between two commits.
        keeping: how long what is kept; its day is the clock's.
        clock: the source of time.
        soon_s: seconds until the first pass.
    """

    name = "housekeeping"

    def __init__(self, directory: Path, tidy: Tidy, keeping: Keeping, clock: Clock, soon_s: float = SOON_S) -> None:
        self._directory = directory
        self._tidy = tidy
        self._keeping = keeping
        self._clock = clock
        self._soon_s = soon_s
        self._page = 1
        self._state = HousekeepingState()

    def state(self) -> HousekeepingState:
        """How it goes now."""
        return msgspec.structs.replace(self._state)

    async def run(self) -> None:
        """Pass after pass, and page after page beside them, until cancelled."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._keep_tidying(), name="tidying")
            together.create_task(self._keep_reading(), name="reading pages")

    async def _keep_tidying(self) -> None:
        pause_s = self._soon_s
        while True:
            self._state.next = Instant(self._clock.now() + round(pause_s * SECOND))
            await asyncio.sleep(pause_s)
            try:
                await self.tidy()
                pause_s = PASS_EVERY_S
            except DomainError as error:
                # A full disk, for example: it is told, and tried again before the day is over.
                self._state.trouble = error.detail
                logger.warning("tidying was put off: %s", error.detail)
                pause_s = max(SOON_S, self._soon_s)

    async def tidy(self) -> Tidied:
        """One whole pass, slice by slice; returns what it did.

        Raises:
            DomainError: the store cannot be written.
        """
        keeping = msgspec.structs.replace(self._keeping, today=self._clock.now())
        done = Tidied(more=True)
        while done.more:
            began_s = self._clock.monotonic_s()
            part = await asyncio.to_thread(self._tidy, keeping, SLICE_S)
            lasted_s = self._clock.monotonic_s() - began_s
            done = part.plus(done)
            self._note(part, lasted_s)
            await asyncio.sleep(lasted_s * _REST)
        self._state.leftovers = await asyncio.to_thread(leftovers, self._directory)
        self._state.last, self._state.trouble = self._clock.now(), ""
        if done.values or done.entries or done.scrubbed:
            logger.info(
                "removed %d raw values and %d entries of the change log, took erased values from %d",
                done.values,
                done.entries,
                done.scrubbed,
            )
        return done

    def _note(self, part: Tidied, lasted_s: float) -> None:
        state = self._state
        state.removed += part.values
        state.entries += part.entries
        state.scrubbed += part.scrubbed
        state.slices += 1
        state.slice_longest_s = max(state.slice_longest_s, lasted_s)

    async def _keep_reading(self) -> None:
        await asyncio.sleep(min(self._soon_s, _SCRUB_SLICE_S))
        while True:
            share = max(round(self._state.pages * _SCRUB_SLICE_S / SCRUB_S), _SCRUB_PAGES_LEAST)
            try:
                await self.read_pages(share)
            except DomainError as error:
                logger.warning("pages could not be read: %s", error.detail)
            # A small city is read through in minutes: once a day is enough.
            whole = self._page == 1 and self._state.round_ended is not None
            await asyncio.sleep(SCRUB_S / 2 if whole else _SCRUB_SLICE_S)

    async def read_pages(self, most: int) -> PageCheck:
        """Read the next pages and verify their checksums; after the last one a new round begins.

        Raises:
            DomainError: the file cannot be read at all.
        """
        found = await asyncio.to_thread(check_pages, self._directory / DATABASE, self._page, most)
        state = self._state
        state.pages = found.pages
        beyond = found.first + found.checked
        kept = [damage for damage in state.damaged if not found.first <= damage.page < beyond]
        for damage in found.damaged:
            if damage.page not in {known.page for known in state.damaged}:
                logger.error("page %d is damaged (%s): restore a backup", damage.page, damage.place or "place unknown")
        state.damaged = tuple(sorted((*kept, *found.damaged), key=lambda damage: damage.page))
        state.checked = beyond - 1
        self._page = beyond
        if beyond > found.pages:
            self._page, state.round_ended = 1, self._clock.now()
        return found


def leftovers(directory: Path) -> tuple[Leftover, ...]:
    """What earlier procedures left for safety in a city's data directory: nobody removes it but the operator."""
    found = sorted(path for pattern in _LEFTOVERS for path in directory.glob(pattern))
    return tuple(Leftover(path.name, sum(p.stat().st_size for p in _files(path))) for path in found)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
