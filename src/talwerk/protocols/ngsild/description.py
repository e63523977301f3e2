"""The API's description of NGSI-LD (OpenAPI), generated from the table of operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from talwerk.core.errors import Fault
from talwerk.core.query import LIMIT_MAX, OFFSET_MAX
from talwerk.protocols.http.description import TEXT, Described, Description, Outcome, Resource, Schema, reference

from .call import JSON, JSON_LD, PREFIX
from .operations import OPERATIONS, Operation
from .parameters import PARAMETERS
from .payload_schemas import JOIN, JOIN_LEVEL, SCHEMAS

_VARIABLE = re.compile(r"{(\w+)}")
_TIME: Schema = {"type": "string", "format": "date-time"}
_KINDS: Mapping[str, Schema] = {
    "string": TEXT,
    "integer": {"type": "integer", "minimum": 0},
    "boolean": {"type": "boolean"},
}
_SCHEMAS: Mapping[str, Schema] = {
    "limit": {"type": "integer", "minimum": 0, "maximum": LIMIT_MAX},
    "offset": {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX},
    "join": JOIN,
    "joinLevel": JOIN_LEVEL,
    "lastN": {"type": "integer", "minimum": 1},
    "timeAt": _TIME,
    "endTimeAt": _TIME,
    "observedAt": _TIME,
    "timerel": {"enum": ["before", "after", "between"]},
    "timeproperty": {"enum": ["observedAt", "createdAt", "modifiedAt", "deletedAt"]},
    "geometry": {"enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]},
}
_HEADERS = (
    Described(
        name="Link",
        place="header",
        schema=TEXT,
        meaning='the @context of the names: <address>; rel="http://www.w3.org/ns/json-ld#context"',
    ),
    Described(name="NGSILD-Tenant", place="header", schema=TEXT, meaning="the tenant; there is only the unnamed one"),
)

_ENTITY = {JSON: reference("Entity"), JSON_LD: reference("LinkedEntity")}
_FRAGMENT = {JSON: reference("Fragment"), JSON_LD: reference("LinkedFragment")}
_ATTRIBUTE = {JSON: reference("AttributeFragment"), JSON_LD: reference("LinkedAttributeFragment")}
_ENTITIES = {JSON: reference("Entities"), JSON_LD: reference("LinkedEntities")}
_QUERY = {JSON: reference("Query"), JSON_LD: {"allOf": [reference("Query"), {"required": ["@context"]}]}}
_BODIES: Mapping[tuple[str, str], Mapping[str, Schema]] = {
    ("POST", "/entities"): _ENTITY,
    ("PATCH", "/entities/{entityId}"): {**_FRAGMENT, "application/merge-patch+json": reference("Fragment")},
    ("PUT", "/entities/{entityId}"): _ENTITY,
    ("PATCH", "/entities/{entityId}/attrs/{attrId}"): _ATTRIBUTE,
    ("PUT", "/entities/{entityId}/attrs/{attrId}"): _ATTRIBUTE,
    ("POST", "/entityOperations/delete"): {JSON: reference("Ids")},
    ("POST", "/entityOperations/query"): _QUERY,
    ("POST", "/temporal/entities"): _ENTITY,
    ("POST", "/temporal/entityOperations/query"): _QUERY,
}

_DONE = {204: Outcome(meaning="done")}
_CREATED = {201: Outcome(meaning="created", headers={"Location": "where it is"})}
_BATCH = {207: Outcome(meaning="some went well, some did not", content={JSON: reference("BatchOperationResult")})}
_BATCH_CREATED = {201: Outcome(meaning="the ids of what was created", content={JSON: reference("Written")})}
_UPDATED = {207: Outcome(meaning="some attributes were not written", content={JSON: reference("UpdateResult")})}
_OUTCOMES: Mapping[tuple[str, str], Mapping[int, Outcome]] = {
    ("POST", "/entities"): _CREATED | _BATCH,
    ("DELETE", "/entities"): _DONE | _BATCH,
    ("POST", "/entities/{entityId}/attrs"): _DONE | _UPDATED,
    ("PATCH", "/entities/{entityId}/attrs"): _DONE | _UPDATED,
    ("POST", "/entityOperations/create"): _BATCH_CREATED | _BATCH,
    ("POST", "/entityOperations/upsert"): _BATCH_CREATED | _DONE | _BATCH,
    ("POST", "/entityOperations/update"): _DONE | _BATCH,
    ("POST", "/entityOperations/delete"): _DONE | _BATCH,
    ("POST", "/entityOperations/merge"): _DONE | _BATCH,
    ("POST", "/temporal/entities"): _CREATED | _DONE,
}
_LISTS = ("/entities", "/temporal/entities", "/entityOperations/query", "/temporal/entityOperations/query")
_GEO_JSON = "application/geo+json"


def description() -> Description:
    """Every operation that is supported."""
    resources = tuple(_resource(operation) for operation in OPERATIONS if operation.handler is not None)
    return Description(resources=resources, schemas=SCHEMAS, problem=JSON)


def _resource(operation: Operation) -> Resource:
    body = _body(operation)
    faults = [Fault.UNKNOWN_TENANT, Fault.NOT_SUPPORTED, Fault.CONTEXT_NOT_AVAILABLE, Fault.TOO_COMPLEX]
    return Resource(
        method=operation.method,
        path=PREFIX + operation.path,
        name=_name(operation),
        title=operation.title,
        tag=f"NGSI-LD {operation.group}",
        parameters=tuple(_parameters(operation)),
        body=body,
        outcomes=_outcomes(operation),
        faults=faults if operation.writes else [*faults, Fault.NOT_ACCEPTABLE],
        writes=operation.writes,
        note=f"NGSI-LD clause {operation.clause}.",
    )


def _name(operation: Operation) -> str:
    words = _VARIABLE.sub(r"\1", operation.path).split("/")
    return operation.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def _parameters(operation: Operation) -> Iterator[Described]:
    for name in _VARIABLE.findall(operation.path):
        yield Described(name=name, place="path", schema=_path_schema(name))
    for name in sorted(operation.honoured):
        known = PARAMETERS[name]
        schema = _SCHEMAS.get(name) or _KINDS[known.kind]
        yield Described(name=name, schema=schema, meaning=f"{known.meaning} ({known.clause})")
    yield from _HEADERS


def _path_schema(name: str) -> Schema:
    if name in {"entityId", "instanceId"}:
        return {"type": "string", "format": "uri", "minLength": 1}
    return {"type": "string", "minLength": 1, "description": "a name of the @context or a URI"}


def _body(operation: Operation) -> Mapping[str, Schema]:
    if operation.method in {"GET", "DELETE"}:
        return {}
    if (operation.method, operation.path) in _BODIES:
        return _BODIES[operation.method, operation.path]
    return _ENTITIES if operation.path.startswith("/entityOperations/") else _FRAGMENT


def _outcomes(operation: Operation) -> Mapping[int, Outcome]:
    if operation.writes:
        return _OUTCOMES.get((operation.method, operation.path), _DONE)
    schema = reference("Discovered")
    if "ntit" in operation.path:
        schema = reference("ShownEntities" if operation.path in _LISTS else "Shown")
    if operation.path not in _LISTS and "join" in operation.honoured:
        schema = {"anyOf": [schema, reference("ShownEntities")]}
    content: dict[str, Schema] = {JSON: schema, JSON_LD: schema}
    headers = {"Link": "the @context of plain JSON; the next page"}
    if operation.path in {"/types", "/attributes"}:
        listed = {"anyOf": [schema, {"type": "array", "items": schema}]}
        content = {JSON: listed, JSON_LD: listed}
    elif "ntit" in operation.path and operation.group == "Core":
        content[_GEO_JSON] = {"type": "object"}
    outcomes = {200: Outcome(meaning="found", content=content, headers=headers)}
    if operation.group == "Temporal":
        part = Outcome(meaning="the newest part", content=content, headers={"Content-Range": "what it holds"})
        outcomes[206] = part
    return outcomes
