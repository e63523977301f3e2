"""Entities to payloads: normalized, concise and simplified (NGSI-LD clauses 4.5.1 to 4.5.4 and 6.3.7)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.instants import format_instant

from .contexts import Context
from .kinds import MEMBER, NAME

# The values of a city share few times: those of its cadences.
written_time = lru_cache(maxsize=65_536)(format_instant)


class Form(StrEnum):
    """How attributes are written."""

    NORMALIZED = "normalized"
    CONCISE = "concise"
    SIMPLIFIED = "simplified"


class Representation(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is written.

    Attributes:
        context: of its names.
        form: how attributes are written.
        system: whether createdAt and modifiedAt are written.
        linked: whether the body carries its ``@context``.
        pick: members of the entity to write beside the chosen attributes, None for all.
        omit: members of the entity to leave out.
    """

    context: Context
    form: Form = Form.NORMALIZED
    system: bool = False
    linked: bool = False
    pick: frozenset[str] | None = None
    omit: frozenset[str] = frozenset()

    def shows(self, member: str) -> bool:
        """Whether a member of the entity itself is written."""
        return (self.pick is None or member in self.pick) and member not in self.omit


def encode_entity(entity: Entity, how: Representation) -> dict[str, Any]:
    """The JSON object of an entity."""
    document = encode_head(entity, how)
    compact = how.context.compact
    omit = how.omit
    for full, instances in entity.attributes.items():
        name = compact(full)
        if name not in omit and full not in omit:
            document[name] = _attribute(instances, how)
    if how.linked:
        document["@context"] = how.context.reference
    return document


def encode_head(entity: Entity, how: Representation) -> dict[str, Any]:
    """What an entity has besides attributes: id, type, scope and, when wanted, the broker's own times."""
    compact = how.context.compact
    document: dict[str, Any] = {}
    if how.shows("id"):
        document["id"] = entity.id
    if how.shows("type"):
        names = [compact(full) for full in entity.types]
        document["type"] = names[0] if len(names) == 1 else names
    if entity.scopes and how.shows("scope"):
        document["scope"] = entity.scopes[0] if len(entity.scopes) == 1 else list(entity.scopes)
    if how.system:
        if how.shows("createdAt"):
            document["createdAt"] = written_time(entity.created)
        if how.shows("modifiedAt"):
            document["modifiedAt"] = written_time(entity.modified)
        if entity.deleted is not None:
            document["deletedAt"] = written_time(entity.deleted)
    return document


def _attribute(instances: tuple[Attribute, ...], how: Representation) -> Any:
    if how.form is Form.SIMPLIFIED:
        if len(instances) == 1:
            return simplified(instances[0], how.context)
        return {"dataset": {i.dataset or "@none": simplified(i, how.context) for i in instances}}
    if how.form is Form.NORMALIZED:
        written = [normalized(instance, how) for instance in instances]
        return written[0] if len(written) == 1 else written
    if len(instances) == 1:
        return concise(instances[0], how)
    return [concise_object(instance, how) for instance in instances]


def normalized(instance: Attribute, how: Representation) -> dict[str, Any]:
    """The normalized form of one instance (clause 4.5.2.2)."""
    kind = instance.kind
    document: dict[str, Any] = {"type": NAME[kind], MEMBER[kind]: _value(instance, how.context)}
    _add_details(document, instance, how)
    return document


def concise(instance: Attribute, how: Representation) -> Any:
    """The concise form of one instance (clause 4.5.2.3): a plain value where nothing is beside it."""
    kind, value = instance.kind, instance.value
    if kind is Kind.GEO_PROPERTY or (kind is Kind.PROPERTY and _stands_alone(value)):
        details: dict[str, Any] = {}
        _add_details(details, instance, how)
        return {"value": value} | details if details else value
    return concise_object(instance, how)


def concise_object(instance: Attribute, how: Representation) -> dict[str, Any]:
    """The concise form of one instance among others: an object without its kind."""
    kind = instance.kind
    value = instance.value if kind is Kind.LIST_RELATIONSHIP else _value(instance, how.context)
    document: dict[str, Any] = {MEMBER[kind]: value}
    _add_details(document, instance, how)
    return document


def _stands_alone(value: Any) -> bool:
    """Whether a plain value is read back as the same property."""
    return not isinstance(value, dict) and not (isinstance(value, list) and any(isinstance(v, dict) for v in value))


def simplified(instance: Attribute, context: Context) -> Any:
    """The simplified form of one instance: its value alone (clause 4.5.4)."""
    kind, value = instance.kind, instance.value
    if kind in {Kind.PROPERTY, Kind.GEO_PROPERTY, Kind.RELATIONSHIP}:
        return value
    return {MEMBER[kind]: value if kind is Kind.LIST_RELATIONSHIP else _value(instance, context)}


def _value(instance: Attribute, context: Context) -> Any:
    kind, value = instance.kind, instance.value
    if kind is Kind.VOCAB_PROPERTY:
        return [context.compact(name) for name in value] if isinstance(value, list) else context.compact(value)
    if kind is Kind.LIST_RELATIONSHIP:
        return [{"object": target} for target in value]
    return value


def _add_details(document: dict[str, Any], instance: Attribute, how: Representation) -> None:
    """Everything of an instance but its kind and value."""
    if instance.unit is not None:
        document["unitCode"] = instance.unit
    if instance.observed is not None:
        document["observedAt"] = written_time(instance.observed)
    if instance.dataset is not None:
        document["datasetId"] = instance.dataset
    if instance.instance is not None:
        document["instanceId"] = instance.instance
    if how.system:
        document["createdAt"] = written_time(instance.created)
        document["modifiedAt"] = written_time(instance.modified)
    if instance.members or instance.subattributes:
        _add_members(document, instance, how)


def _add_members(document: dict[str, Any], instance: Attribute, how: Representation) -> None:
    compact = how.context.compact
    for name, value in instance.members.items():
        if name == "objectType":
            document[name] = [compact(full) for full in value] if isinstance(value, list) else compact(value)
        else:
            document[name] = value
    for full, nested in instance.subattributes.items():
        document[compact(full)] = _attribute(nested, how)
