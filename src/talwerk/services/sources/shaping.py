"""Findings as columns: sorted, each time once, what cannot be is flagged or counted, and nothing good is lost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

from talwerk.core.change import Observations, Provenance
from talwerk.core.errors import DomainError
from talwerk.core.identifiers import Iri, iri
from talwerk.core.instants import EARLIEST, FUTURE_TOLERANCE, LATEST, SECOND, Instant
from talwerk.core.quality import Flag, is_good, stored
from talwerk.core.terms import expand
from talwerk.core.values import check_value
from talwerk.sdk.connector import Quantity
from talwerk.sdk.reading import Ask, Current, Finding, Reading, Thing, Unusable, Whole

from .feed import Feed

Value = int | float | str
Column = dict[int, tuple[Value, int]]
"""Values with their stored quality by time."""

_FAIL = stored(Flag.FAIL)


class Track(msgspec.Struct, frozen=True):
    """Where values go, and where they come from."""

    entity: Iri
    type: str
    attribute: str
    dataset: str
    unit: str
    provenance: Provenance


class Way(msgspec.Struct, frozen=True):
    """What is the same for all readings that name the same.

    Attributes:
        column: where they are put, None when they go nowhere.
        reason: why they go nowhere.
        least: smallest possible number.
        most: greatest possible number.
        later_us: from the source's stamp to the time of observation.
    """

    column: Column | None
    reason: str = ""
    least: float = -math.inf
    most: float = math.inf
    later_us: int = 0


class Shaped(msgspec.Struct, kw_only=True):
    """What an answer brought.

    Attributes:
        columns: values by track.
        things: what it says about things.
        whole: short types of which it says that its things are all that there are.
        current: whether what it says holds now, so that the source is as fresh as it.
        asks: what to ask next.
        later: whether it holds what can only be used later.
        left_out: how much was left out, by reason; gaps that the source itself tells are not among them.
        newest: time of the newest good value that is not in the future, None when there is none.
    """

    columns: dict[Track, Column] = {}
    things: list[Thing] = []
    whole: set[str] = set()
    current: bool = False
    asks: list[Ask] = []
    later: bool = False
    left_out: Counter[str] = msgspec.field(default_factory=Counter)
    newest: Instant | None = None


def shape(findings: Iterable[Finding], feed: Feed, now: Instant) -> Shaped:
    """Sort what was found in an answer."""
    shaped = Shaped()
    # By what readings name: an answer holds many of few kinds.
    ways: dict[tuple[str, ...], Way] = {}
    for finding in findings:
        if isinstance(finding, Reading):
            named = (finding.native, finding.attribute, finding.type, finding.unit, finding.dataset, finding.method)
            way = ways.get(named)
            if way is None:
                way = ways[named] = _way(finding, feed, shaped)
            _add(shaped, finding, way)
        elif isinstance(finding, Thing):
            shaped.things.append(finding)
        elif isinstance(finding, Ask):
            shaped.asks.append(finding)
        elif isinstance(finding, Whole):
            shaped.whole.add(finding.type)
            shaped.current = True
        elif isinstance(finding, Current):
            shaped.current = True
        else:
            _leave_out(shaped, finding)
    # What names an unknown thing or brings nothing that can be kept leaves no column.
    shaped.columns = {track: column for track, column in shaped.columns.items() if column}
    latest = Instant(now + FUTURE_TOLERANCE)
    times = (_newest(column, latest) for column in shaped.columns.values())
    shaped.newest = max((at for at in times if at is not None), default=None)
    return shaped


def _newest(column: Column, latest: Instant) -> Instant | None:
    """The time of the newest good value that is not after the latest time, None when there is none."""
    last = max(column)
    if last <= latest and is_good(column[last][1]):
        return Instant(last)
    times = (Instant(at) for at, (_, flag) in column.items() if at <= latest and is_good(flag))
    return max(times, default=None)


def _leave_out(shaped: Shaped, finding: Unusable) -> None:
    shaped.later |= finding.later
    if not finding.gap and not finding.later:
        shaped.left_out[finding.reason] += 1


def _add(shaped: Shaped, reading: Reading, way: Way) -> None:
    column, value = way.column, reading.value
    if column is None:
        shaped.left_out[way.reason] += 1
        return
    at = reading.observed + way.later_us
    if not _can_be_kept(at, value):
        # One of them would make the store refuse the whole column.
        shaped.left_out["a value or its time cannot be kept"] += 1
        return
    possible = isinstance(value, str) or way.least <= value <= way.most
    kept = (value, stored(reading.quality) if possible else _FAIL)
    if column.setdefault(at, kept) != kept:
        # Of two values for one time the later one in the answer counts, as if it had come later.
        column[at] = kept
        shaped.left_out["another value for the same time follows"] += 1


def _can_be_kept(at: int, value: Value) -> bool:
    if not EARLIEST <= at < LATEST:
        return False
    if type(value) is float:
        return math.isfinite(value)
    try:
        check_value(value, "")
    except DomainError:
        return False
    return True


def _way(reading: Reading, feed: Feed, shaped: Shaped) -> Way:
    """Where readings go that name the same as this one, or why they go nowhere."""
    quantity = feed.connector.quantity(reading.attribute)
    kind = reading.type or (quantity.type if quantity else "")
    if not kind:
        return Way(None, f"nothing is declared about {reading.attribute}")
    try:
        track = _track(reading, kind, quantity, feed)
    except DomainError:
        return Way(None, "an id or a name cannot be part of an identifier")
    column = shaped.columns.setdefault(track, {})
    if quantity is None:
        return Way(column)
    later_s = quantity.interval_s if feed.connector.stamp == "start" else 0
    return Way(column, "", quantity.least, quantity.most, later_s * SECOND)


def _track(reading: Reading, kind: str, quantity: Quantity | None, feed: Feed) -> Track:
    """The track of a reading.

    Raises:
        DomainError: an id or a name cannot be part of an identifier.
    """
    unit = reading.unit or (quantity.unit if quantity else "")
    # A quantity that nobody declared has the source's rhythm and no method of its own.
    known = quantity or Quantity(attribute=reading.attribute, type=kind, unit=unit or "C62")
    if reading.method:
        known = msgspec.structs.replace(known, method=reading.method)
    return Track(
        entity=feed.entity(kind, reading.native),
        type=expand(kind),
        attribute=expand(reading.attribute),
        dataset=reading.dataset and iri(f"urn:ngsi-ld:Dataset:{feed.key}:{reading.dataset}", "dataset"),
        unit=unit,
        provenance=feed.provenance(known),
    )


def observations(track: Track, column: Column) -> Observations:
    """A column as it is written, oldest value first."""
    times = sorted(column)
    quality = [column[at][1] for at in times]
    return Observations(
        entity=track.entity,
        types=(track.type,),
        attribute=track.attribute,
        dataset=track.dataset or None,
        unit=track.unit or None,
        provenance=track.provenance,
        at=times,
        values=[column[at][0] for at in times],
        quality=quality[:1] if len(set(quality)) == 1 else quality,
    )
