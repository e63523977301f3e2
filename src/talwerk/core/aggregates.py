"""Aggregated values of histories (NGSI-LD clause 4.5.19): what is asked, and what is found."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite, sqrt

import msgspec

from .durations import Duration
from .entity import Entity, Kind
from .query import TemporalQuery


class Method(StrEnum):
    """How the values of a period become one (NGSI-LD clause 4.5.19.1)."""

    TOTAL_COUNT = "totalCount"
    DISTINCT_COUNT = "distinctCount"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    STDDEV = "stddev"
    SUMSQ = "sumsq"


class AggregateQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which histories, and how they are aggregated.

    Attributes:
        histories: the entities, their attributes, and the window.
        methods: at least one.
        duration: length of each period, None for one period over everything.
        origin: where the first period begins, None for the window's start or the oldest value.
    """

    histories: TemporalQuery
    methods: tuple[Method, ...]
    duration: Duration | None = None
    origin: int | None = None


class Sums(msgspec.Struct, kw_only=True):
    """What a stretch of time holds; numbers, texts and everything else count, but only numbers are summed.

    Attributes:
        total: how many values.
        numbers: how many of them are numbers.
        sum: of the numbers.
        sumsq: of their squares.
        least: smallest number, or text where there is no number; None without either.
        most: greatest number, or text where there is no number; None without either.
        distinct: how many different values, None when nobody asked.
        deviation: standard deviation of the numbers, None when it is to be taken from the sums.
    """

    total: int = 0
    numbers: int = 0
    sum: float = 0.0
    sumsq: float = 0.0
    least: float | str | None = None
    most: float | str | None = None
    distinct: int | None = None
    deviation: float | None = None

    def value(self, method: Method) -> float | str | None:
        """The aggregated value; None for a method that the values do not have."""
        match method:
            case Method.TOTAL_COUNT:
                return self.total
            case Method.DISTINCT_COUNT:
                return self.distinct
            case Method.MIN:
                return _plain(self.least)
            case Method.MAX:
                return _plain(self.most)
        return _plain(self._of_numbers(method)) if self.numbers else None

    def _of_numbers(self, method: Method) -> float | None:
        match method:
            case Method.SUM:
                return self.sum
            case Method.SUMSQ:
                return self.sumsq
            case Method.AVG:
                return self.sum / self.numbers
        return self.deviation if self.deviation is not None else sqrt(max(self.variance, 0.0))

    @property
    def variance(self) -> float:
        """The numbers' variance from their sums; it is worth nothing where it is much smaller than the mean."""
        mean = self.sum / self.numbers
        return self.sumsq / self.numbers - mean * mean


def _plain(value: float | str | None) -> float | str | None:
    """A number without a fraction that is zero; none where it is beyond numbers."""
    if not isinstance(value, float):
        return value
    if not isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


class Aggregate(msgspec.Struct, frozen=True):
    """The sums of one period, whose start and end are microseconds UTC."""

    start: int
    end: int
    sums: Sums


class AggregatedAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """The periods of one attribute (and dataset), oldest first; periods without values are left out."""

    attribute: str
    dataset: str | None
    kind: Kind
    periods: tuple[Aggregate, ...]


class AggregatedEntity(msgspec.Struct, frozen=True):
    """An entity without its attributes, and what became of their histories."""

    entity: Entity
    attributes: tuple[AggregatedAttribute, ...]
