"""Entities to payloads: normalized, concise and simplified (NGSI-LD clauses 4.5.1 to 4.5.4 and 6.3.7)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.instants import format_instant

from .contexts import Context
from .kinds import WRITTEN
from .language import in_language

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
        languages: the languages to choose from each LanguageProperty, the best first; None for all of each.
        datasets: the datasets whose instances are written, None among them for the default; None for all.
    """

    context: Context
    form: Form = Form.NORMALIZED
    system: bool = False
    linked: bool = False
    pick: frozenset[str] | None = None
    omit: frozenset[str] = frozenset()
    languages: tuple[str, ...] | None = None
    datasets: frozenset[str | None] | None = None

    def shows(self, member: str) -> bool:
        """Whether a member of the entity itself is written."""
        return (self.pick is None or member in self.pick) and member not in self.omit


def prepared(entity: Entity, how: Representation) -> Entity:
    """The entity with the instances of the wanted datasets only (clause 4.5.5), each in one language (clause 4.15)."""
    attributes = entity.attributes
    if how.datasets is not None:
        wanted = {name: tuple(i for i in given if i.dataset in how.datasets) for name, given in attributes.items()}
        attributes = {name: instances for name, instances in wanted.items() if instances}
    if how.languages is not None:
        attributes = in_language(attributes, how.languages)
    return entity if attributes is entity.attributes else msgspec.structs.replace(entity, attributes=attributes)


def encode_entity(entity: Entity, how: Representation) -> dict[str, Any]:
    """The JSON object of an entity."""
    entity = prepared(entity, how)
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
    # Only histories have it, and without it nobody could tell that they have ended.
    if entity.deleted is not None and how.shows("deletedAt"):
        document["deletedAt"] = written_time(entity.deleted)
    return document


def _attribute(instances: tuple[Attribute, ...], how: Representation) -> Any:
    if how.form is Form.SIMPLIFIED:
        if len(instances) == 1:
            return simplified(instances[0], how.context)
        return {"dataset": {i.dataset or "@none": simplified(i, how.context) for i in instances}}
    alone = len(instances) == 1
    if how.form is Form.NORMALIZED:
        return normalized(instances[0], how) if alone else [normalized(instance, how) for instance in instances]
    return concise(instances[0], how) if alone else [concise_object(instance, how) for instance in instances]


def normalized(instance: Attribute, how: Representation) -> dict[str, Any]:
    """The normalized form of one instance (clause 4.5.2.2)."""
    name, member, converted = WRITTEN[instance.kind]
    value = _converted(instance, how.context) if converted else instance.value
    return _with_details({"type": name, member: value}, instance, how)


def concise(instance: Attribute, how: Representation) -> Any:
    """The concise form of one instance (clause 4.5.2.3): a plain value where nothing is beside it."""
    kind, value = instance.kind, instance.value
    if kind is Kind.GEO_PROPERTY or (kind is Kind.PROPERTY and _stands_alone(value)):
        document = _with_details({"value": value}, instance, how)
        return value if len(document) == 1 else document
    return concise_object(instance, how)


def concise_object(instance: Attribute, how: Representation) -> dict[str, Any]:
    """The concise form of one instance among others: an object without its kind."""
    return _with_details(_value_object(instance, how.context), instance, how)


def _stands_alone(value: Any) -> bool:
    """Whether a plain value is read back as the same property."""
    return not isinstance(value, dict) and not (isinstance(value, list) and any(isinstance(v, dict) for v in value))


def simplified(instance: Attribute, context: Context) -> Any:
    """The simplified form of one instance: its value alone (clause 4.5.4)."""
    kind = instance.kind
    if kind is Kind.PROPERTY or kind is Kind.GEO_PROPERTY or kind is Kind.RELATIONSHIP:
        return instance.value
    return _value_object(instance, context)


def _value_object(instance: Attribute, context: Context) -> dict[str, Any]:
    """The value under the name of its member; lists of objects are plain URIs outside of the normalized form."""
    _, member, converted = WRITTEN[instance.kind]
    plain = not converted or instance.kind is Kind.LIST_RELATIONSHIP
    return {member: instance.value if plain else _converted(instance, context)}


def _converted(instance: Attribute, context: Context) -> Any:
    value = instance.value
    if instance.kind is Kind.LIST_RELATIONSHIP:
        return [{"object": target} for target in value]
    return [context.compact(name) for name in value] if isinstance(value, list) else context.compact(value)


def _with_details(document: dict[str, Any], instance: Attribute, how: Representation) -> dict[str, Any]:
    """The document with everything of an instance but its kind and value."""
    if instance.unit is not None:
        document["unitCode"] = instance.unit
    if instance.observed is not None:
        document["observedAt"] = written_time(instance.observed)
    if instance.dataset is not None:
        document["datasetId"] = instance.dataset
    if instance.instance is not None:
        document["instanceId"] = instance.instance
    if instance.deleted is not None:
        document["deletedAt"] = written_time(instance.deleted)
    if how.system:
        document["createdAt"] = written_time(instance.created)
        document["modifiedAt"] = written_time(instance.modified)
    if instance.members or instance.subattributes:
        _add_members(document, instance, how)
    return document


def _add_members(document: dict[str, Any], instance: Attribute, how: Representation) -> None:
    compact = how.context.compact
    for name, value in instance.members.items():
        if name == "objectType":
            document[name] = [compact(full) for full in value] if isinstance(value, list) else compact(value)
        else:
            document[name] = value
    for full, nested in instance.subattributes.items():
        document[compact(full)] = _attribute(nested, how)
