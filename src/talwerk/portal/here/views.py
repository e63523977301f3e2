"""View values of "Mein Ort"; see :mod:`talwerk.portal.views` for what all of them share."""

from dataclasses import dataclass
from enum import StrEnum

from talwerk.portal.frame.place import Link
from talwerk.portal.frame.views import Gauge
from talwerk.portal.lage.warnings import Warned


@dataclass(frozen=True, slots=True)
class AskField:
    """The field for a street or a quarter, as any page may show it.

    Attributes:
        action: Where the form goes.
        suggest: Where suggestions come from.
        streets: Whether streets are known; otherwise only boroughs and quarters.
        asked: What the person typed before, or empty.
        example: An address that there is, where streets are made up; else empty.
    """

    action: str
    suggest: str
    streets: bool = True
    asked: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several places that a text may mean.

    Attributes:
        label: Its name.
        beside: What tells it from others of that name.
        href: Address of its page, or empty for a street: that is sent, never linked.
    """

    label: str
    beside: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class BoroughList:
    """A borough with its quarters."""

    borough: Link
    quarters: tuple[Link, ...]


class Miss(StrEnum):
    """Why there is no single answer."""

    SHORT = "short"
    NOTHING = "nothing"
    MADE_UP = "made_up"
    """The streets of this city are made up, and this is none of them."""
    STREETLESS = "streetless"
    """It is no part of the city, and the city's streets are not known."""
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class HereView:
    """The way in: the field, what it may have meant, and all parts of the city.

    Attributes:
        field: The field.
        boroughs: All parts.
        compare: Address of the comparison, or empty where there is nothing to compare.
        miss: Why what was asked has no single answer; None when nothing was asked.
        choices: What it may have meant, best first.
    """

    field: AskField
    boroughs: tuple[BoroughList, ...]
    compare: str = ""
    miss: Miss | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class SuggestView:
    """Suggestions for what somebody is typing."""

    choices: tuple[Choice, ...]


class Spot(StrEnum):
    """What a page speaks of."""

    ADDRESS = "address"
    STREET = "street"
    QUARTER = "quarter"
    BOROUGH = "borough"


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """Where a place lies, in words.

    Attributes:
        spot: What it is.
        name: Its name.
        quarter: Its quarter, or None.
        borough: Its borough, or None.
        approximate: Whether no official boundary says so.
        note: Key of how it differs from what was typed, or empty.
        asked: The house number that there is not, or empty.
    """

    spot: Spot
    name: str
    quarter: Link | None = None
    borough: Link | None = None
    approximate: bool = False
    note: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class ReachLine:
    """A stretch of the axis with the gauge that speaks for it.

    Attributes:
        name: What people call it.
        gauge: Its gauge, or None while that has no series.
        unconfirmed: Whether its quarters were read off a map.
    """

    name: str
    gauge: Gauge | None = None
    unconfirmed: bool = False


@dataclass(frozen=True, slots=True)
class StationLine:
    """The nearest station of a kind.

    Attributes:
        kind: Key of what it measures: air, weather.
        name: Its name.
        distance_m: Metres as the crow flies.
        gauges: Its newest values.
    """

    kind: str
    name: str
    distance_m: int
    gauges: tuple[Gauge, ...]


@dataclass(frozen=True, slots=True)
class NearLine:
    """The nearest thing of an everyday kind.

    Attributes:
        key: Of the kind.
        name: Its name, or empty.
        distance_m: Metres as the crow flies.
        source: Who publishes the data.
        told_us: When they said so, or None.
    """

    key: str
    name: str
    distance_m: int
    source: str = ""
    told_us: int | None = None


@dataclass(frozen=True, slots=True)
class FigureLine:
    """An indicator of a quarter beside that of the city.

    Attributes:
        title: Its name.
        href: Where it is explained.
        unit: What stands behind the number; empty for pure numbers.
        decimals: Digits after the comma.
        own: The quarter's number, or None.
        absence: Key of the reason why there is none; empty when there is one.
        part: Above the line, or None.
        whole: Below the line, or None.
        city: The city's number, or None.
        city_us: The time that the city's number speaks of, or None.
        sources: Titles of what the quarter's number rests on.
    """

    title: str
    href: str
    unit: str
    decimals: int
    own: float | None = None
    absence: str = ""
    part: float | None = None
    whole: float | None = None
    city: float | None = None
    city_us: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceView:
    """All that is known of one place.

    Attributes:
        line: Where it is.
        field: For another question.
        trail: Breadcrumbs, without this page.
        instead_of: The quarter that is too little known to have a page of its own, or empty.
        warned: What is known of official warnings.
        by_river: Whether the city's axis is a river with stretches of which one speaks.
        reaches: The stretches of the axis that it lies at.
        stations: The nearest stations.
        near: The nearest everyday things.
        unknown: Keys of everyday kinds of which nothing is loaded.
        figures: The quarter beside the city.
        figures_us: How old the addresses are that they rest on, or None.
        parts: Quarters of a borough.
        sheet: Address of the sheet to print; an address is sent to it.
        text: The address to send, or empty for a part of the city.
        compare: Address of the comparison with another quarter, or empty.
        map_href: Address of the map around a part of the city, or empty.
        here: Address of this page, or empty for an address, which has none.
        entities: Ids of what is measured on this page; when they change, it does.
    """

    line: PlaceLine
    field: AskField
    trail: tuple[Link, ...]
    warned: Warned
    instead_of: str = ""
    by_river: bool = False
    reaches: tuple[ReachLine, ...] = ()
    stations: tuple[StationLine, ...] = ()
    near: tuple[NearLine, ...] = ()
    unknown: tuple[str, ...] = ()
    figures: tuple[FigureLine, ...] = ()
    figures_us: int | None = None
    parts: tuple[Link, ...] = ()
    sheet: str = ""
    text: str = ""
    compare: str = ""
    map_href: str = ""
    here: str = ""
    entities: tuple[str, ...] = ()

    @property
    def filled(self) -> int:
        """How many values speak of this place and not of the whole city."""
        gauges = sum(reach.gauge is not None and reach.gauge.latest is not None for reach in self.reaches)
        stations = sum(any(gauge.latest is not None for gauge in station.gauges) for station in self.stations)
        return gauges + stations + len(self.near) + sum(line.own is not None for line in self.figures)


@dataclass(frozen=True, slots=True)
class SheetView:
    """The sheet to print: what one needs when nothing else works any more."""

    place: PlaceView


@dataclass(frozen=True, slots=True)
class Option:
    """A quarter that can be chosen."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """The quarters of a borough."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class CompareView:
    """Two quarters side by side.

    Attributes:
        action: Where the form goes.
        groups: What can be chosen.
        chosen: The keys of both, empty ones for those not chosen yet.
        places: Both, or empty while they are not chosen.
        trail: Breadcrumbs, without this page.
    """

    action: str
    groups: tuple[OptionGroup, ...]
    chosen: tuple[str, str] = ("", "")
    places: tuple[PlaceView, ...] = ()
    trail: tuple[Link, ...] = ()
