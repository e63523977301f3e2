"""Payloads to entities: the normalized and the concise form, strictly checked (NGSI-LD clauses 4.5 and 5.5.4).

Every error names the entity and the place as a JSON pointer.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.identifiers import is_iri
from talwerk.core.instants import parse_instant

from .contexts import Context, core_terms
from .geometry import is_geometry, names_geometry
from .kinds import KIND_OF_MEMBER, MEMBER, NULL, checked_value

ATTRIBUTES_MAX = 1_000
INSTANCES_MAX = 1_000
TYPES_MAX = 50
SCOPES_MAX = 50
NESTING_MAX = 16

_KINDS = {kind.value: kind for kind in Kind}
# Set by the broker alone; what a client sends there is ignored, as the standard says (clause 5.2.2).
_GENERATED = frozenset({"createdAt", "modifiedAt", "deletedAt", "instanceId"})
_UNSUPPORTED = frozenset({"expiresAt", "entity", "entityList"})
_KEPT = frozenset({"objectType", "valueType", "ngsildproof"})
_ENTITY_MEMBERS = frozenset({"id", "@id", "type", "@type", "scope", "@context"}) | _GENERATED
_INSTANCE_MEMBERS = frozenset({"type", "observedAt", "unitCode", "datasetId", *MEMBER.values()}) | _GENERATED | _KEPT
_SCOPE = re.compile(r"/?[\w\-]+(?:/[\w\-]+)*")
_UNIT_LENGTH_MAX = 100


def decode_entity(payload: Any, context: Context, at: str = "") -> Entity:
    """The entity that a JSON object describes.

    Args:
        payload: the JSON value.
        context: of its names.
        at: where the object stands in the body, as a JSON pointer.

    Raises:
        DomainError: BadRequestData or OperationNotSupported, with the entity's id and the place.
    """
    if not isinstance(payload, dict):
        raise bad_data("The entity is not a JSON object.", at or "/")
    identifier = payload.get("id", payload.get("@id"))
    if not isinstance(identifier, str) or not is_iri(identifier):
        detail = "The entity has no id." if identifier is None else f"The id {str(identifier)[:80]!r} is not a URI."
        raise bad_data(detail, f"{at}/id")
    try:
        if identifier == NULL:
            raise bad_data(f"The id is {NULL}.", "/id")
        return Entity(
            id=identifier,
            types=_types(payload.get("type", payload.get("@type")), context),
            scopes=_scopes(payload["scope"]) if "scope" in payload else (),
            attributes=_attributes(payload, _ENTITY_MEMBERS, context, 0),
        )
    except DomainError as error:
        detail = f"Entity {identifier}: {error.detail}"
        raise DomainError(error.fault, detail, f"{at}{error.where or ''}" or "/") from error


def _types(value: Any, context: Context) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise bad_data("The type is missing or neither a name nor a list of names.", "/type")
    if len(names) > TYPES_MAX:
        raise bad_data(f"There are {len(names)} types; {TYPES_MAX} is the most.", "/type")
    try:
        return tuple(sorted({context.expand(name) for name in names}))
    except DomainError as error:
        raise bad_data(error.detail, "/type") from error


def _scopes(value: Any) -> tuple[str, ...]:
    """Scopes with their leading slash, each once, in the order given (clause 4.18)."""
    scopes = value if isinstance(value, list) else [value]
    if len(scopes) > SCOPES_MAX:
        raise bad_data(f"There are {len(scopes)} scopes; {SCOPES_MAX} is the most.", "/scope")
    for scope in scopes:
        if not isinstance(scope, str) or len(scope) > 500 or not _SCOPE.fullmatch(scope):
            raise bad_data(f"The scope {str(scope)[:80]!r} is not a path such as /a/b.", "/scope")
    return tuple(dict.fromkeys("/" + scope.removeprefix("/") for scope in scopes))


def _attributes(payload: dict[str, Any], members: frozenset[str], context: Context, depth: int) -> Attributes:
    """The attributes of an entity, or the sub-attributes of an instance."""
    attributes: Attributes = {}
    for name, value in payload.items():
        if name in members:
            continue
        try:
            full = _full_name(name, members, attributes, context)
            attributes[full] = _instances(value, context, depth)
        except DomainError as error:
            raise DomainError(error.fault, error.detail, f"/{_escaped(name)}{error.where or ''}") from error
    if len(attributes) > ATTRIBUTES_MAX:
        raise bad_data(f"There are {len(attributes)} attributes; {ATTRIBUTES_MAX} is the most.")
    return attributes


def _full_name(name: str, members: frozenset[str], attributes: Attributes, context: Context) -> str:
    if name in _UNSUPPORTED:
        raise DomainError(Fault.NOT_SUPPORTED, f"The member {name} is not supported.")
    full = context.expand(name)
    if full in attributes:
        raise bad_data(f"The attribute {name[:80]} is named twice, in short and in full.")
    if full in _reserved(members):
        raise bad_data(f"The attribute name {name[:80]} stands for a member of the information model.")
    return full


@cache
def _reserved(members: frozenset[str]) -> frozenset[str]:
    """IRIs that would be written as one of the members."""
    terms = core_terms().terms
    return frozenset(terms[member] for member in members if member in terms)


def _escaped(name: str) -> str:
    return name[:80].replace("~", "~0").replace("/", "~1")


def _instances(value: Any, context: Context, depth: int) -> tuple[Attribute, ...]:
    """One instance, or a list of instances with different datasets (clause 4.5.5)."""
    if depth > NESTING_MAX:
        raise bad_data(f"The sub-attributes are nested deeper than {NESTING_MAX} levels.")
    if not (isinstance(value, list) and value and all(map(_is_instance, value))):
        return (_instance(value, context, depth),)
    if len(value) > INSTANCES_MAX:
        raise bad_data(f"There are {len(value)} instances; {INSTANCES_MAX} is the most.")
    instances: dict[str | None, Attribute] = {}
    for index, item in enumerate(value):
        try:
            instance = _instance(item, context, depth)
            if instance.dataset in instances:
                raise bad_data(f"The datasetId {instance.dataset or '(none)'} stands twice.", "/datasetId")
        except DomainError as error:
            raise DomainError(error.fault, error.detail, f"/{index}{error.where or ''}") from error
        instances[instance.dataset] = instance
    return tuple(instances[dataset] for dataset in sorted(instances, key=lambda d: d or ""))


def _is_instance(value: Any) -> bool:
    """Whether a list's element is an attribute instance rather than an element of a plain value."""
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    if isinstance(kind, str) and kind in _KINDS:
        return True
    return "datasetId" in value or any(member in value for member in KIND_OF_MEMBER)


