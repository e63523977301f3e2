"""Sources that send by themselves: what they send is read and written at once, and judged by what arrived.

The process that answers a request notes what became of it; the engine is told every second and knows the states.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import FUTURE_TOLERANCE, SECOND, Clock, Instant
from talwerk.core.scope import Scope
from talwerk.core.terms import compact, expand
from talwerk.sdk.profile import Profile
from talwerk.sdk.push import PUSH
from talwerk.sdk.reading import Context
from talwerk.services.replay.provenance import check_unmixed

from .answers import read_answer
from .discovery import discover
from .feed import Feed, feed
from .shaping import Shaped, shape
from .state import Health, SourceState
from .writing import Writing

logger = logging.getLogger(__name__)

LARGE_BYTES = 1 << 17
"""What is larger is read beside the loop, which has others to serve."""
REASONS_MAX = 20
"""Reasons that are told of a source; whoever sends must not be able to fill the memory with them."""


class Arrival(msgspec.Struct, kw_only=True):
    """What came of a source in one process, since that process was started.

    Attributes:
        came: when something usable came last.
        failed: when something came last that could not be used.
        error: why.
        newest: time of the newest good value.
        values: values that were new.
        faults: how often something could not be used.
        left_out: what could not be used of what came last, by reason.
    """

    came: Instant | None = None
    failed: Instant | None = None
    error: str = ""
    newest: Instant | None = None
    values: int = 0
    faults: int = 0
    left_out: dict[str, int] = {}


Arrivals = dict[str, Arrival]
"""By key of the source."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of something that was sent.

    Attributes:
        values: values that are new; those that were there already changed nothing.
        things: things that it tells about.
        found: whether it held anything for the city at all.
        left_out: what could not be used, by reason.
    """

    values: int
    things: int
    found: bool
    left_out: dict[str, int]


class Sender(msgspec.Struct, frozen=True):
    """Who sends.

    Attributes:
        scope: what they may do.
        types: IRIs of the entity types that their key was made for, None for all.
    """

    scope: Scope
    types: tuple[str, ...] | None


class Intake:
    """Takes what sources send; one for each process that answers.

    Args:
        feeds: the sources that send, by key.
        broker: the way in.
        looking: on whose behalf it is checked that nothing of another nature lies there.
        clock: the source of time.
        arrivals: where what came is noted.
    """

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        broker: Broker,
        looking: Scope,
        *,
        clock: Clock,
        arrivals: Arrivals,
    ) -> None:
        self.feeds = feeds
        self._broker = broker
        self._looking = looking
        self._clock = clock
        self._arrivals = arrivals
        self._unmixed = False

    async def take(self, source: Feed, content: bytes, parameters: Mapping[str, object], sender: Sender) -> Taken:
        """Read what was sent and write it; when this returns, it is on disk.

        Args:
            source: which sent it.
            content: the body, JSON.
            parameters: headers and query that the connector needs, and who sends.
            sender: who sends.

        Raises:
            DomainError: BadRequestData when it cannot be read; Forbidden for what the sender may not write, and for
                simulated values where measured ones lie; what the writer says.
        """
        arrival = self._arrivals.setdefault(source.key, Arrival())
        try:
            taken = await self._take(source, content, parameters, sender, arrival)
        except DomainError as error:
            # That the city is busy or full says nothing about who sends.
            if error.fault in {Fault.BAD_REQUEST_DATA, Fault.INVALID_REQUEST, Fault.FORBIDDEN}:
                arrival.failed, arrival.error = self._clock.now(), error.detail
                arrival.faults += 1
            raise
        arrival.came = self._clock.now()
        arrival.values += taken.values
        arrival.left_out = dict(list(taken.left_out.items())[:REASONS_MAX])
        return taken

    async def _take(
        self, source: Feed, content: bytes, parameters: Mapping[str, object], sender: Sender, arrival: Arrival
    ) -> Taken:
        now = self._clock.now()
        connector = source.connector
        context = Context(
            now=now, zone=connector.zone, wanted=source.wanted, parameters={**source.parameters, **parameters}
        )
        request = connector.request(PUSH)
        if len(content) > LARGE_BYTES:
            findings = await asyncio.to_thread(read_answer, connector, request, content, "", context)
            shaped = await asyncio.to_thread(shape, findings, source, now)
        else:
            findings = read_answer(connector, request, content, "", context)
            shaped = shape(findings, source, now)
        _check_types(shaped, sender)
        # What real devices send into a city of simulated values is marked when it is written.
        if source.simulated and not self._unmixed:
            check_unmixed(self._broker, self._looking, simulated=True)
            self._unmixed = True
        # Who sends has a limit of time, and comes again when the city is busy.
        values = await Writing(self._broker, sender.scope, unmixed=True, tries=1).write(shaped, source)
        newest = [at for at in (arrival.newest, shaped.newest) if at is not None]
        arrival.newest = max(newest, default=None)
        return Taken(values=values, things=len(shaped.things), found=bool(findings), left_out=dict(shaped.left_out))


def _check_types(shaped: Shaped, sender: Sender) -> None:
    """Refuse as a whole what would be kept in part: an operator sees at once what the key lacks."""
    kinds = {track.type for track in shaped.columns} | {expand(thing.type) for thing in shaped.things}
    missing = sorted(compact(kind) for kind in kinds.difference(sender.types)) if sender.types is not None else []
    if missing:
        detail = f"The key of {sender.scope.principal.name} was not made for {', '.join(missing)}."
        raise DomainError(Fault.FORBIDDEN, detail)


class Watched:
    """A source that sends, as the engine sees it.

    Args:
        feed: which.
        arrivals: what came of it in each process.
        clock: the source of time.
        newest: time of the newest value that the city holds already.
    """

    def __init__(
        self, feed: Feed, arrivals: Callable[[str], Iterable[Arrival]], clock: Clock, newest: Instant | None = None
    ) -> None:
        self.feed = feed
        self._arrivals = arrivals
        self._clock = clock
        # Processes that end forget what came to them; the engine does not.
        self._known = Arrival(newest=newest)
        self._state = SourceState(key=feed.key, title=feed.title, since=clock.now(), newest=newest, sends=True)

    @property
    def state(self) -> SourceState:
        """How it is, also by the time that has passed since something came."""
        told, known = list(self._arrivals(self.feed.key)), self._known
        for one in told:
            if one.failed is not None and (known.failed is None or one.failed > known.failed):
                known.failed, known.error = one.failed, one.error
            if one.came is not None and (known.came is None or one.came > known.came):
                known.came, known.left_out = one.came, one.left_out
            if one.newest is not None and (known.newest is None or one.newest > known.newest):
                known.newest = one.newest
        now = self._clock.now()
        health = judged(known, now, self.feed.stale_s)
        refused = known.failed is not None and (known.came is None or known.failed > known.came)
        self._state = msgspec.structs.replace(
            self._state,
            health=health,
            since=now if health is not self._state.health else self._state.since,
            asked=max((at for at in (known.came, known.failed) if at is not None), default=None),
            answered=known.came,
            newest=known.newest,
            values=sum(one.values for one in told),
            faults=sum(one.faults for one in told),
            error=known.error if refused else "",
            left_out=known.left_out,
        )
        return self._state


def judged(arrival: Arrival, now: Instant, stale_s: int) -> Health:
    """How a source that sends is.

    Args:
        arrival: what came of it.
        now: the present.
        stale_s: seconds after which it is stale, and silent when nothing came at all.
    """
    newest, heard = arrival.newest, max((at for at in (arrival.came, arrival.failed) if at is not None), default=None)
    if newest is None and heard is None:
        return Health.WAITING
    # After a clock was set back, what was new before says nothing about now.
    if newest is not None and -FUTURE_TOLERANCE <= now - newest <= stale_s * SECOND:
        return Health.FRESH
    if heard is None or now - heard > stale_s * SECOND:
        return Health.SILENT
    if arrival.came is None or (arrival.failed is not None and arrival.failed > arrival.came):
        return Health.MALFORMED
    return Health.STALE if newest is not None else Health.SILENT


def sending(profile: Profile, folder: Path, own: Path | None = None) -> dict[str, Feed]:
    """The sources of a profile that send by themselves, by key.

    Args:
        profile: of the city.
        folder: where it lies, with the files that connectors read beside it.
        own: the folder of the profile's own connectors, None for none.

    Returns:
        Those that can be; of the others the log says why, and their doors stay closed.
    """
    senders = [source for source in profile.sources if not source.address]
    if not senders:
        return {}
    found = discover(own)
    feeds = {}
    for source in senders:
        try:
            feeds[source.key] = feed(source, profile, found, folder)
        except DomainError as error:
            logger.error("%s", error)  # noqa: TRY400 - the text says it all
    return feeds
