"""Findings as columns: sorted, each time once, what cannot be is flagged or counted, and nothing good is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from talwerk.core.change import Observations
from talwerk.core.errors import DomainError
from talwerk.core.identifiers import Iri, iri
from talwerk.core.instants import FUTURE_TOLERANCE, SECOND, Instant
from talwerk.core.quality import Flag, is_good, stored
from talwerk.core.terms import expand
from talwerk.core.values import check_instant, check_value
from talwerk.sdk.connector import Quantity
from talwerk.sdk.reading import Ask, Current, Finding, Reading, Thing, Unusable, Whole

from .feed import Feed

Value = int | float | str
Column = dict[int, tuple[Value, int]]
"""Values with their stored quality by time."""


class Track(msgspec.Struct, frozen=True):
    """Where values go."""

    entity: Iri
    type: str
    attribute: str
    dataset: str
    unit: str
    method: str = ""


Tracks = dict[tuple[str, ...], Track | str]
"""By what a reading names: where it goes, or why it goes nowhere."""


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
    tracks: Tracks = {}
    for finding in findings:
        if isinstance(finding, Reading):
            _add(shaped, finding, feed, tracks)
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
    latest = now + FUTURE_TOLERANCE
    times = (
        at for column in shaped.columns.values() for at, (_, flag) in column.items() if at <= latest and is_good(flag)
    )
    newest = max(times, default=None)
    shaped.newest = None if newest is None else Instant(newest)
    return shaped


def _leave_out(shaped: Shaped, finding: Unusable) -> None:
    shaped.later |= finding.later
    if not finding.gap and not finding.later:
        shaped.left_out[finding.reason] += 1


def _add(shaped: Shaped, reading: Reading, feed: Feed, tracks: Tracks) -> None:
    quantity = feed.connector.quantity(reading.attribute)
    named = (reading.native, reading.attribute, reading.type, reading.unit, reading.dataset, reading.method)
    track = tracks.get(named)
    if track is None:
        track = tracks[named] = _track(reading, quantity, feed)
    if isinstance(track, str):
        shaped.left_out[track] += 1
        return
    interval_s = quantity.interval_s if quantity is not None and feed.connector.stamp == "start" else 0
    at = reading.observed + interval_s * SECOND
    try:
        check_instant(at, "")
        check_value(reading.value, "")
    except DomainError:
        # One of them would make the store refuse the whole column.
        shaped.left_out["a value or its time cannot be kept"] += 1
        return
    column = shaped.columns.setdefault(track, {})
    value = (reading.value, _quality(reading, quantity))
    if column.setdefault(at, value) != value:
        # Of two values for one time the later one in the answer counts, as if it had come later.
        column[at] = value
        shaped.left_out["another value for the same time follows"] += 1


def _track(reading: Reading, quantity: Quantity | None, feed: Feed) -> Track | str:
    """Where a reading goes, or why it goes nowhere."""
    kind = reading.type or (quantity.type if quantity else "")
    unit = reading.unit or (quantity.unit if quantity else "")
    if not kind:
        return f"nothing is declared about {reading.attribute}"
    try:
        return Track(
            entity=feed.entity(kind, reading.native),
            type=expand(kind),
            attribute=expand(reading.attribute),
            dataset=reading.dataset and iri(f"urn:ngsi-ld:Dataset:{feed.key}:{reading.dataset}", "dataset"),
            unit=unit,
            method=reading.method,
        )
    except DomainError:
        return "an id or a name cannot be part of an identifier"


def _quality(reading: Reading, quantity: Quantity | None) -> int:
    value = reading.value
    if quantity is not None and not isinstance(value, str) and not quantity.least <= value <= quantity.most:
        return stored(Flag.FAIL)
    return stored(reading.quality)


def observations(track: Track, column: Column, feed: Feed) -> Observations:
    """A column as it is written, oldest value first."""
    times = sorted(column)
    quality = [column[at][1] for at in times]
    quantity = next((q for q in feed.connector.quantities if expand(q.attribute) == track.attribute), None)
    # A quantity that nobody declared has the source's rhythm and no method of its own.
    known = quantity or Quantity(attribute=track.attribute, type=track.type, unit=track.unit or "C62")
    if track.method:
        known = msgspec.structs.replace(known, method=track.method)
    return Observations(
        entity=track.entity,
        types=(track.type,),
        attribute=track.attribute,
        dataset=track.dataset or None,
        unit=track.unit or None,
        provenance=feed.provenance(known),
        at=times,
        values=[column[at][0] for at in times],
        quality=quality[:1] if len(set(quality)) == 1 else quality,
    )
