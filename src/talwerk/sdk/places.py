"""Where things are, as sources write it: positions within bounds, and what is wrong with those that are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .reading import number

Bounds = tuple[float, float, float, float]
"""West, south, east, north: degrees, WGS 84."""
WGS84 = re.compile(r"(CRS:?:?84h?|EPSG.*[:/](4326|4979))$")


def foreign_system(collection: dict[str, Any]) -> str:
    """The reference system of a GeoJSON collection that names another one than WGS 84, shortened; empty otherwise."""
    system = str(((collection.get("crs") or {}).get("properties") or {}).get("name", "CRS84"))
    return "" if WGS84.search(system) else system[:60]


def bounds_of(text: object) -> Bounds:
    """The bounds of a text ``west,south,east,north``.

    Raises:
        ValueError: it is none.
    """
    sides = [number(side) for side in str(text).split(",")]
    match sides:
        case [float(west), float(south), float(east), float(north)] if west < east and south < north:
            if in_degrees(west, south) and in_degrees(east, north):
                return west, south, east, north
    raise ValueError(f"the bounds {str(text)[:80]!r} are not west,south,east,north in degrees")


def within(longitude: float, latitude: float, bounds: Bounds) -> bool:
    """Whether a position lies within bounds, their edges included."""
    west, south, east, north = bounds
    return west <= longitude <= east and south <= latitude <= north


def positions(geometry: Any) -> Iterator[tuple[float, float]]:
    """All positions of a GeoJSON geometry, whatever its type, in its order."""
    if isinstance(geometry, dict):
        for part in geometry.get("geometries") or [geometry.get("coordinates")]:
            yield from positions(part)
    elif isinstance(geometry, list):
        x, y = (number(each) for each in geometry[:2]) if len(geometry) > 1 else (None, None)
        if x is not None and y is not None:
            yield x, y
        else:
            for part in geometry:
                yield from positions(part)


def in_degrees(longitude: float, latitude: float) -> bool:
    """Whether a position can be one on the globe; projected coordinates are metres and larger."""
    return abs(longitude) <= 180 and abs(latitude) <= 90
