"""What a change makes of an entity: pure, so that every store agrees on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from .change import Change, Mode
from .entity import Attribute, Attributes, Entity, observed_or_created
from .errors import DomainError, Fault, bad_data
from .instants import FUTURE_TOLERANCE, Instant
from .quality import FLAG_MASK, Mark
from .values import same_value


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The result of applying a change.

    Attributes:
        entity: the entity after the change.
        created: whether the change brought it into being.
        instances: what goes to history: (attribute IRI, instance with its time), in order of the change.
        touched: IRIs of the attributes whose current state changed, sorted.
        changed: whether anything of the current state changed, types and scopes included.
        now: the store's time of the change.
        assumed: the newest time that was given to an instance without observedAt; the clock goes on from there.
    """

    entity: Entity
    created: bool
    instances: tuple[tuple[str, Attribute], ...]
    touched: tuple[str, ...]
    changed: bool
    now: Instant
    assumed: Instant


class _Times(msgspec.Struct, frozen=True):
    """The times of one change: the store's own, and the first for instances that came without one."""

    now: Instant
    assumed: Instant


def merge(current: Entity | None, change: Change, now: Instant, assumed: Instant) -> Merged:
    """Apply a change to the current state.

    Args:
        current: the entity as it is, None when it does not exist.
        change: what is asked for.
        now: the store's time, for createdAt and modifiedAt and for what lies in the future.
        assumed: the writer's strictly increasing clock, for instances that came without observedAt; several of one
            dataset follow each other by a microsecond.

    Returns:
        The entity after the change and the instances for history. ``touched`` is empty when nothing changed.

    Raises:
        DomainError: AlreadyExists, when the change creates what exists; BadRequestData, when it brings an entity
            into being without a type.
    """
    incoming = change.entity
    if current is not None and change.mode is Mode.CREATE:
        raise DomainError(Fault.ALREADY_EXISTS, f"The entity {incoming.id} exists already.")
    if current is None and not incoming.types:
        raise bad_data(f"The entity {incoming.id} does not exist and cannot be created without a type.")
    before = current.attributes if current is not None else {}
    attributes: Attributes = {} if change.mode is Mode.REPLACE else dict(before)
    history: list[tuple[str, Attribute]] = []
    for name, instances in incoming.attributes.items():
        kept, added = _attribute(before.get(name, ()), instances, change.mode, _Times(now, assumed))
        history.extend((name, instance) for instance in added)
        if kept:
            attributes[name] = kept
    types, scopes = _identity(current, incoming, change.mode)
    touched = tuple(sorted(n for n in {*attributes, *before} if attributes.get(n) != before.get(n)))
    changed = current is None or bool(touched) or types != current.types or scopes != current.scopes
    entity = Entity(
        id=incoming.id,
        types=types,
        scopes=scopes,
        attributes=attributes,
        created=now if current is None else current.created,
        modified=now if changed or current is None else current.modified,
    )
    return Merged(
        entity=entity,
        created=current is None,
        instances=tuple(history),
        touched=touched,
        changed=changed,
        now=now,
        assumed=max((Instant(i.modified) for _, i in history if i.observed is None), default=assumed),
    )


def same_observation(one: Attribute, other: Attribute) -> bool:
    """Whether two instances say the same of the same time: all but the store's own times, marks and ids."""
    return (
        one.observed == other.observed
        and one.kind is other.kind
        and one.dataset == other.dataset
        and one.unit == other.unit
        and one.quality & FLAG_MASK == other.quality & FLAG_MASK
        and same_value(one.value, other.value)
        and same_value(one.members, other.members)
        and one.subattributes.keys() == other.subattributes.keys()
        and all(_same_instances(nested, other.subattributes[name]) for name, nested in one.subattributes.items())
    )


def _same_instances(some: Sequence[Attribute], others: Sequence[Attribute]) -> bool:
    return len(some) == len(others) and all(same_observation(a, b) for a, b in zip(some, others, strict=True))


def _attribute(
    before: tuple[Attribute, ...], incoming: tuple[Attribute, ...], mode: Mode, times: _Times
) -> tuple[tuple[Attribute, ...], list[Attribute]]:
    """The attribute's instances afterwards, one per dataset, and those for history."""
    was = {instance.dataset: instance for instance in before}
    kept = {} if mode is Mode.REPLACE else dict(was)
    untimed: Counter[str | None] = Counter()
    history: list[Attribute] = []
    for instance in incoming:
        dataset = instance.dataset
        previous = kept.get(dataset, was.get(dataset))
        assumed = Instant(times.assumed + untimed[dataset])
        stamped = _stamped(instance, previous, _Times(times.now, assumed), mode)
        if instance.observed is None:
            untimed[dataset] += 1
        # An instance without a time is always a new observation: the same value again is news from a sensor.
        elif previous is not None and same_observation(stamped, previous):
            kept[dataset] = previous
            continue
        history.append(stamped)
        if _becomes_current(stamped, kept.get(dataset), mode, times.now):
            kept[dataset] = stamped
    return tuple(kept[dataset] for dataset in sorted(kept, key=lambda d: d or "")), history


def _identity(current: Entity | None, incoming: Entity, mode: Mode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Types and scopes afterwards: types are only ever added (NGSI-LD clause 5.5.11), scopes replaced when named."""
    types = tuple(sorted(set(incoming.types)))
    if current is None:
        return types, incoming.scopes
    if mode is Mode.REPLACE:
        return types or current.types, incoming.scopes
    scopes = incoming.scopes or current.scopes
    return tuple(sorted({*current.types, *types})), scopes


def _stamped(instance: Attribute, previous: Attribute | None, times: _Times, mode: Mode) -> Attribute:
    """The instance with the store's times and the marks that its own time deserves."""
    mark = Mark.NONE
    if instance.observed is None:
        mark |= Mark.TIME_ASSUMED
    else:
        if instance.observed > times.now + FUTURE_TOLERANCE:
            mark |= Mark.FUTURE
        newer = previous is not None and previous.observed is not None and previous.observed > instance.observed
        if newer and mode is not Mode.OBSERVE:
            mark |= Mark.OUT_OF_ORDER
    return msgspec.structs.replace(
        instance,
        created=times.now if previous is None else previous.created,
        modified=times.assumed if instance.observed is None else times.now,
        quality=instance.quality & FLAG_MASK | int(mark),
        instance=None,
    )


def _becomes_current(instance: Attribute, previous: Attribute | None, mode: Mode, now: Instant) -> bool:
    """Devices: the newest is current, the future never is. An explicit update is current whatever its time."""
    if mode is not Mode.OBSERVE:
        return True
    if instance.quality & Mark.FUTURE:
        return False
    if previous is None or instance.observed is None:
        return True
    if previous.observed is not None and previous.observed > now + FUTURE_TOLERANCE:
        # An explicit update from the future must not silence the device until that future has come.
        return True
    return instance.observed >= observed_or_created(previous)
