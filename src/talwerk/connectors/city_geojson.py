"""Layers of a city's open files (GeoJSON): schools, fountains, car sharing, charging, 30 km/h zones, ...

One source per layer. ``attributes = "STRASSE=address, TRAEGER=operator"`` names what is kept of each feature, ``id``
and ``name`` the members that hold them; a layer without ids gets stable ones from place and name. ``category`` is told
of all. Only WGS 84 is read (files in EPSG:4326), and what lies outside of the city's bounds is not the city's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from talwerk.sdk.connector import MIB, Connector, Request
from talwerk.sdk.paging import native_of
from talwerk.sdk.places import Bounds, bounds_of, foreign_system, in_degrees, positions, within
from talwerk.sdk.reading import Context, Finding, Thing, Unusable, Whole

GRAIN = 6
"""Digits of a degree that tell features apart: a tenth of a metre."""


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What the profile says about a layer."""

    type: str
    id: str
    name: str
    category: str
    attributes: dict[str, str]
    bounds: Bounds
    wanted: frozenset[str]


def features(payload: Any, context: Context) -> Iterator[Finding]:
    """All features of a layer; those that the file held before and no longer does have ended.

    Raises:
        ValueError: it is in another reference system, or lies somewhere else altogether.
    """
    if system := foreign_system(payload):
        raise ValueError(f"the coordinates are in {system}, not in EPSG:4326")
    layer = _layer(context)
    named: set[str] = set()
    inside = outside = 0
    for feature in payload["features"]:
        found = _feature(feature, layer)
        if found is None:
            outside += 1
        elif isinstance(found, Thing) and found.native in named:
            yield Unusable(reason="two features have the same id")
        elif isinstance(found, Unusable):
            yield found
        else:
            inside += 1
            named.add(found.native)
            if not layer.wanted or found.native in layer.wanted:
                yield found
    if outside and not inside:
        raise ValueError("all features lie outside of the city's bounds")
    yield Whole(type=layer.type)


def _layer(context: Context) -> Layer:
    told = context.parameters
    pairs = (pair.partition("=") for pair in str(told["attributes"]).split(","))
    return Layer(
        type=str(told["type"]),
        id=str(told["id"]),
        name=str(told["name"]),
        category=str(told["category"]),
        attributes={member.strip(): name.strip() for member, _, name in pairs if name.strip()},
        bounds=bounds_of(told["bbox"]),
        wanted=frozenset(context.wanted),
    )


def _feature(feature: Any, layer: Layer) -> Thing | Unusable | None:
    """What a feature says, why it says nothing, or None for one outside of the city.

    Raises:
        ValueError: its coordinates are no degrees: those of all others will not be either.
    """
    if not isinstance(feature, dict) or not isinstance(told := feature.get("properties") or {}, dict):
        return Unusable(reason="a feature has another shape")
    geometry = feature.get("geometry")
    places = list(positions(geometry))
    if not isinstance(geometry, dict) or not places:
        return Unusable(reason="a feature has no place")
    if not all(in_degrees(x, y) for x, y in places):
        raise ValueError("the coordinates are no degrees; files in EPSG:4326 are read, others are not")
    if not any(within(x, y, layer.bounds) for x, y in places):
        swapped = any(within(y, x, layer.bounds) for x, y in places)
        return Unusable(reason="a place has latitude before longitude") if swapped else None
    native = told.get(layer.id) if layer.id else feature.get("id")
    if layer.id and not isinstance(native, str | int):
        return Unusable(reason=f"a feature has no {layer.id}")
    name = str(told.get(layer.name) or "").strip()
    stated = {name_: told[member] for member, name_ in layer.attributes.items() if _says(told.get(member))}
    return Thing(
        native=native_of(native if isinstance(native, str | int) else _digest(name, places)),
        type=layer.type,
        name=name,
        location={key: geometry[key] for key in ("type", "coordinates", "geometries") if key in geometry},
        statements={**({"category": layer.category} if layer.category else {}), **stated},
    )


def _says(value: object) -> bool:
    return isinstance(value, str | int | float) and value != ""


def _digest(name: str, places: list[tuple[float, float]]) -> str:
    """An id that stays as long as name and place do, whatever the order of the file."""
    told = json.dumps([name, *((round(x, GRAIN), round(y, GRAIN)) for x, y in places)])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


CONNECTOR = Connector(
    key="city-geojson",
    title="Offene Daten der Stadt (GeoJSON)",
    publisher="Die Stadt",
    licence="unknown",
    terms="Each city has its own terms; the profile states licence and credit line for its layers.",
    attribution="Offene Daten der Stadt, siehe Stadtprofil",
    requests=(Request(key="layer", path="/{+path}", parse=features),),
    every_s=86_400,
    cadence_s=86_400,
    stale_s=259_200,
    size_max=30 * MIB,
    parameters={
        "path": None,
        "bbox": None,
        "type": "PointOfInterest",
        "id": "",
        "name": "NAME",
        "category": "",
        "attributes": "",
    },
)
