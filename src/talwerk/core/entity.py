"""Entities and their attributes: the information model of NGSI-LD (clauses 4.2 and 4.5), names expanded to IRIs.

One shape serves current state and history: an attribute is a tuple of instances. In current state there is at most
one instance per dataset; in history there are many, in order of time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from .instants import Instant
from .quality import Flag

NULL = "urn:ngsi-ld:null"
"""Stands for a removal, in changes and in the history of what was removed (clause 4.5.0); it is a value nowhere."""


class Kind(StrEnum):
    """The kinds of attributes (NGSI-LD clause 4.5)."""

    PROPERTY = "Property"
    GEO_PROPERTY = "GeoProperty"
    RELATIONSHIP = "Relationship"
    LANGUAGE_PROPERTY = "LanguageProperty"
    VOCAB_PROPERTY = "VocabProperty"
    LIST_PROPERTY = "ListProperty"
    LIST_RELATIONSHIP = "ListRelationship"
    JSON_PROPERTY = "JsonProperty"


# gc=False: these are trees of plain data that never form a cycle, and the collector would look at every one of them
# again and again; a page of entities is decoded in a third of the time.
class Attribute(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    rename={
        "kind": "k",
        "value": "v",
        "dataset": "d",
        "observed": "o",
        "unit": "u",
        "created": "c",
        "modified": "m",
        "quality": "q",
        "instance": "i",
        "deleted": "e",
        "members": "x",
        "subattributes": "s",
    },
):
    """One instance of an attribute. The one-letter names are those of the stored form.

    Attributes:
        kind: which kind of attribute it is.
        value: the JSON value, whatever its member is called on the wire (value, object, languageMap, vocab, json, ...).
        dataset: the dataset's IRI, None for the default instance.
        observed: when the value was observed; of an interval, its end.
        unit: unit of a number (UN/CEFACT Recommendation 20 code).
        created: when the attribute came into being; set by the store.
        modified: when it last changed; set by the store.
        quality: stored flag and marks, see ``core.quality``.
        instance: stable id of a historical instance; set by the store on reads of history.
        deleted: when the attribute was deleted; only in history, on the instance that marks it.
        members: further members without meaning to us (objectType, valueType, ...), kept as they came.
        subattributes: attributes of the attribute, by IRI.
    """

    kind: Kind
    value: Any
    dataset: str | None = None
    observed: int | None = None
    unit: str | None = None
    created: int = 0
    modified: int = 0
    quality: int = int(Flag.NOT_EVALUATED)
    instance: str | None = None
    deleted: int | None = None
    members: dict[str, Any] = {}
    subattributes: dict[str, tuple[Attribute, ...]] = {}


Attributes = dict[str, tuple[Attribute, ...]]
"""Attributes by IRI, each with its instances."""


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An entity: id, types, scopes and attributes.

    Attributes:
        id: a URI.
        types: IRIs, at least one, sorted.
        scopes: paths such as ``/river/upper``.
        attributes: instances by attribute IRI.
        created: when the entity came into being; set by the store.
        modified: when anything of it last changed; set by the store.
        deleted: when it was deleted; only in history.
        version: of its current state, set by the store; with id, created and modified it names that state for ever.
    """

    id: str
    types: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    attributes: Attributes = {}
    created: int = 0
    modified: int = 0
    deleted: int | None = None
    version: int = 0


def observed_or_created(attribute: Attribute) -> Instant:
    """The time that orders an instance in its series."""
    return Instant(attribute.modified if attribute.observed is None else attribute.observed)


def is_lean(attribute: Attribute) -> bool:
    """Whether an instance is a plain number or text, so that history can keep it in the narrow table."""
    return (
        attribute.kind is Kind.PROPERTY
        and isinstance(attribute.value, int | float | str)
        and not isinstance(attribute.value, bool)
        and not attribute.subattributes
        and not attribute.members
        and attribute.instance is None
    )
