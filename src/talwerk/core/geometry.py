"""Geometries (GeoJSON, WGS 84) and how they lie to each other: relations of DE-9IM, distances on the ellipsoid.

Nothing here fails on a geometry that a store could hold. A ring that is open counts as closed; a ring that crosses
itself encloses what it goes around an odd number of times; what has no area left is the line or point that remains.
Relations are decided in the plane of longitude and latitude, so that nothing crosses the antimeridian; heights are
ignored. Between two points a distance is exact; between other geometries it is that of the two positions that lie
closest where a degree of longitude is as wide as at the reference.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from threading import get_ident
from typing import TYPE_CHECKING, Any

import msgspec

from .query import Located, Relation

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_LONGITUDE_MAX = 180
_LATITUDE_MAX = 90
_NESTING_MAX = 8
_DEGREE_M_MIN = 110_500.0
"""Metres of a degree, everywhere less than along any meridian."""

_ROUNDING = 1e-9
_DECIMALS = 12
"""Of degrees, in shapes: a ten-thousandth of a millimetre. The squares of much finer differences vanish, and GEOS then
finds no way from such a line to anything."""

_RADIUS_M = 6_371_008.8
_SPHERE_ERROR = 0.006
"""The sphere's distances differ from the ellipsoid's by less than this part."""

_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}

Position = tuple[float, float]


class Box(msgspec.Struct, frozen=True):
    """A rectangle in degrees that never crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def is_geometry(value: Any) -> bool:
    """Whether a JSON value is a geometry that relations can be asked about."""
    return next(positions(value), None) is not None


def positions(value: Any) -> Iterator[Position]:
    """Every position of a geometry; none at all when any part of the value is no geometry."""
    found: list[Position] = []
    if _collect(value, found, 0):
        yield from found


def box_of(value: Any) -> Box | None:
    """The rectangle around a geometry, None when the value is none."""
    places = list(positions(value))
    if not places:
        return None
    east_west, north_south = [place[0] for place in places], [place[1] for place in places]
    return Box(min(east_west), min(north_south), max(east_west), max(north_south))


def _collect(value: Any, found: list[Position], depth: int) -> bool:
    if not isinstance(value, dict) or depth > _NESTING_MAX:
        return False
    kind = value.get("type")
    if kind == "GeometryCollection":
        members = value.get("geometries")
        return isinstance(members, list) and all(_collect(member, found, depth + 1) for member in members)
    levels = _DEPTHS.get(kind) if isinstance(kind, str) else None
    return levels is not None and _collect_level(value.get("coordinates"), levels, found)


def _collect_level(part: Any, levels: int, found: list[Position]) -> bool:
    if not isinstance(part, list):
        return False
    if levels:
        return all(_collect_level(inner, levels - 1, found) for inner in part)
    if len(part) < 2 or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in part[:2]):
        return False
    longitude, latitude = part[:2]
    if not (abs(longitude) <= _LONGITUDE_MAX and abs(latitude) <= _LATITUDE_MAX):
        return False
    found.append((float(longitude), float(latitude)))
    return True


def is_located(value: Any, condition: Located) -> bool:
    """Whether a value is a geometry that stands in the condition's relation to its reference geometry."""
    if not is_geometry(value):
        return False
    near = condition.relation is Relation.NEAR
    if near and value["type"] == "Point":
        place = _place(condition.geometry)
        if place is not None:
            return _is_between(value["coordinates"], place, condition)
    shape, reference = shape_of(value), _reference(condition.geometry, get_ident())
    if shape.is_empty or reference.is_empty:
        return False
    return _is_between(*_closest(shape, reference), condition) if near else _is_related(shape, reference, condition)


def reach(condition: Located) -> Box | None:
    """A rectangle outside of which nothing fulfils the condition; None when there is no such rectangle."""
    box = _reach(condition)
    if box is None:
        return None
    # Rounding must not lose anything: a tenth of a millimetre more costs nothing.
    return Box(box.west - _ROUNDING, box.south - _ROUNDING, box.east + _ROUNDING, box.north + _ROUNDING)


def _reach(condition: Located) -> Box | None:
    around = box_of(json.loads(condition.geometry))
    if around is None or condition.relation is Relation.DISJOINT:
        return None
    if condition.relation is not Relation.NEAR:
        return around
    if condition.max_m is None:
        return None
    margin = condition.max_m / _DEGREE_M_MIN
    south, north = around.south - margin, around.north + margin
    if max(-south, north) >= _LATITUDE_MAX:
        return Box(-_LONGITUDE_MAX, south, _LONGITUDE_MAX, north)
    # Towards the poles the degrees of longitude become narrower, and a great circle bulges towards them.
    widest = math.degrees(
        math.asin(min(1.0, math.sin(math.radians(margin)) / math.cos(math.radians(max(-south, north)))))
    )
    west, east = around.west - widest * 1.01, around.east + widest * 1.01
    if west < -_LONGITUDE_MAX or east > _LONGITUDE_MAX:
        return Box(-_LONGITUDE_MAX, south, _LONGITUDE_MAX, north)
    return Box(west, south, east, north)


# --- shapes -----------------------------------------------------------------------------------------------------------


def shape_of(value: Any) -> BaseGeometry:
    """The geometry as GEOS sees it, mended where it is invalid. The value must be a geometry."""
    import shapely

    shape = _raw_shape(value)
    return shape if shape.is_valid else shapely.make_valid(shape)


