"""Geo-queries (NGSI-LD clause 4.10): ``georel``, ``geometry``, ``coordinates`` and ``geoproperty`` to a condition."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, bad_data
from talwerk.core.geometry import is_geometry
from talwerk.core.query import Located, Relation
from talwerk.protocols.http.strict_json import decode_json

from .contexts import Context
from .geometry import GEOMETRIES, check_geometry
from .parameters import Parameters

PARTS = ("georel", "geometry", "coordinates")

_DISTANCE = re.compile(r"(maxDistance|minDistance)==([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)", re.ASCII)
_DISTANCE_M_MAX = 1e9


def geo_condition(parameters: Parameters, context: Context) -> Located | None:
    """The condition that the parameters of a geo-query make, None when there is none.

    Raises:
        DomainError: BadRequestData when a part is missing or impossible.
    """
    given = [name for name in PARTS if parameters.text(name) is not None]
    if not given:
        if parameters.text("geoproperty") is not None:
            raise bad_data("The geoproperty stands without a georel.", "geoproperty")
        return None
    missing = [name for name in PARTS if name not in given]
    if missing:
        raise bad_data(f"The geo-query has a {given[0]} and no {missing[0]}.", missing[0])
    relation, most, least = _georel(parameters.text("georel") or "")
    reference = {
        "type": parameters.text("geometry"),
        "coordinates": _coordinates(parameters.text("coordinates") or ""),
    }
    return Located(
        attribute=context.expand(parameters.text("geoproperty") or "location"),
        relation=relation,
        geometry=_checked(reference),
        max_m=most,
        min_m=least,
    )


def _georel(text: str) -> tuple[Relation, float | None, float | None]:
    """The relation and, for near, the greatest and smallest distance in metres."""
    name, *modifiers = text.split(";")
    if name not in {relation.value for relation in Relation}:
        known = ", ".join(Relation)
        raise bad_data(f"The georel {name[:40]!r} does not exist; there are {known}.", "georel")
    relation = Relation(name)
    if relation is not Relation.NEAR:
        if modifiers:
            raise bad_data(f"The georel {name} takes no distance.", "georel")
        return relation, None, None
    found: dict[str, float] = {}
    for modifier in modifiers:
        distance = _DISTANCE.fullmatch(modifier)
        if distance is None or distance[1] in found or float(distance[2]) > _DISTANCE_M_MAX:
            raise bad_data(f"The georel near has an impossible distance {modifier[:60]!r}.", "georel")
        found[distance[1]] = float(distance[2])
    if not found:
        raise bad_data(
            "The georel near needs a maxDistance or minDistance, for example near;maxDistance==2000.", "georel"
        )
    return relation, found.get("maxDistance"), found.get("minDistance")


def _coordinates(text: str) -> Any:
    try:
        return decode_json(text.encode())
    except DomainError as error:
        raise bad_data(f"The coordinates {text[:80]!r} are not a JSON list.", "coordinates") from error


def _checked(reference: dict[str, Any]) -> str:
    kind = reference["type"]
    if kind not in GEOMETRIES or kind == "GeometryCollection":
        raise bad_data(f"The geometry {str(kind)[:40]!r} does not exist.", "geometry")
    try:
        check_geometry(reference)
    except DomainError as error:
        raise bad_data(error.detail, error.where.lstrip("/") if error.where else "coordinates") from error
    if not is_geometry(reference):
        raise bad_data("The coordinates hold no position.", "coordinates")
    return msgspec.json.encode(reference).decode()
