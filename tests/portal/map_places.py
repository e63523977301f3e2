"""A city with things on its map: gauges and sensors with values of a day, schools, a zone, a warning."""

from __future__ import annotations

from typing import Any

from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.instants import HOUR
from talwerk.core.terms import expand
from tests.portal.workbench import BRIDGE, LATEST, Site

FREE = Provenance(source="sensoren", licence="CC0-1.0", attribution="Menschen, die messen", cadence_s=3_600)
KEPT = Provenance(source="verband", licence="restricted", attribution="© Verband", cadence_s=3_600)
SCHOOLS = Provenance(source="schulen", licence="CC-BY-4.0", attribution="Stadt, Schulen")
BARMEN, ELBERFELD = (7.200, 51.272), (7.147, 51.256)
AIR = "urn:ngsi-ld:AirQualityObserved:05124000:sensoren:1"
LOST = "urn:ngsi-ld:WeatherObserved:05124000:sensoren:9"


def thing(
    entity: str, name: str, geometry: dict[str, Any] | None, provenance: Provenance = FREE, **told: Any
) -> Change:
    attributes: Attributes = {expand("name"): (Attribute(kind=Kind.PROPERTY, value=name),)}
    if geometry is not None:
        attributes[expand("location")] = (Attribute(kind=Kind.GEO_PROPERTY, value=geometry),)
    for key, value in told.items():
        attributes[expand(key)] = (Attribute(kind=Kind.PROPERTY, value=value),)
    kind = expand(entity.split(":")[2])
    return Change(
        mode=Mode.UPDATE, entity=Entity(id=entity, types=(kind,), attributes=attributes), provenance=provenance
    )


def point(at: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(at)}


def square(at: tuple[float, float], half: float = 0.004) -> dict[str, Any]:
    (x, y), h = at, half
    ring = [[x - h, y - h], [x + h, y - h], [x + h, y + h], [x - h, y + h], [x - h, y - h]]
    return {"type": "Polygon", "coordinates": [ring]}


async def fill(here: Site) -> None:
    """A gauge whose terms keep it, a sensor that everybody may take, one without a place, schools and a zone."""
    hourly: dict[str, Any] = {"step": HOUR, "last": LATEST}
    await here.observe([float(80 + n) for n in range(24)], BRIDGE, provenance=KEPT, **hourly)
    await here.observe([float(10 + n) for n in range(24)], AIR, "pm10", unit="GQ", provenance=FREE, **hourly)
    await here.observe([7.5, 8.5], LOST, "temperature", unit="CEL", provenance=FREE, **hourly)
    await here.write(
        thing(BRIDGE, "Kluserbrücke", point(ELBERFELD), KEPT),
        thing(AIR, "Sensor am Markt", point(BARMEN)),
        thing(LOST, "Sensor ohne Ort", None),
        *(
            thing(f"urn:ngsi-ld:School:05124000:schulen:{n}", f"Schule {n}", point((7.19 + n / 500, 51.27)), SCHOOLS)
            for n in range(3)
        ),
        thing("urn:ngsi-ld:RestrictedTrafficArea:05124000:zonen:1", "Zone 1", square(BARMEN), SCHOOLS),
    )
