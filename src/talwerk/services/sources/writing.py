"""What sources bring, written through the city's one way in; what was written already is not sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from talwerk.broker import Broker
from talwerk.core.change import Ack, Batch, Change, Done, Mode, Observations
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.identifiers import Iri
from talwerk.core.instants import FUTURE_TOLERANCE, Instant
from talwerk.core.query import Page, Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import SeriesKey
from talwerk.core.terms import LOCATION, expand
from talwerk.core.values import check_entity, same_value
from talwerk.sdk.reading import Thing
from talwerk.services.replay.provenance import check_unmixed

from .feed import Feed
from .shaping import Column, Shaped, Track, observations

VALUES_PER_COMMIT = 10_000
BUSY_TRIES = 6
BUSY_WAIT_S = 0.2

NAME: Iri = expand("name")
DESCRIPTION: Iri = expand("description")
LEVELS: Iri = expand("informationLevels")
STATED_BY: Iri = expand("statedBy")


class Writing:
    """Writes for all feeds.

    Args:
        broker: the way in.
        scope: on whose behalf.
    """

    def __init__(self, broker: Broker, scope: Scope) -> None:
        self._broker = broker
        self._scope = scope
        self._sent: dict[Track, Column] = {}
        self._unmixed = False

    async def write(self, shaped: Shaped, feed: Feed) -> int:
        """Write what an answer brought and was not written before.

        Returns:
            How many values are new.

        Raises:
            DomainError: what the writer says; nothing of it counts as sent then, so that the next poll brings it again.
        """
        await self._write_things(shaped, feed)
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
        found = self._broker.read(Query(ids=(entity.id,), page=Page(limit=1)), self._scope).entities
        has = found[0].attributes if found else {}
        news = {name: told for name, told in entity.attributes.items() if not _same(has.get(name, ()), told)}
        if news:
            changed = Entity(id=entity.id, types=entity.types, attributes=news)
            change = Change(mode=Mode.UPDATE, entity=changed, provenance=feed.provenance())
            _raise_failures(await self._submitted(Batch(changes=(change,))))

    def newest(self, feed: Feed, now: Instant) -> Instant | None:
        """Time of the newest value of a source that the city holds, as far as it is not in the future."""
        latest = now + FUTURE_TOLERANCE
        newest: int | None = None
        for series in self._broker.series(self._scope):
            last, origin = series.last, series.provenance
            # Names and the like have no rhythm, and the time at which they were written says nothing.
            if last is None or series.closed is not None or origin.source != feed.key or origin.cadence_s is None:
                continue
            if last > latest:
                key = SeriesKey(entity=series.entity, attribute=series.attribute, dataset=series.dataset)
                last = max(self._broker.points(key, Window(end=latest), self._scope, last=1).at, default=None)
            newest = last if newest is None or (last is not None and last > newest) else newest
        return None if newest is None else Instant(newest)

    async def _commit(self, part: Sequence[tuple[Track, Column]], shaped: Shaped, feed: Feed) -> int:
        filled = [(track, news) for track, news in part if news]
        changes: tuple[Observations, ...] = tuple(observations(track, news, feed) for track, news in filled)
        added = 0
        if changes:
            if not self._unmixed:
                # Somebody may have replayed simulated values since the city was started.
                check_unmixed(self._broker, self._scope, simulated=False)
            ack = await self._submitted(Batch(changes=changes))
            self._unmixed = True
            for (_, news), outcome in zip(filled, ack.outcomes, strict=True):
                added += outcome.added
                if outcome.done is Done.FAILED:
                    shaped.left_out[f"the store refuses it: {outcome.detail[:120]}"] += len(news)
        for track, _ in part:
            # What an answer no longer holds need not be remembered either.
            self._sent[track] = shaped.columns[track]
        return added

    async def _write_things(self, shaped: Shaped, feed: Feed) -> None:
        for thing in shaped.things:
            try:
                entity = described(thing, feed)
                check_entity(entity)
                if entity.attributes:
                    await self.update(entity, feed)
            except DomainError as error:
                if error.fault not in {Fault.BAD_REQUEST_DATA, Fault.INVALID_REQUEST}:
                    raise
                # A strange name must not cost the values.
                shaped.left_out["what is said about a thing cannot be kept"] += 1

    async def _submitted(self, batch: Batch) -> Ack:
        """Write, waiting a little when the writer is busy with others."""
        for attempt in range(BUSY_TRIES):
            try:
                return await self._broker.write(batch, self._scope)
            except DomainError as error:
                if error.fault is not Fault.BUSY or attempt == BUSY_TRIES - 1:
                    raise
            await asyncio.sleep(BUSY_WAIT_S * 2**attempt)
        raise AssertionError("unreachable")


def described(thing: Thing, feed: Feed) -> Entity:
    """What a source says about a thing, as an entity."""
    attributes: dict[str, Attribute] = {
        expand(n): Attribute(kind=Kind.PROPERTY, value=v) for n, v in thing.statements.items()
    }
    if thing.name:
        attributes[NAME] = Attribute(kind=Kind.PROPERTY, value=thing.name)
    if thing.place:
        attributes[DESCRIPTION] = Attribute(kind=Kind.PROPERTY, value=thing.place)
    if thing.location is not None:
        attributes[LOCATION] = Attribute(kind=Kind.GEO_PROPERTY, value=thing.location)
    if thing.levels and thing.native not in feed.staged:
        # The profile's own levels are what the city stands for; the source's are told only where it has none.
        units = {quantity.unit for quantity in feed.connector.quantities if quantity.type == thing.type}
        attributes[LEVELS] = Attribute(
            kind=Kind.PROPERTY,
            value=list(thing.levels),
            unit=units.pop() if len(units) == 1 else None,
            subattributes={STATED_BY: (Attribute(kind=Kind.PROPERTY, value=feed.connector.publisher),)},
        )
    return Entity(
        id=feed.entity(thing.type, thing.native),
        types=(expand(thing.type),),
        attributes={name: (attribute,) for name, attribute in attributes.items()},
    )


def _same(has: Sequence[Attribute], told: Sequence[Attribute]) -> bool:
    return len(has) == len(told) and all(
        one.kind is other.kind and one.unit == other.unit and same_value(one.value, other.value)
        for one, other in zip(has, told, strict=True)
    )


def _raise_failures(ack: Ack) -> None:
    for outcome in ack.outcomes:
        if outcome.done is Done.FAILED:
            raise DomainError(outcome.fault or Fault.INTERNAL, f"{outcome.entity}: {outcome.detail}")
