"""Boroughs and quarters as areas, and which of them a place lies in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from talwerk.core.errors import bad_data
from talwerk.core.geometry import distance_m, shape_of
from talwerk.sdk.territory import Layer, Part, Territory

from .cells import cells, merged
from .layers import Feature, read_layer

if TYPE_CHECKING:
    from shapely import STRtree

FOLDER = "territory"


class Kind(StrEnum):
    """What an area is."""

    BOROUGH = "borough"
    QUARTER = "quarter"


class Origin(StrEnum):
    """Where an area's boundary comes from."""

    OFFICIAL = "official"
    GENERATED = "generated"
    """Drawn around the centre; for display only, never for counting people or for warnings."""
    NONE = "none"


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A borough or a quarter with its boundary.

    Attributes:
        kind: which of both.
        part: what the profile says of it.
        geometry: GeoJSON, None without any.
        origin: where the geometry comes from.
    """

    kind: Kind
    part: Part
    geometry: dict[str, Any] | None
    origin: Origin


class Areas:
    """All areas of a city.

    Args:
        areas: boroughs and quarters.
    """

    def __init__(self, areas: Iterable[Area]) -> None:
        self._areas = {(area.kind, area.part.key): area for area in areas}
        self._trees: dict[Kind, tuple[STRtree, Sequence[Area]]] = {}

    @classmethod
    def load(cls, territory: Territory, folder: Path) -> Self:
        """The areas with the boundaries that were fetched into a folder, and generated ones for the others.

        Raises:
            DomainError: BadRequestData when a fetched file cannot be used.
        """
        quarters = _fetched(Kind.QUARTER, territory.quarters, territory, folder) or _generated(territory)
        boroughs = _fetched(Kind.BOROUGH, territory.boroughs, territory, folder) or _dissolved(territory, quarters)
        return cls([*boroughs, *quarters])

    def of(self, kind: Kind) -> tuple[Area, ...]:
        """All areas of a kind, in the order of their keys."""
        return tuple(area for (found, _), area in sorted(self._areas.items()) if found is kind)

    def area(self, kind: Kind, key: str) -> Area | None:
        """One area, None when there is none of that key."""
        return self._areas.get((kind, key))

    def locate(self, longitude: float, latitude: float, kind: Kind = Kind.QUARTER) -> Area | None:
        """The area that a place lies in.

        With official boundaries that is certain, and None outside of all of them. Without them it is the area whose
        centre is nearest; ``origin`` then says that nobody should rely on it.

        Args:
            longitude: of the place, degrees (WGS 84).
            latitude: of the place, degrees.
            kind: borough or quarter.
        """
        areas = self.of(kind)
        if any(area.origin is Origin.OFFICIAL for area in areas):
            return self._containing(longitude, latitude, kind)
        near = [(distance_m((longitude, latitude), area.part.centre), area) for area in areas if area.part.centre]
        return min(near, key=lambda found: found[0], default=(0.0, None))[1]

    def locate_all(self, places: Sequence[tuple[float, float]], kind: Kind = Kind.QUARTER) -> list[str]:
        """Keys of the areas with official boundaries that places lie in, empty for those outside of all.

        Args:
            places: longitude and latitude, degrees (WGS 84).
            kind: borough or quarter.
        """
        if not places:
            return []
        import shapely

        tree, bounded = self._tree(kind)
        keys = [""] * len(places)
        hits, areas = tree.query([shapely.Point(place) for place in places], predicate="intersects")
        # Backwards, so that of two areas with a common boundary the lower key stays.
        for hit, area in sorted(zip(hits.tolist(), areas.tolist(), strict=True), reverse=True):
            keys[hit] = bounded[area].part.key
        return keys

    def _tree(self, kind: Kind) -> tuple[STRtree, Sequence[Area]]:
        """The areas of a kind that have official boundaries, and where they lie."""
        import shapely

        if kind not in self._trees:
            official = [area for area in self.of(kind) if area.origin is Origin.OFFICIAL]
            self._trees[kind] = (shapely.STRtree([shape_of(area.geometry) for area in official]), official)
        return self._trees[kind]

    def _containing(self, longitude: float, latitude: float, kind: Kind) -> Area | None:
        import shapely

        tree, bounded = self._tree(kind)
        # A place on a boundary lies in both: the lower key has it, always.
        hits = sorted(int(hit) for hit in tree.query(shapely.Point(longitude, latitude), predicate="intersects"))
        return bounded[hits[0]] if hits else None


def _fetched(kind: Kind, parts: Sequence[Part], territory: Territory, folder: Path) -> list[Area]:
    """The areas of a file that was fetched, none without one."""
    layer = next((layer for layer in territory.layers if layer.key == f"{kind.value}s"), None)
    path = folder / f"{kind.value}s.geojson"
    if layer is None or not path.is_file():
        return []
    return _official(kind, parts, layer, read_layer(path, layer, territory))


def _generated(territory: Territory) -> list[Area]:
    """The quarters with cells around their centres."""
    drawn = cells({part.key: part.centre for part in territory.quarters if part.centre}, territory.bounds)
    return [
        Area(
            kind=Kind.QUARTER,
            part=part,
            geometry=drawn.get(part.key),
            origin=Origin.GENERATED if part.key in drawn else Origin.NONE,
        )
        for part in territory.quarters
    ]


def _dissolved(territory: Territory, quarters: Sequence[Area]) -> list[Area]:
    """The boroughs as what their quarters cover, as certain as the least certain of them."""
    found = []
    for part in territory.boroughs:
        within = [area for area in quarters if area.part.borough == part.key]
        origins = {area.origin for area in within}
        origin = next((o for o in (Origin.NONE, Origin.GENERATED, Origin.OFFICIAL) if o in origins), Origin.NONE)
        geometry = None if origin is Origin.NONE else merged([area.geometry for area in within if area.geometry])
        found.append(Area(kind=Kind.BOROUGH, part=part, geometry=geometry, origin=origin))
    return found


def _official(kind: Kind, parts: Sequence[Part], layer: Layer, features: Sequence[Feature]) -> list[Area]:
    """The areas with the boundaries of an official file; parts that the profile does not know are new ones."""
    known = {part.key: part for part in parts}
    found: dict[str, Area] = {}
    for number, feature in enumerate(features, 1):
        key, name = (_text(feature, layer.names.get(member, "")) for member in ("key", "name"))
        if not key:
            raise bad_data(f"Feature {number} of the layer {layer.key!r} has no key.", layer.address)
        if key in found:
            raise bad_data(f"The layer {layer.key!r} holds {key!r} twice.", layer.address)
        stated = known.get(key) or Part(key=key, name=name or key, borough=key[:1], unconfirmed=("name",))
        part = msgspec.structs.replace(stated, name=name or stated.name, centre=_inside(feature))
        found[key] = Area(kind=kind, part=_confirmed(part), geometry=feature.geometry, origin=Origin.OFFICIAL)
    missing = (Area(kind=kind, part=part, geometry=None, origin=Origin.NONE) for part in parts if part.key not in found)
    return [*found.values(), *missing]


def _text(feature: Feature, member: str) -> str:
    value = feature.properties.get(member)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def _inside(feature: Feature) -> tuple[float, float]:
    """A point that certainly lies within the boundary, where a name may stand."""
    point = shape_of(feature.geometry).representative_point()
    return round(point.x, 6), round(point.y, 6)


def _confirmed(part: Part) -> Part:
    return msgspec.structs.replace(part, unconfirmed=tuple(one for one in part.unconfirmed if one == "area_km2"))
