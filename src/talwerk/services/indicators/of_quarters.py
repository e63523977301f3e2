"""Indicators of a single quarter: computed when somebody asks, from the addresses that lie in it.

Only official boundaries say which addresses those are; without them nothing is counted. Fewer than ten addresses are
never told (:data:`talwerk.services.indicators.result.PEOPLE_LEAST`).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from talwerk.broker import Broker
from talwerk.core.entity import Entity
from talwerk.core.geometry import positions
from talwerk.core.instants import Instant
from talwerk.core.scope import Scope
from talwerk.core.terms import LOCATION
from talwerk.sdk.profile import Profile
from talwerk.sdk.theme import Indicator, PerAddresses, Theme, Where, WithinWalk
from talwerk.services.places.asking import knows_streets
from talwerk.services.places.register import FILE
from talwerk.services.places.whereabouts import Gazetteer

from .evidence import Evidence, Ground
from .of_places import per_addresses, within_walk
from .result import Absence, Result
from .themes import Themes


class OfQuarter(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator of a quarter.

    Attributes:
        theme: of the indicator.
        indicator: what was computed.
        result: what became of it for the quarter.
    """

    theme: Theme
    indicator: Indicator
    result: Result


class _Within(Evidence):
    """What the city knows, with the addresses of one quarter instead of all."""

    def within(self, quarter: str, gazetteer: Gazetteer) -> None:
        self.addresses, self.quarters = gazetteer.search().register.places_of(quarter), ()


class _Inside(_Within):
    """The same, with the things that lie in the quarter instead of all."""

    def within(self, quarter: str, gazetteer: Gazetteer) -> None:
        super().within(quarter, gazetteer)
        self._quarter, self._areas = quarter, gazetteer.areas()

    def things(self, types: tuple[str, ...], where: tuple[Where, ...], also: tuple[str, ...] = ()) -> Iterator[Entity]:
        found = list(super().things(types, where, also))
        placed = [(thing, place) for thing in found if (place := _place(thing)) is not None]
        keys = self._areas.locate_all([place for _, place in placed])
        return (thing for (thing, _), key in zip(placed, keys, strict=True) if key == self._quarter)


class Quarters:
    """Indicators of a city's quarters.

    Args:
        broker: the way to the data.
        profile: of the city.
        themes: what is asked of it.
        gazetteer: its addresses, and which quarter they lie in.
    """

    def __init__(self, broker: Broker, profile: Profile, themes: Themes, gazetteer: Gazetteer) -> None:
        self._broker = broker
        self._themes = themes
        self._gazetteer = gazetteer
        self._city = Ground(profile=profile, territory=gazetteer.territory, addresses=gazetteer.folder / FILE)

    def of(self, quarter: str, scope: Scope, now: Instant) -> tuple[OfQuarter, ...]:
        """All indicators that can be told of a quarter, in the order of the themes.

        None at all without its addresses, and those are only known with official boundaries.

        Args:
            quarter: its key.
            scope: on whose behalf.
            now: the instant.
        """
        if not knows_streets(self._gazetteer):
            return ()
        reached, inside = (kind(self._broker, scope, self._city, now) for kind in (_Within, _Inside))
        for evidence in (reached, inside):
            evidence.within(quarter, self._gazetteer)
        if not reached.addresses:
            return ()
        found = []
        for theme in self._themes.themes:
            for indicator in theme.indicators:
                match indicator.measure:
                    case WithinWalk() as measure:
                        result = within_walk(measure, reached)
                    case PerAddresses() as measure:
                        result = _per_addresses(measure, inside, reached)
                    case _:
                        continue
                found.append(OfQuarter(theme=theme, indicator=indicator, result=result))
        return tuple(found)


def _per_addresses(measure: PerAddresses, inside: Evidence, reached: Evidence) -> Result:
    """Things of the quarter: where the city has some and the quarter none, that is a value, too."""
    result = per_addresses(measure, inside)
    if result.absence is not Absence.NO_THINGS:
        return result
    elsewhere = next(reached.things(measure.types, measure.where), None)
    if elsewhere is None:
        return result
    whole = len(reached.addresses or ())
    return Result(value=0.0, numerator=0, denominator=whole, origins=reached.origins_of([elsewhere.id]))


def _place(thing: Entity) -> tuple[float, float] | None:
    """A place of a thing, None when it has none."""
    corners = (corner for one in thing.attributes.get(LOCATION, ()) for corner in positions(one.value))
    return next(corners, None)
