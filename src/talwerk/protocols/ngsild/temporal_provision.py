"""Histories as clients write them (NGSI-LD clauses 5.6.11 to 5.6.16; resources 6.18 to 6.22).

History and current state are one here: what is added becomes current when it is the newest, and what is removed is
gone from both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from talwerk.core.change import Change, Done, Mode, Outcome, Target
from talwerk.core.entity import Attribute, Entity
from talwerk.core.errors import bad_data
from talwerk.core.identifiers import is_iri
from talwerk.protocols.http.answers import Answer

from .attributes import named_target
from .call import PREFIX, Call
from .contexts import Context
from .decoding import decode_instances, placed
from .large import history_of, turn
from .provision import addressed, single_answer, written
from .selection import entity_id


async def upsert_history(call: Call) -> Answer:
    """Create an entity with its history, or add to it (clause 5.6.11, resource 6.18.3.1).

    Raises:
        DomainError: BadRequestData naming the place; whatever is wrong with the body.
    """
    first = await _add(call, await history_of(call))
    if first.done is not Done.CREATED:
        return Answer(204)
    return Answer(201, headers=((b"location", f"{PREFIX}/temporal/entities/{quote(first.entity, safe=':')}".encode()),))


async def delete_history(call: Call) -> Answer:
    """Delete an entity with its history (clause 5.6.16, resource 6.19.3.2).

    Raises:
        DomainError: ResourceNotFound; BadRequestData for an id that is no URI.
    """
    identifier = entity_id(call.arguments[0])
    await written(call, Change(mode=Mode.ERASE, entity=Entity(id=identifier, types=())))
    return Answer(204)


async def add_instances(call: Call) -> Answer:
    """Add instances to the history of an entity that is there (clause 5.6.12, resource 6.20.3.1).

    Raises:
        DomainError: ResourceNotFound; BadRequestData naming the place.
    """
    identifier = await addressed(call)
    await _add(call, await history_of(call, identifier, existing=True))
    return Answer(204)


async def _add(call: Call, changes: Sequence[Change]) -> Outcome:
    """Write a history piece by piece; what became of the first of them.

    Raises:
        DomainError: whatever was wrong with one of them; those before it are written.
    """
    outcomes = []
    for change in changes:
        async with turn(call, large=len(changes) > 1):
            outcomes.append(await written(call, change))
    return outcomes[0]


async def delete_attribute_history(call: Call) -> Answer:
    """Delete an attribute with its history (clause 5.6.13, resource 6.21.3.1).

    Raises:
        DomainError: ResourceNotFound for an entity, attribute or dataset without history; BadRequestData.
    """
    entity = Entity(id=entity_id(call.arguments[0]), types=())
    change = Change(mode=Mode.ERASE_ATTRIBUTES, entity=entity, targets=(await named_target(call),))
    return single_answer(await written(call, change))


async def modify_instance(call: Call) -> Answer:
    """Put one instance of a history right (clause 5.6.14, resource 6.22.3.1).

    Raises:
        DomainError: ResourceNotFound for an entity, attribute or instance that is not there; BadRequestData.
    """
    identifier = entity_id(call.arguments[0])
    payload, linked = await call.body(patch=True)
    context = await call.context_of(payload, linked)
    target = _instance_target(call, context)
    with placed(identifier, ""):
        instance = _only_instance(payload, context, target.attribute)
    entity = Entity(id=identifier, types=(), attributes={target.attribute: (instance,)})
    return single_answer(await written(call, Change(mode=Mode.REVISE, entity=entity, targets=(target,))))


async def delete_instance(call: Call) -> Answer:
    """Delete one instance of a history (clause 5.6.15, resource 6.22.3.2).

    Raises:
        DomainError: ResourceNotFound for an entity, attribute or instance that is not there; BadRequestData.
    """
    entity = Entity(id=entity_id(call.arguments[0]), types=())
    target = _instance_target(call, await call.context())
    return single_answer(await written(call, Change(mode=Mode.ERASE_INSTANCES, entity=entity, targets=(target,))))


def _instance_target(call: Call, context: Context) -> Target:
    _, name, instance = call.arguments
    if not is_iri(instance):
        raise bad_data(f"The instanceId {instance[:80]!r} is not a URI.")
    return Target(attribute=context.expand(name), instance=instance)


def _only_instance(payload: Any, context: Context, attribute: str) -> Attribute:
    """The instance that a body holds: by itself, or under the name of its attribute."""
    if not isinstance(payload, dict):
        raise bad_data("The fragment is not a JSON object.", "/")
    members = {name: value for name, value in payload.items() if name not in {"@context", "id", "type"}}
    value: Any = {**members, **({"type": payload["type"]} if "type" in payload else {})}
    for name, nested in members.items():
        if context.expand(name) == attribute:
            value = nested
    instances = decode_instances(value, context)
    if len(instances) != 1:
        raise bad_data(f"The fragment holds {len(instances)} instances; it is about one.", "/")
    return instances[0]
