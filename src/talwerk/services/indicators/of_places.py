"""Measures of places: how many things there are for the city's addresses, and how near they lie."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from talwerk.core.entity import Entity
from talwerk.core.geometry import positions
from talwerk.core.terms import LOCATION, expand
from talwerk.sdk.theme import PerAddresses, WithinWalk

from .evidence import Evidence
from .result import PEOPLE_LEAST, Absence, Part, Result, absent, percent

_METRES_PER_DEGREE = 111_195.0
"""Of latitude, on the sphere of mean radius: within a city it is exact to some thousandths."""
_TOLD = 50
"""Things whose origin is looked up; those of one kind come from few sources."""

Place = tuple[float, float]


def per_addresses(measure: PerAddresses, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.PerAddresses`."""
    addresses = _addresses(evidence)
    if isinstance(addresses, Absence):
        return absent(addresses)
    things = list(evidence.things(measure.types, measure.where, (measure.sum,) if measure.sum else ()))
    if not things:
        return absent(Absence.NO_THINGS)
    total = sum(_amount(thing, measure.sum) for thing in things) if measure.sum else len(things)
    return Result(
        value=1_000 * total / len(addresses),
        numerator=total,
        denominator=len(addresses),
        count=len(things),
        origins=evidence.origins_of([thing.id for thing in things[:_TOLD]]),
    )


def within_walk(measure: WithinWalk, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.WithinWalk`."""
    addresses = _addresses(evidence)
    if isinstance(addresses, Absence):
        return absent(addresses)
    things = list(evidence.things(measure.types, measure.where))
    corners = [corner for thing in things for corner in _corners(thing)]
    if not corners:
        return absent(Absence.NO_THINGS)
    near = are_near(addresses, corners, measure.reach_m)
    return Result(
        value=percent(sum(near), len(addresses)),
        numerator=sum(near),
        denominator=len(addresses),
        count=len(addresses),
        origins=evidence.origins_of([thing.id for thing in things[:_TOLD]]),
        parts=_parts(evidence.quarters, near),
    )


def _parts(quarters: Sequence[str], counted: Sequence[bool]) -> tuple[Part, ...]:
    """How many of each quarter's addresses are counted; of those with too few nothing is told."""
    if not quarters:
        return ()
    whole, part = Counter(quarters), Counter(key for key, one in zip(quarters, counted, strict=True) if one)
    return tuple(Part(key, part[key], n) for key, n in sorted(whole.items()) if key and n >= PEOPLE_LEAST)


def count_near(places: Sequence[Place], targets: Iterable[Place], reach_m: float) -> int:
    """How many places have a target within reach; see :func:`are_near`."""
    return sum(are_near(places, targets, reach_m))


def are_near(places: Sequence[Place], targets: Iterable[Place], reach_m: float) -> list[bool]:
    """Of each place whether it has a target within reach.

    A grid of squares as wide as the reach: whatever is near enough lies in the same square or beside it.

    Args:
        places: longitude and latitude, degrees (WGS 84).
        targets: likewise.
        reach_m: metres as the crow flies.
    """
    if not places:
        return []
    north = _METRES_PER_DEGREE / reach_m
    east = north * math.cos(math.radians(places[len(places) // 2][1]))
    squares: dict[tuple[int, int], list[Place]] = defaultdict(list)
    for longitude, latitude in targets:
        x, y = longitude * east, latitude * north
        for column in range(math.floor(x) - 1, math.floor(x) + 2):
            for row in range(math.floor(y) - 1, math.floor(y) + 2):
                squares[column, row].append((x, y))
    near = []
    for longitude, latitude in places:
        x, y = longitude * east, latitude * north
        around = squares.get((math.floor(x), math.floor(y)), ())
        near.append(any((x - u) * (x - u) + (y - v) * (y - v) <= 1 for u, v in around))
    return near


def _addresses(evidence: Evidence) -> Sequence[Place] | Absence:
    places = evidence.addresses
    if places is None:
        return Absence.NO_ADDRESSES
    return places if len(places) >= PEOPLE_LEAST else Absence.TOO_FEW


def _corners(thing: Entity) -> list[Place]:
    """Where a thing can be entered, as far as its geometry tells: its point, or all corners of its outline."""
    found = (corner for one in thing.attributes.get(LOCATION, ()) for corner in positions(one.value))
    return [(corner[0], corner[1]) for corner in found]


def _amount(thing: Entity, attribute: str) -> float:
    """The number that a thing states; one that states none counts once."""
    for instance in thing.attributes.get(expand(attribute), ()):
        if isinstance(instance.value, int | float) and not isinstance(instance.value, bool) and instance.value >= 0:
            return float(instance.value)
    return 1.0
