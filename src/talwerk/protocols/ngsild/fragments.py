"""Payloads to fragments: what a merge or a partial update names of an attribute (NGSI-LD clauses 5.5.8 and 5.5.12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from talwerk.core.change import Fragment
from talwerk.core.entity import NULL, Attribute, Attributes, Entity, Kind
from talwerk.core.errors import bad_data
from talwerk.core.fragments import is_null

from .contexts import Context
from .decoding import (
    ENTITY_MEMBERS,
    INSTANCE_MEMBERS,
    INSTANCES_MAX,
    NESTING_MAX,
    decode_dataset,
    decode_kind,
    decode_members,
    decode_observed,
    decode_scopes,
    decode_types,
    decode_unit,
    is_instance,
    named_members,
    placed,
    placed_in,
)
from .geometry import is_geometry
from .kinds import KIND_OF_MEMBER, MEMBER, checked_value

Fragments = dict[str, tuple[Fragment, ...]]


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How the fragments of a merge are to be read.

    Attributes:
        simplified: whether attributes are their values alone.
        observed: time of the values without one, for attributes that have one so far; None for none.
        language: language of plain texts of language properties, None for none.
        current: the entity's attributes as they are, by IRI.
        at: where the fragments stand in the body, as a JSON pointer.
    """

    simplified: bool = False
    observed: int | None = None
    language: str | None = None
    current: Attributes = {}
    at: str = ""


def decode_merge(
    payload: dict[str, Any], context: Context, identifier: str, manner: Manner
) -> tuple[Entity, Fragments]:
    """The types and scopes that a merge names, and its fragments by the IRI of their attribute.

    Args:
        payload: the body, or one entity of a batch.
        context: of its names.
        identifier: of the entity.
        manner: how attributes are to be read.

    Raises:
        DomainError: BadRequestData or OperationNotSupported, with the entity's id and the place.
    """
    with placed(identifier, manner.at):
        fragments: Fragments = {}
        for (name, full), value in named_members(payload, ENTITY_MEMBERS, context):
            known = manner.current.get(full, ())
            with placed_in(name):
                given = (
                    (_simplified(value, context, known, manner.language),)
                    if manner.simplified
                    else _fragments(value, context, 0)
                )
            fragments[full] = tuple(_timed(fragment, known, manner.observed) for fragment in given)
        scope = payload.get("scope")
        entity = Entity(
            id=identifier,
            types=decode_types(payload["type"], context) if "type" in payload else (),
            scopes=(NULL,) if scope == NULL else decode_scopes(payload),
        )
        return entity, fragments


def decode_fragment(payload: Any, context: Context) -> Fragment:
    """The fragment that a body holds (clause 5.6.4).

    Raises:
        DomainError: BadRequestData when it is no object or says nothing.
    """
    if not isinstance(payload, dict):
        raise bad_data("The fragment is not a JSON object.", "/")
    members = {name: value for name, value in payload.items() if name != "@context"}
    if not members.keys() - {"type", "datasetId"}:
        raise bad_data("The fragment names nothing that shall change.", "/")
    return _members(members, context, 0)


def _timed(fragment: Fragment, known: tuple[Attribute, ...], observed: int | None) -> Fragment:
    """The fragment with the merge's own time, where the attribute has one and the fragment brings none."""
    if observed is None or fragment.observed is not UNSET or is_null(fragment.value):
        return fragment
    had = any(instance.dataset == fragment.dataset and instance.observed is not None for instance in known)
    return replace(fragment, observed=observed) if had else fragment


def _simplified(value: Any, context: Context, known: tuple[Attribute, ...], language: str | None) -> Fragment:
    """The fragment of a value alone: it is of the kind that the attribute has so far."""
    if value == NULL:
        return Fragment(value=NULL)
    if isinstance(value, dict) and len(value) == 1:
        (member,) = value
        kind = KIND_OF_MEMBER.get(member)
        if kind not in {None, Kind.PROPERTY, Kind.RELATIONSHIP}:
            return _members(value, context, 0)
    kinds = [instance.kind for instance in known if instance.dataset is None]
    kind = kinds[0] if kinds else Kind.GEO_PROPERTY if is_geometry(value) else Kind.PROPERTY
    if kind is Kind.LANGUAGE_PROPERTY and isinstance(value, str):
        value = {language or "@none": value}
    return Fragment(kind=kind, value=_value(kind, value, context))


