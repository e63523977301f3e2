"""One attribute's instances after new ones came: which are news, which time they get, which is current."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .change import Mode
from .entity import Attribute, observed_or_created
from .instants import FUTURE_TOLERANCE, Instant
from .quality import FLAG_MASK, Mark
from .values import same_value

# Plain integers: arithmetic with enumerations takes as long as everything else that happens to a value.
_TIME_ASSUMED, _FUTURE, _OUT_OF_ORDER = int(Mark.TIME_ASSUMED), int(Mark.FUTURE), int(Mark.OUT_OF_ORDER)


class Times(msgspec.Struct, frozen=True):
    """The times of one change.

    Attributes:
        now: the store's own, which never goes back.
        assumed: the first for instances that came without one.
        present: what lies further ahead of it than the tolerance is in the future.
    """

    now: Instant
    assumed: Instant
    present: Instant


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


def received(
    before: tuple[Attribute, ...], incoming: tuple[Attribute, ...], mode: Mode, times: Times
) -> tuple[tuple[Attribute, ...], list[Attribute]]:
    """The attribute's instances afterwards, one per dataset, and those for history.

    Args:
        before: the instances as they are.
        incoming: the new ones, in their order.
        mode: of the change that brings them.
        times: of the change.
    """
    was = {instance.dataset: instance for instance in before}
    kept = {} if mode is Mode.REPLACE else dict(was)
    untimed: dict[str | None, int] = {}
    history: list[Attribute] = []
    for instance in incoming:
        dataset = instance.dataset
        previous = kept.get(dataset, was.get(dataset))
        stamped = _stamped(instance, previous, times, mode)
        if instance.observed is None:
            follow = untimed.get(dataset, 0)
            untimed[dataset] = follow + 1
            stamped = msgspec.structs.replace(stamped, modified=times.assumed + follow) if follow else stamped
        # An instance without a time is always a new observation: the same value again is news from a sensor.
        elif previous is not None and same_observation(stamped, previous):
            kept[dataset] = previous
            continue
        history.append(stamped)
        if _becomes_current(stamped, kept.get(dataset), mode, times.present):
            kept[dataset] = stamped
    return tuple(kept[dataset] for dataset in sorted(kept, key=lambda d: d or "")), history


def _stamped(instance: Attribute, previous: Attribute | None, times: Times, mode: Mode) -> Attribute:
    """The instance with the store's times and the marks that its own time deserves."""
    quality = instance.quality & FLAG_MASK
    if instance.observed is None:
        quality |= _TIME_ASSUMED
    else:
        if instance.observed > times.present + FUTURE_TOLERANCE:
            quality |= _FUTURE
        newer = previous is not None and previous.observed is not None and previous.observed > instance.observed
        if newer and mode is not Mode.OBSERVE:
            quality |= _OUT_OF_ORDER
    return msgspec.structs.replace(
        instance,
        created=times.now if previous is None else previous.created,
        modified=times.assumed if instance.observed is None else times.now,
        quality=quality,
        instance=None,
    )


def _becomes_current(instance: Attribute, previous: Attribute | None, mode: Mode, now: Instant) -> bool:
    """Devices: the newest is current, the future never is. An explicit update is current whatever its time."""
    if mode is not Mode.OBSERVE:
        return True
    if instance.quality & _FUTURE:
        return False
    if previous is None or instance.observed is None:
        return True
    if previous.observed is not None and previous.observed > now + FUTURE_TOLERANCE:
        # An explicit update from the future must not silence the device until that future has come.
        return True
    return instance.observed >= observed_or_created(previous)
