"""View values: the facts that one page shows, without wording and without drawing.

All instants are microseconds UTC, all durations seconds unless the name says otherwise. A value carries
its QARTOD flag: 1 good, 2 not checked, 3 suspect, 4 failed, 9 missing.
"""

from dataclasses import dataclass
from enum import StrEnum

from talwerk.portal.frame.place import Link

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
