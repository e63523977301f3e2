"""What a moving map lies on: the city's own geometries, and the operator's tiles where there are any."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from talwerk.core.errors import DomainError
from talwerk.portal.drawing.city_map import Position
from talwerk.portal.map.land import CityMaps, boundaries_of, course_of, name_place
from talwerk.portal.map.tiles import FILE, Tiles, read_tiles
from talwerk.portal.site.scene import Scene
from talwerk.sdk.territory import Part
from talwerk.services.territory import Kind

logger = logging.getLogger(__name__)

STEPS = 6
"""Pieces of the axis between two of its positions: a line that bends instead of breaking."""
_DIGITS = 5
"""Of degrees, in what is drawn: about a metre."""


class TileFile:
    """The file of tiles that an operator may have put beside the official files.

    Args:
        folder: Where those lie.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._read: tuple[int, Tiles | None] = (0, None)

    def current(self) -> Tiles | None:
        """What the file holds now, None without one, or when it cannot be used; the log then says why, once."""
        try:
            stamp = self.path.stat().st_mtime_ns
        except OSError:
            return None
        if stamp != self._read[0]:
            self._read = (stamp, self._looked_at())
        return self._read[1]

    def _looked_at(self) -> Tiles | None:
        try:
            return read_tiles(self.path)
        except (DomainError, OSError) as error:
            logger.warning("the map's tiles are not used: %s", getattr(error, "detail", error))
            return None


def ground_of(maps: CityMaps, scene: Scene) -> dict[str, Any]:
    """Boroughs, quarters and axis as GeoJSON; ``kind`` says which of them a feature is.

    Names stand at points of their own, so that each is drawn once.
    """
    areas, territory = maps.areas(), maps.territory
    if areas is None or territory is None:
        return _collection(())
    drawn = boundaries_of(areas, territory)
    features: list[dict[str, Any]] = []
    for area in areas.of(Kind.BOROUGH):
        features += _part("borough", drawn.get(area.part.key), area.part)
    for area in areas.of(Kind.QUARTER):
        features += _part("quarter", area.geometry, area.part)
    axis, course = scene.profile.axis, course_of(scene, territory)
    if axis is not None and len(course) > 1:
        line = {"type": "LineString", "coordinates": [rounded(at) for at in bent(course)]}
        features.append(feature(line, kind="axis" if axis.kind == "line" else "water", name=axis.name))
    return _collection(features)


def _part(kind: str, geometry: Mapping[str, Any] | None, part: Part) -> Iterator[dict[str, Any]]:
    name, centre = part.name, name_place(part, geometry)
    if geometry is not None:
        yield feature(cut(geometry), kind=kind, name=name)
    if centre is not None:
        yield feature({"type": "Point", "coordinates": rounded(centre)}, kind=f"{kind}-name", name=name)


def feature(geometry: Mapping[str, Any], **told: Any) -> dict[str, Any]:
    """A GeoJSON feature."""
    return {"type": "Feature", "geometry": geometry, "properties": told}


def _collection(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def rounded(at: Position) -> list[float]:
    """A position with as many digits as a drawing needs."""
    return [round(at[0], _DIGITS), round(at[1], _DIGITS)]


def cut(geometry: Mapping[str, Any]) -> dict[str, Any]:
    """A geometry with as many digits as a drawing needs."""
    if geometry.get("type") == "GeometryCollection":
        return {"type": "GeometryCollection", "geometries": [cut(one) for one in geometry["geometries"]]}
    return {"type": geometry["type"], "coordinates": _cut(geometry["coordinates"])}


def _cut(part: Any) -> Any:
    if isinstance(part, int | float):
        return round(part, _DIGITS)
    return [_cut(inner) for inner in part]


def bent(course: Sequence[Position]) -> Iterator[Position]:
    """Positions of a smooth line through all positions of a course (Catmull and Rom's curve)."""
    padded = [course[0], *course, course[-1]]
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(STEPS):
            yield _between(a, b, c, d, step / STEPS)
    yield course[-1]


def _between(a: Position, b: Position, c: Position, d: Position, t: float) -> Position:
    def along(axis: int) -> float:
        first, second = (c[axis] - a[axis]) / 2, (d[axis] - b[axis]) / 2
        return (
            (2 * t**3 - 3 * t**2 + 1) * b[axis]
            + (t**3 - 2 * t**2 + t) * first
            + (3 * t**2 - 2 * t**3) * c[axis]
            + (t**3 - t**2) * second
        )

    return along(0), along(1)
