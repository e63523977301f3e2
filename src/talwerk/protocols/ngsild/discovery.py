"""Which entity types there are (NGSI-LD clauses 5.7.5 to 5.7.7; resources 6.25 and 6.26)."""

from __future__ import annotations

import hashlib
from typing import Any

from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import Page, Query
from talwerk.core.series import TypeCount
from talwerk.protocols.http.answers import Answer

from .call import Call, document_answer
from .contexts import Context
from .representation import plain_representation


async def list_types(call: Call) -> Answer:
    """List the entity types, with their attributes when details are wanted (clauses 5.7.5 and 5.7.6)."""
    context = await call.context()
    how = plain_representation(call, context)
    known = call.broker.types(call.scope)
    if call.parameters.flag("details"):
        entries = [_described(kind, context) for kind in known]
        if how.linked:
            entries = [{**entry, "@context": context.reference} for entry in entries]
        return document_answer(entries, how)
    names = [context.compact(kind.type) for kind in known]
    digest = hashlib.sha256("\n".join(kind.type for kind in known).encode()).hexdigest()[:32]
    document = {"id": f"urn:ngsi-ld:EntityTypeList:{digest}", "type": "EntityTypeList", "typeList": names}
    if how.linked:
        document["@context"] = context.reference
    return document_answer(document, how)


async def describe_type(call: Call) -> Answer:
    """Describe one entity type: how many entities, which attributes of which kinds (clause 5.7.7).

    Raises:
        DomainError: ResourceNotFound when no entity that the scope shows has the type.
    """
    context = await call.context()
    how = plain_representation(call, context)
    wanted = context.expand(call.arguments[0])
    found = next((kind for kind in call.broker.types(call.scope) if kind.type == wanted), None)
    if found is None:
        raise DomainError(Fault.NOT_FOUND, f"The entity type {call.arguments[0][:80]!r} does not exist.")
    document: dict[str, Any] = {
        "id": found.type,
        "type": "EntityTypeInfo",
        "typeName": context.compact(found.type),
        "entityCount": found.count,
        "attributeDetails": [
            {
                "id": attribute,
                "type": "Attribute",
                "attributeName": context.compact(attribute),
                "attributeTypes": _kinds(call, found.type, attribute),
            }
            for attribute in found.attributes
        ],
    }
    if how.linked:
        document["@context"] = context.reference
    return document_answer(document, how)


def _described(kind: TypeCount, context: Context) -> dict[str, Any]:
    return {
        "id": kind.type,
        "type": "EntityType",
        "typeName": context.compact(kind.type),
        "attributeNames": [context.compact(attribute) for attribute in kind.attributes],
    }


def _kinds(call: Call, kind: str, attribute: str) -> list[str]:
    """Kinds of an attribute, looked up on the first entities of the type that have it."""
    query = Query(types=(kind,), having=(attribute,), attributes=(attribute,), page=Page(limit=20))
    found = call.broker.read(query, call.scope).entities
    return sorted({instance.kind.value for entity in found for instance in entity.attributes.get(attribute, ())})
