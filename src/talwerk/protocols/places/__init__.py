"""Places: an address as somebody typed it, and what the city knows of where it lies.

An address is sent in the body of a POST, so that it stands in no log and in no browser's history; it is used for the
answer and kept nowhere.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.errors import Fault, bad_data
from talwerk.core.scope import Scope
from talwerk.core.terms import compact, expand
from talwerk.protocols.http.bodies import read_body
from talwerk.protocols.http.description import Description, Outcome, Resource, Schema
from talwerk.protocols.http.negotiation import content_type
from talwerk.services.places import Found
from talwerk.services.places.nearby import Nearby, nearest
from talwerk.services.places.question import TEXT_MAX
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.territory import Area, Origin

PATH = "/api/v1/places/search"
_BODY_BYTES_MAX = 4_096
_JSON = "application/json"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search.

    Attributes:
        text: the address as typed.
        limit: answers at most.
        nearest: short entity types of which the nearest thing is told as well.
    """

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5
    nearest: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...], msgspec.Meta(max_length=5)
    ] = ()


def routes(broker: Broker, gazetteer: Gazetteer) -> list[Route]:
    """The route under ``/api/v1/places``."""

    async def search(request: Request) -> JSONResponse:
        headers = dict(request.scope["headers"])
        content_type(headers.get(b"content-type"), (_JSON,))
        wanted = _wanted(await read_body(headers, request.receive, _BODY_BYTES_MAX))
        scope: Scope = request.scope["talwerk.scope"]
        kinds = tuple(expand(kind) for kind in wanted.nearest)
        found = gazetteer.search().find(wanted.text, wanted.limit)
        # Things nearby are looked for around the first answer only: the others are second guesses.
        places = [_place(one, gazetteer, broker, scope, kinds if n == 0 else ()) for n, one in enumerate(found)]
        return JSONResponse({"places": places}, headers={"cache-control": "no-store"})

    return [Route(PATH, search, methods=["POST"])]


def _wanted(body: bytes) -> Wanted:
    try:
        return msgspec.json.decode(body, type=Wanted)
    except msgspec.DecodeError as error:
        raise bad_data(f"The search cannot be read: {error}.") from None


def _place(
    found: Found, gazetteer: Gazetteer, broker: Broker, scope: Scope, kinds: tuple[str, ...]
) -> dict[str, object]:
    house = found.house
    lies = gazetteer.whereabouts(house.longitude, house.latitude)
    near = [nearest(broker, scope, (house.longitude, house.latitude), kind) for kind in kinds]
    return {
        "street": house.street,
        "number": f"{house.number}{house.suffix}",
        "postcode": house.postcode,
        "precision": found.precision.value,
        "score": found.score,
        "longitude": house.longitude,
        "latitude": house.latitude,
        "quarter": _part(lies.quarter),
        "borough": _part(lies.borough),
        "reach": lies.reach and {"key": lies.reach.key, "name": lies.reach.name, "point": lies.reach.point},
        "nearest": [_thing(thing) for thing in near if thing is not None],
    }


def _part(area: Area | None) -> dict[str, object] | None:
    if area is None:
        return None
    return {"key": area.part.key, "name": area.part.name, "official": area.origin is Origin.OFFICIAL}


def _thing(thing: Nearby) -> dict[str, object]:
    return {
        "id": thing.entity,
        "type": compact(thing.type),
        "name": thing.name,
        "distance_m": thing.distance_m,
    }


def description() -> Description:
    """The search, for the API's description."""
    place: Schema = {"type": "object", "required": ["street", "number", "precision", "longitude", "latitude"]}
    answer: Schema = {
        "type": "object",
        "required": ["places"],
        "properties": {"places": {"type": "array", "items": place}},
    }
    asked: Schema = {
        "type": "object",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": TEXT_MAX},
            "limit": {"type": "integer", "minimum": 1, "maximum": 10},
            "nearest": {"type": "array", "maxItems": 5, "items": {"type": "string", "minLength": 1, "maxLength": 100}},
        },
    }
    return Description(
        resources=(
            Resource(
                method="POST",
                path=PATH,
                name="searchPlaces",
                title="Find an address and what the city knows of where it lies",
                tag="Plain JSON and CSV",
                body={_JSON: asked},
                outcomes={200: Outcome(meaning="the addresses, best first", content={_JSON: answer})},
                faults=(Fault.BAD_REQUEST_DATA, Fault.NOT_FOUND, Fault.TOO_LARGE, Fault.LENGTH_REQUIRED),
                note="The address is used for the answer and kept nowhere.",
            ),
        )
    )


__all__ = ["PATH", "description", "routes"]
