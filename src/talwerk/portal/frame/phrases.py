"""Values as exact short phrases: numbers, ages, instants and trends in the page's language."""

import math
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from talwerk.portal.frame.views import Gauge, Measure
from talwerk.services.sources.feed import SIMULATION_OF
from talwerk.texts import Catalogue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NBSP = "\u00a0"
"""Keeps a number and its unit on one line."""

SCIENTIFIC = 1e15
"""From here on a number is written with a power of ten, because nobody counts its digits."""

_AGES = (  # upper bound in seconds, seconds per unit, key
    (3_600, 60, "age.minutes"),
    (86_400, 3_600, "age.hours"),
    (14 * 86_400, 86_400, "age.days"),
    (60 * 86_400, 7 * 86_400, "age.weeks"),
    (730 * 86_400, 30.4375 * 86_400, "age.months"),
    (math.inf, 365.25 * 86_400, "age.years"),
)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


class Phrasebook:
    """Speaks one language in one time zone.

    Attributes:
        texts: Catalogue that holds the wording.
        zone: The city's time zone.
        language: First segment of the pages' addresses.
        locale: Two-letter code of the language, for numbers, dates and the page's `lang`.
    """

    def __init__(self, texts: Catalogue, zone_name: str) -> None:
        self.texts = texts
        self.zone = _zone(zone_name)
        self.language = texts.language
        self.locale = texts.locale

    def text(self, key: str, **fields: object) -> str:
        """Return a text of the catalogue."""
        return self.texts.text(key, **fields)

    def count(self, key: str, number: int, **fields: object) -> str:
        """Return the wording for a number, which the text shows with thousands marks."""
        return self.texts.count(key, number, shown=self.number(number), **fields)

    def credit(self, line: str) -> str:
        """Return a credit line: a source's own as the source wants it, that of a twin in the page's language."""
        if not line.startswith(SIMULATION_OF):
            return line
        return self.text("value.simulation_of", source=line.removeprefix(SIMULATION_OF).removeprefix("© "))

    def number(self, value: float, decimals: int = 0) -> str:
        """Write a number with a fixed count of decimals; minus zero loses its sign."""
        from babel.numbers import format_decimal, format_scientific

        if not math.isfinite(value):
            return self.text("value.none")
        if abs(value) >= SCIENTIFIC:
            return str(format_scientific(value, format="0.###E0", locale=self.locale)).replace("-", "\u2212")
        # 36.5 is 37 to everybody who reads it; Python and babel round halves to the even neighbour.
        rounded = float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)) + 0.0
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(rounded, format=pattern, locale=self.locale)).replace("-", "\u2212")

    def amount(self, value: float, measure: Measure) -> str:
        """Write a value with its unit, e.g. "104 cm"."""
        return self.with_unit(self.number(value, measure.decimals), measure)

    def with_unit(self, number: str, measure: Measure) -> str:
        """Put the unit behind a number that is already written."""
        return f"{number}{NBSP}{measure.unit}" if measure.unit else number

    def unit(self, measure: Measure) -> str:
        """Return the unit for a big figure; sums name the time over which they add up."""
        if not measure.sum_period_s:
            return measure.unit
        return self.text("value.per_period", unit=measure.unit, period=self.duration(measure.sum_period_s))

    def local(self, at_us: int) -> datetime:
        """Return an instant in the city's time."""
        return (EPOCH + timedelta(microseconds=at_us)).astimezone(self.zone)

    def iso(self, at_us: int) -> str:
        """Return an instant for the `datetime` attribute."""
        return (EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def date(self, at_us: int, pattern: str = "") -> str:
        """Write the local day of an instant by a CLDR pattern, or in the language's own way."""
        from babel.dates import format_date

        wanted = pattern or self.text("time.pattern_date")
        return str(format_date(self.local(at_us).date(), wanted, locale=self.locale))

    def time(self, at_us: int) -> str:
        """Write the local time of an instant; in the doubled autumn hour it names its offset."""
        local = self.local(at_us)
        clock = self.text("time.clock", hour=f"{local.hour}", minute=f"{local.minute:02d}")
        if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
            return clock
        return self.text("time.doubled", clock=clock, offset=self._offset(local))

    def _offset(self, local: datetime) -> str:
        hours = (local.utcoffset() or timedelta()).total_seconds() / 3_600
        return f"UTC{hours:+g}".replace("-", "\u2212")

    def moment(self, at_us: int) -> str:
        """Write day and time of an instant."""
        return self.text("time.moment", date=self.date(at_us), time=self.time(at_us))

    def same_day(self, one_us: int, other_us: int) -> bool:
        """Tell whether two instants fall on one local day."""
        return self.local(one_us).date() == self.local(other_us).date()

    def short_moment(self, at_us: int, now_us: int) -> str:
        """Write the time alone on the day itself, with the day otherwise."""
        return self.time(at_us) if self.same_day(at_us, now_us) else self.moment(at_us)

    def duration(self, seconds: float) -> str:
        """Write a duration in its largest unit, rounded down, in the dative ("5 Jahren")."""
        for bound, unit_s, key in _AGES:
            if seconds < bound:
                return self.count(key, max(int(seconds / unit_s), 1))
        raise AssertionError("the last bound is infinite")

    def ago(self, at_us: int, now_us: int) -> str:
        """Write the age of an instant, e.g. "vor 6 min"; a time ahead of us is said to be ahead."""
        seconds = (now_us - at_us) / 1_000_000
        if seconds < -600:
            return self.text("age.ahead")
        if seconds < 60:
            return self.text("age.now")
        return self.text("age.ago", span=self.duration(seconds))

    def silence(self, at_us: int, now_us: int) -> str:
        """Say for how long a series has been silent, e.g. "schweigt seit 22 min"."""
        return self.text("age.silent", span=self.duration((now_us - at_us) / 1_000_000))

    def trend_course(self, gauge: Gauge) -> str:
        """Return `up`, `down` or `flat` as the page shows it, or empty if it cannot be said."""
        if gauge.trend_per_h is None or gauge.measure.sum_period_s:
            return ""
        shown = round(gauge.trend_per_h, gauge.measure.decimals)
        return "flat" if shown == 0 else "up" if shown > 0 else "down"

    def trend(self, gauge: Gauge) -> str:
        """Say the trend in words, e.g. "steigt 3 cm in der Stunde"; empty if it cannot be said."""
        course = self.trend_course(gauge)
        if not course:
            return ""
        return self.text(f"trend.{course}", change=self.amount(abs(gauge.trend_per_h or 0.0), gauge.measure))

    def trend_short(self, gauge: Gauge) -> str:
        """Return the trend as a signed number per hour for narrow places, e.g. "+3/h"."""
        course = self.trend_course(gauge)
        if course in {"", "flat"}:
            return ""
        sign = "+" if course == "up" else "\u2212"
        change = self.number(abs(gauge.trend_per_h or 0.0), gauge.measure.decimals)
        return self.text("trend.short", change=sign + change)
