"""A city with things on its map: gauges and sensors with values of a day, schools, a zone, a warning."""

from __future__ import annotations

import gzip
import struct
from typing import Any

import msgspec

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


def pmtiles(metadata: dict[str, Any], kind: int = 1, packing: int = 2, tile: bytes = b"\0") -> bytes:
    """A file of tiles with a single one, that of the whole world."""
    root = gzip.compress(bytes([1, 0, 1, *_varint(len(tile)), 1]))
    told = msgspec.json.encode(metadata)
    packed = gzip.compress(told) if packing == 2 else told
    offsets = (127, len(root), 127 + len(root), len(packed), 0, 0, 127 + len(root) + len(packed), len(tile), 1, 1, 1)
    place = (-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000)
    head = struct.pack("<8s11Q6B4iB2i", b"PMTiles\x03", *offsets, 1, packing, 1, kind, 0, 0, *place, 0, 0, 0)
    return head + root + packed + tile


def _varint(number: int) -> bytes:
    """A number below 2^14 as the directories of such files write it."""
    return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])
