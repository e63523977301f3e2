"""Layers of a city's open files: made-up things within the city, with the members that the source names."""

from __future__ import annotations

from typing import Any

from talwerk.sdk.places import bounds_of
from talwerk.twin.asked import Asked, json_reply
from talwerk.twin.replies import Reply
from talwerk.twin.simulator.chance import uniform

THINGS = 24
MANY = {
    "School": 90,
    "Kindergarten": 190,
    "EVChargingStation": 150,
    "DrinkingWaterFountain": 14,
    "RestrictedTrafficArea": 60,
}
"""How many things of a type there are; of others some."""
SCHOOLS = ("Grundschule", "Grundschule", "Grundschule", "Gymnasium", "Gesamtschule", "Förderschule")
EDGE_DEGREES = 0.004
AREA = "RestrictedTrafficArea"


def respond(asked: Asked) -> Reply | None:
    """The file that the source's ``path`` names."""
    told = asked.source.parameters
    if asked.path != f"/{told.get('path')}":
        return None
    found = [_feature(asked, number) for number in range(1, MANY.get(str(told.get("type")), THINGS) + 1)]
    return json_reply({"type": "FeatureCollection", "features": found})


def _feature(asked: Asked, number: int) -> dict[str, Any]:
    told, key = asked.source.parameters, asked.source.key
    spot = asked.land.settled(f"{key} {number}")
    x, y = spot.longitude, spot.latitude
    west, south, east, north = bounds_of(told["bbox"])
    if not (west < x < east and south < y < north):
        # The profile asks for another region than the city's. Away from its edges, which may be somewhere else.
        x = west + (0.25 + 0.5 * uniform(0, f"{key} {number}", 0)) * (east - west)
        y = south + (0.25 + 0.5 * uniform(0, f"{key} {number}", 1)) * (north - south)
    members: dict[str, Any] = {str(told.get("name", "NAME")): f"{asked.source.title or key} {number} (simuliert)"}
    if told.get("id"):
        members[str(told["id"])] = f"S{number:03d}"
    for pair in str(told.get("attributes", "")).split(","):
        member, _, attribute = (part.strip() for part in pair.partition("="))
        members |= {member: _said(attribute, number)} if attribute else {}
    geometry = _area(x, y) if told.get("type") == AREA else {"type": "Point", "coordinates": [x, y]}
    return {"type": "Feature", "properties": members, "geometry": geometry}


def _said(attribute: str, number: int) -> str | int:
    if attribute == "capacity":
        return 1 + number % 4
    if attribute == "category":
        return SCHOOLS[number % len(SCHOOLS)]
    return f"Beispielstraße {number}"


def _area(x: float, y: float) -> dict[str, Any]:
    corners = [(x + a * EDGE_DEGREES, y + b * EDGE_DEGREES) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}
