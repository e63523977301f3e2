"""Query parameters: each operation honours some, refuses others of the standard, and knows no further ones."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data, invalid
from talwerk.core.instants import Instant, instant_or_none

_QUERY_BYTES_MAX = 16_384
_PARAMETERS_MAX = 50


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter of the standard.

    Attributes:
        clause: where the standard speaks of it.
        kind: its JSON type, for the API description.
        meaning: one line about it.
    """

    clause: str
    kind: str
    meaning: str


PARAMETERS: Mapping[str, Parameter] = {
    "after": Parameter("ours", "string", "cursor of the page before, taken from a Link with rel=next"),
    "aggrMethods": Parameter(
        "4.5.19", "string", "how values become one, separated by commas: totalCount, distinctCount, sum, avg, ..."
    ),
    "aggrPeriodDuration": Parameter(
        "4.5.19", "string", "length of a period as an ISO 8601 duration; PT0S or none for one period over all"
    ),
    "attrs": Parameter("5.7.1", "string", "attributes to return; an entity has at least one of them"),
    "collation": Parameter("4.23", "string", "collation of the order"),
    "containedBy": Parameter("4.5.23", "string", "ids of linked entities that are left out, separated by commas"),
    "coordinates": Parameter("4.10", "string", "coordinates of the reference geometry"),
    "count": Parameter("6.3.13", "boolean", "whether NGSILD-Results-Count is wanted"),
    "csf": Parameter("4.9", "string", "condition on context sources, of which there are none"),
    "datasetId": Parameter("4.5.5", "string", "datasets, separated by commas; @none for the default"),
    "deleteAll": Parameter("5.6.5", "boolean", "whether all instances are meant"),
    "details": Parameter("5.7.5", "boolean", "whether details are wanted"),
    "drop": Parameter("5.6.21", "string", "attributes to delete"),
    "endTimeAt": Parameter("4.11", "string", "end of the time between"),
    "entityMap": Parameter("5.14", "boolean", "whether an entity map is wanted"),
    "entityMapLifetime": Parameter("5.14", "string", "how long the entity map is kept"),
    "expandValues": Parameter("4.9", "string", "attributes whose values in q are names of the @context"),
    "format": Parameter(
        "6.3.7", "string", "normalized, concise, simplified, keyValues, temporalValues, aggregatedValues"
    ),
    "geometry": Parameter("4.10", "string", "kind of the reference geometry"),
    "geometryProperty": Parameter("6.3.7", "string", "attribute that becomes the GeoJSON geometry"),
    "geoproperty": Parameter("4.10", "string", "attribute that the geo-query is about"),
    "georel": Parameter("4.10", "string", "geographical relation"),
    "id": Parameter("5.7.2", "string", "ids of entities, separated by commas"),
    "idPattern": Parameter("5.7.2", "string", "regular expression that the id matches"),
    "join": Parameter("4.5.23", "string", "linked entities as well: inline, flat or @none"),
    "joinLevel": Parameter("4.5.23", "integer", "how many relationships are followed, one after another"),
    "jsonKeys": Parameter("4.9", "string", "attributes whose values q takes as they are; it always does"),
    "keep": Parameter("5.6.21", "string", "attributes that are not deleted"),
    "kind": Parameter("5.13", "string", "kind of @context"),
    "lang": Parameter("4.15", "string", "preferred languages, for example fr-CH,fr;q=0.9,*;q=0.5"),
    "lastN": Parameter("5.7.3", "integer", "only so many of the newest instances of each attribute"),
    "limit": Parameter("6.3.10", "integer", "entities per page"),
    "local": Parameter("6.3.18", "boolean", "only what this broker holds itself; it always does"),
    "observedAt": Parameter("5.6.17", "string", "time of the values without one"),
    "offset": Parameter("6.3.10", "integer", "entities to skip"),
    "omit": Parameter("4.21", "string", "members to leave out; those of linked entities in braces"),
    "options": Parameter(
        "6.3.7", "string", "keyValues, concise, sysAttrs, temporalValues, aggregatedValues; update or replace"
    ),
    "orderBy": Parameter("4.23", "string", "order of the result"),
    "orderFrom": Parameter("4.23", "string", "point that distances are ordered from"),
    "orderGeometry": Parameter("4.23", "string", "geometry that distances are ordered from"),
    "pick": Parameter("4.21", "string", "members to return; those of linked entities in braces"),
    "q": Parameter("4.9", "string", "condition on attributes"),
    "reload": Parameter("5.13.5", "boolean", "whether the @context is fetched again"),
    "scopeQ": Parameter("4.19", "string", "condition on scopes"),
    "splitEntities": Parameter("4.24", "boolean", "whether parts of an entity are kept apart"),
    "timeAt": Parameter("4.11", "string", "the time that timerel is about"),
    "timeproperty": Parameter("4.11", "string", "observedAt, createdAt, modifiedAt or deletedAt"),
    "timerel": Parameter("4.11", "string", "before, after or between"),
    "type": Parameter("4.17", "string", "types of entities: a comma or | for or, ; for and, parentheses"),
}


