"""What a change makes of an entity: pure, so that every store agrees on it."""

from __future__ import annotations

import msgspec

from .change import Change, Mode
from .entity import Attribute, Attributes, Entity
from .errors import DomainError, Fault
from .instants import FUTURE_TOLERANCE, Instant
from .quality import Mark


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The result of applying a change.

    Attributes:
        entity: the entity after the change.
        created: whether the change brought it into being.
        instances: what goes to history: (attribute IRI, instance with its time), in order of the change.
        touched: IRIs of the attributes whose current state changed, sorted.
    """

    entity: Entity
    created: bool
    instances: tuple[tuple[str, Attribute], ...]
    touched: tuple[str, ...]


def merge(current: Entity | None, change: Change, now: Instant, assumed: Instant) -> Merged:
    """Apply a change to the current state.

    Args:
        current: the entity as it is, None when it does not exist.
        change: what is asked for.
        now: the store's time, for createdAt and modifiedAt and for what lies in the future.
        assumed: the writer's strictly increasing clock, for instances that came without observedAt.

    Returns:
        The entity after the change and the instances for history. ``touched`` is empty when nothing changed.

    Raises:
        DomainError: AlreadyExists, when the change creates what exists.
    """
    incoming = change.entity
    if current is not None and change.mode is Mode.CREATE:
        raise DomainError(Fault.ALREADY_EXISTS, f"The entity {incoming.id} exists already.")
    before = current.attributes if current is not None else {}
    attributes: Attributes = {} if change.mode is Mode.REPLACE else dict(before)
    history: list[tuple[str, Attribute]] = []
    for name, instances in incoming.attributes.items():
        kept = {} if change.mode is Mode.REPLACE else {i.dataset: i for i in before.get(name, ())}
        was = {i.dataset: i for i in before.get(name, ())}
        for instance in instances:
            stamped = _stamped(instance, was.get(instance.dataset), now, assumed, change.mode)
            if _same(stamped, was.get(instance.dataset)):
                kept[instance.dataset] = was[instance.dataset]
                continue
            history.append((name, stamped))
            if _becomes_current(stamped, kept.get(instance.dataset), change.mode):
                kept[instance.dataset] = stamped
        if kept:
            attributes[name] = tuple(kept[key] for key in sorted(kept, key=lambda d: d or ""))
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
    return Merged(entity=entity, created=current is None, instances=tuple(history), touched=touched)


def _identity(current: Entity | None, incoming: Entity, mode: Mode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Types and scopes afterwards: types are only ever added (NGSI-LD clause 5.5.11), scopes replaced when named."""
    if current is None:
        return incoming.types, incoming.scopes
    types = incoming.types if mode is Mode.REPLACE else tuple(sorted({*current.types, *incoming.types}))
    scopes = incoming.scopes if incoming.scopes or mode is Mode.REPLACE else current.scopes
    return types, scopes


def _stamped(instance: Attribute, previous: Attribute | None, now: Instant, assumed: Instant, mode: Mode) -> Attribute:
    """The instance with the store's times and the marks that its own time deserves."""
    mark = Mark.NONE
    if instance.observed is None:
        mark |= Mark.TIME_ASSUMED
    else:
        if instance.observed > now + FUTURE_TOLERANCE:
            mark |= Mark.FUTURE
        newer = previous is not None and previous.observed is not None and previous.observed > instance.observed
        if newer and mode is not Mode.OBSERVE:
            mark |= Mark.OUT_OF_ORDER
    return msgspec.structs.replace(
        instance,
        created=now if previous is None else previous.created,
        modified=assumed if instance.observed is None else now,
        quality=instance.quality | int(mark),
    )


def _same(instance: Attribute, previous: Attribute | None) -> bool:
    """Whether the very same observation arrives again; one without a time is always a new one."""
    if previous is None or instance.observed is None:
        return False
    return instance == msgspec.structs.replace(previous, created=instance.created, modified=instance.modified)


def _becomes_current(instance: Attribute, previous: Attribute | None, mode: Mode) -> bool:
    """Devices: the newest is current, the future never is. An explicit update is current whatever its time."""
    if mode is not Mode.OBSERVE or previous is None:
        return not (mode is Mode.OBSERVE and instance.quality & Mark.FUTURE)
    if instance.quality & Mark.FUTURE:
        return False
    return previous.observed is None or instance.observed is None or instance.observed >= previous.observed
