"""What sources bring, written through the city's one way in; what was written already is not sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain, islice

from talwerk.broker import Broker
from talwerk.core.change import Ack, Batch, Change, Done, Mode, Observations
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import FUTURE_TOLERANCE, Clock, Instant, SystemClock
from talwerk.core.query import LIMIT_MAX, Page, Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import SeriesKey
from talwerk.core.terms import expand
from talwerk.services.replay.provenance import check_unmixed

from .feed import Feed
from .shaping import Column, Shaped, Track, observations
from .things import NOT_KEPT, Said, same, told

VALUES_PER_COMMIT = 10_000
THINGS_PER_COMMIT = 500
THINGS_IN_LOOP = 20
"""More of them are compared with what the city knows in a thread: the engine's loop has others to serve."""
BELIEVED_S = 600.0
"""How long a thing that said what it should is taken to say so still: whoever polls each second need not look it up
each second, and what somebody else has changed is put right within that time."""
BUSY_TRIES = 6
BUSY_WAIT_S = 0.2

_STRANGE = frozenset({Fault.BAD_REQUEST_DATA, Fault.INVALID_REQUEST})


class Writing:
    """Writes for all feeds.

    Args:
        broker: the way in.
        scope: on whose behalf.
        unmixed: whether it is known that nothing of another nature lies there.
        tries: how often something is handed to a writer that is busy.
        clock: says when to look again whether things still say what they did.
    """

    def __init__(
        self,
        broker: Broker,
        scope: Scope,
        *,
        unmixed: bool = False,
        tries: int = BUSY_TRIES,
        clock: Clock | None = None,
    ) -> None:
        self._broker = broker
        self._scope = scope
        self._clock = clock or SystemClock()
        self._sent: dict[Track, Column] = {}
        self._said: dict[str, Said] = {}
        self._unmixed = unmixed
        self._tries = tries

    async def write(self, shaped: Shaped, feed: Feed) -> int:
        """Write what an answer brought and was not written before.

        Returns:
            How many values are new.

        Raises:
            DomainError: what the writer says; nothing of it counts as sent then, so that the next poll brings it again.
        """
        await self._write_things(shaped, feed)
        await self._end_absent(shaped, feed)
        added = 0
        part: list[tuple[Track, Column]] = []
        size = 0
        for track, column in shaped.columns.items():
            sent = self._sent.get(track, {})
            news = {at: value for at, value in column.items() if sent.get(at) != value}
            part.append((track, news))
            size += len(news)
            if size >= VALUES_PER_COMMIT:
                added += await self._commit(part, shaped, feed)
                part, size = [], 0
        return added + await self._commit(part, shaped, feed)

    async def update(self, entity: Entity, feed: Feed) -> None:
        """Make an entity say what it should, as far as it does not yet; its attributes have no time of observation.

        Raises:
            DomainError: what the writer says.
        """
        for fault, detail in await self._update((entity,), feed):
            raise DomainError(fault, detail)

    async def _update(self, entities: Sequence[Entity], feed: Feed) -> list[tuple[Fault, str]]:
        """Make each say what it should, in one commit; what was refused, and why."""
        if len(entities) > THINGS_IN_LOOP:
            return await self._changed(await asyncio.to_thread(self._news, entities, feed))
        return await self._changed(self._news(entities, feed))

    def _news(self, entities: Sequence[Entity], feed: Feed) -> list[Change]:
        """What the city does not know yet of what entities should say."""
        query = Query(ids=tuple(entity.id for entity in entities), page=Page(limit=len(entities)))
        known = {entity.id: entity.attributes for entity in self._broker.read(query, self._scope).entities}
        changes = []
        for entity in entities:
            has = known.get(entity.id, {})
            news = {name: said for name, said in entity.attributes.items() if not same(has.get(name, ()), said)}
            if news:
                changed = Entity(id=entity.id, types=entity.types, attributes=news)
                changes.append(Change(mode=Mode.UPDATE, entity=changed, provenance=feed.provenance()))
        return changes

    async def _changed(self, changes: Sequence[Change]) -> list[tuple[Fault, str]]:
        """Write changes in one commit; what was refused, and why."""
        if not changes:
            return []
        outcomes = (await self._submitted(Batch(changes=tuple(changes)))).outcomes
        failed = (outcome for outcome in outcomes if outcome.done is Done.FAILED)
        return [(outcome.fault or Fault.INTERNAL, f"{outcome.entity}: {outcome.detail}") for outcome in failed]

    def newest(self, feed: Feed, now: Instant) -> Instant | None:
        """Time of the newest value of a source that the city holds, as far as it is not in the future."""
        latest = now + FUTURE_TOLERANCE
        newest: int | None = None
        # Names and the like have no rhythm, and the time at which they were written says nothing.
        known = self._broker.provenances(self._scope)
        rhythmic = tuple(one for one in known if one.source == feed.key and one.cadence_s is not None)
        for series in chain.from_iterable(self._broker.series_pages(Query(), self._scope, rhythmic)):
            last = series.last
            if last is None:
                continue
            if last > latest:
                key = SeriesKey(entity=series.entity, attribute=series.attribute, dataset=series.dataset)
                last = max(self._broker.points(key, Window(end=latest), self._scope, last=1).at, default=None)
            newest = last if newest is None or (last is not None and last > newest) else newest
        return None if newest is None else Instant(newest)

    async def _commit(self, part: Sequence[tuple[Track, Column]], shaped: Shaped, feed: Feed) -> int:
        filled = [(track, news) for track, news in part if news]
        changes: tuple[Observations, ...] = tuple(observations(track, news) for track, news in filled)
        added = 0
        if changes:
            if not self._unmixed:
                # Somebody may have replayed simulated values since the city was started.
                check_unmixed(self._broker, self._scope, simulated=feed.simulated)
            ack = await self._submitted(Batch(changes=changes))
            self._unmixed = True
            for (_, news), outcome in zip(filled, ack.outcomes, strict=True):
                added += outcome.added
                if outcome.done is Done.CREATED:
                    # If somebody has deleted it meanwhile, it says nothing now but this value.
                    self._said.pop(feed.key, None)
                elif outcome.done is Done.FAILED:
                    shaped.left_out[f"the store refuses it: {outcome.detail[:120]}"] += len(news)
        for track, _ in part:
            # What an answer no longer holds need not be remembered either.
            self._sent[track] = shaped.columns[track]
        return added

    async def _write_things(self, shaped: Shaped, feed: Feed) -> None:
        now_s = self._clock.monotonic_s()
        said = self._said.get(feed.key)
        if said is None or now_s - said.since_s > BELIEVED_S:
            said = self._said[feed.key] = Said(since_s=now_s)
        news = said.news(shaped.things)
        before = shaped.left_out[NOT_KEPT]
        if len(news) > THINGS_IN_LOOP:
            entities = await asyncio.to_thread(told, news, shaped, feed)
        else:
            entities = told(news, shaped, feed)
        rest = iter(entities)
        while part := tuple(islice(rest, THINGS_PER_COMMIT)):
            for fault, detail in await self._update(part, feed):
                if fault not in _STRANGE:
                    raise DomainError(fault, detail)
                shaped.left_out[NOT_KEPT] += 1
        # What cannot be kept is told again, so that it is counted again; for whoever asks rarely nothing is remembered.
        if shaped.left_out[NOT_KEPT] == before and feed.every_s < BELIEVED_S:
            said.remember(news)

    async def _end_absent(self, shaped: Shaped, feed: Feed) -> None:
        """Delete what the source named before and no longer does, where its answer was whole; history stays."""
        if shaped.left_out:
            # What could not be read may well be what would be missed.
            return
        for kind in sorted(shaped.whole):
            ended = await asyncio.to_thread(self._absent, kind, shaped, feed)
            if ended:
                self._said.pop(feed.key, None)
            for start in range(0, len(ended), THINGS_PER_COMMIT):
                part = ended[start : start + THINGS_PER_COMMIT]
                changes = [
                    Change(mode=Mode.DELETE, entity=Entity(id=id_, types=()), provenance=feed.provenance())
                    for id_ in part
                ]
                for fault, detail in await self._changed(changes):
                    # Somebody else may have deleted it meanwhile.
                    if fault is not Fault.NOT_FOUND:
                        raise DomainError(fault, detail)

    def _absent(self, kind: str, shaped: Shaped, feed: Feed) -> list[str]:
        """Ids of the things of a type that this source has named, that have not ended, and that it no longer names."""
        named = {feed.entity(thing.type, thing.native) for thing in shaped.things}
        own = feed.entity(kind, "0").removesuffix("0")
        city = own.removesuffix(f"{feed.key}:")
        absent: list[str] = []
        after: str | None = None
        while True:
            page = Page(limit=LIMIT_MAX, after=after)
            found = self._broker.read(Query(types=(expand(kind),), attributes=(), page=page), self._scope)
            gone = (e.id for e in found.entities if e.id not in named)
            # What the city names itself says whose it is; of what bears another's name its series know it.
            absent += (
                id_ for id_ in gone if id_.startswith(own) or (not id_.startswith(city) and self._alone(id_, feed))
            )
            after = found.next
            if after is None:
                return absent

    def _alone(self, entity: str, feed: Feed) -> bool:
        """Whether nobody but this source says anything about an entity."""
        series = self._broker.series(self._scope, entity)
        return {one.provenance.source for one in series if one.closed is None} == {feed.key}

    async def _submitted(self, batch: Batch) -> Ack:
        """Write, waiting a little when the writer is busy with others."""
        for attempt in range(self._tries):
            try:
                return await self._broker.write(batch, self._scope)
            except DomainError as error:
                if error.fault is not Fault.BUSY or attempt == self._tries - 1:
                    raise
            await asyncio.sleep(BUSY_WAIT_S * 2**attempt)
        raise AssertionError("unreachable")
