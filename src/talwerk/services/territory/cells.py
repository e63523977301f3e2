"""Cells around the centres of a city's parts: something to draw as long as nobody has loaded the boundaries.

They are generated, look plausible and are wrong: whoever counts people or warns an area needs the official boundaries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_MARGIN_DEG = 0.012
"""How far the drawn city reaches beyond its outermost centres, about a kilometre."""
_DECIMALS = 5

Position = tuple[float, float]
Bounds = tuple[float, float, float, float]


def cells(centres: Mapping[str, Position], bounds: Bounds) -> dict[str, dict[str, Any]]:
    """For each centre the part of the city that lies nearest to it.

    Args:
        centres: longitude and latitude by key, degrees (WGS 84).
        bounds: west, south, east and north of the city, degrees.

    Returns:
        GeoJSON polygons by key; none for fewer than three centres.
    """
    if len(centres) < 3:
        return {}
    import shapely

    points = shapely.multipoints(list(centres.values()))
    city = shapely.intersection(shapely.buffer(shapely.concave_hull(points, 0.35), _MARGIN_DEG), shapely.box(*bounds))
    found = shapely.voronoi_polygons(points, extend_to=shapely.box(*bounds), ordered=True).geoms
    return {key: _drawn(shapely.intersection(cell, city)) for key, cell in zip(centres, found, strict=True)}


def merged(polygons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several GeoJSON polygons cover together."""
    import shapely
    from shapely.geometry import shape

    return _drawn(shapely.unary_union([shape(polygon) for polygon in polygons]))


def _drawn(shape: BaseGeometry) -> dict[str, Any]:
    """The shape as GeoJSON with as many digits as a drawing needs."""
    import shapely
    from shapely.geometry import mapping

    drawn: dict[str, Any] = mapping(shapely.set_precision(shape, 10**-_DECIMALS))
    return drawn
