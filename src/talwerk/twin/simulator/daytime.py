"""What the hour and the day make of a city: the sun's height, working days, holidays, rush hours."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from talwerk.core.instants import DAY, SECOND, datetime_of

from .chance import clamp

_SPRING_EQUINOX = 80.0
_AXIS_TILT = math.radians(23.44)
YEAR_DAYS = 365.2425

# Share of the day's busiest hour, by full hour of a working day; between them it goes straight.
_WORKING = (6, 4, 3, 4, 9, 28, 62, 95, 84, 62, 58, 61, 66, 68, 72, 84, 98, 93, 72, 52, 38, 28, 20, 12)
_RESTING = (14, 9, 6, 4, 4, 6, 9, 14, 22, 34, 46, 52, 54, 55, 56, 55, 52, 49, 44, 38, 31, 25, 20, 16)


def day_of_year(at: int) -> float:
    """Days since the year began, with their fraction."""
    moment = datetime_of(at)
    return moment.timetuple().tm_yday - 1 + (at % DAY) / DAY


def season(at: int) -> float:
    """From -1 in the middle of January to 1 in the middle of July: the year's warmth, which follows the sun."""
    return -math.cos(2 * math.pi * (day_of_year(at) - 15.0) / YEAR_DAYS)


def sun_height(at: int, longitude: float, latitude: float) -> float:
    """Sine of the sun's height above the horizon (below it negative), good to about a degree.

    Args:
        at: microseconds UTC.
        longitude: degrees east.
        latitude: degrees north.
    """
    year = 2 * math.pi * (day_of_year(at) - _SPRING_EQUINOX) / YEAR_DAYS
    declination = math.asin(math.sin(_AXIS_TILT) * math.sin(year))
    # The equation of time, in hours, to its two largest terms.
    b = 2 * math.pi * (day_of_year(at) - 81.0) / YEAR_DAYS
    equation_h = (9.87 * math.sin(2 * b) - 7.53 * math.cos(b) - 1.5 * math.sin(b)) / 60.0
    hour_angle = math.radians(15.0 * ((at % DAY) / (3_600 * SECOND) + longitude / 15.0 + equation_h - 12.0))
    phi = math.radians(latitude)
    return math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(hour_angle)


def clear_sky_wm2(height: float) -> float:
    """Global radiation without a cloud, W/m2 (Haurwitz 1945)."""
    return 1_098.0 * height * math.exp(-0.057 / height) if height > 0.01 else 0.0


@lru_cache(maxsize=200)
def holidays(year: int) -> frozenset[date]:
    """Public holidays of North Rhine-Westphalia."""
    easter = _easter(year)
    movable = (easter + timedelta(days) for days in (-2, 1, 39, 50, 60))
    fixed = (date(year, month, day) for month, day in ((1, 1), (5, 1), (10, 3), (11, 1), (12, 25), (12, 26)))
    return frozenset((*movable, *fixed))


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Gauss, with Lichtenberg's additions)."""
    a, k = year % 19, year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    og = 21 + d - r
    sz = 7 - (year + year // 4 + (2 - (3 * k + 3) // 4)) % 7
    march = og + (7 - (og - sz) % 7)
    return date(year, 3, 1) + timedelta(march - 1)


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(at: int, zone: str) -> datetime:
    """Wall time in a zone."""
    return datetime_of(at).astimezone(_zone(zone))


def resting(moment: datetime) -> bool:
    """Whether most people do not work: Saturday, Sunday, holiday."""
    return moment.weekday() >= 5 or moment.date() in holidays(moment.year)


def activity(at: int, zone: str) -> float:
    """How busy roads are, as a share of the busiest hour of a year: two rush hours on working days, one bow else."""
    moment = local(at, zone)
    course = _RESTING if resting(moment) else _WORKING
    # Midnight is as quiet on either side: the day's first figure stands for the last one's neighbour as well.
    hour = moment.hour + moment.minute / 60 + moment.second / 3_600
    first = int(hour)
    following = course[first + 1] if first < 23 else _first_of_next(moment)
    return clamp((course[first] + (following - course[first]) * (hour - first)) / 100.0, 0.0, 1.0)


def _first_of_next(moment: datetime) -> int:
    return (_RESTING if resting(moment + timedelta(days=1)) else _WORKING)[0]
