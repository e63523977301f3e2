"""Official open files (GeoJSON in WGS 84) as areas; what does not look like the city is refused, never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from talwerk.core.errors import bad_data
from talwerk.core.geometry import box_of
from talwerk.sdk.territory import Layer, Territory

_TOLERANCE_DEG = 0.05
"""How far an official boundary may reach beyond the profile's bounds: those are rounded, and cities grow."""


class Feature(msgspec.Struct, frozen=True):
    """One thing of a layer: its geometry and what the file says of it."""

    geometry: dict[str, Any]
    properties: dict[str, Any] = {}


class _Collection(msgspec.Struct, frozen=True):
    type: str
    features: list[dict[str, Any]]


def read_layer(path: Path, layer: Layer, territory: Territory) -> tuple[Feature, ...]:
    """The features of an official file.

    Args:
        path: the file.
        layer: what it is declared to hold.
        territory: the city, whose bounds every feature has to touch.

    Raises:
        DomainError: BadRequestData when it is no GeoJSON, empty, or of another place or coordinate system.
    """
    try:
        collection = msgspec.json.decode(path.read_bytes(), type=_Collection)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_data(f"The layer {layer.key!r} is no GeoJSON: {error}.", layer.address) from None
    if collection.type != "FeatureCollection" or not collection.features:
        raise bad_data(f"The layer {layer.key!r} holds no features.", layer.address)
    return tuple(_feature(entry, number, layer, territory) for number, entry in enumerate(collection.features, 1))


def _feature(entry: dict[str, Any], number: int, layer: Layer, territory: Territory) -> Feature:
    geometry, properties = entry.get("geometry"), entry.get("properties") or {}
    box = box_of(geometry)
    if box is None or not isinstance(geometry, dict) or not isinstance(properties, dict):
        raise bad_data(f"Feature {number} of the layer {layer.key!r} has no geometry.", layer.address)
    west, south, east, north = territory.bounds
    if not (
        west - _TOLERANCE_DEG <= box.west
        and box.east <= east + _TOLERANCE_DEG
        and south - _TOLERANCE_DEG <= box.south
        and box.north <= north + _TOLERANCE_DEG
    ):
        detail = (
            f"Feature {number} of the layer {layer.key!r} lies at {box.west:g}, {box.south:g}, outside of the city; "
            "coordinates are longitude and latitude in WGS 84."
        )
        raise bad_data(detail, layer.address)
    return Feature(geometry, properties)
