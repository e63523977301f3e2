"""Lengths of time as calendars know them (ISO 8601): months and years are as long as they happen to be."""

from __future__ import annotations

import re
from calendar import monthrange

import msgspec

from .errors import bad_data
from .instants import DAY, HOUR, LATEST, MINUTE, SECOND, datetime_of, instant_of

_ISO = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})(?:[.,](\d{1,6}))?S)?)?",
    re.ASCII,
)


class Duration(msgspec.Struct, frozen=True):
    """A length of time.

    Attributes:
        months: calendar months, in UTC.
        fixed_us: microseconds beside them.
    """

    months: int = 0
    fixed_us: int = 0

    def after(self, start: int, times: int = 1) -> int:
        """The instant that lies so many times this duration after another one, microseconds UTC.

        Months keep the day of the month where they have it: one after 31 January is the end of February, two are
        31 March.
        """
        moment = datetime_of(start)
        months = moment.year * 12 + moment.month - 1 + self.months * times
        year, month = divmod(months, 12)
        if year > 2200:
            return int(LATEST)
        day = min(moment.day, monthrange(year, month + 1)[1])
        return instant_of(moment.replace(year=year, month=month + 1, day=day)) + self.fixed_us * times


def parse_duration(text: str, what: str = "duration") -> Duration:
    """The duration that an ISO 8601 text names.

    Raises:
        DomainError: BadRequestData when it names none.
    """
    found = _ISO.fullmatch(text)
    if found is None or not any(found.groups()) or text.endswith("T"):
        raise bad_data(f"The {what} {text[:40]!r} is no ISO 8601 duration, for example PT1H or P1M.", what)
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:7])
    fraction = int((found[8] or "").ljust(6, "0"))
    fixed = weeks * 7 * DAY + days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + fraction
    return Duration(years * 12 + months, fixed)
