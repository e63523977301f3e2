"""The description of the API for machines (OpenAPI 3.1): each protocol describes itself, this puts it together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from talwerk import __version__
from talwerk.core.errors import Fault

from .problems import STATUS

PATH = "/api/openapi.json"

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}

READING = (Fault.INVALID_REQUEST, Fault.UNAUTHENTICATED, Fault.FORBIDDEN, Fault.MISDIRECTED)
"""What every request may meet: the guard stands in front of everything."""
WRITING = (Fault.ALREADY_EXISTS, Fault.STORAGE_FULL, Fault.BUSY)
SENDING = (Fault.TIMED_OUT, Fault.LENGTH_REQUIRED, Fault.TOO_LARGE, Fault.UNSUPPORTED_MEDIA_TYPE)


def reference(name: str) -> Schema:
    """A reference to a schema that a protocol brings along."""
    return {"$ref": f"#/components/schemas/{name}"}


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter.

    Attributes:
        name: of the parameter.
        schema: of its text.
        meaning: one line about it.
        place: where it stands: ``query``, ``path`` or ``header``.
    """

    name: str
    schema: Schema
    meaning: str = ""
    place: str = "query"

    def document(self) -> dict[str, Any]:
        """The parameter object."""
        document = {"name": self.name, "in": self.place, "schema": self.schema}
        if self.meaning:
            document["description"] = self.meaning
        return {**document, "required": True} if self.place == "path" else document


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation answers when it went well.

    Attributes:
        meaning: one line about it.
        content: schemas by media type, empty for an answer without content.
        headers: meanings by header.
    """

    meaning: str
    content: Mapping[str, Schema] = {}
    headers: Mapping[str, str] = {}

    def document(self) -> dict[str, Any]:
        """The response object."""
        document: dict[str, Any] = {"description": self.meaning}
        if self.content:
            document["content"] = {kind: {"schema": schema} for kind, schema in self.content.items()}
        if self.headers:
            document["headers"] = {
                name: {"description": meaning, "schema": TEXT} for name, meaning in self.headers.items()
            }
        return document


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A method on a path.

    Attributes:
        method: the HTTP method.
        path: from the root on.
        name: a short name, once in the whole API.
        title: what it does.
        tag: the heading that it stands under.
        parameters: what may be asked.
        body: schemas of the content by media type, empty when there is none.
        outcomes: what it answers by status.
        faults: what may go wrong, besides what every request may meet.
        writes: whether it needs a right to write.
        note: more about it.
    """

    method: str
    path: str
    name: str
    title: str
    tag: str
    parameters: Sequence[Described] = ()
    body: Mapping[str, Schema] = {}
    outcomes: Mapping[int, Outcome]
    faults: Sequence[Fault] = ()
    writes: bool = False
    note: str = ""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """How a protocol describes itself.

    Attributes:
        resources: its operations.
        schemas: what they refer to, by name.
        problem: the media type of its problem documents.
    """

    resources: Sequence[Resource]
    schemas: Mapping[str, Schema] = {}
    problem: str = "application/problem+json"


_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, with its identifier"},
        "where": {"type": "string", "description": "the place: a JSON pointer, a parameter, a header"},
        "request": {"type": "string", "description": "the request's id, where the cause stands in the log"},
    },
}


def document(parts: Iterable[Description]) -> dict[str, Any]:
    """The OpenAPI document of all parts."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Schema] = {"Problem": _PROBLEM}
    for part in parts:
        schemas.update(part.schemas)
        for resource in part.resources:
            paths.setdefault(resource.path, {})[resource.method.lower()] = _operation(resource, part.problem)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Talwerk",
            "version": __version__,
            "summary": "The operating platform of a smart city",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The operator's token (`talwerk token`) or a device's key. Reading needs neither.",
                }
            },
        },
    }


def _operation(resource: Resource, problem: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": resource.name,
        "summary": resource.title,
        "tags": [resource.tag],
        "responses": {str(status): outcome.document() for status, outcome in resource.outcomes.items()},
        "security": [{"bearer": []}] if resource.writes else [{}, {"bearer": []}],
    }
    if resource.note:
        operation["description"] = resource.note
    if resource.parameters:
        operation["parameters"] = [parameter.document() for parameter in resource.parameters]
    if resource.body:
        content = {kind: {"schema": schema} for kind, schema in resource.body.items()}
        operation["requestBody"] = {"required": True, "content": content}
    faults = [*READING, *resource.faults]
    faults += [*SENDING] if resource.body else []
    faults += [*WRITING] if resource.writes else []
    operation["responses"] |= _problems(faults, problem)
    return operation


def _problems(faults: Iterable[Fault], media_type: str) -> dict[str, Any]:
    """Responses by status; faults that share a status share the response."""
    by_status: dict[int, list[str]] = {}
    for fault in dict.fromkeys(faults):
        by_status.setdefault(STATUS[fault], []).append(fault.value)
    # The guard in front of all protocols has its own form.
    kinds = dict.fromkeys((media_type, "application/problem+json"))
    return {
        str(status): {
            "description": ", ".join(names),
            "content": {kind: {"schema": reference("Problem")} for kind in kinds},
        }
        for status, names in sorted(by_status.items())
    }


def routes(parts: Sequence[Description]) -> list[Route]:
    """The address of the document; it is put together when it is first asked for."""
    ready: list[bytes] = []

    async def answer(_: Request) -> Response:
        if not ready:
            ready.append(msgspec.json.encode(document(parts)))
        headers = {"access-control-allow-origin": "*", "cache-control": "max-age=300"}
        return Response(ready[0], media_type="application/json", headers=headers)

    return [Route(PATH, answer)]
