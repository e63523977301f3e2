"""View values of the start page, without wording and without drawing."""

from dataclasses import dataclass

from talwerk.portal.views import Gauge, Talband


@dataclass(frozen=True, slots=True)
class LageView:
    """Start page of a city that has measurements.

    Attributes:
        talband: The axis, or None if no gauge stands on it.
        tiles: Gauges beside the axis, most telling first.
        series_total: Number of series that the city knows.
        series_silent: How many of them are silent.
        list_href: Address of the list of measuring points.
        further: Gauges with levels that no tile shows; the situation speaks for them, too.
    """

    talband: Talband | None
    tiles: tuple[Gauge, ...]
    series_total: int
    series_silent: int
    list_href: str
    further: tuple[Gauge, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do first in an empty city: what it brings, and the exact command."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class EmptyView:
    """Start page of a city without a single measurement."""

    steps: tuple[Step, ...]