def _fragments(value: Any, context: Context, depth: int) -> tuple[Fragment, ...]:
    if depth > NESTING_MAX:
        raise bad_data(f"The sub-attributes are nested deeper than {NESTING_MAX} levels.")
    if not (isinstance(value, list) and value and all(map(is_instance, value))):
        return (_fragment(value, context, depth),)
    if len(value) > INSTANCES_MAX:
        raise bad_data(f"There are {len(value)} instances; {INSTANCES_MAX} is the most.")
    found: dict[str | None, Fragment] = {}
    for index, item in enumerate(value):
        with placed_in(str(index)):
            fragment = _fragment(item, context, depth)
            if fragment.dataset in found:
                raise bad_data(f"The datasetId {fragment.dataset or '(none)'} stands twice.", "/datasetId")
        found[fragment.dataset] = fragment
    return tuple(found.values())


def _fragment(value: Any, context: Context, depth: int) -> Fragment:
    if isinstance(value, dict) and not is_geometry(value):
        return _members(value, context, depth)
    if value == NULL:
        return Fragment(value=NULL)
    kind = Kind.GEO_PROPERTY if isinstance(value, dict) else Kind.PROPERTY
    return Fragment(kind=kind, value=checked_value(kind, value, context, ""))


def _members(value: dict[str, Any], context: Context, depth: int) -> Fragment:
    named = value.get("type") is not None or any(member in value for member in KIND_OF_MEMBER)
    kind = decode_kind(value) if named else None
    member = MEMBER[kind] if kind is not None else None
    foreign = [name for name in KIND_OF_MEMBER if name != member and name in value]
    if foreign:
        raise bad_data(f"The {kind} has a {foreign[0]}, which belongs to another kind.", f"/{foreign[0]}")
    content: Any = UNSET
    if kind is not None and member in value:
        content = _value(kind, value[member], context)
    elif value.get("type") == NULL:
        raise bad_data("The type of an attribute cannot be removed.", "/type")
    subattributes: Fragments = {}
    for (name, full), nested in named_members(value, INSTANCE_MEMBERS, context):
        with placed_in(name):
            subattributes[full] = _fragments(nested, context, depth + 1)
    return Fragment(
        kind=kind,
        value=content,
        dataset=decode_dataset(value["datasetId"]) if "datasetId" in value else None,
        observed=_observed(value),
        unit=_unit(value, kind),
        members=_kept(value, kind, context),
        subattributes=subattributes,
    )


def _value(kind: Kind, value: Any, context: Context) -> Any:
    """The value as it is kept; null in place of it, or of single texts of a language map, marks a removal."""
    if is_null(value):
        return NULL
    where = f"/{MEMBER[kind]}"
    if kind is Kind.LANGUAGE_PROPERTY and isinstance(value, dict) and NULL in value.values():
        texts = {language: text for language, text in value.items() if text != NULL}
        checked = checked_value(kind, texts, context, where) if texts else {}
        return {**checked, **{language: NULL for language, text in value.items() if text == NULL}}
    return checked_value(kind, value, context, where)


def _observed(value: Mapping[str, Any]) -> int | UnsetType | None:
    if "observedAt" not in value:
        return UNSET
    return None if value["observedAt"] == NULL else decode_observed(value["observedAt"])


def _unit(value: Mapping[str, Any], kind: Kind | None) -> str | UnsetType | None:
    if "unitCode" not in value:
        return UNSET
    return None if value["unitCode"] == NULL else decode_unit(value["unitCode"], kind or Kind.PROPERTY)


def _kept(value: dict[str, Any], kind: Kind | None, context: Context) -> dict[str, Any]:
    removed = {name: NULL for name in ("objectType", "valueType", "ngsildproof") if value.get(name) == NULL}
    given = {name: item for name, item in value.items() if name not in removed}
    return {**decode_members(given, kind or Kind.RELATIONSHIP, context), **removed}