class Parameters:
    """The query parameters of one request, each at most once.

    Args:
        values: texts by name.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """The parameter's text; None when it was not sent or is empty."""
        return self._values.get(name) or None

    def names(self) -> dict[str, str]:
        """All of them, as they came."""
        return dict(self._values)

    def parts(self, name: str) -> tuple[str, ...]:
        """The comma-separated parts of a parameter.

        Raises:
            DomainError: BadRequestData when one of them is empty.
        """
        text = self._values.get(name)
        if not text:
            return ()
        parts = tuple(part.strip() for part in text.split(","))
        if not all(parts):
            raise bad_data(f"The parameter {name} has an empty part: {text[:80]!r}.", name)
        return parts

    def flag(self, name: str) -> bool:
        """A parameter that is ``true`` or ``false``.

        Raises:
            DomainError: InvalidRequest when it is anything else.
        """
        text = self._values.get(name) or "false"
        if text not in {"true", "false"}:
            raise invalid(f"The parameter {name} is {text[:40]!r}; it is true or false.", name)
        return text == "true"

    def number(self, name: str) -> int | None:
        """A parameter that is a whole number from 0 on.

        Raises:
            DomainError: BadRequestData when it is anything else.
        """
        text = self._values.get(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise bad_data(f"The parameter {name} is {text[:40]!r}; it is a whole number from 0 on.", name)
        return int(text)

    def instant(self, name: str) -> Instant | None:
        """A parameter that is a date-time.

        Raises:
            DomainError: BadRequestData when it is none between the years 1800 and 2200.
        """
        text = self._values.get(name)
        if not text:
            return None
        instant = instant_or_none(text)
        if instant is None:
            hint = " (a + in an address must be written %2B)" if " " in text else ""
            raise bad_data(f"The parameter {name} is {text[:60]!r}, not a date-time with offset{hint}.", name)
        return instant


def parse_parameters(query: bytes, honoured: frozenset[str], refused: frozenset[str]) -> Parameters:
    """The parameters of a query string (NGSI-LD clause 6.3.20).

    Args:
        query: the query string.
        honoured: what the operation reads.
        refused: what the standard has for the operation, and this broker not yet.

    Raises:
        DomainError: InvalidRequest for an unknown, repeated or undecodable one; OperationNotSupported for one of
            those refused.
    """
    if not query:
        return Parameters({})
    if len(query) > _QUERY_BYTES_MAX:
        raise DomainError(
            Fault.TOO_COMPLEX, f"The query string has {len(query)} bytes; {_QUERY_BYTES_MAX} is the most."
        )
    values: dict[str, str] = {}
    for pair in query.split(b"&"):
        raw, _, text = pair.partition(b"=")
        if not raw and not text:
            continue
        name = _decoded(raw, "name of a parameter")
        if name in refused:
            raise DomainError(Fault.NOT_SUPPORTED, f"The parameter {name} is not supported by this operation.", name)
        if name not in honoured:
            known = ", ".join(sorted(honoured)) or "none"
            raise invalid(f"There is no parameter {name[:80]!r} here; there are: {known}.", name[:80])
        if name in values:
            raise invalid(f"The parameter {name} was sent twice.", name)
        values[name] = _decoded(text, f"parameter {name}")
        if len(values) > _PARAMETERS_MAX:
            raise invalid(f"The request has more than {_PARAMETERS_MAX} parameters.")
    return Parameters(values)


def _decoded(raw: bytes, what: str) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise invalid(f"The {what} is not UTF-8.") from error
    if "\x00" in text:
        raise invalid(f"The {what} holds a zero character.")
    return text
