"""View values of themes, indicators and datasets; see :mod:`talwerk.portal.views` for what all of them share."""

from dataclasses import dataclass

from talwerk.portal.place import Link


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One indicator.

    Attributes:
        key: Its key, also the anchor on the page of its theme.
        title: Its name.
        formula: How it is computed, in words.
        denominator: What it refers to, in words.
        unit: What stands behind the number, e.g. "%"; empty for pure numbers.
        decimals: Digits after the comma.
        value: The number, or None.
        absence: Key of the reason why there is none; empty when there is one.
        missing: The reason in words where the declaration states it, or empty.
        numerator: Above the line, or None.
        whole: Below the line, or None.
        as_of_us: The time that the value speaks of, or None.
        start_us: First instant of its period, or None for a value of the moment.
        end_us: First instant after it, or None.
        place: The place that it speaks of, or empty for the whole city.
        sources: Credit lines of what it rests on.
        simulated: Whether nobody measured what it rests on.
        history_href: Address of all its values, or empty.
    """

    key: str
    title: str
    formula: str
    denominator: str
    unit: str = ""
    decimals: int = 0
    value: float | None = None
    absence: str = ""
    missing: str = ""
    numerator: float | None = None
    whole: float | None = None
    as_of_us: int | None = None
    start_us: int | None = None
    end_us: int | None = None
    place: str = ""
    sources: tuple[str, ...] = ()
    simulated: bool = False
    history_href: str = ""


@dataclass(frozen=True, slots=True)
class ThemeCard:
    """A theme on the overview; its tiles are indicators that have a value."""

    title: str
    summary: str
    href: str
    tiles: tuple[IndicatorView, ...]
    indicators: int


@dataclass(frozen=True, slots=True)
class Goal:
    """A Zielbild with the themes that serve it."""

    key: str
    title: str
    promise: str
    themes: tuple[ThemeCard, ...]


@dataclass(frozen=True, slots=True)
class ThemesView:
    """All themes, by what the city wants to be."""

    goals: tuple[Goal, ...]
    csv_href: str
    json_href: str


@dataclass(frozen=True, slots=True)
class ActView:
    """Something that somebody can do, today or once it is there; its address is empty when no page does it."""

    text: str
    href: str = ""
    planned: bool = False


@dataclass(frozen=True, slots=True)
class ThemeView:
    """One theme.

    Attributes:
        title: Its name.
        summary: What it is about.
        goal: Title of the Zielbild that it serves.
        trail: Breadcrumbs, without this page.
        indicators: How the city does.
        people: What a person can do.
        city: What the city moves.
        sources: The datasets that belong to it.
        csv_href: Its indicators as a table.
        json_href: The same for programs.
    """

    title: str
    summary: str
    goal: str
    trail: tuple[Link, ...]
    indicators: tuple[IndicatorView, ...]
    people: tuple[ActView, ...]
    city: tuple[ActView, ...]
    sources: tuple[Link, ...]
    csv_href: str
    json_href: str


@dataclass(frozen=True, slots=True)
class DatasetView:
    """One dataset.

    Attributes:
        key: Its key, also its anchor.
        title: Its name.
        kind: Key of how its data come here.
        publisher: Who publishes it, or empty.
        licence: Name of the licence, or empty when nobody stated one.
        restricted: Whether its terms keep it from being taken as a whole.
        attribution: The credit line, or empty.
        health: Key of its state, or empty when it is not polled.
        since_us: When it became so, or None.
        last_us: Time of its newest value, or None.
        things: How many things there are.
        series: How many series of values.
        cadence_s: Seconds between two values, or 0.
        every_s: Seconds between two polls, or 0.
        simulated: Whether nobody measured its values.
        themes: The themes that it belongs to.
        csv_href: Its newest values as a table, or empty.
        json_href: Its description for programs.
    """

    key: str
    title: str
    kind: str
    publisher: str = ""
    licence: str = ""
    restricted: bool = False
    attribution: str = ""
    health: str = ""
    since_us: int | None = None
    last_us: int | None = None
    things: int = 0
    series: int = 0
    cadence_s: int = 0
    every_s: int = 0
    simulated: bool = False
    themes: tuple[Link, ...] = ()
    csv_href: str = ""
    json_href: str = ""


@dataclass(frozen=True, slots=True)
class DataView:
    """What data the city has."""

    datasets: tuple[DatasetView, ...]
    api_href: str
