"""Histories to payloads: instances in full, or values and times alone (NGSI-LD clauses 4.5.6 to 4.5.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.query import TimeProperty

from .encoding import Form, Representation, concise_object, encode_head, normalized, prepared, simplified, written_time

_MEMBER: Mapping[Kind, str] = {
    Kind.PROPERTY: "values",
    Kind.GEO_PROPERTY: "values",
    Kind.RELATIONSHIP: "objects",
    Kind.LANGUAGE_PROPERTY: "languageMaps",
    Kind.VOCAB_PROPERTY: "vocabs",
    Kind.LIST_PROPERTY: "valueLists",
    Kind.LIST_RELATIONSHIP: "objectsLists",
    Kind.JSON_PROPERTY: "jsons",
}


def encode_history(entity: Entity, how: Representation, about: TimeProperty) -> dict[str, Any]:
    """The JSON object of an entity's history.

    Args:
        entity: the entity; its attributes hold histories, oldest first.
        how: how it is written.
        about: the time that stands beside each simplified value.
    """
    entity = prepared(entity, how)
    document = encode_head(entity, how)
    compact = how.context.compact
    for full, instances in entity.attributes.items():
        name = compact(full)
        if name in how.omit or full in how.omit:
            continue
        if how.form is Form.SIMPLIFIED:
            document[name] = _values(instances, how, about)
        else:
            write = normalized if how.form is Form.NORMALIZED else concise_object
            document[name] = [write(instance, how) for instance in instances]
    if how.linked:
        document["@context"] = how.context.reference
    return document


def _values(instances: tuple[Attribute, ...], how: Representation, about: TimeProperty) -> Any:
    """Values and times, one object per kind and dataset; a list only when there is more than one."""
    groups: dict[tuple[Kind, str | None], list[list[Any]]] = {}
    for instance in instances:
        if instance.deleted is not None:
            # A deletion has a time and no value.
            continue
        pair = [simplified(instance, how.context), written_time(time_of(instance, about))]
        groups.setdefault((instance.kind, instance.dataset), []).append(pair)
    written = [
        {"type": kind.value, _MEMBER[kind]: pairs, **({"datasetId": dataset} if dataset else {})}
        for (kind, dataset), pairs in groups.items()
    ]
    return written[0] if len(written) == 1 else written


def time_of(instance: Attribute, about: TimeProperty) -> int:
    """The time that a temporal query orders an instance by, microseconds UTC."""
    if about is TimeProperty.OBSERVED and instance.observed is not None:
        return instance.observed
    return instance.created if about is TimeProperty.CREATED else instance.modified
