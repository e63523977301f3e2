"""Many entities at once (NGSI-LD clauses 5.6.7 and 5.6.8; resources 6.14 and 6.15).

Each entity succeeds or fails by itself; all that succeed are committed together.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from talwerk.core.change import Batch, Change, Done, Mode
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError, Fault, bad_data, invalid
from talwerk.protocols.http.answers import Answer
from talwerk.protocols.http.bodies import BATCH_BYTES_MAX
from talwerk.protocols.http.problems import problem

from .call import Call
from .decoding import decode_entity
from .faults import FORM

ENTITIES_MAX = 10_000
# Between so many entities others get their turn.
_SLICE = 200


class Result(msgspec.Struct, frozen=True):
    """What became of a batch.

    Attributes:
        created: ids of the entities that came into being.
        updated: ids of those that were there before.
        errors: entries of a BatchOperationResult (clause 5.2.16).
    """

    created: list[str]
    updated: list[str]
    errors: list[dict[str, Any]]


async def create_entities(call: Call) -> Answer:
    """Create entities in a batch (clause 5.6.7, resource 6.14.3.1).

    Raises:
        DomainError: BadRequestData when the body is no list of entities; whatever is wrong with the body.
    """
    result = await _write(call, Mode.CREATE)
    return _partial(result) if result.errors else Answer(201, msgspec.json.encode(result.created))


async def upsert_entities(call: Call) -> Answer:
    """Create or change entities in a batch (clause 5.6.8, resource 6.15.3.1).

    Raises:
        DomainError: InvalidRequest for an unknown option; BadRequestData when the body is no list of entities.
    """
    options = call.parameters.parts("options")
    if len(options) > 1 or not set(options) <= {"replace", "update"}:
        raise invalid(f"The options {','.join(options)[:80]!r} are not one of replace and update.", "options")
    result = await _write(call, Mode.UPDATE if options == ("update",) else Mode.REPLACE)
    if result.errors:
        return _partial(result)
    return Answer(201, msgspec.json.encode(result.created)) if result.created else Answer(204)


def _partial(result: Result) -> Answer:
    document = {"success": [*result.created, *result.updated], "errors": result.errors}
    return Answer(207, msgspec.json.encode(document))


async def _write(call: Call, mode: Mode) -> Result:
    payloads, linked = await call.body(BATCH_BYTES_MAX)
    if not isinstance(payloads, list) or not payloads:
        raise bad_data("The body is not a list of at least one entity.", "/")
    if len(payloads) > ENTITIES_MAX:
        raise DomainError(Fault.TOO_LARGE, f"The body holds {len(payloads)} entities; {ENTITIES_MAX} is the most.")
    result = Result([], [], [])
    entities: list[Entity] = []
    for index, payload in enumerate(payloads):
        if index % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        try:
            context = await call.context_of(payload, linked, f"/{index}")
            entities.append(decode_entity(payload, context, f"/{index}"))
        except DomainError as error:
            identifier = payload.get("id") if isinstance(payload, dict) else None
            result.errors.append(_failed(identifier, error))
    if entities:
        await _commit(call, mode, entities, result)
    return result


async def _commit(call: Call, mode: Mode, entities: list[Entity], result: Result) -> None:
    changes = tuple(Change(mode=mode, entity=entity) for entity in entities)
    ack = await call.broker.write(Batch(changes=changes), call.scope)
    created = {outcome.entity for outcome in ack.outcomes if outcome.done is Done.CREATED}
    for outcome in ack.outcomes:
        if outcome.fault is not None:
            result.errors.append(_failed(outcome.entity, DomainError(outcome.fault, outcome.detail)))
        elif outcome.done is Done.CREATED:
            result.created.append(outcome.entity)
        elif outcome.entity not in created:
            result.updated.append(outcome.entity)


def _failed(identifier: object, error: DomainError) -> dict[str, Any]:
    entry: dict[str, Any] = {"error": problem(error, FORM)}
    return {"entityId": identifier, **entry} if isinstance(identifier, str) else entry
