"""Payloads to entities: the normalized and the concise form, strictly checked (NGSI-LD clauses 4.5 and 5.5.4).

Every error names the entity and the place as a JSON pointer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from talwerk.core.entity import NULL, Attribute, Attributes, Entity, Kind
from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.fragments import is_null
from talwerk.core.identifiers import is_iri
from talwerk.core.instants import parse_instant

from .contexts import Context, core_terms
from .geometry import is_geometry, names_geometry
from .kinds import KIND_OF_MEMBER, MEMBER, checked_value

ATTRIBUTES_MAX = 1_000
INSTANCES_MAX = 1_000
HISTORY_MAX = 10_000
TYPES_MAX = 50
SCOPES_MAX = 50
NESTING_MAX = 16

_KINDS = {kind.value: kind for kind in Kind}
# Set by the broker alone; what a client sends there is ignored, as the standard says (clause 5.2.2).
_GENERATED = frozenset({"createdAt", "modifiedAt", "deletedAt", "instanceId"})
_UNSUPPORTED = frozenset({"expiresAt", "entity", "entityList"})
_KEPT = frozenset({"objectType", "valueType", "ngsildproof"})
ENTITY_MEMBERS = frozenset({"id", "@id", "type", "@type", "scope", "@context"}) | _GENERATED
INSTANCE_MEMBERS = frozenset({"type", "observedAt", "unitCode", "datasetId", *MEMBER.values()}) | _GENERATED | _KEPT
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
    identifier = decode_id(payload, at)
    with placed(identifier, at):
        return Entity(
            id=identifier,
            types=decode_types(payload.get("type", payload.get("@type")), context),
            scopes=decode_scopes(payload),
            attributes=_attributes(payload, ENTITY_MEMBERS, context, 0),
        )


def decode_part(payload: Any, context: Context, identifier: str, at: str = "", *, nulls: bool = True) -> Entity:
    """The entity that a fragment describes: it may leave out its id and its type.

    Args:
        payload: the JSON value.
        context: of its names.
        identifier: of the entity; when the fragment names one, it is this.
        at: where the object stands in the body, as a JSON pointer.
        nulls: whether null marks removals.

    Raises:
        DomainError: BadRequestData or OperationNotSupported, with the entity's id and the place.
    """
    check_part(payload, identifier, at)
    with placed(identifier, at):
        attributes: Attributes = {}
        for name, value in named_members(payload, ENTITY_MEMBERS, context):
            with placed_in(name[0]):
                attributes[name[1]] = tuple(_part(value, context)) if nulls else _instances(value, context, 0)
        return Entity(
            id=identifier,
            types=decode_types(payload["type"], context) if "type" in payload else (),
            scopes=decode_scopes(payload),
            attributes=attributes,
        )


def decode_history(payload: Any, context: Context, identifier: str | None = None) -> Entity:
    """The entity that a history describes: an attribute may hold many instances of one dataset (clause 4.5.6).

    Args:
        payload: the JSON value.
        context: of its names.
        identifier: of the entity, None when the payload has to name it, and its type.

    Raises:
        DomainError: BadRequestData or OperationNotSupported, with the entity's id and the place.
    """
    id_ = decode_id(payload, "") if identifier is None else identifier
    check_part(payload, id_, "")
    with placed(id_, ""):
        attributes: Attributes = {}
        for name, value in named_members(payload, ENTITY_MEMBERS, context):
            with placed_in(name[0]):
                attributes[name[1]] = decode_instances(value, context)
        types = payload.get("type", payload.get("@type"))
        return Entity(
            id=id_,
            types=decode_types(types, context) if identifier is None or types is not None else (),
            scopes=decode_scopes(payload),
            attributes=attributes,
        )


def decode_instances(value: Any, context: Context) -> tuple[Attribute, ...]:
    """The instances of one attribute's history, in the order given."""
    listed = value if isinstance(value, list) and value and all(map(is_instance, value)) else [value]
    if len(listed) > HISTORY_MAX:
        raise bad_data(f"There are {len(listed)} instances; {HISTORY_MAX} is the most.")
    instances = []
    for index, item in enumerate(listed):
        with placed_in(str(index)):
            instances.append(_instance(item, context, 0))
    return tuple(instances)


def decode_attribute(value: Any, context: Context) -> tuple[Attribute, ...]:
    """The instances of one attribute that stands alone, as the body of a request.

    Raises:
        DomainError: BadRequestData with the place.
    """
    if isinstance(value, list) or not isinstance(value, dict):
        raise bad_data("The attribute is not a JSON object.", "/")
    return _instances({name: item for name, item in value.items() if name != "@context"}, context, 0)


def decode_id(payload: Any, at: str) -> str:
    """The id that an entity names.

    Raises:
        DomainError: BadRequestData when the payload is no object, or has no id that is a URI.
    """
    if not isinstance(payload, dict):
        raise bad_data("The entity is not a JSON object.", at or "/")
    identifier = payload.get("id", payload.get("@id"))
    if not isinstance(identifier, str) or not is_iri(identifier):
        detail = "The entity has no id." if identifier is None else f"The id {str(identifier)[:80]!r} is not a URI."
        raise bad_data(detail, f"{at}/id")
    if identifier == NULL:
        raise bad_data(f"Entity {identifier}: The id is {NULL}.", f"{at}/id")
    return identifier


def check_part(payload: Any, identifier: str, at: str) -> None:
    """Make sure that a fragment is an object and about the entity.

    Raises:
        DomainError: BadRequestData.
    """
    if not isinstance(payload, dict):
        raise bad_data("The fragment is not a JSON object.", at or "/")
    named = payload.get("id", payload.get("@id", identifier))
    if named != identifier:
        raise bad_data(f"The id {str(named)[:80]!r} is not that of the entity {identifier}.", f"{at}/id")


