"""Small cities to write: scopes, clocks and changes in few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from talwerk.core.change import Ack, Batch, Change, Mode, Observations, Origin, Outcome, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.instants import HOUR, Instant, parse_instant
from talwerk.core.query import Filter, Page, Query
from talwerk.core.scope import Principal, Role, Scope
from talwerk.core.series import SeriesKey
from talwerk.store import Store, Submission

NOON = parse_instant("2026-03-01T12:00:00Z")
GAUGE = "https://example.org/Gauge"
LAMP = "https://example.org/Lamp"
LEVEL = "https://example.org/level"
NAME = "https://example.org/name"
PLACE = "https://example.org/place"
ONE = "urn:ngsi-ld:Gauge:1"


class StandingClock:
    """A clock that moves only when told to."""

    def __init__(self, now: int = NOON) -> None:
        self.time = now
        self.monotonic = 0.0

    def now(self) -> Instant:
        return Instant(self.time)

    def monotonic_s(self) -> float:
        return self.monotonic

    def pass_hours(self, hours: float) -> None:
        self.time += round(hours * HOUR)


def scope(predicate: Filter | None = None, attributes: Sequence[str] | None = None, *, may_write: bool = True) -> Scope:
    """What a test may see and do."""
    seen = None if attributes is None else frozenset(attributes)
    return Scope._issue(Principal(role=Role.OPERATOR), may_write=may_write, predicate=predicate, attributes=seen)


ALL = scope()


def prop(value: Any, observed: int | None = None, **more: Any) -> Attribute:
    """An instance of a property."""
    return Attribute(kind=Kind.PROPERTY, value=value, observed=observed, **more)


def entity(id_: str = ONE, attributes: Attributes | None = None, types: tuple[str, ...] = (GAUGE,)) -> Entity:
    """An entity to write."""
    return Entity(id=id_, types=types, attributes=attributes or {})


def change(mode: Mode, id_: str = ONE, provenance: Provenance | None = None, **attributes: Any) -> Change:
    """A change of an entity; attributes are named level, name, place and hold one instance or a tuple of them."""
    names = {"level": LEVEL, "name": NAME, "place": PLACE}
    full = {names[name]: given if isinstance(given, tuple) else (given,) for name, given in attributes.items()}
    return Change(mode=mode, entity=entity(id_, full), provenance=provenance or Provenance())


def levels(at: list[int], values: list[Any], id_: str = ONE, **more: Any) -> Observations:
    """Values of a gauge's level."""
    return Observations(entity=id_, types=(GAUGE,), attribute=LEVEL, at=at, values=values, **more)


def write(
    store: Store, *changes: Change | Observations, by: Scope = ALL, origin: Origin = Origin.LIVE
) -> tuple[Outcome, ...]:
    """Write one batch that must not be refused as a whole."""
    (answer,) = store.apply([Submission(Batch(changes=changes, origin=origin), by)])
    assert isinstance(answer, Ack), answer
    assert answer.position == store.position()
    return answer.outcomes


def everything(store: Store, by: Scope = ALL) -> tuple[Entity, ...]:
    """All entities in order of creation."""
    return store.read(Query(page=Page(limit=1_000)), by).entities


def one(store: Store, id_: str = ONE, by: Scope = ALL) -> Entity:
    """The one entity with this id."""
    (found,) = store.read(Query(ids=(id_,)), by).entities
    return found


def key(id_: str = ONE, attribute: str = LEVEL, dataset: str | None = None) -> SeriesKey:
    """The key of a gauge's level."""
    return SeriesKey(entity=id_, attribute=attribute, dataset=dataset)
