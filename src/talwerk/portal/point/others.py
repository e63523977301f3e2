"""What is offered instead of a measuring point that vanished, or never was: the nearest ones, or similar names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from talwerk.core.entity import Entity
from talwerk.core.geometry import positions
from talwerk.core.query import Page, Query, TemporalQuery
from talwerk.core.terms import expand
from talwerk.portal.frame.place import Link
from talwerk.portal.here.compare import distance
from talwerk.portal.site.addresses import STATIONS
from talwerk.portal.site.scene import Place, Scene
from talwerk.services.places.nearby import LOCATION, NAME, Nearby, around

OFFERED = 5
RINGS_M = (1_000.0, 4_000.0, 25_000.0)
"""Looked at one after the other until there is enough: gauges are rare, and a sensor network is dense."""


def past(entity: str, scene: Scene) -> Entity | None:
    """An entity with its last place and name, as history keeps them; deleted or not, None for what never was there."""
    last = Query(ids=(entity,), attributes=(LOCATION, NAME), page=Page(limit=1))
    found = scene.broker.history(TemporalQuery(entities=last, last=1), scene.scope).entities
    return found[0] if found else None


def others(scene: Scene, asked: str, gone: Iterable[Entity] = (), attribute: str = "") -> tuple[Link, ...]:
    """Measuring points that may help instead, and the list of all.

    Args:
        scene: the city at one instant.
        asked: the key or the id that was asked for.
        gone: who measured there, with its last place.
        attribute: IRI of what was measured, empty where nobody knows.
    """
    near = next((links for one in gone if (links := _nearest(scene, one, attribute))), ())
    return (*(near or _alike(scene, asked)), Link(scene.texts.text("point.all_points"), scene.to.href(STATIONS)))


def _nearest(scene: Scene, gone: Entity, attribute: str) -> tuple[Link, ...]:
    """The nearest points; those of the same kind are preferred, because whoever read a gauge looks for a gauge."""
    corners = [corner for one in gone.attributes.get(LOCATION, ()) for corner in positions(one.value)]
    if not corners:
        return ()
    where = (corners[0][0], corners[0][1])
    found: dict[str, Nearby] = {}
    for kinds in (gone.types, {expand(place.point.type) for place in scene.named if place.point is not None}):
        measuring = (one for kind in kinds for one in _measuring(scene, where, kind) if one.entity != gone.id)
        for one in sorted(measuring, key=_far):
            if len(found) < OFFERED:
                found.setdefault(one.entity, one)
    return tuple(_link(scene, one, attribute) for one in sorted(found.values(), key=_far))


def _far(one: Nearby) -> tuple[int, str]:
    return one.distance_m, one.entity


def _measuring(scene: Scene, where: tuple[float, float], kind: str) -> tuple[Nearby, ...]:
    near: tuple[Nearby, ...] = ()
    for ring_m in RINGS_M:
        found = around(scene.broker, scene.scope, where, kind, rings_m=(ring_m,))
        scene.register.fetch(one.entity for one in found[: 4 * OFFERED])
        near = tuple(one for one in found[: 4 * OFFERED] if scene.register.of(one.entity))
        if len(near) > OFFERED:
            break
    return near


def _link(scene: Scene, one: Nearby, attribute: str) -> Link:
    measured = scene.register.of(one.entity)
    series = next((each for each in measured if each.attribute == attribute), measured[0])
    place = scene.placed(series)
    far = scene.texts.text("point.distance", distance=distance(one.distance_m, scene.p))
    return Link(f"{_label(scene, place)}, {far}", scene.href(place))


def _alike(scene: Scene, asked: str) -> Iterator[Link]:
    """Points of the city's own, those with a similar name first."""
    names = {place.point.key: place for place in scene.named if place.point is not None}
    alike = get_close_matches(asked.rpartition(":")[2].casefold(), names, n=OFFERED, cutoff=0.5)
    keys = dict.fromkeys([*alike, *names])
    return (Link(_label(scene, names[key]), scene.href(names[key])) for key in list(keys)[:OFFERED])


def _label(scene: Scene, place: Place) -> str:
    return f"{scene.quantity(place)}, {place.station}"
