"""What sources say about things, as entities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError
from talwerk.core.identifiers import Iri
from talwerk.core.terms import LOCATION, expand
from talwerk.core.values import check_entity, same_value
from talwerk.sdk.reading import Thing

from .feed import Feed
from .shaping import Shaped

NAME: Iri = expand("name")
DESCRIPTION: Iri = expand("description")
LEVELS: Iri = expand("informationLevels")
STATED_BY: Iri = expand("statedBy")
NOT_KEPT = "what is said about a thing cannot be kept"


class Said(msgspec.Struct, kw_only=True):
    """What a source has said about things, and the city with it.

    Attributes:
        since_s: when the first of it was said, on the monotonic clock.
        things: by type and native id; of one thing an answer may speak several times.
    """

    since_s: float
    things: dict[tuple[str, str], list[Thing]] = {}

    def news(self, things: Iterable[Thing]) -> list[Thing]:
        """Those of which something else was said before, or nothing."""
        return [thing for key, said in _together(things).items() if self.things.get(key) != said for thing in said]

    def remember(self, things: Iterable[Thing]) -> None:
        """Take note that the city says it now."""
        self.things |= _together(things)


def _together(things: Iterable[Thing]) -> dict[tuple[str, str], list[Thing]]:
    found: dict[tuple[str, str], list[Thing]] = {}
    for thing in things:
        found.setdefault((thing.type, thing.native), []).append(thing)
    return found


def told(things: Iterable[Thing], shaped: Shaped, feed: Feed) -> list[Entity]:
    """What an answer says about things, each of them once; what it says last counts.

    Args:
        things: of the answer.
        shaped: the answer, where is counted what cannot be kept.
        feed: the source.
    """
    entities: dict[str, Entity] = {}
    for thing in things:
        try:
            entity = described(thing, feed)
            check_entity(entity)
        except DomainError:
            # A strange name must not cost the values, nor the other things.
            shaped.left_out[NOT_KEPT] += 1
            continue
        if entity.attributes:
            before = entities[entity.id].attributes if entity.id in entities else {}
            attributes = {**before, **entity.attributes}
            entities[entity.id] = Entity(id=entity.id, types=entity.types, attributes=attributes)
    return list(entities.values())


def described(thing: Thing, feed: Feed) -> Entity:
    """What a source says about a thing, as an entity."""
    attributes: dict[str, Attribute] = {
        expand(n): Attribute(kind=Kind.PROPERTY, value=v, unit=thing.units.get(n)) for n, v in thing.statements.items()
    }
    for name, texts in thing.wordings.items():
        attributes[expand(name)] = Attribute(kind=Kind.LANGUAGE_PROPERTY, value=texts)
    if thing.name:
        attributes[NAME] = Attribute(kind=Kind.PROPERTY, value=thing.name)
    if thing.place:
        attributes[DESCRIPTION] = Attribute(kind=Kind.PROPERTY, value=thing.place)
    if thing.location is not None:
        attributes[LOCATION] = Attribute(kind=Kind.GEO_PROPERTY, value=thing.location)
    if thing.levels and thing.native not in feed.staged:
        # The profile's own levels are what the city stands for; the source's are told only where it has none.
        units = {quantity.unit for quantity in feed.connector.quantities if quantity.type == thing.type}
        attributes[LEVELS] = Attribute(
            kind=Kind.PROPERTY,
            value=list(thing.levels),
            unit=units.pop() if len(units) == 1 else None,
            subattributes={STATED_BY: (Attribute(kind=Kind.PROPERTY, value=feed.publisher),)},
        )
    return Entity(
        id=feed.entity(thing.type, thing.native),
        types=(expand(thing.type),),
        attributes={name: (attribute,) for name, attribute in attributes.items()},
    )


def same(has: Sequence[Attribute], said: Sequence[Attribute]) -> bool:
    """Whether an attribute says the same, whenever it was written."""
    return len(has) == len(said) and all(
        one.kind is other.kind and one.unit == other.unit and same_value(one.value, other.value)
        for one, other in zip(has, said, strict=True)
    )
