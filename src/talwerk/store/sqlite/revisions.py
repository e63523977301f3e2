"""Changes of history: erased entities, attributes and instances, and instances that are put right.

Each is planned before the first write, so that it can still be refused.
"""

from __future__ import annotations

import apsw
import msgspec
from msgspec.structs import replace

from talwerk.core.change import Change, Mode, Refusal, Target
from talwerk.core.entity import Attribute, Attributes, Entity, observed_or_created
from talwerk.core.errors import Fault
from talwerk.core.instants import FUTURE_TOLERANCE, Instant
from talwerk.core.quality import FLAG_MASK, Mark

from . import log
from .closed import refused_as_closed
from .entities import Entities, Stored
from .instances import History, parse_instance_id, series_name
from .series import Line, SeriesBook, Track, is_measurement

REVISING = frozenset({Mode.ERASE, Mode.ERASE_ATTRIBUTES, Mode.REVISE, Mode.ERASE_INSTANCES})


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of history will do.

    Attributes:
        entity: the current state afterwards, as far as it can be known before the history is written.
        lines: series that are erased.
        places: series and times of the instances that are erased or put right.
        refused: targets that are not there.
    """

    entity: Entity
    lines: tuple[Line, ...] = ()
    places: tuple[tuple[Line, int], ...] = ()
    refused: tuple[Refusal, ...] = ()


class Revisions:
    """Plans and writes changes of history.

    Args:
        entities: current state.
        series: finds series.
        history: their values.
        connection: the writing connection.
    """

    def __init__(self, entities: Entities, series: SeriesBook, history: History, connection: apsw.Connection) -> None:
        self._connection = connection
        self._entities = entities
        self._series = series
        self._history = history

    def plan(self, stored: Stored, change: Change, now: Instant) -> Plan:
        """What a change will do; nothing is written yet."""
        if change.mode is Mode.ERASE:
            return Plan(entity=replace(stored.entity, deleted=now), lines=tuple(self._series.lines(stored.eid)))
        if change.mode is Mode.ERASE_ATTRIBUTES:
            return self._without_attributes(stored, change)
        return self._places(stored, change)

    def write(self, stored: Stored, plan: Plan, change: Change, now: Instant) -> log.Body | None:
        """Do what was planned; returns what the change log says of it, None when nothing happened."""
        if change.mode is not Mode.ERASE and not plan.lines and not plan.places:
            return None
        erased = {line.attribute for line in plan.lines} | {line.attribute for line, _ in plan.places}
        for line in plan.lines:
            self._history.erase(line.sid)
            self._series.drop(line.sid)
        entity = self._moved(stored, plan, change, now) if plan.places else plan.entity
        # What was deleted before has no current state that could change.
        alive = stored.entity.deleted is None
        before = stored.entity.attributes if alive else {}
        after = entity.attributes if alive and change.mode is not Mode.ERASE else {}
        touched = tuple(sorted(n for n in {*before, *after} if before.get(n) != after.get(n)))
        if change.mode is not Mode.REVISE:
            log.erase(self._connection, stored.eid, None if change.mode is Mode.ERASE else erased)
        if change.mode is Mode.ERASE:
            self._entities.erase(stored)
        elif alive and touched:
            self._entities.replace(stored.eid, stored.entity, replace(entity, modified=now))
        elif not alive:
            self._entities.replace_former(stored.eid, entity)
        return log.Body(
            attributes=touched,
            # What is erased is not told a last time.
            before={name: before[name] for name in touched if name in before} if change.mode is Mode.REVISE else {},
            after={name: after[name] for name in touched if name in after},
            deleted=change.mode is Mode.ERASE and alive,
            types=stored.entity.types if change.mode is Mode.ERASE else (),
            erased=tuple(sorted(erased)),
        )

    def _without_attributes(self, stored: Stored, change: Change) -> Plan:
        attributes = dict(stored.entity.attributes)
        lines: list[Line] = []
        refused: list[Refusal] = []
        for target in change.targets:
            found = [
                line
                for line in self._series.lines(stored.eid, target.attribute)
                if target.every or line.dataset == target.dataset
            ]
            lines += found
            if not found:
                refused.append(_absent(target))
            left = tuple(
                i for i in attributes.pop(target.attribute, ()) if not target.every and i.dataset != target.dataset
            )
            if left:
                attributes[target.attribute] = left
        entity = replace(stored.entity, attributes=attributes)
        return Plan(entity=entity, lines=tuple(lines), refused=tuple(refused))

    def _places(self, stored: Stored, change: Change) -> Plan:
        places: list[tuple[Line, int]] = []
        refused: list[Refusal] = []
        for target in change.targets:
            name, at = parse_instance_id(target.instance or "") or ("", 0)
            line = next(
                (
                    line
                    for line in self._series.lines(stored.eid, target.attribute)
                    if name == series_name(stored.entity.id, line.attribute, line.dataset, line.unit, line.method)
                ),
                None,
            )
            if line is not None and self._enters_closed_hour(stored.eid, line, change):
                refused.append(refused_as_closed(target.attribute, target.dataset, 1))
            elif line is not None and self._history.holds(line.sid, at):
                places.append((line, at))
            else:
                refused.append(_absent(target))
        return Plan(entity=stored.entity, places=tuple(places), refused=tuple(refused))

    def _enters_closed_hour(self, eid: int, line: Line, change: Change) -> bool:
        if change.mode is not Mode.REVISE:
            return False
        (given,) = change.entity.attributes[line.attribute]
        # Its unit may be another one, and with it the series.
        lines = self._series.lines(eid, line.attribute)
        return given.observed is not None and any(self._history.closed(o.sid, given.observed) for o in lines)

    def _moved(self, stored: Stored, plan: Plan, change: Change, now: Instant) -> Entity:
        """Erase the instances or put another one in their place; the entity with what is current then."""
        attributes = dict(stored.entity.attributes)
        for line, at in plan.places:
            revising = change.mode is Mode.REVISE
            self._history.take(line.sid, at, now if revising else None)
            if revising:
                self._put(stored.eid, line, change, now)
            _renew(attributes, line, at, self._newest(stored.eid, line))
        return replace(stored.entity, attributes=attributes)

    def _put(self, eid: int, line: Line, change: Change, now: Instant) -> None:
        (given,) = change.entity.attributes[line.attribute]
        mark = Mark.TIME_ASSUMED if given.observed is None else Mark.NONE
        if given.observed is not None and given.observed > now + FUTURE_TOLERANCE:
            mark = Mark.FUTURE
        instance = replace(
            given,
            dataset=line.dataset,
            created=now,
            modified=now,
            quality=given.quality & FLAG_MASK | int(mark),
            instance=None,
        )
        provenance = replace(change.provenance, method=line.method or "")
        track = Track(eid, line.attribute, line.dataset, instance.unit, provenance)
        sid = self._series.sid(track, now, measured=is_measurement(instance))
        self._history.put([(sid, instance)], now)

    def _newest(self, eid: int, line: Line) -> Attribute | None:
        """The newest instance of a dataset, whatever its unit and method."""
        lines = [other for other in self._series.lines(eid, line.attribute) if other.dataset == line.dataset]
        found = [instance for instance in map(self._history.newest, lines) if instance is not None]
        return max(found, key=observed_or_created, default=None)


def _renew(attributes: Attributes, line: Line, at: int, newest: Attribute | None) -> None:
    """Let the newest instance be current, when the one that is gone was, or when it is newer than that."""
    there = {instance.dataset: instance for instance in attributes.get(line.attribute, ())}
    current = there.get(line.dataset)
    if current is None:
        # It was deleted, or has only values from the future: history does not bring it back.
        return
    time = observed_or_created(current)
    if time != at and (newest is None or observed_or_created(newest) <= time):
        return
    del there[line.dataset]
    if newest is not None:
        there[line.dataset] = replace(newest, created=current.created)
    attributes[line.attribute] = tuple(there[dataset] for dataset in sorted(there, key=lambda d: d or ""))
    if not there:
        del attributes[line.attribute]


def _absent(target: Target) -> Refusal:
    what = f"instance {target.instance}" if target.instance else "history"
    detail = f"The attribute {target.attribute} has no such {what}."
    return Refusal(attribute=target.attribute, dataset=target.dataset, fault=Fault.NOT_FOUND, detail=detail)
