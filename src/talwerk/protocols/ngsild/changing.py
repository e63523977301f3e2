"""Entities that are there: merged, replaced, deleted (NGSI-LD clauses 5.6.6, 5.6.17, 5.6.18; resource 6.5)."""

from __future__ import annotations

from talwerk.core.change import Change, Mode
from talwerk.core.entity import Entity
from talwerk.core.errors import invalid
from talwerk.protocols.http.answers import Answer

from .call import Call
from .decoding import check_part, decode_part
from .fragments import Manner, decode_merge
from .parameters import Parameters
from .provision import addressed, present, written

_SIMPLIFIED = frozenset({"keyValues", "simplified"})
_FULL = frozenset({"normalized", "concise"})


async def merge_entity(call: Call) -> Answer:
    """Merge a fragment into an entity (clause 5.6.17, resource 6.5.3.4).

    Raises:
        DomainError: ResourceNotFound; BadRequestData naming the place; InvalidRequest for an unknown option.
    """
    identifier = await addressed(call)
    simplified = _is_simplified(call.parameters)
    observed, language = call.parameters.instant("observedAt"), call.parameters.text("lang")
    payload, linked = await call.body(patch=True)
    check_part(payload, identifier, "")
    context = await call.context_of(payload, linked)
    # Values without a kind take that of the attribute, and only what had a time gets one.
    looked_up = simplified or observed is not None
    current = (await present(call, identifier)).attributes if looked_up else {}
    manner = Manner(simplified=simplified, observed=observed, language=language, current=current)
    entity, fragments = decode_merge(payload, context, identifier, manner)
    await written(call, Change(mode=Mode.MERGE, entity=entity, fragments=fragments))
    return Answer(204)


async def replace_entity(call: Call) -> Answer:
    """Replace an entity (clause 5.6.18, resource 6.5.3.3).

    Raises:
        DomainError: ResourceNotFound; BadRequestData naming the place.
    """
    identifier = await addressed(call)
    payload, linked = await call.body()
    check_part(payload, identifier, "")
    entity = decode_part(payload, await call.context_of(payload, linked), identifier, nulls=False)
    await written(call, Change(mode=Mode.REPLACE, entity=entity, existing=True))
    return Answer(204)


async def delete_entity(call: Call) -> Answer:
    """Delete an entity; its history stays unless the city is set up otherwise (clause 5.6.6, resource 6.5.3.2).

    Raises:
        DomainError: ResourceNotFound; BadRequestData for an id that is no URI.
    """
    identifier = await addressed(call)
    await written(call, Change(mode=Mode.DELETE, entity=Entity(id=identifier, types=())))
    return Answer(204)


def _is_simplified(parameters: Parameters) -> bool:
    """Whether the body is in the simplified form; format wins over options (clause 6.3.7)."""
    chosen = parameters.text("format")
    named = (chosen,) if chosen else parameters.parts("options")
    for name in named:
        if name not in _SIMPLIFIED | _FULL:
            where = "format" if chosen else "options"
            raise invalid(f"The {where} {name[:40]!r} does not exist here.", where)
    if _SIMPLIFIED.intersection(named) and _FULL.intersection(named):
        raise invalid(f"The options {', '.join(named)} contradict each other.", "options")
    return bool(_SIMPLIFIED.intersection(named))
