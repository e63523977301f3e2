"""What measures work with: the city's series, things and addresses at one instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from talwerk.broker import Broker
from talwerk.core.change import Provenance
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Instant
from talwerk.core.query import Page, Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Bucket, Points, Series, SeriesKey
from talwerk.core.terms import LOCATION, expand
from talwerk.sdk.profile import Profile
from talwerk.sdk.territory import Territory
from talwerk.sdk.theme import Selection, Where
from talwerk.services.places.register import Register

OWN = "talwerk"
"""Source of what the city computes itself; it is never computed from."""
ADDRESSES = "adressen"
"""Key of the city's addresses among sources."""
MADE_UP = Provenance(
    source=ADDRESSES, licence="CC0-1.0", attribution="Simulation, keine Adressen der Stadt", simulated=True
)
"""Where a twin's addresses come from."""
_PER_READ = 1_000
_SERIES_OF = 200
"""Entities whose series are read at once: some milliseconds, a slice of the duty's work."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What measures know of a city besides its values.

    Attributes:
        profile: its zone, and which sources a connector reads.
        territory: where its addresses come from, None for a profile without quarters.
        addresses: file of the register of addresses.
    """

    profile: Profile
    territory: Territory | None
    addresses: Path

    @property
    def address_origin(self) -> Provenance:
        """Where the addresses come from."""
        layers = self.territory.layers if self.territory is not None else ()
        layer = next((layer for layer in layers if layer.key == "addresses"), None)
        if layer is None:
            return Provenance(source=ADDRESSES)
        return Provenance(source=ADDRESSES, licence=layer.licence, attribution=layer.attribution)


class Evidence:
    """What the city knows at one instant; read once for all measures.

    Args:
        broker: the way to the data.
        scope: on whose behalf.
        city: what does not change with its values.
        now: the instant.
        breathe: called between two reads of series, so that others get their turn.
    """

    def __init__(
        self, broker: Broker, scope: Scope, city: Ground, now: Instant, breathe: Callable[[], None] = lambda: None
    ) -> None:
        self._broker = broker
        self._scope = scope
        self._profile = city.profile
        self._city = city
        self._breathe = breathe
        self.zone = city.profile.city.zone
        self.now = now

    @cached_property
    def provenances(self) -> tuple[Provenance, ...]:
        """Where the city's open series come from, what indicators say left out."""
        return tuple(found for found in self._broker.provenances(self._scope) if found.source != OWN)

    @property
    def simulated(self) -> bool:
        """Whether nobody measured what the city holds: measured and simulated values never share a city."""
        return any(found.simulated for found in self.provenances)

    @cached_property
    def addresses(self) -> Sequence[tuple[float, float]] | None:
        """Longitude and latitude of the city's addresses, degrees (WGS 84); None before they were loaded."""
        return self._register.all_places() if self._register is not None else None

    @cached_property
    def quarters(self) -> Sequence[str]:
        """Of each of the addresses the key of its quarter, empty where no official boundary says it; () for none."""
        if self._register is None or not any(self._register.quarters):
            return ()
        return [self._register.quarter_keys[at] for at in self._register.quarters]

    @cached_property
    def _register(self) -> Register | None:
        try:
            return Register.open(self._city.addresses)
        except DomainError as error:
            if error.fault is not Fault.NOT_FOUND:
                raise
            return None

    def select(
        self, selection: Selection, fitting: Callable[[Provenance], object] = lambda _: True
    ) -> Iterator[Series]:
        """The open series with values that a selection means; read while they are looked at, never all at once.

        Args:
            selection: which ones; those of indicators are never meant.
            fitting: whether the series from somewhere are wanted; others are not even read.
        """
        sources = self._sources(selection)
        wanted = tuple(p for p in self.provenances if (not sources or p.source in sources) and fitting(p))
        if not wanted:
            return
        query = Query(
            types=tuple(expand(name) for name in selection.types),
            attributes=tuple(expand(name) for name in selection.attributes) or None,
        )
        for page in self._broker.series_pages(query, self._scope, wanted, _SERIES_OF):
            yield from (series for series in page if series.last is not None)
            self._breathe()

    def things(self, types: tuple[str, ...], where: tuple[Where, ...], also: tuple[str, ...] = ()) -> Iterator[Entity]:
        """The things of one of these types that fulfil all conditions, with their place and further attributes.

        Args:
            types: short entity types.
            where: the conditions.
            also: short names of further attributes that are wanted.
        """
        names = [*(one.attribute for one in where), *also]
        attributes = (LOCATION, *(expand(name) for name in names))
        for entity in self._read(Query(types=tuple(expand(kind) for kind in types), attributes=attributes)):
            if all(_fulfils(entity, condition) for condition in where):
                yield entity

    def hours(self, series: Series, window: Window) -> tuple[Bucket, ...]:
        """Hourly sums of a series."""
        self._breathe()
        return self._broker.hours(_key(series), window, self._scope)

    def newest(self, series: Series, count: int) -> Points:
        """The newest values of a series, oldest first."""
        self._breathe()
        return self._broker.points(_key(series), Window(), self._scope, last=count)

    def origins_of(self, things: Sequence[str]) -> tuple[Provenance, ...]:
        """Where what is known of things comes from, and the city's addresses, each once."""
        found = (series.provenance for thing in things for series in self._broker.series(self._scope, thing))
        made_up = self._register is not None and self._register.simulated
        return tuple(dict.fromkeys([*found, MADE_UP if made_up else self._city.address_origin]))

    def _sources(self, selection: Selection) -> frozenset[str]:
        read = (s.key for s in self._profile.sources if s.connector in selection.sources)
        return frozenset((*selection.sources, *read))

    def _read(self, query: Query) -> Iterator[Entity]:
        after: str | None = None
        while True:
            asked = msgspec.structs.replace(query, page=Page(limit=_PER_READ, after=after))
            page = self._broker.read(asked, self._scope)
            yield from page.entities
            self._breathe()
            after = page.next
            if after is None:
                return


def origins(series: Iterable[Series]) -> tuple[Provenance, ...]:
    """Where series come from, each origin once."""
    return tuple(dict.fromkeys(one.provenance for one in series))


def _key(series: Series) -> SeriesKey:
    return SeriesKey(entity=series.entity, attribute=series.attribute, dataset=series.dataset)


def _fulfils(entity: Entity, condition: Where) -> bool:
    wanted = {text.casefold() for text in condition.is_one_of}
    for instance in entity.attributes.get(expand(condition.attribute), ()):
        values = instance.value if isinstance(instance.value, list) else [instance.value]
        if any(isinstance(value, str) and value.casefold() in wanted for value in values):
            return True
    return False
