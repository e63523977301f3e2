"""View values: the facts that one page shows, without wording and without drawing.

All instants are microseconds UTC, all durations seconds unless the name says otherwise. A value carries
its QARTOD flag: 1 good, 2 not checked, 3 suspect, 4 failed, 9 missing.
"""

from dataclasses import dataclass
from enum import StrEnum

from talwerk.portal.place import Credit, Link
from talwerk.portal.point_views import Choice, Stated, Taking

FLAG_GOOD, FLAG_UNCHECKED, FLAG_SUSPECT, FLAG_FAILED, FLAG_MISSING = 1, 2, 3, 4, 9


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value and when it was observed."""

    at_us: int
    value: float
    flag: int = FLAG_UNCHECKED


@dataclass(frozen=True, slots=True)
class Bucket:
    """An interval's aggregate: mean with extremes, or for sums the total as all three.

    Attributes:
        start_us: First instant of the interval.
        end_us: First instant after it.
        low: Smallest value in the interval.
        value: Mean, or total for quantities that add up.
        high: Largest value in the interval.
    """

    start_us: int
    end_us: int
    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured and how its numbers are written.

    Attributes:
        quantity: Name of the quantity, e.g. "Wasserstand".
        unit: Unit symbol, e.g. "cm"; empty for pure numbers.
        decimals: Digits after the comma on pages.
        sum_period_s: Seconds over which one value adds up (rain), or 0 for a value of the moment.
    """

    quantity: str
    unit: str
    decimals: int = 0
    sum_period_s: int = 0


@dataclass(frozen=True, slots=True)
class Gauge:
    """The latest of one series, as a tile, a row or a column of the Talband.

    Attributes:
        station: Name of the place where it is measured.
        href: Address of its measuring point page.
        measure: What is measured.
        latest: Newest usable value, or None if there never was one.
        levels: Informationsstufen 1 to 3 in ascending order; empty means "ohne Stufen".
        trend_per_h: Change of the value per hour, or None if it cannot be said.
        stale_after_s: Age beyond which the series counts as silent; 0 if it has no rhythm.
        scale_top: Value at the top of the drawn tube when there are no levels, or None for no tube.
        source: Short name of the source.
        failed_us: Instant of the newest value when that one failed its check, or None.
    """

    station: str
    href: str
    measure: Measure
    latest: Reading | None = None
    levels: tuple[float, ...] = ()
    trend_per_h: float | None = None
    stale_after_s: int = 0
    scale_top: float | None = None
    source: str = ""
    failed_us: int | None = None


@dataclass(frozen=True, slots=True)
class Talband:
    """The city's axis with its gauges, in the order in which the axis passes them.

    Attributes:
        axis: Name of the axis with its article, e.g. "der Fluss".
        gauges: Gauges along the axis, from its beginning to its end.
        flow: Verb for the direction ("fließt"), or empty if the axis has none.
    """

    axis: str
    gauges: tuple[Gauge, ...]
    flow: str = ""


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
        series_silent: How many of them are silent.
        page: Number of this page, from 1.
        pages: Number of pages.
        before: Address of the page before, or empty.
        after: Address of the page after, or empty.
        choice: Which series the list shows, and which it could.
    """

    stations: tuple[Station, ...]
    series_total: int = 0
    series_silent: int = 0
    page: int = 1
    pages: int = 1
    before: str = ""
    after: str = ""
    choice: Choice | None = None


class Form(StrEnum):
    """How a series is drawn."""

    LINE = "line"
    BARS = "bars"


@dataclass(frozen=True, slots=True)
class ChartView:
    """A window of one series.

    Attributes:
        start_us: Left edge.
        end_us: Right edge.
        points: Single values in ascending order, flagged ones included; for short windows.
        buckets: Aggregates in ascending order; for long windows, and always for bars.
        gap_us: Distance between neighbours beyond which the line is broken.
        form: Line, or bars for quantities that add up.
        step_s: Seconds that one aggregate stands for, or 0 for single values.
    """

    start_us: int
    end_us: int
    points: tuple[Reading, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    gap_us: int = 0
    form: Form = Form.LINE
    step_s: int = 0


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
class LegendView:
    """Signs and words of these pages, explained."""


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Something could not be shown.

    Attributes:
        status: HTTP status code.
        detail: What exactly was wrong, in the person's language, or empty.
        links: Where what was looked for may be.
    """

    status: int
    detail: str = ""
    links: tuple[Link, ...] = ()


PageView = object
"""One of these, or of another module that has registered its page with :func:`talwerk.portal.pages.page`."""
