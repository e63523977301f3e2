"""GeoJSON geometries (RFC 7946, NGSI-LD clause 4.7): shape and ranges are checked, imperfect rings are tolerated.

Rings that cross themselves or are not closed are common in real data; refusing them would lose whole datasets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from talwerk.core.errors import bad_data

_POSITIONS_MAX = 100_000
_NESTING_MAX = 5

_LONGITUDE_MAX = 180
_LATITUDE_MAX = 90
_HEIGHT_M_MAX = 100_000

GEOMETRIES = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)


def names_geometry(kind: object) -> bool:
    """Whether a ``type`` member names a kind of geometry; it may be any JSON value."""
    return isinstance(kind, str) and kind in GEOMETRIES


def is_geometry(value: object) -> bool:
    """Whether a JSON value claims to be a GeoJSON geometry."""
    return (
        isinstance(value, dict)
        and names_geometry(value.get("type"))
        and ("coordinates" in value or "geometries" in value)
    )


def check_geometry(value: object, where: str = "", depth: int = 0) -> None:
    """See that a value is a geometry.

    Args:
        value: the JSON value.
        where: its place, for the error.
        depth: how many collections are around it.

    Raises:
        DomainError: BadRequestData naming the place.
    """
    if not isinstance(value, dict) or not names_geometry(value.get("type")):
        raise bad_data("The value is not a GeoJSON geometry.", where)
    if depth > _NESTING_MAX:
        raise bad_data("The geometry collection is nested too deeply.", where)
    if value["type"] == "GeometryCollection":
        members = value.get("geometries")
        if not isinstance(members, list) or not members:
            raise bad_data("The GeometryCollection has no geometries.", where)
        for index, member in enumerate(members):
            check_geometry(member, f"{where}/geometries/{index}", depth + 1)
        return
    if "coordinates" not in value:
        raise bad_data(f"The {value['type']} has no coordinates.", where)
    if _SHAPES[value["type"]](value["coordinates"], f"{where}/coordinates") > _POSITIONS_MAX:
        raise bad_data(f"The geometry has more than {_POSITIONS_MAX} positions.", where)


def _position(value: Any, where: str) -> int:
    if not isinstance(value, list) or not 2 <= len(value) <= 3 or not all(map(_is_number, value)):
        raise bad_data("The position is not a list of longitude, latitude and perhaps height.", where)
    if not abs(value[0]) <= _LONGITUDE_MAX:
        raise bad_data(f"The longitude {value[0]} lies beyond {_LONGITUDE_MAX} degrees.", f"{where}/0")
    if not abs(value[1]) <= _LATITUDE_MAX:
        raise bad_data(f"The latitude {value[1]} lies beyond {_LATITUDE_MAX} degrees.", f"{where}/1")
    if len(value) > 2 and not abs(value[2]) <= _HEIGHT_M_MAX:
        raise bad_data(f"The height {value[2]} lies beyond {_HEIGHT_M_MAX} m.", f"{where}/2")
    return 1


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list_of(inner: Callable[[Any, str], int], least: int, what: str) -> Callable[[Any, str], int]:
    def check(value: Any, where: str) -> int:
        if not isinstance(value, list) or len(value) < least:
            raise bad_data(f"The {what} needs a list of at least {least}.", where)
        return sum(inner(item, f"{where}/{index}") for index, item in enumerate(value))

    return check


_line = _list_of(_position, 2, "line string")
_polygon = _list_of(_list_of(_position, 3, "ring of a polygon"), 1, "polygon")

_SHAPES: dict[str, Callable[[Any, str], int]] = {
    "Point": _position,
    "MultiPoint": _list_of(_position, 1, "multi-point"),
    "LineString": _line,
    "MultiLineString": _list_of(_line, 1, "multi-line string"),
    "Polygon": _polygon,
    "MultiPolygon": _list_of(_polygon, 1, "multi-polygon"),
}
