"""Many entities at once (NGSI-LD clauses 5.6.7 to 5.6.10 and 5.6.20; resources 6.14 to 6.17 and 6.31).

Each entity succeeds or fails by itself; all that succeed are committed together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from talwerk.core.change import Batch, Change, Done, Mode
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError, Fault, bad_data, invalid
from talwerk.core.identifiers import is_iri
from talwerk.protocols.http.answers import Answer
from talwerk.protocols.http.bodies import BATCH_BYTES_MAX
from talwerk.protocols.http.problems import problem

from .attributes import no_overwrite
from .call import Call
from .contexts import Context
from .decoding import decode_entity, decode_id, decode_part
from .faults import FORM
from .fragments import Manner, decode_merge

ENTITIES_MAX = 10_000
# Between so many entities others get their turn.
_SLICE = 200


class Result(msgspec.Struct, frozen=True):
    """What became of a batch.

    Attributes:
        created: ids of the entities that came into being.
        updated: ids of those that were there before, those that were deleted included.
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
    result = await _write(call, _whole(Mode.CREATE))
    return _partial(result) if result.errors else Answer(201, msgspec.json.encode(result.created))


async def upsert_entities(call: Call) -> Answer:
    """Create or change entities in a batch (clause 5.6.8, resource 6.15.3.1).

    Raises:
        DomainError: InvalidRequest for an unknown option; BadRequestData when the body is no list of entities.
    """
    options = call.parameters.parts("options")
    if len(options) > 1 or not set(options) <= {"replace", "update"}:
        raise invalid(f"The options {','.join(options)[:80]!r} are not one of replace and update.", "options")
    result = await _write(call, _whole(Mode.UPDATE if options == ("update",) else Mode.REPLACE))
    if result.errors:
        return _partial(result)
    return Answer(201, msgspec.json.encode(result.created)) if result.created else Answer(204)


def _partial(result: Result) -> Answer:
    document = {"success": [*result.created, *result.updated], "errors": result.errors}
    return Answer(207, msgspec.json.encode(document))


async def update_entities(call: Call) -> Answer:
    """Append to, or overwrite, entities that are there in a batch (clause 5.6.9, resource 6.16.3.1).

    Raises:
        DomainError: InvalidRequest for an unknown option; BadRequestData when the body is no list of entities.
    """
    overwrite = not no_overwrite(call)

    def change(payload: Any, context: Context, at: str) -> Change:
        entity = decode_part(payload, context, decode_id(payload, at), at, nulls=False)
        return Change(mode=Mode.UPDATE, entity=entity, existing=True, overwrite=overwrite)

    return _answer(await _write(call, change))


async def merge_entities(call: Call) -> Answer:
    """Merge fragments into entities in a batch (clause 5.6.20, resource 6.31.3.1).

    Raises:
        DomainError: BadRequestData when the body is no list of entities.
    """

    def change(payload: Any, context: Context, at: str) -> Change:
        entity, fragments = decode_merge(payload, context, decode_id(payload, at), Manner(at=at))
        return Change(mode=Mode.MERGE, entity=entity, fragments=fragments)

    return _answer(await _write(call, change))


async def delete_entities(call: Call) -> Answer:
    """Delete entities in a batch (clause 5.6.10, resource 6.17.3.1).

    Raises:
        DomainError: BadRequestData when the body is no list of ids.
    """
    payloads, _ = await call.body(BATCH_BYTES_MAX)
    result = Result([], [], [])
    changes: list[Change] = []
    for index, identifier in enumerate(_listed(payloads)):
        if isinstance(identifier, str) and is_iri(identifier):
            changes.append(Change(mode=Mode.DELETE, entity=Entity(id=identifier, types=())))
        else:
            error = bad_data(f"The id {str(identifier)[:80]!r} is not a URI.", f"/{index}")
            result.errors.append(_failed(identifier, error))
    await _commit(call, changes, result)
    return _answer(result)


Decode = Callable[[Any, Context, str], Change]
"""Makes a change of one object of the body, its context and its place."""


def _whole(mode: Mode) -> Decode:
    return lambda payload, context, at: Change(mode=mode, entity=decode_entity(payload, context, at))


def _answer(result: Result) -> Answer:
    return _partial(result) if result.errors else Answer(204)


def _listed(payloads: Any) -> list[Any]:
    if not isinstance(payloads, list) or not payloads:
        raise bad_data("The body is not a list of at least one entity.", "/")
    if len(payloads) > ENTITIES_MAX:
        raise DomainError(Fault.TOO_LARGE, f"The body holds {len(payloads)} entities; {ENTITIES_MAX} is the most.")
    return payloads


async def _write(call: Call, decode: Decode) -> Result:
    payloads, linked = await call.body(BATCH_BYTES_MAX)
    result = Result([], [], [])
    changes: list[Change] = []
    for index, payload in enumerate(_listed(payloads)):
        if index % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        try:
            context = await call.context_of(payload, linked, f"/{index}")
            changes.append(decode(payload, context, f"/{index}"))
        except DomainError as error:
            identifier = payload.get("id") if isinstance(payload, dict) else None
            result.errors.append(_failed(identifier, error))
    await _commit(call, changes, result)
    return result


async def _commit(call: Call, changes: list[Change], result: Result) -> None:
    """Write the changes in their order; an entity that is named twice is told once."""
    if not changes:
        return
    ack = await call.broker.write(Batch(changes=tuple(changes)), call.scope)
    told: set[str] = set()
    for outcome in ack.outcomes:
        if outcome.fault is not None:
            result.errors.append(_failed(outcome.entity, DomainError(outcome.fault, outcome.detail)))
        elif outcome.entity not in told:
            told.add(outcome.entity)
            (result.created if outcome.done is Done.CREATED else result.updated).append(outcome.entity)


def _failed(identifier: object, error: DomainError) -> dict[str, Any]:
    entry: dict[str, Any] = {"error": problem(error, FORM)}
    return {"entityId": identifier, **entry} if isinstance(identifier, str) else entry
