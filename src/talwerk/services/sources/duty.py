"""The duty that polls all sources of a city, says how they are, and tells once when that changes."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from talwerk.broker import Broker
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError
from talwerk.core.identifiers import city_urn
from talwerk.core.instants import Clock, format_instant
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.sdk.profile import Profile
from talwerk.services.outgoing import Egress
from talwerk.services.replay.provenance import MixedError, check_unmixed

from .discovery import discover
from .feed import Feed, feed, of_twin
from .fetching import Fetcher, Patience
from .following import follow
from .polling import Heavy, Poll, Tools
from .pushed import Arrival, Watched
from .state import Health, SourceState
from .writing import Writing

TYPE = "DataSource"
OWNER = "talwerk"
"""Source part of the ids of sources themselves."""
LOOK_EVERY_S = 5.0
FIRST_WITHIN_S = 1.0
MIXED_LOOK_S = 30.0
"""How often a city that may not poll looks whether what forbids it is gone."""
RARE_S = 3_600.0
"""What is asked more rarely than this knows nothing of what happens in a scenario."""
PART_AFTER_S = 60.0
"""How long a part of a source has to fail before that is worth a line; a whole source fails and recovers in parts."""

logger = logging.getLogger(__name__)

_FAILING = frozenset({Health.STALE, Health.SILENT, Health.UNREACHABLE, Health.MALFORMED})


class Sources:
    """Polls the sources of a profile; a duty of the engine.

    Args:
        profile: names the sources.
        broker: the way in.
        scope: on whose behalf.
        clock: the source of time.
        egress: the operator's policy for outgoing requests.
        heavy: reads large answers elsewhere, None for a thread.
        patience: how long a source may take.
        own: the folder of the profile's own connectors, None for none.
        twin: where a twin answers instead of each source, by its key; None for the real ones.
        arrivals: what came of a source that sends by itself, in each process.
    """

    name = "sources"

    def __init__(  # noqa: PLR0913 - what a duty works with; each is a thing of its own
        self,
        profile: Profile,
        broker: Broker,
        scope: Scope,
        *,
        clock: Clock,
        egress: Egress,
        heavy: Heavy | None = None,
        patience: Patience | None = None,
        own: Path | None = None,
        twin: Mapping[str, str] | None = None,
        arrivals: Callable[[str], Iterable[Arrival]] = lambda _key: (),
    ) -> None:
        self._profile = profile
        self._broker = broker
        self._scope = scope
        self._clock = clock
        self._egress = egress
        self._own = own
        self._heavy = heavy
        self._patience = patience
        self._twin = twin
        self._arrivals = arrivals
        self.halted = ""
        """Why nothing is polled although there are sources, in one sentence; empty when they are."""
        self._unasked: tuple[SourceState, ...] = ()
        self._polls: tuple[Poll, ...] = ()
        self._watched: tuple[Watched, ...] = ()

    def states(self) -> tuple[SourceState, ...]:
        """How each source is now."""
        if self.halted:
            return self._unasked
        return (*(poll.state for poll in self._polls), *(watched.state for watched in self._watched))

    async def run(self) -> None:
        """Poll until cancelled; return when there is nothing to poll."""
        if not self._profile.sources:
            return
        writing = Writing(self._broker, self._scope, clock=self._clock)
        feeds = self._feeds()
        await self._until_unmixed(feeds, writing)
        fetcher = Fetcher(self._egress, self._clock, self._patience, simulated=self._twin is not None)
        dice = random.Random()  # noqa: S311 - spreads polls, keeps no secret
        tools = Tools(fetcher=fetcher, writing=writing, clock=self._clock, heavy=self._heavy, dice=dice)
        now = self._clock.now()
        self._polls = tuple(Poll(each, tools, writing.newest(each, now)) for each in feeds if not each.sends)
        self._watched = tuple(
            Watched(each, self._arrivals, self._clock, writing.newest(each, now)) for each in feeds if each.sends
        )
        try:
            async with asyncio.TaskGroup() as group:
                for poll in self._polls:
                    group.create_task(self._keep_polling(poll, writing, dice))
                for watched in self._watched:
                    group.create_task(self._keep_watching(watched, writing))
                for address in list((self._twin or {}).values())[:1]:
                    # Whoever lets a scenario begin looks at the city now, and not after the longest interval.
                    group.create_task(follow(address, fetcher, self._hasten))
        finally:
            await fetcher.close()

    def _hasten(self) -> None:
        for poll in self._polls:
            poll.hasten(RARE_S)

    async def _until_unmixed(self, feeds: Sequence[Feed], writing: Writing) -> None:
        """Wait until nothing of another nature lies there; say meanwhile why nobody is asked."""
        while self._mixed():
            if not self._unasked:
                logger.error("sources are not polled: %s", self.halted)
                since = self._clock.now()
                self._unasked = tuple(
                    SourceState(
                        key=each.key,
                        title=each.title,
                        since=since,
                        health=Health.UNREACHABLE,
                        error=f"it is not asked: {self.halted}",
                        sends=each.sends,
                    )
                    for each in feeds
                )
                for each, state in zip(feeds, self._unasked, strict=True):
                    await Teller(each, writing, self._clock, logged=(state.health, False)).tell(state)
            await asyncio.sleep(MIXED_LOOK_S)
        if self._unasked:
            logger.info("sources are polled again: what forbade it is gone")

    def _mixed(self) -> bool:
        try:
            check_unmixed(self._broker, self._scope, simulated=self._twin is not None)
        except MixedError as error:
            self.halted = error.detail
        else:
            self.halted = ""
        return bool(self.halted)

    def _feeds(self) -> list[Feed]:
        found = discover(self._own)
        feeds = []
        for source in self._profile.sources:
            # A twin answers and sends also what is only prepared.
            if self._twin is None and not source.polled:
                continue
            try:
                real = feed(source, self._profile, found, self._own.parent if self._own is not None else None)
                feeds.append(real if self._twin is None else of_twin(real, self._twin.get(source.key, "")))
            except DomainError as error:
                # One source that cannot be polled does not stop the others.
                logger.error("%s", error.detail)  # noqa: TRY400 - the text says it all
        return feeds

    async def _keep_polling(self, poll: Poll, writing: Writing, dice: random.Random) -> None:
        # Whatever else starts with the city goes first.
        await asyncio.sleep(FIRST_WITHIN_S * dice.uniform(0.5, 1))
        teller = Teller(poll.feed, writing, self._clock)
        while True:
            wait_s = poll.due_s - self._clock.monotonic_s()
            if wait_s > 0:
                # Sources also become stale while nobody asks them.
                await asyncio.sleep(min(wait_s, LOOK_EVERY_S))
            else:
                await poll.step()
            await teller.tell(poll.state)

    async def _keep_watching(self, watched: Watched, writing: Writing) -> None:
        teller = Teller(watched.feed, writing, self._clock)
        while True:
            await asyncio.sleep(FIRST_WITHIN_S)
            await teller.tell(watched.state)


class Teller:
    """Tells how a source is, whenever that changes: one line in the log, and an entity with history.

    Args:
        feed: the source.
        writing: the way in.
        clock: for how long something lasts.
        logged: how it is known to be already: health, and whether a part of it fails.
    """

    def __init__(
        self, feed: Feed, writing: Writing, clock: Clock, logged: tuple[Health, bool] = (Health.WAITING, False)
    ) -> None:
        self._feed = feed
        self._writing = writing
        self._clock = clock
        self._logged = logged
        self._partly_since_s: float | None = None
        self._written: Health | None = None

    async def tell(self, state: SourceState) -> None:
        """Tell it, if it is news."""
        if state.health is Health.WAITING:
            return
        self._log(state)
        if state.health is self._written:
            return
        try:
            await self._writing.update(described(state, self._feed), self._feed)
        except DomainError as error:
            # It is told again with the next look; that the city cannot write is told elsewhere.
            logger.debug("the state of the source %s was not written: %s", state.key, error.detail)
        else:
            self._written = state.health

    def _log(self, state: SourceState) -> None:
        """One line when it fails, one when it recovers."""
        failing, partly = state.health in _FAILING, self._lasting(bool(state.error))
        told = (state.health, partly and not failing)
        if told == self._logged or (state.error and not failing and not partly):
            return
        self._logged = told
        fields = {"source": state.key, "health": state.health.value}
        if failing:
            logger.warning("source %s is %s%s", state.key, state.health, _why(state), extra=fields)
        elif partly:
            logger.warning("source %s is in part unavailable%s", state.key, _why(state), extra=fields)
        else:
            logger.info("source %s is %s", state.key, state.health, extra=fields)

    def _lasting(self, partly: bool) -> bool:
        now_s = self._clock.monotonic_s()
        self._partly_since_s = (self._partly_since_s or now_s) if partly else None
        return self._partly_since_s is not None and now_s - self._partly_since_s >= PART_AFTER_S


def _why(state: SourceState) -> str:
    if state.error:
        return f": {state.error}"
    return f": its newest value is of {format_instant(state.newest)}" if state.newest is not None else ""


def described(state: SourceState, feed: Feed) -> Entity:
    """A source as an entity, so that pages, interface and live feed see how it is, with history.

    Since when it is so is the time at which ``health`` was modified. Nothing of it is an observation: it has no time
    but that of writing, and stands in nobody's way.
    """
    texts = {
        "name": state.title,
        "health": state.health.value,
        "lastError": state.error,
        "publisher": feed.publisher,
        "licence": feed.licence,
        "attribution": feed.attribution,
    }
    return Entity(
        id=city_urn(TYPE, feed.ags, OWNER, feed.key),
        types=(expand(TYPE),),
        attributes={expand(name): (Attribute(kind=Kind.PROPERTY, value=text),) for name, text in texts.items()},
    )
