"""What a connector finds in an answer: readings, things, further questions, and what could not be used."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from talwerk.core.instants import EARLIEST, LATEST, Instant, datetime_of, format_instant, instant_or_none
from talwerk.core.quality import Flag

MOMENTS = frozenset({"today", "yesterday", "now"})
"""Placeholders of paths that the clock fills."""

_STAMP_MAX = 64
"""No stamp has more characters; what has is not looked at."""

_MIDNIGHT = re.compile(r"^(\d{4}-?\d{2}-?\d{2})([ T])24:00(?::00(?:[.,]0+)?)?$", re.ASCII)


# gc=False: plain data without cycles, and of a large answer the collector would look at every single one.
class Reading(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="finding", tag="reading"
):
    """One value of one quantity of one thing.

    Attributes:
        native: the source's own id of the thing.
        attribute: short attribute name; unit, type, limits and interval are those that the connector declares for it.
        value: a finite number or a text.
        observed: the stamp as the source gives it, microseconds UTC; of an interval its start or end as declared.
        quality: the source's own verdict, if it has one.
        type: short entity type, empty for the declared one.
        unit: UN/CEFACT code, empty for the declared one.
        dataset: short key that tells apart several values of one attribute at one thing, empty for one.
        method: how the value comes about, empty for the declared one; a changed one opens a new series.
    """

    native: str
    attribute: str
    value: int | float | str
    observed: int
    quality: Flag = Flag.NOT_EVALUATED
    type: str = ""
    unit: str = ""
    dataset: str = ""
    method: str = ""


class Thing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="finding", tag="thing"):
    """What a source says about a thing that it measures at, or that it only describes (a school, a warning).

    Attributes:
        native: the source's own id.
        type: short entity type (Smart Data Models).
        name: what people call it, empty when the source tells none.
        place: where it is, in words.
        location: GeoJSON geometry, WGS 84, None when the source tells none.
        levels: levels as the source states them, ascending, in the quantity's unit.
        statements: further attributes by short name; JSON values.
        units: UN/CEFACT codes of those statements that have one, by short name.
        wordings: texts in several languages: by short name of the attribute, then by language.
    """

    native: str
    type: str
    name: str = ""
    place: str = ""
    location: dict[str, Any] | None = None
    levels: tuple[float, ...] = ()
    statements: dict[str, Any] = {}
    units: dict[str, str] = {}
    wordings: dict[str, dict[str, str]] = {}


class Whole(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="finding", tag="whole"):
    """The things of a type in this answer are all that there are: those that the source named before have ended.

    They are deleted; their history stays. An answer of which something had to be left out ends nothing. Only one
    request of a source may say so of a type. A source that says so is as fresh as its last answer.

    Attributes:
        type: short entity type.
    """

    type: str


class Current(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="finding", tag="current"):
    """What this answer says holds now: the source is as fresh as it. For lists that tell no times and come in pages."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="finding", tag="ask"):
    """A request that follows from an answer, for example the series of a station that a list names.

    Attributes:
        request: key of the request.
        parameters: texts for the placeholders of its path; ``native`` names the thing that it is about.
    """

    request: str
    parameters: dict[str, str]


class Unusable(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="finding", tag="unusable"
):
    """Something that was left out.

    Attributes:
        reason: a short clause without the value itself, so that equal reasons can be counted.
        gap: whether the source says so itself (a null where a value belongs); a gap is no fault.
        later: whether it can be used later (the price of the next hour): the same answer is then read again.
    """

    reason: str
    gap: bool = False
    later: bool = False


