"""Another city's SensorThings 1.1: datastreams with their things, properties and newest observations, page by page."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from talwerk.core.instants import Instant, format_instant
from talwerk.core.units import symbol
from talwerk.twin.asked import Asked, json_reply
from talwerk.twin.neighbours import STEP, Thing, newest, things_of, whole_number
from talwerk.twin.replies import Reply

_LATEST = re.compile(r"Observations\([^)]*\$top=(\d{1,4})")
ELSEWHERE = "http://sensorthings.invalid/v1.1"
"""Servers behind a proxy name themselves wrongly."""


def respond(asked: Asked) -> Reply | None:
    """``/Datastreams?$expand=...&$top=...&$skip=...``."""
    if asked.path != "/Datastreams":
        return None
    streams = [
        (thing, attribute)
        for thing in things_of(asked, str(asked.source.parameters.get("type", "Device")), "st-{:02d}")
        for attribute in thing.measures
    ]
    top = max(whole_number(asked.query.get("$top", ""), 100), 1)
    skip = whole_number(asked.query.get("$skip", ""), 0)
    listed = [_stream(asked, thing, attribute) for thing, attribute in streams[skip : skip + top]]
    answer: dict[str, Any] = {"value": listed}
    if skip + top < len(streams):
        query = urlencode({**asked.query, "$skip": str(skip + top)}, quote_via=quote)
        answer["@iot.nextLink"] = f"{ELSEWHERE}/Datastreams?{query}"
    return json_reply(answer)


def _stream(asked: Asked, thing: Thing, attribute: str) -> dict[str, Any]:
    latest = _LATEST.search(asked.query.get("$expand", ""))
    at, unit = newest(asked), thing.measures[attribute]
    place = {"type": "Point", "coordinates": [thing.spot.longitude, thing.spot.latitude]}
    return {
        "@iot.id": f"{thing.native}-{attribute}",
        "name": f"{attribute}, {thing.name}",
        "unitOfMeasurement": {"name": "", "symbol": _named(asked, "units", unit, symbol(unit))},
        "Thing": {
            "@iot.id": thing.native,
            "name": thing.name,
            "Locations": [{"@iot.id": 1, "name": "", "location": place}],
        },
        "ObservedProperty": {"@iot.id": attribute, "name": _named(asked, "attributes", attribute, attribute)},
        "Observations": [
            {
                "@iot.id": f"{thing.native}-{attribute}-{at - back * STEP}",
                "phenomenonTime": format_instant(Instant(at - back * STEP)),
                "result": thing.value(asked, attribute, at - back * STEP),
            }
            for back in range(int(latest[1]) if latest else 1)
        ],
    }


def _named(asked: Asked, parameter: str, meant: str, usual: str) -> str:
    """How the other city calls what the profile takes for an attribute or a unit (``theirs=ours, ...``)."""
    pairs = (pair.partition("=") for pair in str(asked.source.parameters.get(parameter, "")).split(","))
    return next((theirs.strip() for theirs, _, ours in pairs if ours.strip() == meant), usual)
