"""What of some kind lies nearest to a place."""

from __future__ import annotations

import msgspec

from talwerk.broker import Broker
from talwerk.core.entity import Entity
from talwerk.core.geometry import distance_m, positions
from talwerk.core.query import And, Filter, Located, Page, Query, Relation
from talwerk.core.scope import Scope
from talwerk.core.terms import expand

RINGS_M = (250.0, 1_000.0, 4_000.0)
"""Asked one after the other, so that a dense city answers as fast as a sparse one."""
_LIMIT = 200

LOCATION, NAME = expand("location"), expand("name")


class Nearby(msgspec.Struct, frozen=True, kw_only=True):
    """A thing near a place.

    Attributes:
        entity: its id.
        type: IRI of the type that was asked for.
        name: what it is called, empty when it has no name.
        distance_m: metres as the crow flies.
    """

    entity: str
    type: str
    name: str
    distance_m: int


def nearest(
    broker: Broker, scope: Scope, place: tuple[float, float], kind: str, where: Filter | None = None
) -> Nearby | None:
    """The nearest thing of a kind within four kilometres.

    Args:
        broker: where things are.
        scope: on whose behalf.
        place: longitude and latitude, degrees (WGS 84).
        kind: IRI of its type.
        where: what else has to be true of it, None for nothing.
    """
    return next(iter(around(broker, scope, place, kind, where)), None)


def around(
    broker: Broker,
    scope: Scope,
    place: tuple[float, float],
    kind: str,
    where: Filter | None = None,
    *,
    rings_m: tuple[float, ...] = RINGS_M,
) -> tuple[Nearby, ...]:
    """The things of a kind within the smallest ring that holds any, the nearest first.

    Args:
        broker: where things are.
        scope: on whose behalf.
        place: longitude and latitude, degrees (WGS 84).
        kind: IRI of their type.
        where: what else has to be true of them, None for nothing.
        rings_m: radii in metres, ascending.
    """
    here = msgspec.json.encode({"type": "Point", "coordinates": list(place)}).decode()
    for ring_m in rings_m:
        near: Filter = Located(attribute=LOCATION, relation=Relation.NEAR, geometry=here, max_m=ring_m)
        wanted = near if where is None else And((near, where))
        query = Query(types=(kind,), filter=wanted, attributes=(LOCATION, NAME), page=Page(limit=_LIMIT))
        found = broker.read(query, scope).entities
        if found:
            told = (
                Nearby(entity=one.id, type=kind, name=_name(one), distance_m=round(_distance_m(place, one)))
                for one in found
            )
            return tuple(sorted(told, key=lambda one: (one.distance_m, one.entity)))
    return ()


def _distance_m(place: tuple[float, float], entity: Entity) -> float:
    """To the nearest corner of its geometries: exact for points, good enough for anything of a street's size."""
    corners = (corner for one in entity.attributes.get(LOCATION, ()) for corner in positions(one.value))
    return min((distance_m(place, corner) for corner in corners), default=float("inf"))


def _name(entity: Entity) -> str:
    return next((str(one.value) for one in entity.attributes.get(NAME, ()) if isinstance(one.value, str)), "")