Finding = Reading | Thing | Whole | Current | Ask | Unusable


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector's functions know besides the answer.

    Attributes:
        now: when the answer came, microseconds UTC.
        zone: of stamps without an offset, as the connector declares it.
        wanted: native ids of the things that the city wants, empty for all of them.
        parameters: those of the profile, and those of the request.
    """

    now: int
    zone: str = "UTC"
    wanted: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}

    def instant(self, stamp: object) -> Instant | None:
        """The instant of an ISO 8601 stamp, with an offset or in the connector's zone; None when it is none.

        Of an hour that comes twice the first one is meant; an hour that is left out names no instant. 24:00:00 is the
        end of its day.
        """
        return _instant(stamp, self.zone) if isinstance(stamp, str) and len(stamp) <= _STAMP_MAX else None


@lru_cache(maxsize=4_096)
def _instant(stamp: str, zone_name: str) -> Instant | None:
    # Thousands of things that are read at the same times name the same few stamps.
    found = instant_or_none(stamp)
    if found is not None:
        return found
    text, midnight = _MIDNIGHT.subn(r"\1\g<2>00:00:00", stamp.strip())
    try:
        wall = datetime.fromisoformat(text) + timedelta(days=midnight)
    except (ValueError, OverflowError):
        return None
    if wall.tzinfo is not None:
        return None
    zone = zone_of(zone_name)
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first is None or second is None or first < second:
        return None
    return instant_or_none(datetime.isoformat(wall.replace(tzinfo=zone)))


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name, or of a fixed offset such as ``+01:00``.

    Raises:
        ValueError: it is neither.
    """
    if name[:1] in "+-":
        moment = datetime.strptime(name, "%z")
        return moment.tzinfo or timezone(timedelta())
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(f"The zone {name!r} is neither in the IANA time zone database nor an offset") from error


def moments(now: int, zone: str) -> dict[str, str]:
    """What the placeholders :data:`MOMENTS` stand for.

    Args:
        now: the present, microseconds UTC.
        zone: as the connector declares it; days begin there.

    Returns:
        ``today`` and ``yesterday`` as days (ISO 8601) of the zone, ``now`` as an RFC 3339 time in UTC, whole seconds.
    """
    here = datetime_of(now).astimezone(zone_of(zone)).date()
    return {
        "today": here.isoformat(),
        "yesterday": (here - timedelta(days=1)).isoformat(),
        "now": format_instant(now // 1_000_000 * 1_000_000),
    }


def epoch_ms(value: object) -> Instant | None:
    """The instant of a number of milliseconds since 1970, as JavaScript counts them; None when it is none."""
    found = number(value)
    if found is None or not EARLIEST <= found * 1_000 < LATEST:
        return None
    return Instant(round(found * 1_000))


def number(value: object) -> float | None:
    """A finite number, also of a text such as ``12.3``; None for everything else: null, NaN, infinities, truths."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def measured(native: str, attribute: str, stamp: object, value: object, context: Context) -> Reading | Unusable:
    """The reading that a stamp and a value make, or why they make none."""
    return measured_at(native, attribute, context.instant(stamp), value)


def measured_at(native: str, attribute: str, observed: Instant | None, value: object) -> Reading | Unusable:
    """The reading that an instant and a value make, or why they make none."""
    if observed is None:
        return Unusable(reason="a stamp is no time")
    if value is None or value == "":
        return Unusable(reason="a value is missing", gap=True)
    found = number(value)
    if found is None:
        return Unusable(reason="a value is no finite number")
    return Reading(native=native, attribute=attribute, value=found, observed=observed)


def row_by_row(rows: Iterable[Any], read: Callable[[Any], Iterable[Finding]]) -> Iterator[Finding]:
    """What is found in each row; one of another shape costs only itself."""
    for row in rows:
        try:
            found = list(read(row))
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
            yield Unusable(reason="a row has another shape")
        else:
            yield from found


def point(longitude: object, latitude: object) -> dict[str, Any] | None:
    """A GeoJSON point, None when the coordinates are none; zero and zero is what forms hold that nobody filled in."""
    x, y = number(longitude), number(latitude)
    if x is None or y is None or not (abs(x) <= 180 and abs(y) <= 90) or (x == 0 and y == 0):
        return None
    return {"type": "Point", "coordinates": [x, y]}
