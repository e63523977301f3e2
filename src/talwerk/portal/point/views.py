"""What the pages of measuring points show: their list, one point, and the small page for other sites."""

from dataclasses import dataclass, field

from talwerk.portal.frame.place import Credit, Link
from talwerk.portal.frame.views import ChartView, Gauge, Reading


@dataclass(frozen=True, slots=True)
class Stated:
    """Levels as a source states them, or where the city's own come from.

    Attributes:
        source: Who states them.
        date: When, as the source says it, or empty.
        values: The source's own levels, ascending; empty where the city's are meant.
    """

    source: str
    date: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Taking:
    """Ways to take a measuring point along.

    Attributes:
        plain_href: Address of the page as it stands now and later.
        cite_href: Address of the page as it is known at this instant, for ever.
        cite_us: That instant.
        embed_href: Address of the small page that other sites may show; empty where the terms do not allow that.
    """

    plain_href: str
    cite_href: str
    cite_us: int
    embed_href: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a choice."""

    value: str
    label: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Which series a list shows.

    Attributes:
        text: What their names hold, or empty.
        quantities: What is measured, the first one all of it.
        states: How they are, the first one any.
        found: How many series that are, or None where nothing was chosen.
        all_href: Address of the whole list.
    """

    text: str = ""
    quantities: tuple[Option, ...] = field(default=())
    states: tuple[Option, ...] = field(default=())
    found: int | None = None
    all_href: str = ""


@dataclass(frozen=True, slots=True)
class Station:
    """One place with all that is measured there; `note` says where it is, if that is known."""

    name: str
    gauges: tuple[Gauge, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class StationsView:
    """List of measuring points, one page of it.

    Attributes:
        stations: Places of this page.
        series_total: Number of series that the city knows.
        series_silent: How many of them are silent, None where nobody can look at all of them.
        page: Number of this page, from 1.
        pages: Number of pages, 0 where nobody has counted what was chosen.
        before: Address of the page before, or empty.
        after: Address of the page after, or empty.
        choice: Which series the list shows, and which it could.
    """

    stations: tuple[Station, ...]
    series_total: int = 0
    series_silent: int | None = 0
    page: int = 1
    pages: int = 1
    before: str = ""
    after: str = ""
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """The window in numbers.

    Attributes:
        count: Values in the window, flagged ones included.
        failed: How many of them failed their check.
        suspect: How many are suspect; 0 also where only sums are known.
        lowest: Smallest good value, or None.
        highest: Largest good value, or None.
        mean: Mean of the good values, or None.
        total: Sum of the good values for quantities that add up, or None.
    """

    count: int
    failed: int = 0
    suspect: int = 0
    lowest: Reading | None = None
    highest: Reading | None = None
    mean: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something remarkable about a series, in one sentence, with its instant."""

    at_us: int
    text: str


@dataclass(frozen=True, slots=True)
class PointView:
    """Measuring point: one series in full.

    Attributes:
        title: Heading, e.g. "Pegel Brücke".
        gauge: The series' latest value, levels and limits.
        trail: Breadcrumbs from the start page down, without this page.
        quantities: What else is measured at this place, this series marked current.
        ranges: The windows that can be chosen, the shown one marked current.
        chart: The shown window.
        statistics: The shown window in numbers.
        rows: Values for the table, newest first; the page shows the first of them.
        rows_total: Values in the window, which the download holds in full.
        remarks: Remarkable flags and corrections in the window, newest first; the page shows the first of them.
        credit: Source and licence.
        method: How it is measured, or empty.
        cadence_s: Seconds between two values, or 0 if irregular.
        csv_href: Address of the window as CSV, or empty.
        json_href: Address of the series as JSON, or empty.
        levels_of: Where the Informationsstufen come from, or None.
        stated: Levels of the source, where the city has set none, or None.
        entity: Id of what is measured here; changes of it renew the page.
        stand_us: Instant as of which everything is shown, or None for now.
        taking: Ways to take it along, or None.
        hidden: Fields that a form sends along to ask for the same series and window.
        table_href: Address of the page with more values in its table, or empty where it shows all.
    """

    title: str
    gauge: Gauge
    trail: tuple[Link, ...]
    quantities: tuple[Link, ...]
    ranges: tuple[Link, ...]
    chart: ChartView
    statistics: Statistics
    rows: tuple[Reading, ...]
    rows_total: int
    credit: Credit
    remarks: tuple[Remark, ...] = ()
    method: str = ""
    cadence_s: int = 0
    csv_href: str = ""
    json_href: str = ""
    levels_of: Stated | None = None
    stated: Stated | None = None
    entity: str = ""
    stand_us: int | None = None
    taking: Taking | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    table_href: str = ""


@dataclass(frozen=True, slots=True)
class EmbedView:
    """A measuring point in a few square centimetres.

    Attributes:
        point: The measuring point with its chart.
        href: Address of its own page.
    """

    point: PointView
    href: str
