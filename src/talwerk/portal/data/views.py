"""View values of the pages about the city's data; see :mod:`talwerk.portal.views` for what all of them share."""

from dataclasses import dataclass

from talwerk.portal.frame.place import Link
from talwerk.portal.frame.views import Gauge


@dataclass(frozen=True, slots=True)
class DatasetView:
    """One dataset.

    Attributes:
        key: Its key.
        title: Its name.
        href: Address of its page.
        kind: Key of how its data come here.
        publisher: Who publishes it, or empty.
        licence: Name of the licence; empty when nobody stated one, ``restricted`` where its terms are narrow.
        licence_href: Address of its text, or empty.
        restricted: Whether its terms keep it from being taken as a whole.
        attribution: The credit line, or empty.
        health: Key of its state, or empty when it is not polled.
        since_us: When it became so, or None.
        first_us: Time of its oldest value, or None.
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
    href: str
    kind: str
    publisher: str = ""
    licence: str = ""
    licence_href: str = ""
    restricted: bool = False
    attribution: str = ""
    health: str = ""
    since_us: int | None = None
    first_us: int | None = None
    last_us: int | None = None
    things: int = 0
    series: int = 0
    cadence_s: int = 0
    every_s: int = 0
    simulated: bool = False
    themes: tuple[Link, ...] = ()
    csv_href: str = ""
    json_href: str = ""

    @property
    def terms(self) -> str:
        """Key of what its licence means for whoever uses it."""
        if self.simulated:
            return "simulated"
        if self.kind == "computed":
            return "computed"
        if not self.licence:
            return "unknown"
        return "restricted" if self.restricted else "open"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; everything where all are empty.

    Attributes:
        text: Words that have to stand in title, publisher or attributes.
        theme: Key of a theme.
        health: Key of a state.
    """

    text: str = ""
    theme: str = ""
    health: str = ""


@dataclass(frozen=True, slots=True)
class DataView:
    """What data the city has.

    Attributes:
        datasets: Those that are wanted.
        total: How many there are in all.
        polled: How many sources are asked.
        fresh: How many of those are fresh.
        wanted: What the list is narrowed to.
        themes: Themes that datasets belong to, as key and title.
        states: Keys of states that occur.
        tabs: The pages about data, this one marked current.
        action: Where the filter is sent.
        api_href: The same for programs.
    """

    datasets: tuple[DatasetView, ...]
    total: int
    polled: int
    fresh: int
    wanted: Wanted
    themes: tuple[tuple[str, str], ...]
    states: tuple[str, ...]
    tabs: tuple[Link, ...]
    action: str
    api_href: str


@dataclass(frozen=True, slots=True)
class Field:
    """What a dataset tells of its things.

    Attributes:
        name: Short attribute name, as programs ask for it.
        said: The same in words, or empty.
        unit: Symbol of its unit, or empty.
        code: UN/CEFACT code of its unit, or empty.
        things: How many things have it.
        measured: Whether its values have a rhythm or a unit, and with them a history to look at.
    """

    name: str
    said: str
    unit: str
    code: str
    things: int
    measured: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """From then on a source was so."""

    at_us: int
    health: str


@dataclass(frozen=True, slots=True)
class Example:
    """A request that works here and now.

    Attributes:
        key: Of its wording.
        command: What to type.
        href: The same in a browser, or empty where a browser shows nothing of use.
    """

    key: str
    command: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class DatasetPageView:
    """One dataset in full.

    Attributes:
        dataset: What it is.
        trail: Breadcrumbs, without this page.
        types: Short types of its things.
        fields: What it tells of them.
        gauges: Newest values, the freshest first.
        further: How many series are not among them.
        examples: How to get it.
        turns: How it was, the newest first.
        address: Its address for quoting, with the city's name.
    """

    dataset: DatasetView
    trail: tuple[Link, ...]
    types: tuple[str, ...]
    fields: tuple[Field, ...]
    gauges: tuple[Gauge, ...]
    further: int
    examples: tuple[Example, ...]
    turns: tuple[Turn, ...]
    address: str


@dataclass(frozen=True, slots=True)
class DoorsView:
    """How programs read the city.

    Attributes:
        tabs: The pages about data, this one marked current.
        base: How the city is reached, e.g. ``https://talwerk.example``.
        examples: Requests that work here and now.
        description: Address of the machine-readable description.
        code_href: Address of the source code with its guides, or empty.
        budget_s: Seconds after which a question is refused.
        page_max: Things of one answer at most.
    """

    tabs: tuple[Link, ...]
    base: str
    examples: tuple[Example, ...]
    description: str
    code_href: str
    budget_s: float
    page_max: int


@dataclass(frozen=True, slots=True)
class Service:
    """One of the city's own services.

    Attributes:
        key: Of its wording.
        state: ``good``, ``late`` or ``bad``; also part of its wording.
        at_us: The time that it speaks of, or None.
        count: A number that its wording shows, or 0.
        total: Out of so many, or 0.
    """

    key: str
    state: str
    at_us: int | None = None
    count: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class StatusView:
    """How the platform itself is, as far as it concerns everybody.

    Attributes:
        tabs: The pages about data, this one marked current.
        services: One by one.
        ailing: Sources that are not fresh.
        version: Of the software.
        since_us: Since when it runs, or None.
    """

    tabs: tuple[Link, ...]
    services: tuple[Service, ...]
    ailing: tuple[DatasetView, ...]
    version: str
    since_us: int | None


@dataclass(frozen=True, slots=True)
class ViewsDay:
    """How often pages were shown on one day."""

    day_us: int
    views: int


@dataclass(frozen=True, slots=True)
class StatisticsView:
    """How often pages were shown.

    Attributes:
        tabs: The pages about data, this one marked current.
        days: Day by day without gaps, the newest last.
        kinds: Kinds of pages with their views in these days, most shown first.
        total: All views of these days.
        since_us: Midnight of the first day on which anything was counted, or None before.
    """

    tabs: tuple[Link, ...]
    days: tuple[ViewsDay, ...]
    kinds: tuple[tuple[str, int], ...]
    total: int
    since_us: int | None
