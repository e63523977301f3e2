"""Another city's collections over OGC API Features: GeoJSON in pages, each with a link to the next one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from talwerk.twin.asked import Asked, json_reply
from talwerk.twin.neighbours import Thing, things_of, whole_number
from talwerk.twin.replies import Reply

ELSEWHERE = "http://ogc.invalid"
"""Servers behind a proxy name themselves wrongly."""


def respond(asked: Asked) -> Reply | None:
    """``/collections/{collection}/items?limit=...&offset=...``."""
    told = asked.source.parameters
    path = f"/collections/{told.get('collection')}/items"
    if asked.path != path:
        return None
    things = list(things_of(asked, str(told.get("type", "PointOfInterest")), "og-{:02d}"))
    limit = max(whole_number(asked.query.get("limit", ""), 10), 1)
    offset = whole_number(asked.query.get("offset", ""), 0)
    listed = things[offset : offset + limit]
    links = [{"rel": "self", "href": f"{ELSEWHERE}{path}", "type": "application/geo+json"}]
    if offset + limit < len(things):
        query = urlencode({**asked.query, "offset": str(offset + limit)}, quote_via=quote)
        links.append({"rel": "next", "href": f"{ELSEWHERE}{path}?{query}", "type": "application/geo+json"})
    return json_reply(
        {
            "type": "FeatureCollection",
            "features": [_feature(asked, thing) for thing in listed],
            "numberMatched": len(things),
            "numberReturned": len(listed),
            "links": links,
        }
    )


def _feature(asked: Asked, thing: Thing) -> dict[str, Any]:
    told = asked.source.parameters
    members: dict[str, Any] = {str(told.get("name", "name")): thing.name, "description": "Simulation"}
    if told.get("id"):
        members[str(told["id"])] = thing.native
    place = {"type": "Point", "coordinates": [thing.spot.longitude, thing.spot.latitude]}
    return {"type": "Feature", "id": thing.native, "properties": members, "geometry": place}
