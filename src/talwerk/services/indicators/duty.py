"""The duty that computes all indicators: soon after the start, and then every hour."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from threading import Event

from talwerk.broker import Broker
from talwerk.core.change import Batch, Change, Done, Origin
from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock
from talwerk.core.query import Page, Query
from talwerk.core.scope import Scope
from talwerk.sdk.theme import Unsourced

from .computing import compute
from .evidence import Evidence, Ground
from .keeping import Computed, changes, indicator_id
from .result import Result
from .themes import Themes

EVERY_S = 3_600.0
FIRST_S = (20.0, 40.0, 240.0)
"""Pauses before the first rounds: sources have to be asked before much can be said."""

SLICE_S = 0.005
PAUSE_SHARE = 4
"""Of five parts of the time one is for computing: a city of many thousand series writes on as if nobody counted."""

logger = logging.getLogger(__name__)


class EndedError(Exception):
    """Nobody waits for the work any more."""


class Breath:
    """Pauses between two slices of work.

    Args:
        clock: tells how long a slice took.
        ending: set when nobody waits for the work any more.
    """

    def __init__(self, clock: Clock, ending: Event) -> None:
        self._clock = clock
        self._ending = ending
        self._began_s = clock.monotonic_s()

    def __call__(self) -> None:
        """Pause if a slice has passed.

        Raises:
            EndedError: the work is to end.
        """
        took_s = self._clock.monotonic_s() - self._began_s
        if took_s >= SLICE_S:
            self._ending.wait(PAUSE_SHARE * took_s)
            self._began_s = self._clock.monotonic_s()
        if self._ending.is_set():
            raise EndedError


class Indicators:
    """Keeps the indicators of all themes; a duty of the engine.

    Args:
        themes: whose indicators.
        ground: what measures know of the city.
        broker: the way in and out.
        scope: on whose behalf.
        clock: the source of time.
        first_s: pauses before the first rounds, seconds.
    """

    name = "indicators"

    def __init__(
        self,
        themes: Themes,
        ground: Ground,
        broker: Broker,
        scope: Scope,
        *,
        clock: Clock,
        first_s: tuple[float, ...] = FIRST_S,
    ) -> None:
        self._themes = themes
        self._ground = ground
        self._broker = broker
        self._scope = scope
        self._clock = clock
        self._first_s = first_s

    async def run(self) -> None:
        """Compute until cancelled."""
        for pause_s in self._first_s:
            await asyncio.sleep(pause_s)
            await self.round()
        while True:
            await asyncio.sleep(EVERY_S)
            await self.round()

    async def round(self) -> int:
        """Compute all indicators once and write what is news; returns the number of changes.

        Raises:
            DomainError: what the writer says; the next round brings it again.
        """
        news = await self._beside(self._computed)
        if news:
            ack = await self._broker.write(Batch(changes=tuple(news), origin=Origin.DERIVED, depth=1), self._scope)
            for outcome in ack.outcomes:
                if outcome.done is Done.FAILED:
                    logger.error("the indicator %s was not written: %s", outcome.entity, outcome.detail)
        return len(news)

    async def _beside(self, work: Callable[[Event], list[Change]]) -> list[Change]:
        """Compute in a thread, so that writing goes on; it ends between two reads when this is cancelled."""
        ending = Event()
        task = asyncio.ensure_future(asyncio.to_thread(work, ending))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            ending.set()
            await asyncio.wait([task])
            # Looked at, so that nobody complains that it was not.
            task.exception()
            raise

    def _computed(self, ending: Event) -> list[Change]:
        """What has to be written so that all indicators are as they should be now; nothing in an empty city."""
        if not self._broker.position():
            return []
        breath = Breath(self._clock, ending)
        evidence = Evidence(self._broker, self._scope, self._ground, self._clock.now(), breath)
        ags = self._ground.profile.city.ags
        news: list[Change] = []
        for theme, indicator in self._themes.indicators():
            if isinstance(indicator.measure, Unsourced):
                # Its declaration says all that can be said.
                continue
            breath()
            try:
                result: Result = compute(indicator.measure, evidence)
            except DomainError as error:
                # One indicator that cannot be computed does not take the others along; its last value stays.
                logger.warning("the indicator %s of %s cannot be computed: %s", indicator.key, theme.key, error)
                continue
            key = indicator_id(ags, theme, indicator)
            found = self._broker.read(Query(ids=(key,), page=Page(limit=1)), self._scope).entities
            done = Computed(
                theme=theme, indicator=indicator, result=result, simulated=evidence.simulated, at=evidence.now
            )
            news += changes(done, ags, found[0].attributes if found else {})
        return news
