"""What a city consists of: boroughs and quarters, as a profile declares them beside ``profile.toml``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Key = Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{1,20}$")]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Date = Annotated[str, Meta(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of people, which means nothing without how it was counted.

    Attributes:
        value: how many.
        date: the day, month or year that it speaks of (ISO 8601).
        method: how it was counted, in words.
        source: who states it.
    """

    value: Annotated[int, Meta(ge=0)]
    date: Date
    method: Name
    source: Name


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A borough or a quarter.

    Attributes:
        key: the city's own key; sorts as the city sorts.
        name: what people call it.
        centre: longitude and latitude of a point within it, degrees (WGS 84); None when nobody stated one.
        area_km2: its area, None when unknown.
        borough: key of the borough that a quarter belongs to; empty for boroughs.
        unconfirmed: what about it no source has confirmed, for example ``key`` or ``centre``.
    """

    key: Key
    name: Name
    centre: tuple[Longitude, Latitude] | None = None
    area_km2: Annotated[float, Meta(gt=0)] | None = None
    borough: str = ""
    unconfirmed: tuple[Literal["key", "name", "centre", "area_km2"], ...] = ()


class Layer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An official open file of the city that ``talwerk profile update`` fetches.

    Attributes:
        key: what it holds: the outline, boroughs, quarters, or address points.
        address: where it lies (GeoJSON in WGS 84).
        names: which members of a feature's properties are meant: ``key``, ``name``, ``street``, ``number``, ...
        licence: SPDX identifier.
        attribution: the credit line that its licence asks for.
        size_mb_max: how large it may be.
    """

    key: Literal["outline", "boroughs", "quarters", "addresses"]
    address: Annotated[str, Meta(pattern=r"^https?://\S+$")]
    names: dict[str, Name] = {}
    licence: Name = "unknown"
    attribution: str = ""
    size_mb_max: Annotated[int, Meta(ge=1, le=500)] = 80


class Reach(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of the city's axis, and the quarters along it.

    Attributes:
        key: stable within the profile.
        name: what people call it.
        point: key of the measuring point that speaks for it.
        quarters: keys of the quarters that lie at it.
        unconfirmed: what about it no source has confirmed.
    """

    key: Key
    name: Name
    point: Name
    quarters: Annotated[tuple[str, ...], Meta(min_length=1)]
    unconfirmed: tuple[Literal["quarters", "point"], ...] = ()


class Territory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A city's parts. Centres are good for placing a name on a map; they are no boundaries.

    Attributes:
        bounds: west, south, east and north of the city, degrees (WGS 84).
        boroughs: in the order of their keys.
        quarters: in the order of their keys.
        populations: of the whole city, one per way of counting; they are never one series.
        area_km2: of the whole city.
        layers: official open files with boundaries and addresses.
        reaches: stretches of the axis, in its order.
    """

    bounds: tuple[Longitude, Latitude, Longitude, Latitude]
    boroughs: tuple[Part, ...] = ()
    quarters: tuple[Part, ...] = ()
    populations: tuple[Figure, ...] = ()
    area_km2: Annotated[float, Meta(gt=0)] | None = None
    layers: tuple[Layer, ...] = ()
    reaches: tuple[Reach, ...] = ()

    def __post_init__(self) -> None:
        west, south, east, north = self.bounds
        if not (west < east and south < north):
            raise ValueError(f"The bounds {self.bounds} are not west, south, east, north")
        boroughs = {part.key for part in self.boroughs}
        for parts in (self.boroughs, self.quarters):
            if len({part.key for part in parts}) != len(parts):
                raise ValueError("A key is used twice")
        for part in (*self.boroughs, *self.quarters):
            if part.centre and not (west <= part.centre[0] <= east and south <= part.centre[1] <= north):
                raise ValueError(f"The centre of {part.name} lies outside of the city's bounds")
        for part in self.quarters:
            if part.borough not in boroughs:
                raise ValueError(f"The quarter {part.name} belongs to the unknown borough {part.borough!r}")
        quarters = {part.key for part in self.quarters}
        for reach in self.reaches:
            if unknown := set(reach.quarters) - quarters:
                raise ValueError(f"The reach {reach.name} names unknown quarters: {', '.join(sorted(unknown))}")

    def reach_of(self, quarter: str) -> Reach | None:
        """The stretch of the axis that a quarter lies at, None when it lies at none."""
        return next((reach for reach in self.reaches if quarter in reach.quarters), None)
