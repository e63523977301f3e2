"""What the city measures, seen at one instant with one Scope: its places and their newest values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import islice, pairwise

from talwerk.broker import Broker
from talwerk.core.instants import SECOND, Instant
from talwerk.core.query import Page, Query
from talwerk.core.scope import Scope
from talwerk.core.series import Series
from talwerk.core.terms import compact
from talwerk.core.units import symbol
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Credit
from talwerk.portal.frame.states import NOT_CURRENT, gauge_state
from talwerk.portal.frame.views import Gauge, Measure, Reading
from talwerk.portal.site.addresses import POINT, Addresses, with_query
from talwerk.portal.site.newest import Newest, Peaks, decimals
from talwerk.portal.site.register import Key, Register, key_of, last_part
from talwerk.sdk.profile import MeasuringPoint, Profile
from talwerk.services.sources.things import LEVELS
from talwerk.texts import Catalogue

STALE_CADENCES = 3
STALE_POINT_S = 3 * 3_600
"""A measuring point has a rhythm even where its source names none."""
COUNTED_MAX = 100
"""Up to so many series are looked at one by one to count the silent ones; beyond, the time of the last value tells."""
STAGES = 3
BESIDE_MAX = 24
"""An entity with more series than this shows the first of them on its pages."""


@dataclass(frozen=True, slots=True)
class Place:
    """One series at its place, with the measuring point of the profile that it stands for, if there is one."""

    series: Series
    station: str
    point: MeasuringPoint | None = None


@dataclass(frozen=True, slots=True)
class City:
    """What scenes of one city share in one language.

    Attributes:
        broker: The way to the data.
        profile: Measuring points and their levels.
        texts: Words of the language.
        peaks: Highest values, remembered between pages.
        to: Addresses of pages in that language.
        p: Values as phrases of that language.
        short_name: Who publishes a source, by its key; empty when nobody has named it.
    """

    broker: Broker
    profile: Profile
    texts: Catalogue
    peaks: Peaks
    to: Addresses
    p: Phrasebook
    short_name: Callable[[str], str]


class Scene:
    """The city's measurements at one instant.

    Args:
        city: What all scenes share.
        register: What is measured.
        scope: On whose behalf.
        now: The instant for which the page is true.
        known: Only what was recorded until then, as it was; None for what is known now.
    """

    def __init__(
        self, city: City, register: Register, scope: Scope, now: Instant, known: Instant | None = None
    ) -> None:
        self._city = city
        self.known = known
        self.broker = city.broker
        self.profile = city.profile
        self.texts = city.texts
        self.to = city.to
        self.p = city.p
        self._short_name = city.short_name
        self.register = register
        self.scope = scope
        self.now = now
        self._peaks = city.peaks
        self._newest = Newest(city.broker, scope, now, known)
        self._gauges: dict[Key, Gauge] = {}

    def as_of(self, at: Instant) -> Scene:
        """The same city as it was known at an instant; names of its series and their sources are today's."""
        return Scene(self._city, self.register, self.scope, at, known=at)

    @cached_property
    def named(self) -> tuple[Place, ...]:
        """Points of the profile that have values, in its order."""
        points = self.profile.measuring_points
        self.register.fetch(entity for point in points for entity in self.profile.candidates(point))
        found = map(self._of_point, points)
        return tuple(place for place in found if place is not None)

    @cached_property
    def _taken(self) -> dict[Key, Place]:
        return {key_of(place.series): place for place in self.named}

    def others(self) -> Iterator[Place]:
        """Every other series of numbers, by the name of its place; none where the city has no directory."""
        directory = self.register.directory()
        everything = directory.series if directory is not None else ()
        return (self._other(series) for series in everything if key_of(series) not in self._taken)

    def _other(self, series: Series) -> Place:
        return Place(series, self.register.station(series.entity))

    def _of_point(self, point: MeasuringPoint) -> Place | None:
        """The series that speaks for a point now: a fresh one of the preferred, otherwise the newest.

        Only the entities that the profile names: levels must never be held against somebody else's numbers.
        """
        fitting = [
            series
            for entity in self.profile.candidates(point)
            for series in self.register.of(entity)
            if series.attribute == point.attribute_iri and series.unit == point.unit
        ]
        if not fitting:
            return None
        limits = ((series, stale_after_s(series, point)) for series in fitting)
        fresh = [s for s, stale_s in limits if not stale_s or (s.last or 0) >= self.now - stale_s * SECOND]
        return Place(fresh[0] if fresh else max(fitting, key=lambda s: s.last or 0), point.name, point)

    def place(self, key: str) -> Place | None:
        """The place of a profile's point."""
        return next((place for place in self.named if place.point is not None and place.point.key == key), None)

    def place_of(self, entity: str, attribute: str, dataset: str | None) -> Place | None:
        """The place of a series by entity, attribute IRI and dataset."""
        series = self.register.find(entity, attribute, dataset)
        return None if series is None else self.placed(series)

    def placed(self, series: Series) -> Place:
        """The place of a series; for one of the profile's points that point."""
        return self._taken.get(key_of(series)) or self._other(series)

    def beside(self, place: Place) -> tuple[Place, ...]:
        """What is measured at the same entity, the place itself included."""
        found = self.register.of(place.series.entity)
        shown = found[:BESIDE_MAX] if place.series in found[:BESIDE_MAX] else (place.series, *found[: BESIDE_MAX - 1])
        return tuple(map(self.placed, shown))

    def href(self, place: Place, **fields: str) -> str:
        """Address of a place's page: short for a point of the profile, otherwise by entity and attribute."""
        if place.point is not None:
            return self.to.href(POINT, place.point.key, **fields)
        return with_query(self.to.series(place.series), **fields)

    @property
    def total(self) -> int:
        """How many series there are."""
        return self.register.total.series

    @cached_property
    def silent(self) -> int | None:
        """How many of them say nothing about now; None where nobody can look at all of them."""
        if self.total <= COUNTED_MAX:
            gauges = (self.gauge(place) for place in (*self.named, *self.others()))
            return sum(gauge_state(gauge, self.now) in NOT_CURRENT for gauge in gauges)
        directory = self.register.directory()
        return None if directory is None else sum(self.is_silent(series) for series in directory.series)

    def is_silent(self, series: Series) -> bool:
        """Whether a series says nothing about now, by the rhythm that its source has."""
        stale_s = stale_after_s(series, None)
        return 0 < stale_s < (self.now - (series.last or 0)) / SECOND

    def listed(self, start: int, count: int) -> tuple[Place, ...]:
        """A stretch of all places in the order of their names."""
        named = sorted(self.named, key=_by_name)
        return tuple(islice(merge(named, self.others(), key=_by_name), start, start + count))

    def gauge(self, place: Place) -> Gauge:
        """The newest usable value of a place, with levels and trend."""
        key = key_of(place.series)
        if key not in self._gauges:
            self._gauges[key] = self._gauge(place)
        return self._gauges[key]

    def _gauge(self, place: Place) -> Gauge:
        point, series = place.point, place.series
        latest, failed_us = self._newest.of(series)
        return Gauge(
            station=place.station,
            href=self.href(place),
            measure=self._measure(place, latest),
            latest=latest,
            levels=self._levels(place),
            trend_per_h=None if point is None or point.sum_period_s else self._newest.trend_per_h(series, latest),
            stale_after_s=stale_after_s(series, point),
            scale_top=self._scale_top(point, series),
            source=self.source_name(series),
            failed_us=failed_us,
        )

    def _levels(self, place: Place) -> tuple[float, ...]:
        """Informationsstufen of a measuring point: the city's own, otherwise those that its source states."""
        if place.point is None:
            return ()
        if place.point.levels is not None:
            return place.point.levels.values
        return self._stated.get((place.series.entity, place.series.unit), ())

    @cached_property
    def _stated(self) -> dict[tuple[str, str | None], tuple[float, ...]]:
        """Levels that sources state for the profile's gauges without any, by entity and unit."""
        bare = {
            place.series.entity
            for place in self.named
            if place.point is not None and place.point.levels is None and place.point.quantity == "level"
        }
        if not bare:
            return {}
        query = Query(ids=tuple(sorted(bare)), attributes=(LEVELS,), page=Page(limit=len(bare)))
        return {
            (entity.id, told.unit): tuple(map(float, told.value))
            for entity in self.broker.read(query, self.scope).entities
            for told in entity.attributes.get(LEVELS, ())
            if _are_stages(told.value)
        }

    def _scale_top(self, point: MeasuringPoint | None, series: Series) -> float | None:
        """The highest recorded value, for the tubes of the axis alone: nothing else is drawn to a scale."""
        axis = self.profile.axis
        if point is None or point.levels is not None or axis is None or point not in axis.points:
            return None
        return self._peaks.of(series, self.broker, self.scope)

    def _measure(self, place: Place, latest: Reading | None) -> Measure:
        point, series = place.point, place.series
        return Measure(
            quantity=self.quantity(place),
            unit=symbol(series.unit),
            decimals=decimals(series.unit, latest.value if latest else None),
            sum_period_s=point.sum_period_s if point is not None else 0,
        )

    def source_name(self, series: Series) -> str:
        """Whose numbers these are, for narrow places; the credit line stands where there is room for it."""
        origin = series.provenance
        short = self._short_name(origin.source)
        if not short:
            return origin.attribution or origin.source
        return self.texts.text("value.simulated", source=short) if origin.simulated else short

    def quantity(self, place: Place) -> str:
        """What is measured at a place, in words; what nobody named keeps its attribute's name."""
        if place.point is not None:
            return self.texts.text(f"quantity.{place.point.quantity}")
        said, dataset = self.attribute(place.series.attribute), place.series.dataset
        return f"{said} ({last_part(dataset)})" if dataset is not None else said

    def attribute(self, iri: str) -> str:
        """What an attribute is called."""
        name = compact(iri)
        return self.texts.text(f"attribute.{name}") if self.has_word(iri) else last_part(name)

    def has_word(self, iri: str) -> bool:
        """Whether there is a word for an attribute."""
        return f"attribute.{compact(iri)}" in self.texts


def _are_stages(levels: object) -> bool:
    """Whether these can be the three Informationsstufen: numbers, strictly ascending."""
    if not isinstance(levels, list) or len(levels) != STAGES:
        return False
    numbers = [each for each in levels if isinstance(each, int | float) and not isinstance(each, bool)]
    return len(numbers) == STAGES and all(low < high for low, high in pairwise(numbers))


def _by_name(place: Place) -> tuple[str, Key]:
    entity, attribute, dataset = key_of(place.series)
    return place.station.casefold(), (entity, attribute, dataset or "")


def credit(series: Series) -> Credit:
    """Whose numbers these are; an unknown licence stays empty, the page says so."""
    origin = series.provenance
    licence = "" if origin.licence == "unknown" else origin.licence
    # The credit line names the source as the source wants it; its key is for programs.
    return Credit(source=origin.attribution or origin.source, licence=licence)


def stale_after_s(series: Series, point: MeasuringPoint | None) -> int:
    """Seconds after which the series counts as silent; 0 when it has no rhythm."""
    if series.provenance.stale_s is not None:
        return series.provenance.stale_s
    if series.provenance.cadence_s:
        return STALE_CADENCES * series.provenance.cadence_s
    return 0 if point is None else STALE_POINT_S
