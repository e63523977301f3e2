"""The city on the ground: its parts, its axis, and where measuring points stand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from talwerk.core.errors import DomainError
from talwerk.core.geometry import box_of, positions
from talwerk.core.query import Page, Query
from talwerk.core.terms import expand
from talwerk.portal.drawing.city_map import NARROW, WIDE, Area, CityMapView, Ground, Land, Position, Spot, draw_ground
from talwerk.portal.site.addresses import STATIONS
from talwerk.portal.site.scene import Place, Scene
from talwerk.sdk.profile import Profile
from talwerk.sdk.territory import Part, Territory
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.territory import Areas, Kind, Origin
from talwerk.services.territory.cells import cells

MAP = "map"
LOCATION = expand("location")
BESIDE_MAX = 40
"""Further places on the small map; the large one has all of them."""
_LOOKED_AT = 200
_READ_AT_ONCE = 1_000
_SMOOTHED = 2
_APART_DEG = 0.012
"""About a kilometre: a gauge stands for the parts of the city that lie nearer to it."""


class CityMaps:
    """What maps of one city are drawn from; boundaries are read again when their files change.

    Args:
        gazetteer: The city's parts.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._kept: tuple[object, tuple[Ground, ...]] | None = None

    @property
    def territory(self) -> Territory | None:
        """The city's parts as its profile declares them."""
        return self._gazetteer.territory

    def areas(self) -> Areas | None:
        """The city's parts with boundaries; None for a profile without any, or while a file of them is damaged."""
        try:
            return self._gazetteer.areas()
        except DomainError:
            return None

    @property
    def official(self) -> bool:
        """Whether the boundaries of the boroughs are the city's own."""
        areas, territory = self.areas(), self.territory
        return areas is not None and territory is not None and boroughs_of(areas, territory)[1]

    def boundary(self, area: Part) -> dict[str, Any] | None:
        """The boundary of a borough as it is drawn."""
        areas, territory = self.areas(), self.territory
        return None if areas is None or territory is None else boundaries_of(areas, territory).get(area.key)

    def empty(self, scene: Scene) -> CityMapView | None:
        """The ground without any points, None for a city that nobody can draw."""
        areas, territory = self.areas(), self.territory
        if areas is None or territory is None:
            return None
        grounds = self._grounds(areas, territory, scene)
        large = scene.to.href(MAP) if MAP in scene.to else ""
        return CityMapView(grounds, (), 0, list_href=scene.to.href(STATIONS), map_href=large)

    def small(self, scene: Scene) -> CityMapView | None:
        """The map of the start page, None for a city that nobody can draw: without parts, or without any position."""
        ground, territory = self.empty(scene), self.territory
        if ground is None or territory is None:
            return None
        spots, elsewhere = _spots(scene, territory)
        return replace(ground, spots=spots, elsewhere=elsewhere) if spots else None

    def _grounds(self, areas: Areas, territory: Territory, scene: Scene) -> tuple[Ground, ...]:
        course = course_of(scene, territory)
        seen = (id(areas), course)
        if self._kept is None or self._kept[0] != seen:
            axis = scene.profile.axis
            boroughs, official = boroughs_of(areas, territory)
            land = Land(territory.bounds, boroughs, official, course, axis is None or axis.kind != "line")
            self._kept = (seen, tuple(draw_ground(land, canvas) for canvas in (WIDE, NARROW)))
        return self._kept[1]


def boundaries_of(areas: Areas, territory: Territory) -> dict[str, dict[str, Any]]:
    """The boundaries of the boroughs by key.

    Where nobody has loaded any, and no quarters tell, cells are drawn around their centres.
    """
    found = {area.part.key: area.geometry for area in areas.of(Kind.BOROUGH) if area.geometry is not None}
    return found or cells({part.key: part.centre for part in territory.boroughs if part.centre}, territory.bounds)


def boroughs_of(areas: Areas, territory: Territory) -> tuple[tuple[Area, ...], bool]:
    """The boroughs as they are drawn, and whether all of their boundaries are official."""
    found, drawn = areas.of(Kind.BOROUGH), boundaries_of(areas, territory)
    made = tuple(
        Area(area.part.name, rings_of(drawn.get(area.part.key)), name_place(area.part, drawn.get(area.part.key)))
        for area in found
    )
    return made, bool(found) and all(area.origin is Origin.OFFICIAL for area in found)


def name_place(part: Part, geometry: Any) -> Position | None:
    """Where the name of a part of the city may stand."""
    corners = [at for ring in rings_of(geometry) for at in ring]
    if part.centre is not None or not corners:
        return part.centre
    across, down = zip(*corners, strict=True)
    return (min(across) + max(across)) / 2, (min(down) + max(down)) / 2


def rings_of(geometry: Any) -> tuple[tuple[Position, ...], ...]:
    """The rings of a polygon or of several, none for anything else."""
    if not isinstance(geometry, Mapping):
        return ()
    parts = geometry.get("coordinates", ())
    if geometry.get("type") == "Polygon":
        parts = (parts,)
    elif geometry.get("type") != "MultiPolygon":
        return ()
    return tuple(tuple((float(at[0]), float(at[1])) for at in ring) for polygon in parts for ring in polygon)


