"""View values of themes, Zielbilder and indicators; see :mod:`talwerk.portal.views` for what all of them share."""

from dataclasses import dataclass

from talwerk.portal.frame.place import Link
from talwerk.portal.frame.views import Gauge, Reading


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same indicator of another city, as that city states it."""

    city: str
    value: float
    at_us: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """The same indicator for one borough.

    Attributes:
        name: Of the borough.
        href: Address of its page, or empty.
        value: The number, in percent.
        numerator: Addresses that are counted.
        whole: All of them.
    """

    name: str
    href: str
    value: float
    numerator: int
    whole: int


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
        href: Address of the indicator on the page of its theme, or empty.
        course: Its values in the order of time, few enough to draw; empty where it was not asked for.
        elsewhere: The same of other cities, where a source brings it.
        boroughs: The same for the city's boroughs, where it is known.
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
    href: str = ""
    course: tuple[Reading, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    boroughs: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source of a theme in one line.

    Attributes:
        title: Its name.
        href: Address of its page.
        health: Key of its state, or empty when it is not polled.
        since_us: When it became so, or None.
        last_us: Time of its newest value, or None.
        things: How many things there are.
        series: How many series of values.
    """

    title: str
    href: str
    health: str = ""
    since_us: int | None = None
    last_us: int | None = None
    things: int = 0
    series: int = 0


@dataclass(frozen=True, slots=True)
class ThemeCard:
    """A theme on the overview; its tiles are indicators that have a value, its stock what it has of things."""

    title: str
    summary: str
    href: str
    tiles: tuple[IndicatorView, ...]
    indicators: int
    stock: tuple[SourceView, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """A Zielbild with the themes that serve it."""

    key: str
    title: str
    promise: str
    href: str
    themes: tuple[ThemeCard, ...]


@dataclass(frozen=True, slots=True)
class ThemesView:
    """All themes, by what the city wants to be."""

    goals: tuple[Goal, ...]
    csv_href: str
    json_href: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A theme with how far it has come: its indicators that have a number, and how many have none yet."""

    title: str
    summary: str
    href: str
    indicators: tuple[IndicatorView, ...]
    without: int


@dataclass(frozen=True, slots=True)
class GoalView:
    """One Zielbild.

    Attributes:
        title: Its name.
        promise: What it means, in a sentence.
        trail: Breadcrumbs, without this page.
        themes: The themes that serve it.
        others: The other Zielbilder.
    """

    title: str
    promise: str
    trail: tuple[Link, ...]
    themes: tuple[Measured, ...]
    others: tuple[Link, ...]


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
        goal: The Zielbild that it serves.
        trail: Breadcrumbs, without this page.
        gauges: Newest values of what it measures, the most telling first.
        series: How many series it measures in all.
        series_silent: How many of them say nothing about now.
        indicators: How the city does, as far as there is a number.
        missing: Indicators that have none, with the reason.
        people: What a person can do today.
        city: What the city moves.
        sources: The datasets that belong to it.
        csv_href: Its indicators as a table.
        json_href: The same for programs.
    """

    title: str
    summary: str
    goal: Link
    trail: tuple[Link, ...]
    gauges: tuple[Gauge, ...]
    series: int | None
    series_silent: int
    indicators: tuple[IndicatorView, ...]
    missing: tuple[IndicatorView, ...]
    people: tuple[ActView, ...]
    city: tuple[ActView, ...]
    sources: tuple[SourceView, ...]
    csv_href: str
    json_href: str
