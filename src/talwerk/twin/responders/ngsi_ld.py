"""Another city's broker over NGSI-LD: entities in normalized form, by ``offset`` and ``limit``."""

from __future__ import annotations

from typing import Any

from talwerk.core.instants import Instant, format_instant
from talwerk.twin.asked import Asked, json_reply
from talwerk.twin.neighbours import Thing, newest, things_of, whole_number
from talwerk.twin.replies import Reply

SOMEBODY = "09999000"
"""An authority that there is not, for profiles that name none."""


def respond(asked: Asked) -> Reply | None:
    """``/entities?type=...&limit=...&offset=...``."""
    if asked.path != "/entities":
        return None
    authority = str(asked.source.parameters.get("authority", "")) or SOMEBODY
    kinds = [kind for kind in asked.query.get("type", "").split(",") if kind]
    made = "urn:ngsi-ld:{}:{}:simuliert:{{}}"
    things = [each for kind in kinds for each in things_of(asked, kind, made.format(kind, authority))]
    offset, limit = whole_number(asked.query.get("offset", ""), 0), whole_number(asked.query.get("limit", ""), 20)
    return json_reply([_entity(asked, thing) for thing in things[offset : offset + limit]])


def _entity(asked: Asked, thing: Thing) -> dict[str, Any]:
    at = newest(asked)
    place = {"type": "Point", "coordinates": [thing.spot.longitude, thing.spot.latitude]}
    return {
        "id": thing.native,
        "type": thing.type,
        "name": {"type": "Property", "value": thing.name},
        "location": {"type": "GeoProperty", "value": place},
        **{
            attribute: {
                "type": "Property",
                "value": thing.value(asked, attribute, at),
                "unitCode": unit,
                "observedAt": format_instant(Instant(at)),
            }
            for attribute, unit in thing.measures.items()
        },
    }