def _instance(value: Any, context: Context, depth: int) -> Attribute:
    if isinstance(value, dict) and not is_geometry(value):
        return _full_instance(value, context, depth)
    # The concise form of an attribute that is a value and nothing else (clause 4.5.2.3).
    kind = Kind.GEO_PROPERTY if isinstance(value, dict) else Kind.PROPERTY
    return Attribute(kind=kind, value=checked_value(kind, value, context, ""))


def _full_instance(value: dict[str, Any], context: Context, depth: int) -> Attribute:
    kind = _kind(value)
    member = MEMBER[kind]
    if member not in value:
        raise bad_data(f"The {kind} has no {member}.")
    foreign = [name for name in KIND_OF_MEMBER if name != member and name in value]
    if foreign:
        raise bad_data(f"The {kind} has a {foreign[0]}, which belongs to another kind.", f"/{foreign[0]}")
    observed = value.get("observedAt")
    return Attribute(
        kind=kind,
        value=checked_value(kind, value[member], context, f"/{member}"),
        dataset=_dataset(value["datasetId"]) if "datasetId" in value else None,
        observed=_observed(observed) if "observedAt" in value else None,
        unit=_unit(value["unitCode"], kind) if "unitCode" in value else None,
        members=_kept(value, kind, context),
        subattributes=_attributes(value, _INSTANCE_MEMBERS, context, depth + 1),
    )


def _kind(value: dict[str, Any]) -> Kind:
    """The kind that ``type`` names, or that the members imply in the concise form (clause 4.5.2.3)."""
    named = value.get("type")
    if named is not None:
        kind = _KINDS.get(named) if isinstance(named, str) else None
        if kind is None:
            hint = ", a geometry without its coordinates" if names_geometry(named) else ""
            raise bad_data(f"The attribute type {str(named)[:80]!r} does not exist{hint}.", "/type")
        return kind
    implied = [member for member in KIND_OF_MEMBER if member in value]
    if not implied:
        raise bad_data(f"The attribute has no value: none of {', '.join(KIND_OF_MEMBER)}.")
    kind = KIND_OF_MEMBER[implied[0]]
    return Kind.GEO_PROPERTY if kind is Kind.PROPERTY and is_geometry(value["value"]) else kind


def _dataset(value: Any) -> str:
    if not isinstance(value, str) or not is_iri(value):
        raise bad_data(f"The datasetId {str(value)[:80]!r} is not a URI.", "/datasetId")
    return value


def _observed(value: Any) -> int:
    try:
        return parse_instant(value, "observedAt")
    except DomainError as error:
        raise bad_data(error.detail, "/observedAt") from error


def _unit(value: Any, kind: Kind) -> str:
    if kind not in {Kind.PROPERTY, Kind.LIST_PROPERTY}:
        raise bad_data(f"A {kind} has no unitCode.", "/unitCode")
    if not isinstance(value, str) or not 0 < len(value) <= _UNIT_LENGTH_MAX or not value.isprintable():
        raise bad_data("The unitCode is not a text of 1 to 100 characters.", "/unitCode")
    return value


def _kept(value: dict[str, Any], kind: Kind, context: Context) -> dict[str, Any]:
    """Members without meaning to us, kept as they came; the types of objects as IRIs."""
    members = {name: value[name] for name in _KEPT if name in value}
    if "objectType" in members:
        if kind not in {Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP}:
            raise bad_data(f"A {kind} has no objectType.", "/objectType")
        names = members["objectType"]
        if not all(isinstance(name, str) for name in (names if isinstance(names, list) else [names])):
            raise bad_data("The objectType is neither a name nor a list of names.", "/objectType")
        members["objectType"] = (
            [context.expand(name) for name in names] if isinstance(names, list) else context.expand(names)
        )
    return members
