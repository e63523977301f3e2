"""The city's parts as pages name and link them, and what a text that somebody typed means."""

from __future__ import annotations

from talwerk.portal.frame.place import Link
from talwerk.portal.here.views import AskField, BoroughList, Choice, Option, OptionGroup, PlaceLine, Spot
from talwerk.portal.site import addresses
from talwerk.portal.site.scene import Scene
from talwerk.services.places import Found, Precision
from talwerk.services.places.asking import Answer, knows_streets, made_up
from talwerk.services.places.parts import Named
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.territory import Area, Kind, Origin

EXAMPLES = 3
"""Of made-up addresses."""
QUARTERS_LEAST = 2
"""Fewer quarters cannot be compared."""


class Atlas:
    """The parts of one city, in the language of a scene.

    Args:
        gazetteer: the city's places.
        scene: whose addresses and words are used.
    """

    def __init__(self, gazetteer: Gazetteer, scene: Scene) -> None:
        self._gazetteer = gazetteer
        self._areas = gazetteer.areas()
        self._scene = scene

    def area(self, key: str) -> Area | None:
        """The quarter of a key, or else the borough."""
        return self._areas.area(Kind.QUARTER, key) or self._areas.area(Kind.BOROUGH, key)

    def borough_of(self, quarter: Area) -> Area | None:
        """The borough of a quarter."""
        return self._areas.area(Kind.BOROUGH, quarter.part.borough)

    def quarters_of(self, borough: Area) -> tuple[Area, ...]:
        """The quarters of a borough, in the order of their keys."""
        return tuple(area for area in self._areas.of(Kind.QUARTER) if area.part.borough == borough.part.key)

    @property
    def compares(self) -> bool:
        """Whether there are quarters to compare."""
        declared = self._gazetteer.territory
        return declared is not None and len(declared.quarters) >= QUARTERS_LEAST

    def groups(self) -> tuple[OptionGroup, ...]:
        """All quarters to choose from, by borough."""
        return tuple(
            OptionGroup(area.part.name, tuple(Option(one.part.key, one.part.name) for one in self.quarters_of(area)))
            for area in self._areas.of(Kind.BOROUGH)
        )

    def link(self, area: Area) -> Link:
        """A part with the address of its page."""
        return Link(area.part.name, self._scene.to.href(addresses.HERE, area.part.key))

    def boroughs(self) -> tuple[BoroughList, ...]:
        """All boroughs with their quarters."""
        return tuple(
            BoroughList(self.link(area), tuple(self.link(quarter) for quarter in self.quarters_of(area)))
            for area in self._areas.of(Kind.BOROUGH)
        )

    def field(self, asked: str = "") -> AskField:
        """The field for a street or a quarter."""
        return ask_field(self._gazetteer, self._scene, asked)

    def examples(self) -> tuple[Choice, ...]:
        """Addresses that there are, for a city whose streets are made up; none for others."""
        return tuple(self._choice(one) for one in made_up(self._gazetteer, EXAMPLES))

    def choices(self, answer: Answer) -> tuple[Choice, ...]:
        """What a text may mean, best first: parts as links, addresses as texts to send."""
        found: tuple[Named | Found, ...] = (*answer.parts, *answer.houses)
        ranked = sorted(found, key=lambda one: -one.score)
        return tuple(self._choice(one) for one in ranked)

    def _choice(self, one: Named | Found) -> Choice:
        if isinstance(one, Named):
            link = self.link(one.area)
            return Choice(link.label, self._scene.texts.text(f"here.{one.area.kind.value}"), link.href)
        lies = self._gazetteer.whereabouts(one.house.longitude, one.house.latitude)
        beside = [one.house.postcode, lies.quarter.part.name if lies.quarter is not None else ""]
        return Choice(label(one), ", ".join(part for part in beside if part))

    def house(self, found: Found, asked: str) -> tuple[PlaceLine, Area | None]:
        """Where an address lies, and in which quarter.

        Args:
            found: the address.
            asked: what was typed.
        """
        lies = self._gazetteer.whereabouts(found.house.longitude, found.house.latitude)
        line = PlaceLine(
            spot=Spot.STREET if found.precision is Precision.STREET else Spot.ADDRESS,
            name=label(found),
            quarter=None if lies.quarter is None else self.link(lies.quarter),
            borough=None if lies.borough is None else self.link(lies.borough),
            approximate=lies.quarter is not None and lies.quarter.origin is not Origin.OFFICIAL,
            note="" if found.precision is Precision.HOUSE else found.precision.value,
            asked=asked,
        )
        return line, lies.quarter

    def part(self, area: Area) -> PlaceLine:
        """Where a part lies."""
        borough = self.borough_of(area) if area.kind is Kind.QUARTER else None
        return PlaceLine(
            spot=Spot(area.kind.value),
            name=area.part.name,
            borough=None if borough is None else self.link(borough),
            approximate=area.origin is not Origin.OFFICIAL,
        )


def ask_field(gazetteer: Gazetteer, scene: Scene, asked: str = "") -> AskField:
    """The field for a street or a quarter, for any page.

    Args:
        gazetteer: the city's places.
        scene: whose addresses are used.
        asked: what the person typed before.
    """
    to = scene.to
    example = "".join(label(one) for one in made_up(gazetteer, 1))
    return AskField(to.href(addresses.HERE), to.href(addresses.SUGGEST), knows_streets(gazetteer), asked, example)


def label(found: Found) -> str:
    """An address as it is written; without a number where none was asked for."""
    house = found.house
    return house.street if found.precision is Precision.STREET else f"{house.street} {house.number}{house.suffix}"
