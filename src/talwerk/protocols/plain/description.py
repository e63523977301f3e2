"""The API's description of the short door (OpenAPI)."""

from __future__ import annotations

from talwerk.core.errors import Fault
from talwerk.protocols.http.description import TEXT, Described, Description, Outcome, Resource, Schema, reference

from .stations import PATH

_TAG = "Plain JSON and CSV"
_JSON = "application/json"
_TIME: Schema = {"type": "string", "format": "date-time"}
_ID = Described(name="id", place="path", schema={"type": "string", "minLength": 1}, meaning="the entity's id")
_ATTRIBUTE = Described(name="attribute", place="path", schema={"type": "string", "minLength": 1})
_WINDOW = (
    Described(name="from", schema=_TIME, meaning="the first time"),
    Described(name="to", schema=_TIME, meaning="the time after the last"),
    Described(name="stand", schema=_TIME, meaning="as it was known then: nothing that was recorded or put right later"),
    Described(name="last", schema={"type": "integer", "minimum": 1}, meaning="only the newest so many"),
)
_PAGE = (
    Described(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 1_000}, meaning="stations per page"),
    Described(name="after", schema=TEXT, meaning='cursor, from the Link with rel="next"'),
)
_SCHEMAS: dict[str, Schema] = {
    "Station": {
        "type": "object",
        "required": ["id", "name", "types", "href", "values"],
        "properties": {
            "id": TEXT,
            "types": {"type": "array", "items": TEXT},
            "href": TEXT,
            "values": {"type": "object", "additionalProperties": reference("Reading")},
            "simulated": {"type": "boolean"},
            "series": {"type": "array", "items": {"type": "object"}},
        },
    },
    "Reading": {
        "type": "object",
        "required": ["value", "observedAt", "quality"],
        "properties": {
            "unit": {"type": ["string", "null"]},
            "observedAt": _TIME,
            "age_s": {"type": "integer"},
            "quality": {"enum": ["pass", "not_evaluated", "suspect", "fail", "missing"]},
        },
    },
    "Points": {
        "type": "object",
        "required": ["series", "columns", "points"],
        "properties": {"points": {"type": "array", "items": {"type": "array", "minItems": 4, "maxItems": 4}}},
    },
}


def description() -> Description:
    """The measuring points and their values."""
    stations = {"type": "array", "items": reference("Station")}
    found = {"Link": 'the next page, rel="next"'}
    return Description(
        resources=(
            Resource(
                method="GET",
                path=PATH,
                name="stations",
                title="Measuring points with their newest values",
                tag=_TAG,
                parameters=_PAGE,
                outcomes={200: Outcome(meaning="found", content={_JSON: stations}, headers=found)},
            ),
            Resource(
                method="GET",
                path=PATH + "/{id}",
                name="station",
                title="One measuring point, with the description of its series",
                tag=_TAG,
                parameters=(_ID,),
                outcomes={200: Outcome(meaning="found", content={_JSON: reference("Station")})},
                faults=(Fault.NOT_FOUND,),
            ),
            _values("csv", "The values of a series as a table", {"text/csv": TEXT}),
            _values("json", "The values of a series", {_JSON: reference("Points")}),
        ),
        schemas=_SCHEMAS,
    )


def _values(ending: str, title: str, content: dict[str, Schema]) -> Resource:
    return Resource(
        method="GET",
        path=f"{PATH}/{{id}}/{{attribute}}.{ending}",
        name=f"{ending}Values",
        title=title,
        tag=_TAG,
        parameters=(_ID, _ATTRIBUTE, *_WINDOW),
        outcomes={200: Outcome(meaning="found", content=content)},
        faults=(Fault.NOT_FOUND,),
    )
