"""Series, their points and their hourly sums; entries of the change log."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from .change import Origin, Provenance
from .entity import Attributes


class Nature(StrEnum):
    """Whether a city's observations are real; values without a time of observation are statements and do not count."""

    EMPTY = "empty"
    """It holds no observation yet."""
    MEASURED = "measured"
    """It holds real observations; simulated ones never come beside them."""
    SIMULATED = "simulated"
    """It held simulated observations first and will never count as real."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The history of one attribute (and dataset) of one entity under one unit and method.

    Attributes:
        entity: the entity's id.
        attribute: the attribute's IRI.
        dataset: the dataset's IRI or None.
        unit: UN/CEFACT code or None.
        provenance: where the values come from.
        opened: when the series began, microseconds UTC.
        closed: when another unit or method followed it, None while it is open.
        first: time of the oldest point, None when it has none.
        last: time of the newest point, None when it has none.
        measured: whether it holds measurements: it has a unit, or held a number with a time of observation.
    """

    entity: str
    attribute: str
    dataset: str | None
    unit: str | None
    provenance: Provenance
    opened: int
    closed: int | None = None
    first: int | None = None
    last: int | None = None
    measured: bool = False


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """How much a city measures.

    Attributes:
        series: open series of measurements.
        entities: entities that have one.
    """

    series: int
    entities: int


class SeriesKey(msgspec.Struct, frozen=True, kw_only=True):
    """Names the open series of an attribute."""

    entity: str
    attribute: str
    dataset: str | None = None


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """Plain values of a series in columns, oldest first.

    Attributes:
        at: observation times, shape ``(n,)``, microseconds UTC.
        values: shape ``(n,)``, numbers or texts.
        quality: stored flags and marks, shape ``(n,)``.
        recorded: when each value was written, shape ``(n,)``, microseconds UTC.
    """

    at: list[int]
    values: list[Any]
    quality: list[int]
    recorded: list[int]


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A plain value that another one replaced.

    Attributes:
        at: observation time, microseconds UTC.
        value: what was there before.
        quality: its stored flag and marks.
        recorded: when it was written, microseconds UTC.
        replaced: when another one took its place, microseconds UTC.
        after: what followed it at the same time; None when nothing did, because it was moved to another time or unit,
            or because what followed was erased.
        after_quality: its stored flag and marks.
        role: what whoever put it right is to the city (``core.scope.Role``), or empty where nobody noted it.
        reason: why, in the words of whoever put it right: the property ``reason`` of what followed, or empty.
    """

    at: int
    value: Any
    quality: int
    recorded: int
    replaced: int
    after: Any = None
    after_quality: int | None = None
    role: str = ""
    reason: str = ""


class Bucket(msgspec.Struct, frozen=True):
    """Sums over the good numbers of one stretch of time.

    Attributes:
        start: first instant of the stretch, microseconds UTC.
        n: how many good values.
        sum: their sum, in the series' unit.
        sumsq: the sum of their squares.
        minimum: the smallest, None when ``n`` is 0.
        maximum: the largest, None when ``n`` is 0.
        bad: how many failed or missing values lie beside them.
    """

    start: int
    n: int
    sum: float
    sumsq: float
    minimum: float | None
    maximum: float | None
    bad: int


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the change log: one entity in one commit, or one batch of observations of one series.

    Attributes:
        position: strictly increasing; consumers remember it.
        at: time of the commit, microseconds UTC.
        origin: where the change came from.
        depth: derivations between it and the world.
        entity: the entity's id.
        attributes: IRIs of the attributes whose current state changed.
        before: current state of those attributes before, by IRI; new ones are absent.
        after: current state of those attributes afterwards; removed ones are absent.
        series: for observations in bulk, the attribute's IRI.
        start: the oldest time that was written to history, None when nothing was.
        end: the newest time that was written to history, None when nothing was.
        count: how many values were written to history, corrections included.
        deleted: whether the entity is no more.
        types: of an entity that is no more, the types that it had.
        erased: IRIs of the attributes whose history was removed or rewritten.
    """

    position: int
    at: int
    origin: Origin
    depth: int
    entity: str
    attributes: tuple[str, ...]
    before: Attributes
    after: Attributes
    series: str | None = None
    start: int | None = None
    end: int | None = None
    count: int = 0
    deleted: bool = False
    types: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()


class TypeCount(msgspec.Struct, frozen=True, kw_only=True):
    """An entity type that exists: its IRI, the attributes seen on it, and how many entities have it."""

    type: str
    attributes: tuple[str, ...]
    count: int
