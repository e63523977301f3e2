"""What one change makes of the database. Everything that can refuse a change comes before the first write."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain

import apsw
import msgspec
from msgspec.structs import replace

from talwerk.core.change import Change, Done, Mode, Observations, Origin, Outcome
from talwerk.core.entity import Attribute, Attributes, Entity, Kind, observed_or_created
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import FUTURE_TOLERANCE, Clock, Instant
from talwerk.core.match import permitted
from talwerk.core.merge import Merged, merge
from talwerk.core.scope import Scope
from talwerk.store.contract import Keeping, Tidied

from . import log
from .closed import refused_as_closed
from .columns import Columns, Extent, flags_of
from .entities import Entities, Stored
from .indexes import Indexes
from .instances import History, Kept
from .limits import Limits
from .nature import NatureGuard
from .reindex import renew_queried
from .retention import Retention
from .revisions import REVISING, Revisions
from .rollups import Rollups
from .series import Ends, SeriesBook, Track, is_measurement
from .terms import Terms
from .ticks import Ticks


class Origins(msgspec.Struct, frozen=True):
    """On whose behalf a change is written, and where it came from."""

    scope: Scope
    cause: log.Cause

    @property
    def live(self) -> bool:
        """Whether it came by itself, not from a file and not by a calculation."""
        return self.cause.origin is Origin.LIVE


class Step(msgspec.Struct, frozen=True):
    """What a change did: the state before, what became of it, and what of it went to history.

    Attributes:
        stored: the entity before, None when there was none.
        merged: the entity after.
        eid: its key.
        extent: what went to history.
        series: for observations in bulk, the attribute's IRI.
    """

    stored: Stored | None
    merged: Merged
    eid: int
    extent: Extent
    series: str | None = None


class Changes:
    """Writes changes within a transaction that somebody else holds. ``position`` is that of the change log.

    Args:
        connection: the writing connection.
        clock: gives each change its time.
        limits: of the store.
        floor: the position after which positions go on, should the log end before it.
    """

    def __init__(self, connection: apsw.Connection, clock: Clock, limits: Limits, floor: int = 0) -> None:
        self._connection = connection
        self._erases_history = limits.delete_history_with_entity
        newest, last = log.newest(connection)
        self.position = max(newest, floor)
        self._ticks = Ticks(clock, last)
        self._terms = Terms(connection, limits.remembered)
        renew_queried(connection, self._terms, limits.queried)
        indexes = Indexes(connection, self._terms, limits.queried)
        self._entities = Entities(connection, self._terms, indexes, limits)
        self._ends = Ends(connection, limits.remembered)
        self._series = SeriesBook(connection, self._terms, self._ends, limits.remembered)
        self._nature = NatureGuard(connection)
        self._rollups = Rollups(connection)
        self._history = History(connection, self._ends, self._rollups)
        self._columns = Columns(connection, self._history, self._ends, self._rollups)
        self._revisions = Revisions(self._entities, self._series, self._history, connection)
        self._retention = Retention(connection, clock)

    def change(self, change: Change, origins: Origins) -> Outcome:
        """Write a change.

        Raises:
            DomainError: ResourceNotFound for an entity outside of the scope, Forbidden for one that would end there,
                AlreadyExists, Forbidden for simulated observations in a real city; nothing was written then.
        """
        self._history.role = origins.scope.principal.role.value
        observed = _brings_observations(change)
        if observed:
            self._nature.check(simulated=change.provenance.simulated)
        erasing = change.mode is Mode.DELETE and self._erases_history
        if erasing or change.mode in REVISING:
            return self._revised(replace(change, mode=Mode.ERASE) if erasing else change, origins)
        stored = self._entities.load(change.entity.id)
        merged = self._merged(stored, change, origins.scope, self._ticks.next())
        eid = self._kept(stored, merged)
        for name, instance in merged.removed:
            sid = self._series.open_sid(eid, name, instance.dataset)
            if sid is not None:
                self._history.mark_deleted(sid, merged.now, instance.kind)
        extent = self._remember(eid, change, merged)
        if observed:
            self._nature.note(simulated=change.provenance.simulated, live=origins.live)
        return self._logged(Step(stored, merged, eid, extent), origins.cause)

    def observe(self, observations: Observations, origins: Origins) -> Outcome:
        """Write many plain values of one series; the newest that is not in the future becomes current.

        Raises:
            DomainError: as :meth:`change`.
        """
        self._history.role = origins.scope.principal.role.value
        self._nature.check(simulated=observations.provenance.simulated)
        stored = self._entities.load(observations.entity)
        now = self._ticks.next()
        present = self._ticks.present()
        types = observations.types if stored is None else ()
        merged = self._merged(stored, _newest_of(observations, types, present), origins.scope, now)
        eid = self._kept(stored, merged)
        track = Track(eid, observations.attribute, observations.dataset, observations.unit, observations.provenance)
        sid = self._series.sid(
            track, now, measured=any(isinstance(value, int | float) for value in observations.values)
        )
        if merged.touched:
            self._series.make_current(sid, track, now)
        rows = list(zip(observations.at, observations.values, flags_of(observations, present), strict=True))
        extent = self._columns.put(track, sid, rows, now)
        self._nature.note(simulated=observations.provenance.simulated, live=origins.live)
        return self._logged(Step(stored, merged, eid, extent, observations.attribute), origins.cause)

    def tidy(self, keeping: Keeping, budget_s: float) -> Tidied:
        """Remove some of what need not be kept."""
        tidied = self._retention.tidy(keeping, budget_s)
        while self._retention.touched:
            self._ends.drop(self._retention.touched.pop())
        return tidied

    def settle(self) -> None:
        """Renew the sums of everything that was touched; before the transaction ends."""
        self._rollups.renew()

    def forget(self, position: int) -> None:
        """Forget what was remembered of a transaction that was rolled back, to the position before it."""
        self.position = position
        memories = (self._terms, self._entities, self._series, self._nature, self._ends, self._rollups, self._retention)
        for memory in memories:
            memory.forget()

    def _merged(self, stored: Stored | None, change: Change, scope: Scope, now: Instant) -> Merged:
        """The entity after the change, provided that the scope permits it before and afterwards."""
        id_ = change.entity.id
        known = stored
        if known is None and scope.predicate is not None:
            # Who creates an entity again sees its history: that must not be somebody else's.
            known = self._entities.load_former(id_)
        if known is not None and not permitted(known.entity, scope, self._current):
            raise DomainError(Fault.NOT_FOUND, f"The entity {id_} does not exist.")
        merged = merge(stored.entity if stored else None, change, now, now, self._ticks.present())
        if merged.entity.deleted is None and not permitted(merged.entity, scope, self._current):
            raise DomainError(Fault.FORBIDDEN, f"The entity {id_} would lie outside of what may be written.")
        self._ticks.reach(merged.assumed)
        return merged

    def _current(self, id_: str) -> Entity | None:
        """The current state of an entity that a relationship points at."""
        stored = self._entities.load(id_)
        return None if stored is None else stored.entity

    def _kept(self, stored: Stored | None, merged: Merged) -> int:
        """Keep the current state; returns the entity's key."""
        if stored is None:
            stored = self._entities.add(merged.entity)
            if stored.entity.version == 1:
                self._series.begin(stored.eid)
            return stored.eid
        if merged.entity.deleted is not None:
            self._entities.remove(stored, merged.entity.deleted)
        elif merged.changed:
            self._entities.replace(stored.eid, stored.entity, merged.entity)
        return stored.eid

    def _remember(self, eid: int, change: Change, merged: Merged) -> Extent:
        """Keep the instances in history."""
        now = merged.now
        instances = [instance for _, instance in merged.instances]
        tracks = [Track(eid, name, i.dataset, i.unit, change.provenance) for name, i in merged.instances]
        sids = [
            self._series.sid(track, now, measured=is_measurement(instance))
            for track, instance in zip(tracks, instances, strict=True)
        ]
        became = self._history.put(zip(sids, instances, strict=True), now)
        times: list[int] = []
        added, closed = 0, []
        for track, sid, instance, kept in zip(tracks, sids, instances, became, strict=True):
            if kept is Kept.ADDED or kept is Kept.CORRECTED:
                times.append(observed_or_created(instance))
                added += kept is Kept.ADDED
            if any(instance is current for current in merged.entity.attributes.get(track.attribute, ())):
                self._series.make_current(sid, track, now)
            elif kept is Kept.CLOSED:
                closed.append(refused_as_closed(track.attribute, track.dataset, 1))
        return Extent(added, len(times) - added, min(times, default=None), max(times, default=None), tuple(closed))

    def _revised(self, change: Change, origins: Origins) -> Outcome:
        """Write a change of history."""
        now = self._ticks.next()
        id_ = change.entity.id
        stored = self._entities.load(id_) or self._entities.load_former(id_)
        if stored is None or not permitted(stored.entity, origins.scope, self._current):
            raise DomainError(Fault.NOT_FOUND, f"The entity {id_} does not exist.")
        revised = self._revisions.plan(stored, change, now)
        if revised.entity.deleted is None and not permitted(revised.entity, origins.scope, self._current):
            raise DomainError(Fault.FORBIDDEN, f"The entity {id_} would lie outside of what may be written.")
        body = self._revisions.write(stored, revised, change, now)
        if body is None:
            return Outcome(entity=id_, done=Done.UNCHANGED, refused=revised.refused)
        if change.mode is Mode.REVISE and _brings_observations(change):
            self._nature.note(simulated=change.provenance.simulated, live=origins.live)
        self.position = log.append(self._connection, self.position + 1, origins.cause, stored.eid, now, body)
        done = Done.DELETED if change.mode is Mode.ERASE else Done.UPDATED
        return Outcome(entity=id_, done=done, refused=revised.refused)

    def _logged(self, step: Step, cause: log.Cause) -> Outcome:
        """Write the log's row, unless nothing happened."""
        merged, extent = step.merged, step.extent
        id_, refused = merged.entity.id, merged.refused + extent.refused
        count = extent.added + extent.corrected
        if not merged.changed and not count:
            return Outcome(entity=id_, done=Done.UNCHANGED, refused=refused)
        deleted = merged.entity.deleted is not None
        body = log.Body(
            attributes=merged.touched,
            before=_picked(step.stored.entity.attributes if step.stored else {}, merged.touched),
            after=_picked(merged.entity.attributes, merged.touched),
            series=step.series,
            start=extent.start,
            end=extent.end,
            count=count,
            deleted=deleted,
            types=merged.entity.types if deleted else (),
        )
        self.position = log.append(self._connection, self.position + 1, cause, step.eid, merged.assumed, body)
        done = Done.CREATED if merged.created else Done.DELETED if deleted else Done.UPDATED
        return Outcome(entity=id_, done=done, added=extent.added, corrected=extent.corrected, refused=refused)


def _brings_observations(change: Change) -> bool:
    instances = (i.observed for given in change.entity.attributes.values() for i in given)
    fragments = (f.observed for given in change.fragments.values() for f in given)
    return any(isinstance(observed, int) for observed in chain(instances, fragments))


def _newest_of(observations: Observations, types: tuple[str, ...], present: Instant) -> Change:
    """The change that makes the newest value of the past current; without one it only makes the entity be."""
    attributes: Attributes = {}
    end = bisect_right(observations.at, present + FUTURE_TOLERANCE)
    if end:
        quality = observations.quality
        newest = Attribute(
            kind=Kind.PROPERTY,
            value=observations.values[end - 1],
            dataset=observations.dataset,
            observed=observations.at[end - 1],
            unit=observations.unit,
            quality=quality[0] if len(quality) == 1 else quality[end - 1],
        )
        attributes = {observations.attribute: (newest,)}
    entity = Entity(id=observations.entity, types=types, attributes=attributes)
    return Change(mode=Mode.OBSERVE, entity=entity, provenance=observations.provenance)


def _picked(attributes: Attributes, names: Iterable[str]) -> Attributes:
    return {name: attributes[name] for name in names if name in attributes}
