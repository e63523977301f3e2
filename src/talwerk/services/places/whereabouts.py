"""What the city knows of a place: its quarter, its borough, its stretch of the river."""

from __future__ import annotations

from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.sdk.territory import Reach, Territory
from talwerk.services.territory import Area, Areas, Kind

from .register import FILE, Register
from .search import Search


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where a place lies.

    Attributes:
        quarter: its quarter, None outside of all; ``origin`` says how sure that is.
        borough: the quarter's borough.
        reach: the stretch of the axis that the quarter lies at, None when it lies at none.
    """

    quarter: Area | None = None
    borough: Area | None = None
    reach: Reach | None = None


class Gazetteer:
    """The places of one city: its addresses and its parts; files are read when first needed and when they change.

    Args:
        territory: the city's parts, None for a profile without any.
        folder: where its official files lie.
    """

    def __init__(self, territory: Territory | None, folder: Path) -> None:
        self.territory = territory
        self.folder = folder
        self._areas: tuple[int, Areas] | None = None
        self._search: tuple[int, Search] | None = None

    def search(self) -> Search:
        """The search over the city's addresses.

        Raises:
            DomainError: ResourceNotFound when they were not loaded yet; InternalError when their register is damaged.
        """
        stamp = _stamp(self.folder / FILE)
        if self._search is None or self._search[0] != stamp:
            self._search = (stamp, Search(Register.open(self.folder / FILE)))
        return self._search[1]

    def areas(self) -> Areas:
        """The city's parts.

        Raises:
            DomainError: ResourceNotFound for a profile without any; BadRequestData for unusable official files.
        """
        if self.territory is None:
            raise DomainError(Fault.NOT_FOUND, "The city's profile declares no quarters.")
        stamp = _stamp(self.folder / "quarters.geojson") ^ _stamp(self.folder / "boroughs.geojson")
        if self._areas is None or self._areas[0] != stamp:
            self._areas = (stamp, Areas.load(self.territory, self.folder))
        return self._areas[1]

    def whereabouts(self, longitude: float, latitude: float) -> Whereabouts:
        """Where a place lies; nothing at all in a city without quarters.

        Args:
            longitude: degrees (WGS 84).
            latitude: degrees.
        """
        if self.territory is None:
            return Whereabouts()
        areas = self.areas()
        quarter = areas.locate(longitude, latitude)
        if quarter is None:
            return Whereabouts(borough=areas.locate(longitude, latitude, Kind.BOROUGH))
        return Whereabouts(
            quarter=quarter,
            borough=areas.area(Kind.BOROUGH, quarter.part.borough),
            reach=self.territory.reach_of(quarter.part.key),
        )


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
