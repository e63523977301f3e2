"""Which entity types and attributes there are (NGSI-LD clauses 5.7.5 to 5.7.10; resources 6.25 to 6.28)."""

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


async def list_attributes(call: Call) -> Answer:
    """List the attributes, with the types that have them when details are wanted (clauses 5.7.8 and 5.7.9)."""
    context = await call.context()
    how = plain_representation(call, context)
    holders = _holders(call)
    if call.parameters.flag("details"):
        entries = [
            {
                "id": full,
                "type": "Attribute",
                "attributeName": context.compact(full),
                "typeNames": [context.compact(kind.type) for kind in kinds],
            }
            for full, kinds in holders.items()
        ]
        if how.linked:
            entries = [{**entry, "@context": context.reference} for entry in entries]
        return document_answer(entries, how)
    digest = hashlib.sha256("\n".join(holders).encode()).hexdigest()[:32]
    names = [context.compact(full) for full in holders]
    document = {"id": f"urn:ngsi-ld:AttributeList:{digest}", "type": "AttributeList", "attributeList": names}
    if how.linked:
        document["@context"] = context.reference
    return document_answer(document, how)


async def describe_attribute(call: Call) -> Answer:
    """Describe one attribute: on how many entities, of which types, as which kinds (clause 5.7.10).

    Raises:
        DomainError: ResourceNotFound when no entity that the scope shows ever had the attribute.
    """
    context = await call.context()
    how = plain_representation(call, context)
    wanted = context.expand(call.arguments[0])
    kinds = _holders(call).get(wanted)
    if kinds is None:
        raise DomainError(Fault.NOT_FOUND, f"The attribute {call.arguments[0][:80]!r} does not exist.")
    count = call.broker.read(Query(having=(wanted,), page=Page(limit=0, count=True)), call.scope).total
    document: dict[str, Any] = {
        "id": wanted,
        "type": "Attribute",
        "attributeName": context.compact(wanted),
        "attributeCount": count,
        "attributeTypes": sorted({name for kind in kinds for name in _kinds(call, kind.type, wanted)}),
        "typeNames": [context.compact(kind.type) for kind in kinds],
    }
    if how.linked:
        document["@context"] = context.reference
    return document_answer(document, how)


def _holders(call: Call) -> dict[str, list[TypeCount]]:
    """The types that have each attribute, both in order of their IRIs."""
    found: dict[str, list[TypeCount]] = {}
    for kind in call.broker.types(call.scope):
        for attribute in kind.attributes:
            found.setdefault(attribute, []).append(kind)
    return dict(sorted(found.items()))


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
