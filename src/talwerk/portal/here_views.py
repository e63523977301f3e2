"""View values of "Mein Ort"; see :mod:`talwerk.portal.views` for what all of them share."""

from dataclasses import dataclass
from enum import StrEnum

from talwerk.portal.place import Link
from talwerk.portal.theme_views import IndicatorView
from talwerk.portal.views import Gauge


@dataclass(frozen=True, slots=True)
class AskField:
    """The field for a street or a quarter, as any page may show it.

    Attributes:
        action: Where the form goes.
        suggest: Where suggestions come from.
        streets: Whether streets are known; otherwise only boroughs and quarters.
        asked: What the person typed before, or empty.
    """

    action: str
    suggest: str
    streets: bool = True
    asked: str = ""


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
class WarningLine:
    """A warning in force.

    Attributes:
        headline: As its source words it.
        grade: Its severity in the words of CAP: minor, moderate, severe, extreme; or empty.
        stage: 1 to 3, for its colour and shape.
        area: For which area it is, or empty.
        start_us: From when on, or None.
        end_us: Until when, or None.
        instruction: What to do, as its source words it, or empty.
        source: Who warns.
    """

    headline: str
    grade: str = ""
    stage: int = 1
    area: str = ""
    start_us: int | None = None
    end_us: int | None = None
    instruction: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Warnings:
    """The warnings in force.

    Attributes:
        lines: The gravest first.
        watched: Whether a source of warnings answers now: only then nothing means "keine Warnung".
        source: Who would warn, or empty.
        simulated: Whether nobody issued them.
    """

    lines: tuple[WarningLine, ...] = ()
    watched: bool = False
    source: str = ""
    simulated: bool = False


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
        source: Whose data say so.
        told_us: When they said so, or None.
    """

    key: str
    name: str
    distance_m: int
    source: str = ""
    told_us: int | None = None


@dataclass(frozen=True, slots=True)
class FigureLine:
    """An indicator of a quarter beside that of the city."""

    own: IndicatorView
    city: IndicatorView


@dataclass(frozen=True, slots=True)
class PlaceView:
    """All that is known of one place.

    Attributes:
        line: Where it is.
        field: For another question.
        trail: Breadcrumbs, without this page.
        instead_of: The quarter that is too little known to have a page of its own, or empty.
        warnings: What is in force.
        axis: Name of the axis with its article, or empty for a city without one.
        reaches: The stretches of the axis that it lies at.
        stations: The nearest stations.
        near: The nearest everyday things.
        unknown: Keys of everyday kinds of which nothing is loaded.
        figures: The quarter beside the city.
        parts: Quarters of a borough.
        sheet: Address of the sheet to print.
        compare: Address of the comparison with another quarter, or empty.
        here: Address of this page, or empty for an address, which has none.
    """

    line: PlaceLine
    field: AskField
    trail: tuple[Link, ...]
    warnings: Warnings
    instead_of: str = ""
    axis: str = ""
    reaches: tuple[ReachLine, ...] = ()
    stations: tuple[StationLine, ...] = ()
    near: tuple[NearLine, ...] = ()
    unknown: tuple[str, ...] = ()
    figures: tuple[FigureLine, ...] = ()
    parts: tuple[Link, ...] = ()
    sheet: str = ""
    compare: str = ""
    here: str = ""

    @property
    def filled(self) -> int:
        """How many values speak of this place and not of the whole city."""
        gauges = sum(reach.gauge is not None and reach.gauge.latest is not None for reach in self.reaches)
        stations = sum(any(gauge.latest is not None for gauge in station.gauges) for station in self.stations)
        return gauges + stations + len(self.near) + sum(line.own.value is not None for line in self.figures)