@contextmanager
def placed(identifier: str, at: str) -> Iterator[None]:
    """Errors name the entity, and the place within the body."""
    try:
        yield
    except DomainError as error:
        detail = f"Entity {identifier}: {error.detail}"
        raise DomainError(error.fault, detail, f"{at}{error.where or ''}" or "/") from error


@contextmanager
def placed_in(name: str) -> Iterator[None]:
    """Errors name the member that they are in."""
    try:
        yield
    except DomainError as error:
        raise DomainError(error.fault, error.detail, f"/{_escaped(name)}{error.where or ''}") from error


def named_members(
    payload: dict[str, Any], members: frozenset[str], context: Context
) -> Iterator[tuple[tuple[str, str], Any]]:
    """The attributes of an object, each with its name as it was written and in full.

    Args:
        payload: the object.
        members: what of it is no attribute.
        context: of the names.

    Raises:
        DomainError: BadRequestData for a name twice or too many of them.
    """
    seen: Attributes = {}
    for name, value in payload.items():
        if name in members:
            continue
        with placed_in(name):
            full = _full_name(name, members, seen, context)
        seen[full] = ()
        if len(seen) > ATTRIBUTES_MAX:
            raise bad_data(f"There are more than {ATTRIBUTES_MAX} attributes.")
        yield (name, full), value


def _part(value: Any, context: Context) -> Iterator[Attribute]:
    """Instances of which some may only mark removals."""
    listed = value if isinstance(value, list) and value and all(map(is_instance, value)) else [value]
    left = []
    for item in listed:
        if is_removal(item):
            dataset = item.get("datasetId") if isinstance(item, dict) else None
            yield Attribute(
                kind=Kind.PROPERTY, value=NULL, dataset=None if dataset is None else decode_dataset(dataset)
            )
        else:
            left.append(item)
    if left:
        yield from _instances(left if isinstance(value, list) and listed is value else left[0], context, 0)


def is_removal(value: Any) -> bool:
    """Whether an attribute, or one instance of it, is null in one of the forms for that."""
    if not isinstance(value, dict):
        return bool(value == NULL)
    return any(is_null(value[member]) for member in KIND_OF_MEMBER if member in value)


def decode_types(value: Any, context: Context) -> tuple[str, ...]:
    """The types that an entity names, in full."""
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name and name != NULL for name in names):
        raise bad_data("The type is missing or neither a name nor a list of names.", "/type")
    if len(names) > TYPES_MAX:
        raise bad_data(f"There are {len(names)} types; {TYPES_MAX} is the most.", "/type")
    try:
        return tuple(sorted({context.expand(name) for name in names}))
    except DomainError as error:
        raise bad_data(error.detail, "/type") from error


def decode_scopes(payload: dict[str, Any]) -> tuple[str, ...]:
    """Scopes with their leading slash, each once, in the order given (clause 4.18)."""
    if "scope" not in payload:
        return ()
    value = payload["scope"]
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
    if not (isinstance(value, list) and value and all(map(is_instance, value))):
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


def is_instance(value: Any) -> bool:
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
    kind = decode_kind(value)
    member = MEMBER[kind]
    if member not in value:
        raise bad_data(f"The {kind} has no {member}.")
    # Of the members that hold values there is one, its own, unless something is wrong.
    if len(value.keys() & KIND_OF_MEMBER.keys()) > 1:
        foreign = [name for name in KIND_OF_MEMBER if name != member and name in value]
        raise bad_data(f"The {kind} has a {foreign[0]}, which belongs to another kind.", f"/{foreign[0]}")
    observed = value.get("observedAt")
    return Attribute(
        kind=kind,
        value=checked_value(kind, value[member], context, f"/{member}"),
        dataset=decode_dataset(value["datasetId"]) if "datasetId" in value else None,
        observed=decode_observed(observed) if "observedAt" in value else None,
        unit=decode_unit(value["unitCode"], kind) if "unitCode" in value else None,
        members={} if _KEPT.isdisjoint(value) else decode_members(value, kind, context),
        # Most have none, and are not looked through for them one by one.
        subattributes={}
        if INSTANCE_MEMBERS.issuperset(value)
        else _attributes(value, INSTANCE_MEMBERS, context, depth + 1),
    )


def decode_kind(value: dict[str, Any]) -> Kind:
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


def decode_dataset(value: Any) -> str:
    """The dataset's IRI.

    Raises:
        DomainError: BadRequestData with the place.
    """
    if not isinstance(value, str) or not is_iri(value):
        raise bad_data(f"The datasetId {str(value)[:80]!r} is not a URI.", "/datasetId")
    return value


def decode_observed(value: Any) -> int:
    """The time of observation, microseconds UTC.

    Raises:
        DomainError: BadRequestData with the place.
    """
    try:
        return parse_instant(value, "observedAt")
    except DomainError as error:
        raise bad_data(error.detail, "/observedAt") from error


def decode_unit(value: Any, kind: Kind) -> str:
    """The unit of a value.

    Raises:
        DomainError: BadRequestData with the place.
    """
    if kind not in {Kind.PROPERTY, Kind.LIST_PROPERTY}:
        raise bad_data(f"A {kind} has no unitCode.", "/unitCode")
    if not isinstance(value, str) or not 0 < len(value) <= _UNIT_LENGTH_MAX or not value.isprintable():
        raise bad_data("The unitCode is not a text of 1 to 100 characters.", "/unitCode")
    return value


def decode_members(value: dict[str, Any], kind: Kind, context: Context) -> dict[str, Any]:
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
