"""The daily backup: made by the engine at its hour, or soon after when the city was down then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec

from talwerk.core.errors import DomainError
from talwerk.core.instants import SECOND, Clock, Instant, datetime_of, instant_of, parse_instant
from talwerk.store.sqlite.wal import Wal

from .backup import Manifest, back_up
from .keep import Keep, backups_in, name_of, tidy
from .state import Copies

T = TypeVar("T")
logger = logging.getLogger(__name__)

SOON_S = 60.0
"""A city that has just started has other things to do first."""
_LOOK_EVERY_S = 30.0
"""The clock may be put right at any time, so that nobody sleeps for longer."""
_RETRY_LEAST_S, _RETRY_MOST_S = 60.0, 3_600.0
_NICENESS = 10


def occurrence(now: Instant, at: time, zone: ZoneInfo, *, days: int = 0) -> Instant:
    """The last time, up to now, that the clocks of a zone showed a time of day, or that of other days.

    A time that a change of the clocks leaves out or repeats is taken as before the change: there is one a day.

    Args:
        now: the present.
        at: the time of day.
        zone: of the city.
        days: 1 for the next one.
    """
    today = datetime_of(now).astimezone(zone).date()
    moments = [instant_of(datetime.combine(today + timedelta(days=n), at, zone)) for n in (-2, -1, 0, 1, 2)]
    last = max(n for n, moment in enumerate(moments) if moment <= now)
    return moments[last + days]


async def run_in_thread(work: Callable[[], T], name: str) -> T:
    """Do something in a thread of low priority that ends with the process, whatever it hangs in."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: Exception | None) -> None:
        if ended.done():
            return
        if error is not None:
            ended.set_exception(error)
        else:
            ended.set_result(cast("T", result))

    def run() -> None:
        # Of this thread alone, as Linux has it: commits and answers come first.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        result, error = None, None
        try:
            result = work()
        except Exception as failure:  # noqa: BLE001 - handed on to the one who waits
            error = failure
        # The city may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await ended


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator wants.

    Attributes:
        city: key of the city.
        directory: its data directory.
        place: its folder of backups.
        at: the time of day, None for no daily backups.
        keep: numbers of days, weeks and months.
        zone: of the city.
    """

    city: str
    directory: Path
    place: Path
    at: time | None
    keep: Keep
    zone: ZoneInfo

    def due(self, now: Instant) -> Instant | None:
        """When the next backup is to be made, a moment up to now when it is overdue; None for never."""
        if self.at is None:
            return None
        last = occurrence(now, self.at, self.zone)
        # What was made in the future by a clock that went wrong says nothing.
        made = [backup.created for backup in backups_in(self.place, self.city) if backup.created <= now + SECOND]
        return occurrence(now, self.at, self.zone, days=1) if made and made[-1] >= last else last


class DailyBackup:
    """The duty that makes backups.

    Args:
        plan: what the operator wants.
        wal: the log of the city's writer.
        clock: says when.
        copies: where it says how it goes.
        soon_s: seconds from the start to a backup that was missed.
    """

    name = "daily backup"

    def __init__(self, plan: Plan, wal: Wal, clock: Clock, copies: Copies, soon_s: float = SOON_S) -> None:
        self._plan = plan
        self._wal = wal
        self._clock = clock
        self._copies = copies
        self._soon_s = soon_s

    async def run(self) -> None:
        """Make backups until cancelled."""
        self._copies.note(backup_error="")
        await self._look()
        await asyncio.sleep(self._soon_s)
        retry_s = _RETRY_LEAST_S
        while True:
            due, now = await self._look(), self._clock.now()
            if due is None or due > now:
                wait_s = _LOOK_EVERY_S if due is None else (due - now) / SECOND + 0.01
                await asyncio.sleep(min(_LOOK_EVERY_S, wait_s))
                continue
            error = await self._attempt()
            if error:
                logger.error("the daily backup failed: %s", error)
                self._copies.note(backup_error=error)
                await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, _RETRY_MOST_S) if error else _RETRY_LEAST_S

    async def _look(self) -> Instant | None:
        """See what is there, also what others made, and when the next one is due."""
        return await run_in_thread(self._seen, "backups")

    def _seen(self) -> Instant | None:
        plan = self._plan
        kept = backups_in(plan.place, plan.city)
        if kept:
            newest = kept[-1]
            self._copies.note(
                backup=newest.created,
                backup_position=newest.manifest.proof.position,
                backup_bytes=newest.manifest.bytes,
            )
        due = plan.due(self._clock.now())
        self._copies.note(backup_due=due)
        return due

    async def _attempt(self) -> str:
        """Make one; returns why it failed, empty when it did not."""
        return await run_in_thread(self._made, self.name)

    def _made(self) -> str:
        try:
            manifest = self.make()
        except (DomainError, OSError) as failure:
            return str(failure)
        logger.info("backup of position %d made, %d MB", manifest.proof.position, manifest.bytes // 10**6)
        return ""

    def make(self) -> Manifest:
        """Make a backup now, prove it, and remove those that are not needed any more.

        Raises:
            DomainError: see ``back_up``.
            OSError: the place cannot be written.
        """
        plan = self._plan
        target = plan.place / name_of(self._clock.now())
        manifest = back_up(plan.directory, target, self._clock, wal=self._wal)
        self._copies.note(
            backup=parse_instant(manifest.created),
            backup_position=manifest.proof.position,
            backup_bytes=manifest.bytes,
            backup_error="",
        )
        tidy(plan.place, manifest, plan.keep, plan.zone)
        return manifest