def course_of(scene: Scene, territory: Territory) -> tuple[Position, ...]:
    """The city's axis as a line: through its gauges, and between them through the parts of the city that lie at it.

    It is as exact as the centres of those parts, good for a small drawing and for nothing else.
    """
    centres = {part.key: part.centre for part in territory.quarters}
    along = [at for reach in territory.reaches for key in reach.quarters if (at := centres.get(key))]
    gauges = [at for at in _axis_positions(scene) if _inside(at, territory)]
    line = [at for at in along if all(_apart(at, gauge) > _APART_DEG for gauge in gauges)]
    if not line:
        return tuple(gauges)
    for _ in range(_SMOOTHED):
        line = _calmer(line)
    for gauge in gauges:
        line.insert(_cheapest(line, gauge), gauge)
    return tuple(line)


def _calmer(line: list[Position]) -> list[Position]:
    """The line with each inner position half way towards its neighbours: parts do not lie along a river like pearls."""
    inner = [
        ((a[0] + 2 * b[0] + c[0]) / 4, (a[1] + 2 * b[1] + c[1]) / 4)
        for a, b, c in zip(line, line[1:], line[2:], strict=False)
    ]
    return [line[0], *inner, line[-1]] if len(line) > 2 else line


def _axis_positions(scene: Scene) -> list[Position]:
    """Where the gauges of the axis stand; a place that several of them name is nobody's."""
    axis = scene.profile.axis
    on_axis = [place for place in scene.named if axis is not None and place.point in axis.points]
    where = positions_of(scene, candidates_of(scene.profile, on_axis))
    found = [at for place in on_axis if (at := _position(place, scene.profile, where)) is not None]
    shared = Counter(found)
    return [at for at in found if shared[at] == 1]


def _cheapest(line: Sequence[Position], at: Position) -> int:
    """Where a position makes a line longer by the least."""

    def cost(index: int) -> float:
        before = line[index - 1] if index else None
        after = line[index] if index < len(line) else None
        if before is None or after is None:
            end = after or before
            return _apart(end, at) if end else 0.0
        return _apart(before, at) + _apart(at, after) - _apart(before, after)

    return min(range(len(line) + 1), key=cost)


def _apart(one: Position, other: Position) -> float:
    """Degrees of latitude between two positions, near enough for a city."""
    return math.hypot((one[0] - other[0]) * math.cos(math.radians(one[1])), one[1] - other[1])


def _inside(at: Position, territory: Territory) -> bool:
    west, south, east, north = territory.bounds
    return west <= at[0] <= east and south <= at[1] <= north


# --- measuring points -------------------------------------------------------------------------------------------------


def positions_of(scene: Scene, entities: Iterable[str]) -> dict[str, Position]:
    """Where entities stand: their place, or the middle of what they cover; nothing for those without any."""
    wanted, found = tuple(dict.fromkeys(entities)), {}
    for start in range(0, len(wanted), _READ_AT_ONCE):
        query = Query(ids=wanted[start : start + _READ_AT_ONCE], attributes=(LOCATION,), page=Page(limit=_READ_AT_ONCE))
        for entity in scene.broker.read(query, scene.scope).entities:
            at = next((at for one in entity.attributes.get(LOCATION, ()) if (at := middle_of(one.value))), None)
            if at is not None:
                found[entity.id] = at
    return found


def middle_of(geometry: Any) -> Position | None:
    """A point itself, otherwise the middle of the rectangle around a geometry; None for what is none."""
    if isinstance(geometry, Mapping) and geometry.get("type") == "Point":
        return next(positions(geometry), None)
    box = box_of(geometry)
    return None if box is None else ((box.west + box.east) / 2, (box.south + box.north) / 2)


def candidates_of(profile: Profile, places: Iterable[Place]) -> list[str]:
    """Every entity that may deliver the values of places, and so may say where they are."""
    found = []
    for place in places:
        found.append(place.series.entity)
        found += profile.candidates(place.point) if place.point is not None else ()
    return found


def _position(place: Place, profile: Profile, where: Mapping[str, Position]) -> Position | None:
    """Where a place is; one of the profile may have it from another who measures there."""
    own = where.get(place.series.entity)
    if own is not None or place.point is None:
        return own
    return next((where[entity] for entity in profile.candidates(place.point) if entity in where), None)


def _spots(scene: Scene, territory: Territory) -> tuple[tuple[Spot, ...], int]:
    """The places of the small map, those of the profile first, and how many it leaves out."""
    named = {entity for place in scene.named for entity in candidates_of(scene.profile, (place,))}
    looked_at = [place for place in islice(scene.others(), _LOOKED_AT) if place.series.entity not in named]
    where = positions_of(scene, candidates_of(scene.profile, (*scene.named, *looked_at)))
    groups: dict[tuple[str, Position], list[Place]] = {}
    shown: set[str] = set()
    beside = 0
    for place in (*scene.named, *looked_at):
        at = _position(place, scene.profile, where)
        if at is None or not _inside(at, territory):
            continue
        key = (place.station, at)
        if place.point is None and key not in groups:
            if beside >= BESIDE_MAX:
                continue
            beside += 1
        groups.setdefault(key, []).append(place)
        shown.update(candidates_of(scene.profile, (place,)))
    spots = tuple(Spot(name, at, tuple(scene.gauge(place) for place in group)) for (name, at), group in groups.items())
    measured = sum(bool(scene.register.of(entity)) for entity in shown)
    return spots, max(scene.register.total.entities - measured, 0)
