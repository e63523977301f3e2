"""Attributes of an entity that is there (NGSI-LD clauses 5.6.2 to 5.6.5 and 5.6.19; resources 6.6 and 6.7)."""

from __future__ import annotations

from talwerk.core.change import Change, Mode, Target
from talwerk.core.entity import Entity
from talwerk.core.errors import bad_data, invalid
from talwerk.core.identifiers import is_iri
from talwerk.protocols.http.answers import Answer

from .call import Call
from .decoding import check_part, decode_attribute, decode_part, placed
from .fragments import decode_fragment
from .provision import addressed, single_answer, update_answer, written


async def append_attributes(call: Call) -> Answer:
    """Append attributes, or overwrite them unless told otherwise (clause 5.6.3, resource 6.6.3.1).

    Raises:
        DomainError: ResourceNotFound; BadRequestData naming the place; InvalidRequest for an unknown option.
    """
    identifier = await addressed(call)
    overwrite = not no_overwrite(call)
    payload, linked = await call.body()
    check_part(payload, identifier, "")
    context = await call.context_of(payload, linked)
    entity = decode_part(payload, context, identifier, nulls=False)
    outcome = await written(call, Change(mode=Mode.UPDATE, entity=entity, existing=True, overwrite=overwrite))
    return update_answer(outcome, entity.attributes, context)


async def update_attributes(call: Call) -> Answer:
    """Overwrite attributes that are there, remove those that are null (clause 5.6.2, resource 6.6.3.2).

    Raises:
        DomainError: ResourceNotFound; BadRequestData naming the place.
    """
    identifier = await addressed(call)
    payload, linked = await call.body(patch=True)
    check_part(payload, identifier, "")
    context = await call.context_of(payload, linked)
    entity = decode_part(payload, context, identifier)
    outcome = await written(call, Change(mode=Mode.PATCH, entity=entity))
    return update_answer(outcome, entity.attributes, context)


async def update_attribute(call: Call) -> Answer:
    """Change members of one attribute (clause 5.6.4, resource 6.7.3.1).

    Raises:
        DomainError: ResourceNotFound for an entity, attribute or dataset that is not there; BadRequestData.
    """
    identifier = await addressed(call)
    payload, linked = await call.body(patch=True)
    context = await call.context_of(payload, linked)
    name = context.expand(call.arguments[1])
    with placed(identifier, ""):
        fragment = decode_fragment(payload, context)
    change = Change(mode=Mode.PARTIAL, entity=Entity(id=identifier, types=()), fragments={name: (fragment,)})
    return single_answer(await written(call, change))


async def replace_attribute(call: Call) -> Answer:
    """Replace one attribute (clause 5.6.19, resource 6.7.3.3).

    Raises:
        DomainError: ResourceNotFound for an entity, attribute or dataset that is not there; BadRequestData.
    """
    identifier = await addressed(call)
    payload, linked = await call.body()
    context = await call.context_of(payload, linked)
    name = context.expand(call.arguments[1])
    with placed(identifier, ""):
        instances = decode_attribute(payload, context)
    entity = Entity(id=identifier, types=(), attributes={name: instances})
    return single_answer(await written(call, Change(mode=Mode.PATCH, entity=entity)))


async def delete_attribute(call: Call) -> Answer:
    """Delete one attribute, or its instance of one dataset (clause 5.6.5, resource 6.7.3.2).

    Raises:
        DomainError: ResourceNotFound for an entity, attribute or dataset that is not there; BadRequestData.
    """
    identifier = await addressed(call)
    change = Change(
        mode=Mode.DELETE_ATTRIBUTES, entity=Entity(id=identifier, types=()), targets=(await named_target(call),)
    )
    return single_answer(await written(call, change))


async def named_target(call: Call) -> Target:
    """What the path and the parameters datasetId and deleteAll name.

    Raises:
        DomainError: BadRequestData for a dataset that is no URI; InvalidRequest for a deleteAll that is no boolean.
    """
    name = (await call.context()).expand(call.arguments[1])
    dataset = call.parameters.text("datasetId")
    if dataset is not None and not is_iri(dataset):
        raise bad_data(f"The datasetId {dataset[:80]!r} is not a URI.", "datasetId")
    return Target(attribute=name, dataset=dataset, every=call.parameters.flag("deleteAll"))


def no_overwrite(call: Call) -> bool:
    """Whether the option noOverwrite was sent.

    Raises:
        DomainError: InvalidRequest for any other option.
    """
    options = call.parameters.parts("options")
    if not set(options) <= {"noOverwrite"}:
        raise invalid(f"The options {','.join(options)[:80]!r} are not noOverwrite.", "options")
    return bool(options)
