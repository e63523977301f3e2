"""View values of the start page, without wording and without drawing."""

from dataclasses import dataclass

from talwerk.portal.drawing.city_map import CityMapView
from talwerk.portal.frame.views import Gauge, Talband
from talwerk.portal.here.views import AskField
from talwerk.portal.lage.warnings import NOBODY, Warned


@dataclass(frozen=True, slots=True)
class Air:
    """How good the air is: the value that decides, its class (``air.<grade>``) and its substance (``air.<key>``)."""

    gauge: Gauge
    grade: str
    substance: str


@dataclass(frozen=True, slots=True)
class Weather:
    """How warm it is, and what fell in the last hour where the same station says so."""

    gauge: Gauge
    rain: Gauge | None = None


@dataclass(frozen=True, slots=True)
class Power:
    """Sun and wind in the grid.

    Attributes:
        share_pct: Of the load.
        at_us: The hour's end.
        href: Address of what explains it, or empty.
        source: Who says so.
        is_old: Whether newer values should have come.
    """

    share_pct: float
    at_us: int
    href: str
    source: str
    is_old: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """A source that brings nothing usable: its name, how it is (``source.<health>``), and since when."""

    name: str
    health: str
    since_us: int


@dataclass(frozen=True, slots=True)
class LageView:
    """Start page of a city that has measurements.

    Attributes:
        talband: The axis, or None if no gauge stands on it.
        tiles: Gauges beside the axis, most telling first.
        series_total: Number of series that the city knows.
        series_silent: How many of them are silent, None where nobody can look at all of them.
        list_href: Address of the list of measuring points.
        further: Gauges with levels that no tile shows; the situation speaks for them, too.
        warned: What is known of official warnings.
        air: How good the air is, where somebody measures it.
        weather: The weather, where somebody measures it.
        power: Sun and wind in the grid, where it is known.
        silences: Sources that bring nothing at present.
        silent: Series of a small city that are silent.
        field: Where a place is asked for, None for a city without declared parts.
        crisis_href: Address of the crisis page, or empty.
        city_map: The small map, None for a city that nobody can draw.
        axis_is_river: Whether the axis carries water.
    """

    talband: Talband | None
    tiles: tuple[Gauge, ...]
    series_total: int
    series_silent: int | None
    list_href: str
    further: tuple[Gauge, ...] = ()
    warned: Warned = NOBODY
    air: Air | None = None
    weather: Weather | None = None
    power: Power | None = None
    silences: tuple[Silence, ...] = ()
    silent: tuple[Gauge, ...] = ()
    field: AskField | None = None
    crisis_href: str = ""
    city_map: CityMapView | None = None
    axis_is_river: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do first in an empty city: what it brings, and the exact command."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class EmptyView:
    """Start page of a city without a single measurement."""

    steps: tuple[Step, ...]
