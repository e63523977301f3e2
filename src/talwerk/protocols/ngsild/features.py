"""Entities as GeoJSON features (NGSI-LD clauses 4.5.16, 4.5.17 and 6.3.7; RFC 7946)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.query import Query

from .encoding import Representation, encode_entity, prepared

GEO_JSON = "application/geo+json"


class Features(Representation, frozen=True, kw_only=True):
    """How entities are written as features; the context belongs to the whole document.

    Attributes:
        geometry: IRI of the attribute that becomes the geometry.
        concealed: whether that attribute was not asked for, so that it stands nowhere else.
    """

    geometry: str
    concealed: bool = False

    def asked(self, query: Query) -> Query:
        """The query with the geometry among its attributes, whatever else is chosen."""
        if query.attributes is None or self.geometry in query.attributes:
            return query
        return msgspec.structs.replace(query, attributes=(*query.attributes, self.geometry))


def encoded(entity: Entity, how: Representation) -> dict[str, Any]:
    """The JSON object of an entity: a feature where features are wanted."""
    if not isinstance(how, Features):
        return encode_entity(entity, how)
    entity = prepared(entity, how)
    instances = entity.attributes.get(how.geometry, ())
    if how.concealed and instances:
        rest = {name: given for name, given in entity.attributes.items() if name != how.geometry}
        entity = msgspec.structs.replace(entity, attributes=rest)
    properties = encode_entity(entity, how)
    properties.pop("id", None)
    return {"id": entity.id, "type": "Feature", "geometry": _geometry(instances), "properties": properties}


def _geometry(instances: Sequence[Attribute]) -> Any:
    """The geometry of the default instance, or of the first one; none is null."""
    located = [instance for instance in instances if instance.kind is Kind.GEO_PROPERTY]
    default = [instance for instance in located if instance.dataset is None]
    chosen = (default or located)[:1]
    return chosen[0].value if chosen else None
