"""The API's description of the catalogue (OpenAPI)."""

from __future__ import annotations

from collections.abc import Sequence

from talwerk.core.errors import Fault
from talwerk.protocols.http.description import TEXT, Described, Description, Outcome, Resource, Schema, reference

from . import datasets, themes
from .answers import LANGUAGE, LANGUAGES

_TAG = "Themes and datasets"
_JSON, _CSV = "application/json", "text/csv"
_KEY = Described(name="key", place="path", schema={"type": "string", "pattern": "^[^/.]+$"}, meaning="its key")
_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_NUMBER: Schema = {"type": ["number", "null"]}
_LANGUAGE = Described(
    name=LANGUAGE, schema={"enum": list(LANGUAGES)}, meaning="of the words; otherwise Accept-Language"
)

_SCHEMAS: dict[str, Schema] = {
    "Indicator": {
        "type": "object",
        "required": ["key", "id", "title", "value", "unit", "absence", "formula", "asOf"],
        "properties": {
            "id": TEXT,
            "title": TEXT,
            "value": _NUMBER,
            "unit": TEXT,
            "absence": {"type": ["string", "null"]},
            "missing": {"type": ["string", "null"]},
            "numerator": _NUMBER,
            "denominator": _NUMBER,
            "asOf": _TIME,
            "formula": TEXT,
            "denominatorText": TEXT,
            "simulated": {"type": "boolean"},
        },
    },
    "Theme": {
        "type": "object",
        "required": ["key", "title", "zielbild", "indicators"],
        "properties": {
            "key": TEXT,
            "title": TEXT,
            "zielbild": TEXT,
            "indicators": {"type": "array", "items": reference("Indicator")},
        },
    },
    "Themes": {
        "type": "object",
        "required": ["zielbilder", "themes"],
        "properties": {"themes": {"type": "array", "items": reference("Theme")}},
    },
    "Dataset": {
        "type": "object",
        "required": ["key", "kind", "title", "licence", "state", "exportable"],
        "properties": {
            "key": TEXT,
            "kind": {"enum": ["polled", "sent", "layer", "computed"]},
            "title": TEXT,
            "licence": TEXT,
            "state": {"type": ["string", "null"]},
            "since": _TIME,
            "first": _TIME,
            "last": _TIME,
            "exportable": {"type": "boolean"},
        },
    },
    "Datasets": {
        "type": "object",
        "required": ["datasets"],
        "properties": {"datasets": {"type": "array", "items": reference("Dataset")}},
    },
}


def description() -> Description:
    """Themes, indicators and datasets."""
    table = {_CSV: TEXT}
    refused = (Fault.NOT_FOUND, Fault.FORBIDDEN)
    return Description(
        resources=(
            _read(themes.PATH, "themes", "Themes with their indicators", {_JSON: reference("Themes")}),
            _read(themes.PATH + ".csv", "themesTable", "All indicators as a table", table),
            _read(themes.PATH + "/{key}", "theme", "One theme", {_JSON: reference("Theme")}, (Fault.NOT_FOUND,)),
            _read(themes.PATH + "/{key}.csv", "themeTable", "Its indicators as a table", table, (Fault.NOT_FOUND,)),
            _read(datasets.PATH, "datasets", "What data the city has", {_JSON: reference("Datasets")}),
            _read(
                datasets.PATH + "/{key}", "dataset", "One dataset", {_JSON: reference("Dataset")}, (Fault.NOT_FOUND,)
            ),
            _read(datasets.PATH + "/{key}.csv", "datasetTable", "Newest value of each of its series", table, refused),
        ),
        schemas=_SCHEMAS,
    )


def _read(path: str, name: str, title: str, content: dict[str, Schema], faults: Sequence[Fault] = ()) -> Resource:
    return Resource(
        method="GET",
        path=path,
        name=name,
        title=title,
        tag=_TAG,
        parameters=(_KEY, _LANGUAGE) if "{key}" in path else (_LANGUAGE,),
        outcomes={200: Outcome(meaning="found", content=content)},
        faults=faults,
    )
