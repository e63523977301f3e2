"""The register of a city's addresses: columns in one file, a few megabytes for a hundred thousand of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.sdk.territory import Layer
from talwerk.services.territory import Areas, Kind, Origin
from talwerk.services.territory.layers import Feature

from .question import folded

FILE = "addresses.register"
_DEGREE = 10_000_000
_NUMBER = re.compile(r"\s*(\d{1,5})\s*([a-zA-Z]?)")


class House(msgspec.Struct, frozen=True, kw_only=True):
    """One address point.

    Attributes:
        street: name as the city writes it.
        number: house number.
        suffix: its letter in lower case, empty without one.
        postcode: five digits, empty when the city states none.
        longitude: degrees (WGS 84).
        latitude: degrees.
        quarter: key of the quarter, empty when no official boundary says it.
    """

    street: str
    number: int
    suffix: str
    postcode: str
    longitude: float
    latitude: float
    quarter: str = ""


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """All addresses, sorted by street, number and letter. Numbers are little-endian columns.

    Attributes:
        streets: names as the city writes them, sorted by their folded form.
        first: for each street the position of its first house, and the number of all houses; int32.
        numbers: house numbers, int32.
        suffixes: letters, ASCII, 0 for none.
        places: longitude and latitude of each house in 1e-7 degrees, two int32.
        postcodes: of each house, int32, 0 for none.
        quarters: position in ``quarter_keys``, one byte, 0 for none.
        quarter_keys: keys of quarters, the first one empty.
        simulated: whether nobody lives there: the addresses of a twin are made up.
        format: of the file.
    """

    streets: list[str]
    first: bytes
    numbers: bytes
    suffixes: bytes
    places: bytes
    postcodes: bytes
    quarters: bytes
    quarter_keys: list[str]
    simulated: bool = False
    format: int = 1

    @classmethod
    def build(cls, houses: Iterable[House], *, simulated: bool = False) -> Self:
        """The register of these houses; the same address twice counts once.

        Args:
            houses: in any order.
            simulated: whether they are made up.

        Raises:
            DomainError: BadRequestData when there are more than 255 quarters.
        """
        known = {(folded(house.street), house.number, house.suffix, house.postcode): house for house in houses}
        ordered = [known[key] for key in sorted(known)]
        keys = ["", *sorted({house.quarter for house in ordered} - {""})]
        if len(keys) > 256:
            raise bad_data(f"The city has {len(keys) - 1} quarters; 255 is the most.")
        position = {key: index for index, key in enumerate(keys)}
        streets: list[str] = []
        first: list[int] = []
        previous = None
        for index, house in enumerate(ordered):
            if (now := folded(house.street)) != previous:
                streets.append(house.street)
                first.append(index)
                previous = now
        return cls(
            streets=streets,
            first=_column([*first, len(ordered)]),
            numbers=_column([house.number for house in ordered]),
            suffixes=bytes(ord(house.suffix) if house.suffix else 0 for house in ordered),
            places=_column([round(x * _DEGREE) for h in ordered for x in (h.longitude, h.latitude)]),
            postcodes=_column([int(house.postcode or 0) for house in ordered]),
            quarters=bytes(position[house.quarter] for house in ordered),
            quarter_keys=keys,
            simulated=simulated,
        )

    @classmethod
    def open(cls, path: Path) -> Self:
        """The register of a file.

        Raises:
            DomainError: ResourceNotFound without a file; InternalError when it is damaged.
        """
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=cls)
        except OSError as error:
            detail = "The city's addresses were not loaded yet: talwerk profile update."
            raise DomainError(Fault.NOT_FOUND, detail) from error
        except msgspec.DecodeError as error:
            detail = f"The register of addresses {path} is damaged; talwerk profile update makes it anew."
            raise DomainError(Fault.INTERNAL, detail) from error

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        arriving = path.with_name(path.name + ".part")
        with arriving.open("wb") as file:
            file.write(msgspec.msgpack.encode(self))
            file.flush()
            os.fsync(file.fileno())
        arriving.rename(path)

    def houses(self, street: int) -> range:
        """Positions of a street's houses."""
        first = memoryview(self.first).cast("i")
        return range(first[street], first[street + 1])

    def number(self, house: int) -> tuple[int, str]:
        """Number and letter of a house."""
        letter = self.suffixes[house]
        return memoryview(self.numbers).cast("i")[house], chr(letter) if letter else ""

    def postcode(self, house: int) -> str:
        """Postcode of a house, empty without one."""
        code = memoryview(self.postcodes).cast("i")[house]
        return f"{code:05d}" if code else ""

    def all_places(self) -> list[tuple[float, float]]:
        """Longitude and latitude of every house, degrees (WGS 84)."""
        places = memoryview(self.places).cast("i")
        return [(places[at] / _DEGREE, places[at + 1] / _DEGREE) for at in range(0, len(places), 2)]

    def places_of(self, quarter: str) -> list[tuple[float, float]]:
        """Longitude and latitude of the houses of a quarter; none where no official boundary says which those are."""
        if not quarter or quarter not in self.quarter_keys:
            return []
        wanted, places = self.quarter_keys.index(quarter), memoryview(self.places).cast("i")
        return [
            (places[2 * house] / _DEGREE, places[2 * house + 1] / _DEGREE)
            for house, key in enumerate(self.quarters)
            if key == wanted
        ]

    def house(self, street: int, house: int) -> House:
        """One address."""
        number, suffix = self.number(house)
        places = memoryview(self.places).cast("i")
        return House(
            street=self.streets[street],
            number=number,
            suffix=suffix,
            postcode=self.postcode(house),
            longitude=places[2 * house] / _DEGREE,
            latitude=places[2 * house + 1] / _DEGREE,
            quarter=self.quarter_keys[self.quarters[house]],
        )


class _Nature(msgspec.Struct):
    """What is read of a register by who only asks for its nature."""

    simulated: bool = False


def is_simulated(path: Path) -> bool:
    """Whether the addresses of a register's file are made up; False where none can be read."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=_Nature).simulated
    except (OSError, msgspec.DecodeError):
        return False


def houses_of(features: Sequence[Feature], layer: Layer, areas: Areas) -> list[House]:
    """The address points of the city's official file; those without street or number are left out.

    Args:
        features: of the file.
        layer: its declaration; ``names`` says which members hold ``street``, ``number``, ``suffix`` and ``postcode``.
        areas: give each house its quarter, where official boundaries are loaded.
    """
    official = any(area.origin is Origin.OFFICIAL for area in areas.of(Kind.QUARTER))
    found = (_house(feature, layer) for feature in features)
    houses = [house for house in found if house is not None]
    if not official:
        return houses
    within = areas.locate_all([(house.longitude, house.latitude) for house in houses])
    return [msgspec.structs.replace(house, quarter=key) for house, key in zip(houses, within, strict=True)]


def _house(feature: Feature, layer: Layer) -> House | None:
    stated = {member: _text(feature.properties.get(name)) for member, name in layer.names.items()}
    number = _NUMBER.fullmatch(stated.get("number", "") + stated.get("suffix", ""))
    place = feature.geometry.get("coordinates")
    street, postcode = stated.get("street", ""), stated.get("postcode", "")
    if not folded(street) or number is None or feature.geometry.get("type") != "Point" or not isinstance(place, list):
        return None
    return House(
        street=street,
        number=int(number[1]),
        suffix=number[2].lower(),
        postcode=postcode if len(postcode) == 5 and postcode.isdigit() else "",
        longitude=float(place[0]),
        latitude=float(place[1]),
    )


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, str | int) else ""


def _column(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(4, "little", signed=True) for value in values)
