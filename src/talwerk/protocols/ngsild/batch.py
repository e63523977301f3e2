"""Many entities at once (NGSI-LD clauses 5.6.7 to 5.6.10 and 5.6.20; resources 6.14 to 6.17 and 6.31).

Each entity succeeds or fails by itself. All that succeed are committed together, unless they are so many that others
would have to wait.
"""

from __future__ import annotations

from typing import Any

import msgspec

from talwerk.core.change import Ack, Batch, Change, Done, Mode
from talwerk.core.errors import DomainError, invalid
from talwerk.protocols.http.answers import Answer
from talwerk.protocols.http.problems import problem

from .attributes import no_overwrite
from .batch_decoding import Intent
from .call import Call
from .faults import FORM
from .large import changes_of, turn


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
    result = await _write(call, Intent(mode=Mode.CREATE))
    return _partial(result) if result.errors else Answer(201, msgspec.json.encode(result.created))


async def upsert_entities(call: Call) -> Answer:
    """Create or change entities in a batch (clause 5.6.8, resource 6.15.3.1).

    Raises:
        DomainError: InvalidRequest for an unknown option; BadRequestData when the body is no list of entities.
    """
    options = call.parameters.parts("options")
    if len(options) > 1 or not set(options) <= {"replace", "update"}:
        raise invalid(f"The options {','.join(options)[:80]!r} are not one of replace and update.", "options")
    result = await _write(call, Intent(mode=Mode.UPDATE if options == ("update",) else Mode.REPLACE))
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
    return _answer(await _write(call, Intent(mode=Mode.UPDATE, existing=True, overwrite=not no_overwrite(call))))


async def merge_entities(call: Call) -> Answer:
    """Merge fragments into entities in a batch (clause 5.6.20, resource 6.31.3.1).

    Raises:
        DomainError: BadRequestData when the body is no list of entities.
    """
    return _answer(await _write(call, Intent(mode=Mode.MERGE)))


async def delete_entities(call: Call) -> Answer:
    """Delete entities in a batch (clause 5.6.10, resource 6.17.3.1).

    Raises:
        DomainError: BadRequestData when the body is no list of ids.
    """
    return _answer(await _write(call, Intent(mode=Mode.DELETE)))


def _answer(result: Result) -> Answer:
    return _partial(result) if result.errors else Answer(204)


async def _write(call: Call, intent: Intent) -> Result:
    """Write what the body brings; an entity that is named twice is told once."""
    brought = await changes_of(call, intent)
    result = Result([], [], [_failed(failure.identifier, failure.error()) for failure in brought.failures])
    told: set[str] = set()
    for index, batch in enumerate(brought.batches):
        try:
            async with turn(call, large=brought.large):
                ack = await call.broker.write(batch, call.scope)
        except DomainError as error:
            if index == 0:
                raise
            # What came before it is written: only these entities have failed.
            result.errors.extend(_failed(entity, error) for entity in _named(batch))
        else:
            _tell(result, ack, told)
    return result


def _named(batch: Batch) -> list[str]:
    return [change.entity.id for change in batch.changes if isinstance(change, Change)]


def _tell(result: Result, ack: Ack, told: set[str]) -> None:
    for outcome in ack.outcomes:
        if outcome.fault is not None:
            result.errors.append(_failed(outcome.entity, DomainError(outcome.fault, outcome.detail)))
        elif outcome.entity not in told:
            told.add(outcome.entity)
            (result.created if outcome.done is Done.CREATED else result.updated).append(outcome.entity)


def _failed(identifier: object, error: DomainError) -> dict[str, Any]:
    entry: dict[str, Any] = {"error": problem(error, FORM)}
    return {"entityId": identifier, **entry} if isinstance(identifier, str) else entry
