"""What other cities' platforms have: things of a type, with what is measured at them; the same for every protocol."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from .asked import Asked
from .instruments import ATTRIBUTES, Instrument, shown
from .simulator.weather import Spot

THINGS = 12
STEP = 15 * 60 * 1_000_000


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A thing of another city.

    Attributes:
        native: its id.
        type: short entity type.
        name: what people call it.
        spot: where it is.
        measures: attributes that are measured there, with their unit.
    """

    native: str
    type: str
    name: str
    spot: Spot
    measures: dict[str, str]

    def value(self, asked: Asked, attribute: str, at: int) -> float:
        """What its instrument shows at an instant."""
        what = Instrument(
            native=self.native, attribute=attribute, unit=self.measures[attribute], spot=self.spot, most=100.0
        )
        return round(shown(what, asked.source.key, at, asked.city, asked.land), 2)


def things_of(asked: Asked, kind: str, made: str) -> Iterator[Thing]:
    """The things of a type: those that the profile's measuring points name, otherwise made-up ones.

    Args:
        asked: the request.
        kind: short entity type.
        made: how ids of made-up ones are written, with ``{}`` for the number.
    """
    named: dict[str, dict[str, str]] = {}
    for point in asked.land.profile.measuring_points:
        if point.type == kind:
            for native in natives(asked, point.entities):
                named.setdefault(native, {})[point.attribute] = point.unit
    usual = ATTRIBUTES.get(kind, {})
    for native in asked.wanted:
        if ":" not in native:
            named.setdefault(native, usual)
    for native in named or [made.format(number) for number in range(1, THINGS + 1)]:
        number = native.rpartition(":")[2]
        yield Thing(
            native=native,
            type=kind,
            name=f"{kind} {number} (simuliert)",
            spot=asked.land.settled(native),
            measures={**usual, **named.get(native, {})},
        )


def natives(asked: Asked, references: tuple[str, ...]) -> Iterator[str]:
    """Ids of this source among references: its own, and those of the authority that its profile names."""
    authority = str(asked.source.parameters.get("authority", ""))
    for reference in references:
        source, _, native = reference.partition(":")
        if source == asked.source.key:
            yield native
        elif authority and reference.split(":")[3:4] == [authority]:
            yield reference


def newest(asked: Asked) -> int:
    """The newest time for which there is a value."""
    return asked.now // STEP * STEP


def whole_number(text: str, default: int) -> int:
    """A number of a query, where it is one."""
    return int(text) if text.isascii() and text.isdigit() else default
