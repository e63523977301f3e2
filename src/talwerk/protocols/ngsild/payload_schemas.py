"""Payloads as JSON Schemas, for the API's description (NGSI-LD clauses 4.5, 5.2 and 6.3.4).

They say what is accepted as far as a schema can; the rules behind them are in ``decoding``.
"""

from __future__ import annotations

from typing import Any

from talwerk.core.entity import Kind
from talwerk.core.query import LINKS_MAX
from talwerk.protocols.http.description import TEXT, Schema, reference

from .kinds import MEMBER

_URI: Schema = {"type": "string", "format": "uri"}
# What was accepted once may hold letters beyond ASCII, which checkers of the format "uri" refuse.
_IRI: Schema = {"type": "string", "description": "a URI or IRI"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_NAMES: Schema = {"oneOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}
_CONTEXT: Schema = {
    "description": "an address, term definitions, or a list of both",
    "oneOf": [_URI, {"type": "object"}, {"type": "array", "items": {"oneOf": [_URI, {"type": "object"}]}}],
}
_POINT: Schema = {
    "type": "object",
    "description": "a GeoJSON geometry",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {
            "enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"],
        },
        "coordinates": {"type": "array"},
    },
}
_VALUES: dict[Kind, Schema] = {
    Kind.PROPERTY: {"type": ["string", "number", "boolean", "object", "array"]},
    Kind.GEO_PROPERTY: _POINT,
    Kind.RELATIONSHIP: {"oneOf": [_URI, {"type": "array", "items": _URI, "minItems": 1}]},
    Kind.LANGUAGE_PROPERTY: {"type": "object", "minProperties": 1, "additionalProperties": _NAMES},
    Kind.VOCAB_PROPERTY: _NAMES,
    Kind.LIST_PROPERTY: {"type": "array"},
    Kind.LIST_RELATIONSHIP: {"type": "array", "items": {"oneOf": [_URI, {"type": "object"}]}},
    Kind.JSON_PROPERTY: {},
}


def _instance(kind: Kind) -> Schema:
    member = MEMBER[kind]
    return {
        "type": "object",
        "required": ["type", member],
        "properties": {
            "type": {"const": kind.value},
            member: _VALUES[kind],
            "observedAt": _TIME,
            "datasetId": _URI,
            "unitCode": TEXT,
        },
    }


def _entity(*, linked: bool, required: tuple[str, ...] = ("id", "type")) -> Schema:
    schema: dict[str, Any] = {
        "type": "object",
        "required": [*required, "@context"] if linked else [*required],
        "properties": {"id": _URI, "type": _NAMES, "scope": _NAMES},
        "additionalProperties": reference("Attribute"),
    }
    schema["properties"]["@context"] = _CONTEXT if linked else False
    return schema


def _attribute_fragment(*, linked: bool) -> Schema:
    """Members of one attribute; which of them belong to its kind, a schema does not say."""
    members = {member: _VALUES[kind] for kind, member in MEMBER.items() if kind is not Kind.GEO_PROPERTY}
    properties = {"type": {"enum": [kind.value for kind in Kind]}, **members, "observedAt": _TIME, "datasetId": _URI}
    return {
        "type": "object",
        "minProperties": 1,
        "required": ["@context"] if linked else [],
        "properties": {**properties, "@context": _CONTEXT if linked else False},
    }


def _list_of(name: str) -> Schema:
    return {"type": "array", "minItems": 1, "items": reference(name)}


JOIN: Schema = {"enum": ["flat", "inline", "@none"]}
JOIN_LEVEL: Schema = {"type": "integer", "minimum": 1, "maximum": LINKS_MAX}

SCHEMAS: dict[str, Schema] = {
    **{kind.value: _instance(kind) for kind in Kind},
    "Attribute": {
        "description": "an attribute: normalized, concise (a plain value, or an object without type), or several",
        "anyOf": [
            *(reference(kind.value) for kind in Kind),
            {"type": ["string", "number", "boolean"]},
            {"type": "array"},
            {"type": "object", "required": ["value"]},
        ],
    },
    "Entity": _entity(linked=False),
    "LinkedEntity": _entity(linked=True),
    "Fragment": _entity(linked=False, required=()),
    "LinkedFragment": _entity(linked=True, required=()),
    "AttributeFragment": _attribute_fragment(linked=False),
    "LinkedAttributeFragment": _attribute_fragment(linked=True),
    "Entities": _list_of("Entity"),
    "LinkedEntities": _list_of("LinkedEntity"),
    "Ids": {"type": "array", "minItems": 1, "items": _URI},
    "Written": {"type": "array", "items": _IRI},
    "Query": {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"const": "Query"},
            "entities": {
                "type": "array",
                "items": {"type": "object", "properties": {"id": _URI, "idPattern": TEXT, "type": TEXT}},
            },
            "attrs": {"type": "array", "items": TEXT},
            "pick": {"type": "array", "items": TEXT},
            "omit": {"type": "array", "items": TEXT},
            "q": TEXT,
            "geoQ": {"type": "object"},
            "scopeQ": TEXT,
            "lang": TEXT,
            "datasetId": {"type": "array", "items": TEXT},
            "join": JOIN,
            "joinLevel": JOIN_LEVEL,
            "containedBy": {"type": "array", "items": _URI},
            "temporalQ": {"type": "object"},
        },
    },
    "Shown": {"type": "object", "description": "an entity as it was asked for", "properties": {"id": _IRI}},
    "ShownEntities": {"type": "array", "items": reference("Shown")},
    "BatchOperationResult": {
        "type": "object",
        "required": ["success", "errors"],
        "properties": {
            "success": reference("Written"),
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"entityId": TEXT, "error": reference("Problem")},
                },
            },
        },
    },
    "UpdateResult": {
        "type": "object",
        "required": ["updated", "notUpdated"],
        "properties": {
            "updated": {"type": "array", "items": TEXT},
            "notUpdated": {
                "type": "array",
                "items": {"type": "object", "properties": {"attributeName": TEXT, "reason": TEXT}},
            },
        },
    },
    "Discovered": {"type": "object", "required": ["id", "type"], "properties": {"id": _IRI, "type": TEXT}},
}
