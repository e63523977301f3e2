"""What all writing operations share: one change, its outcome, and how that is told (NGSI-LD clause 5.2.18)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from talwerk.core.change import Batch, Change, Outcome
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import Page, Query
from talwerk.protocols.http.answers import Answer

from .call import Call
from .contexts import Context
from .selection import entity_id
from .types_selection import parse_types


async def addressed(call: Call) -> str:
    """The id of the entity that the path names; when the parameter ``type`` is given, it is of those types.

    Raises:
        DomainError: BadRequestData for an id that is no URI; ResourceNotFound when no such entity has the types.
    """
    identifier = entity_id(call.arguments[0])
    if call.parameters.text("type") is not None:
        await present(call, identifier)
    return identifier


async def present(call: Call, identifier: str) -> Entity:
    """The entity as it is.

    Raises:
        DomainError: ResourceNotFound when the scope shows no such entity, or none of the types of the parameter.
    """
    text = call.parameters.text("type")
    types, condition = parse_types(text, (await call.context()).expand) if text else ((), None)
    query = Query(ids=(identifier,), types=types, filter=condition, page=Page(limit=1))
    found = call.broker.read(query, call.scope).entities
    if not found:
        raise DomainError(Fault.NOT_FOUND, f"The entity {identifier} does not exist.")
    return found[0]


async def written(call: Call, change: Change) -> Outcome:
    """Write one change.

    Raises:
        DomainError: whatever was wrong with it.
    """
    ack = await call.broker.write(Batch(changes=(change,)), call.scope)
    outcome = ack.outcomes[0]
    if outcome.fault is not None:
        raise DomainError(outcome.fault, outcome.detail)
    return outcome


def update_answer(outcome: Outcome, named: Iterable[str], context: Context) -> Answer:
    """204 when all that was named is done, otherwise 207 with an UpdateResult (clause 5.2.18).

    Args:
        outcome: of the change.
        named: IRIs of the attributes that the request named.
        context: of the answer's names.
    """
    if not outcome.refused:
        return Answer(204)
    reasons: dict[str, list[str]] = {}
    for refusal in outcome.refused:
        reasons.setdefault(refusal.attribute, []).append(refusal.detail)
    document: dict[str, Any] = {
        "updated": [context.compact(name) for name in named if name not in reasons],
        "notUpdated": [
            {"attributeName": context.compact(name), "reason": " ".join(details)} for name, details in reasons.items()
        ],
    }
    return Answer(207, msgspec.json.encode(document))


def single_answer(outcome: Outcome) -> Answer:
    """204, for an operation on one attribute or instance.

    Raises:
        DomainError: why it was refused.
    """
    if outcome.refused:
        refusal = outcome.refused[0]
        raise DomainError(refusal.fault, f"Entity {outcome.entity}: {refusal.detail}")
    return Answer(204)
