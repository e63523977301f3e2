"""Collections of other platforms over OGC API Features: what there is, where it is, and what is said about it.

Only WGS 84 is read, longitude first, as the standard's default: a server that answers in another reference system is
asked for nothing else, and coordinates that cannot be degrees cost a thing its place, not its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector, Request
from talwerk.sdk.paging import native_of, next_page, query_of
from talwerk.sdk.places import Bounds, bounds_of, foreign_system, in_degrees, positions, within
from talwerk.sdk.reading import Ask, Context, Current, Finding, Thing, Unusable, Whole, number

NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)


def items(payload: Any, context: Context) -> Iterator[Finding]:
    """One page of a collection.

    Raises:
        ValueError: it is in another reference system, or the profile's bounds are none.
    """
    if system := foreign_system(payload):
        raise ValueError(f"the coordinates are in {system}, not in WGS 84")
    features = payload["features"]
    bounds = bounds_of(context.parameters["bbox"])
    for feature in features:
        yield from _feature(feature, bounds, context)
    more = _more(payload, features, context)
    if more is not None:
        yield more
    if more is None and "page" not in context.parameters:
        yield Whole(type=str(context.parameters["type"]))
    else:
        yield Current()


def _more(payload: dict[str, Any], features: list[Any], context: Context) -> Ask | Unusable | None:
    """The next page, when the answer names one, or why there is none although more has to follow.

    A page without features is the last, whatever it names.
    """
    links = (link.get("href") for link in payload.get("links") or () if link.get("rel") == "next")
    link = next(links, None)
    if not features:
        return None
    if link is None:
        matched = number(payload.get("numberMatched"))
        is_part = matched is not None and matched > len(features) and "page" not in context.parameters
        return Unusable(reason="there are more features and no link to them") if is_part else None
    query = query_of(link, f"/collections/{context.parameters['collection']}/items")
    if query is None:
        return Unusable(reason="the link to the next page leads to something else")
    return next_page("more", str(_id_of(features[0], context)), context, query=query)


def _id_of(feature: Any, context: Context) -> object:
    name = str(context.parameters["id"])
    if not isinstance(feature, dict):
        return None
    told = _properties(feature).get(name) if name else feature.get("id")
    return told if isinstance(told, str | int) else None


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    told = feature.get("properties")
    return told if isinstance(told, dict) else {}


def _feature(feature: Any, bounds: Bounds, context: Context) -> Iterator[Finding]:
    native = _id_of(feature, context)
    if native is None or native == "":
        yield Unusable(reason="a feature has no id")
        return
    if context.wanted and native_of(native) not in context.wanted:
        return
    told = _properties(feature)
    name_of = str(context.parameters["name"])
    location = feature.get("geometry")
    if location is not None and (fault := _fault(location, bounds)):
        yield Unusable(reason=fault)
        location = None
    yield Thing(
        native=native_of(native),
        type=str(context.parameters["type"]),
        name=str(told.get(name_of) or ""),
        location=location,
        statements={key: value for key, value in told.items() if key != name_of and _says(key, value)},
    )


def _says(key: str, value: object) -> bool:
    """Whether a property says something that has a name: texts, numbers, truths."""
    return isinstance(value, str | int | float) and value != "" and NAME.fullmatch(key) is not None


def _fault(geometry: Any, bounds: Bounds) -> str:
    """What is wrong with a place, empty when nothing is."""
    places = list(positions(geometry)) if isinstance(geometry, dict) else []
    if not places:
        return "a place has no coordinates"
    if not all(in_degrees(x, y) for x, y in places):
        return "a place is not in degrees"
    if all(within(y, x, bounds) and not within(x, y, bounds) for x, y in places):
        return "a place has latitude before longitude"
    return ""


CONNECTOR = Connector(
    key="ogc-features",
    title="Sammlung einer anderen Stadt (OGC API Features)",
    publisher="Die andere Stadt",
    licence="unknown",
    terms="Each platform has its own terms; the profile states them for its source, with the credit line they ask for.",
    attribution="Plattform einer anderen Stadt, siehe Stadtprofil",
    requests=(
        Request(key="first", path="/collections/{collection}/items?f=json&limit={limit}&bbox={bbox}", parse=items),
        Request(key="more", path="/collections/{collection}/items?{+query}", parse=items),
    ),
    every_s=86_400,
    cadence_s=86_400,
    stale_s=259_200,
    parameters={
        "collection": None,
        "type": "PointOfInterest",
        "id": "",
        "name": "name",
        "bbox": "-180,-90,180,90",
        "limit": 500,
        "pages": 50,
    },
)