def _raw_shape(value: Any) -> BaseGeometry:
    from shapely import geometry

    kind = value["type"]
    if kind == "GeometryCollection":
        return geometry.GeometryCollection([shape_of(member) for member in value["geometries"]])
    return _SHAPES[kind](value["coordinates"])


def _rounded(place: list[Any]) -> Position:
    return round(float(place[0]), _DECIMALS), round(float(place[1]), _DECIMALS)


def _point(place: list[Any]) -> BaseGeometry:
    from shapely import geometry

    return geometry.Point(_rounded(place))


def _points(places: list[Any]) -> BaseGeometry:
    from shapely import geometry

    return geometry.MultiPoint([_rounded(place) for place in places])


def _line(places: list[Any]) -> BaseGeometry:
    from shapely import geometry

    flat = [_rounded(place) for place in places]
    if len(set(flat)) < 2:
        return geometry.MultiPoint(flat[:1])
    return geometry.LineString(flat)


def _polygon(rings: list[Any]) -> BaseGeometry:
    from shapely import geometry

    flat = [[_rounded(place) for place in ring] for ring in rings]
    if not flat or len(set(flat[0])) < 3:
        return _line(rings[0]) if rings else geometry.MultiPoint([])
    return geometry.Polygon(flat[0], [ring for ring in flat[1:] if len(set(ring)) > 2])


def _together(parts: list[BaseGeometry]) -> BaseGeometry:
    import shapely

    # Parts that overlap or touch are one area: what several polygons cover is covered once.
    return shapely.union_all([part if part.is_valid else shapely.make_valid(part) for part in parts])


_SHAPES: Mapping[str, Callable[[list[Any]], BaseGeometry]] = {
    "Point": _point,
    "MultiPoint": _points,
    "LineString": _line,
    "MultiLineString": lambda lines: _together([_line(line) for line in lines]),
    "Polygon": _polygon,
    "MultiPolygon": lambda polygons: _together([_polygon(rings) for rings in polygons]),
}


@lru_cache(maxsize=128)
def _place(geometry: str) -> Position | None:
    """The position of a reference geometry that is a point."""
    value = json.loads(geometry)
    return tuple(value["coordinates"][:2]) if value["type"] == "Point" else None


@lru_cache(maxsize=128)
def _reference(geometry: str, _thread: int) -> BaseGeometry:
    """The reference geometry of a condition, prepared for many comparisons: one for each thread.

    GEOS completes what it prepared while it compares, without regard to other threads.
    """
    import shapely

    shape = shape_of(json.loads(geometry))
    shapely.prepare(shape)
    return shape


def _is_related(shape: BaseGeometry, reference: BaseGeometry, condition: Located) -> bool:
    import shapely

    try:
        match condition.relation:
            case Relation.WITHIN:
                found = reference.contains(shape)
            case Relation.CONTAINS:
                found = reference.within(shape)
            case Relation.INTERSECTS:
                found = reference.intersects(shape)
            case Relation.DISJOINT:
                found = reference.disjoint(shape)
            case Relation.OVERLAPS:
                found = reference.overlaps(shape)
            case _:
                found = reference.equals(shape)
    except shapely.GEOSException:
        return False
    return bool(found)


# --- distances --------------------------------------------------------------------------------------------------------


def _is_between(one: Any, other: Any, condition: Located) -> bool:
    most, least = condition.max_m, condition.min_m
    return (most is None or not _farther(one, other, most)) and (least is None or not _nearer(one, other, least))


def _farther(one: Any, other: Any, limit_m: float) -> bool:
    rough = _rough_m(one, other)
    if abs(rough - limit_m) > rough * _SPHERE_ERROR:
        return rough > limit_m
    return distance_m(one, other) > limit_m


def _nearer(one: Any, other: Any, limit_m: float) -> bool:
    rough = _rough_m(one, other)
    if abs(rough - limit_m) > rough * _SPHERE_ERROR:
        return rough < limit_m
    return distance_m(one, other) < limit_m


def distance_m(one: Any, other: Any) -> float:
    """Metres between two positions (longitude, latitude) along the geodesic of WGS 84."""
    solver = _ellipsoid()
    return float(solver.Inverse(one[1], one[0], other[1], other[0], solver.DISTANCE)["s12"])


def _rough_m(one: Any, other: Any) -> float:
    """Metres on a sphere: enough to decide what is far from a limit, at a tenth of the time."""
    south, north = math.radians(one[1]), math.radians(other[1])
    chord = math.sin((north - south) / 2) ** 2
    chord += math.cos(south) * math.cos(north) * math.sin(math.radians(other[0] - one[0]) / 2) ** 2
    return 2 * _RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


@cache
def _ellipsoid() -> Any:
    from geographiclib.geodesic import Geodesic

    return Geodesic.WGS84


def _closest(shape: BaseGeometry, reference: BaseGeometry) -> tuple[Position, Position]:
    """The two positions that lie closest, sought where a degree of longitude is as wide as at the reference."""
    import shapely

    scale = max(math.cos(math.radians(reference.centroid.y)), 1e-6)
    flat = [shapely.transform(part, lambda places: places * (scale, 1.0)) for part in (shape, reference)]
    one, other = shapely.get_coordinates(shapely.shortest_line(*flat)).tolist()
    return (one[0] / scale, one[1]), (other[0] / scale, other[1])
