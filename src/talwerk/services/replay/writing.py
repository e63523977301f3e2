"""Rows as batches of observations, handed to the broker one commit after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from talwerk.broker import Broker
from talwerk.core.change import Ack, Batch, Change, Done, Mode, Observations, Origin, Outcome
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.identifiers import Iri
from talwerk.core.quality import Flag, stored
from talwerk.core.query import Page, Query
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.sdk.tables.rows import Row

from .plan import Plan, Target

VALUES_PER_COMMIT = 10_000
"""Large enough that a commit's fsync weighs little, small enough that others are not kept waiting."""
BUSY_TRIES = 8
BUSY_WAIT_S = 0.1

NAME: Iri = expand("name")


class Tally:
    """Counts per target what became of its values."""

    def __init__(self, targets: int) -> None:
        self.new = [0] * targets
        self.corrected = [0] * targets
        self.unchanged = [0] * targets

    def add(self, index: int, outcome: Outcome, count: int) -> None:
        """Count one outcome for ``count`` values that were handed over."""
        self.new[index] += outcome.added
        self.corrected[index] += outcome.corrected
        self.unchanged[index] += count - outcome.added - outcome.corrected


class Writing:
    """Collects rows and writes them.

    Args:
        plan: where the columns go.
        broker: the way in.
        scope: on whose behalf.
        named: positions of targets that have values; only their entities get a name.
    """

    def __init__(self, plan: Plan, broker: Broker, scope: Scope, named: Iterable[int]) -> None:
        self._plan = plan
        self._broker = broker
        self._scope = scope
        self._rows: list[Row] = []
        self._rows_max = max(1, VALUES_PER_COMMIT // len(plan.targets))
        self._named = frozenset(named)
        self._first = True
        self.tally = Tally(len(plan.targets))

    async def add(self, row: Row) -> bool:
        """Take a row; True when that led to a commit."""
        self._rows.append(row)
        if len(self._rows) < self._rows_max:
            return False
        await self.flush()
        return True

    async def flush(self) -> None:
        """Write what was collected.

        Raises:
            DomainError: as soon as one change fails; what was written before stays, and a repetition goes on there.
        """
        if not self._rows:
            return
        filled = [
            (index, found) for index, target in enumerate(self._plan.targets) if (found := self._of(index, target))
        ]
        names = self._names() if self._first else ()
        changes: tuple[Change | Observations, ...] = (*names, *(observations for _, observations in filled))
        if changes:
            ack = await self._submitted(Batch(changes=changes, origin=Origin.REPLAY))
            for outcome in ack.outcomes:
                if outcome.done is Done.FAILED:
                    raise DomainError(outcome.fault or Fault.INTERNAL, f"{outcome.entity}: {outcome.detail}")
            for (index, observations), outcome in zip(filled, ack.outcomes[len(names) :], strict=True):
                self.tally.add(index, outcome, len(observations.at))
        self._rows.clear()
        self._first = False

    def _of(self, index: int, target: Target) -> Observations | None:
        """One target's values of the collected rows."""
        low, high = target.limits
        failed = stored(Flag.FAIL)
        found = [(row.at + target.shift_us, value) for row in self._rows if (value := row.values[index]) is not None]
        if not found:
            return None
        quality = [target.flag if low <= value <= high else failed for _, value in found]
        return Observations(
            entity=target.entity,
            types=(target.type,),
            attribute=target.attribute,
            dataset=target.dataset,
            unit=target.unit,
            provenance=target.provenance,
            at=[at for at, _ in found],
            values=[value for _, value in found],
            quality=quality[:1] if len(set(quality)) == 1 else quality,
        )

    def _names(self) -> tuple[Change, ...]:
        """Changes that give the entities their names, where they have not got them already."""
        targets = enumerate(self._plan.targets)
        wanted = {target.entity: target for index, target in targets if target.name and index in self._named}
        if not wanted:
            return ()
        query = Query(ids=tuple(wanted), attributes=(NAME,), page=Page(limit=len(wanted)))
        known = {
            entity.id: instance.value
            for entity in self._broker.read(query, self._scope).entities
            for instance in entity.attributes.get(NAME, ())
            if instance.dataset is None
        }
        return tuple(_named(target) for entity, target in wanted.items() if known.get(entity) != target.name)

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


def _named(target: Target) -> Change:
    name = Attribute(kind=Kind.PROPERTY, value=target.name)
    entity = Entity(id=target.entity, types=(target.type,), attributes={NAME: (name,)})
    # A name is nothing that is observed at a cadence or by a method.
    source = target.provenance
    provenance = type(source)(
        source=source.source, licence=source.licence, attribution=source.attribution, simulated=source.simulated
    )
    return Change(mode=Mode.UPDATE, entity=entity, provenance=provenance)
