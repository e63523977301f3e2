"""What the city measures, seen at one instant with one Scope: series, their places and their newest values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from talwerk.broker import Broker
from talwerk.core.entity import Entity
from talwerk.core.instants import FUTURE_TOLERANCE, HOUR, Instant
from talwerk.core.quality import Flag, Mark, flag_of, is_good
from talwerk.core.query import Page, Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Points, Series, SeriesKey
from talwerk.core.terms import compact, expand
from talwerk.core.units import symbol
from talwerk.portal.place import Credit
from talwerk.portal.views import Gauge, Measure, Reading
from talwerk.sdk.profile import MeasuringPoint, Profile
from talwerk.texts import Catalogue

STALE_CADENCES = 3
ENTITIES_SHOWN = 1_000
_NAME = expand("name")
_NEWEST = 8
_DECIMALS = {"CMT": 0, "MQS": 1, "MMT": 1, "CEL": 1, "P1": 0, "GQ": 0}


@dataclass(frozen=True, slots=True)
class Place:
    """One series at its place, with the measuring point of the profile that it stands for, if there is one."""

    series: Series
    station: str
    point: MeasuringPoint | None = None

    @property
    def key(self) -> SeriesKey:
        """The series' key."""
        return SeriesKey(entity=self.series.entity, attribute=self.series.attribute, dataset=self.series.dataset)

    @property
    def href(self) -> str:
        """Address of its page: short for a point of the profile, otherwise by entity and attribute."""
        if self.point is not None:
            return f"/de/messstelle/{self.point.key}"
        return f"/de/messstelle/{self.series.entity}/{compact(self.series.attribute)}"


class Scene:
    """The city's measurements at one instant.

    Args:
        broker: the way to the data.
        profile: measuring points and their levels.
        scope: on whose behalf.
        now: the instant for which the page is true.
        texts: words for quantities.
    """

    def __init__(self, broker: Broker, profile: Profile, scope: Scope, now: Instant, texts: Catalogue) -> None:
        self.broker = broker
        self.profile = profile
        self.scope = scope
        self.now = now
        self.texts = texts

    @cached_property
    def _series(self) -> tuple[Series, ...]:
        """Series that hold values and are still open."""
        return tuple(s for s in self.broker.series(self.scope) if s.last is not None and s.closed is None)

    @cached_property
    def _entities(self) -> dict[str, Entity]:
        found = self.broker.read(Query(attributes=(_NAME,), page=Page(limit=ENTITIES_SHOWN)), self.scope)
        return {entity.id: entity for entity in found.entities}

    def _station(self, entity: str) -> str:
        """What people call the place: its name, or the last part of its id."""
        for instance in self._entities[entity].attributes.get(_NAME, ()) if entity in self._entities else ():
            if isinstance(instance.value, str) and instance.value.strip():
                return instance.value.strip()
        return entity.rpartition(":")[2]

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Points of the profile that have values, in its order, then every other series of numbers."""
        named = [p for point in self.profile.measuring_points if (p := self._of_point(point)) is not None]
        taken = {place.series for place in named}
        others = (Place(s, self._station(s.entity)) for s in self._series if s not in taken)
        numbers = (place for place in others if self._is_number(place))
        return (*named, *sorted(numbers, key=lambda place: (place.station.casefold(), place.href)))

    def _is_number(self, place: Place) -> bool:
        newest = self.broker.points(place.key, Window(), self.scope, 1).values
        return bool(newest) and isinstance(newest[0], int | float)

    def _of_point(self, point: MeasuringPoint) -> Place | None:
        """The series that speaks for a point now: a fresh one of the preferred, otherwise the newest."""
        candidates = self.profile.candidates(point)
        fitting = [s for s in self._series if s.unit == point.unit and self._fits(s, point, candidates)]
        if not fitting:
            return None
        ranked = sorted(
            fitting, key=lambda s: candidates.index(s.entity) if s.entity in candidates else len(candidates)
        )
        fresh = [s for s in ranked if (s.last or 0) >= self.now - stale_after_s(s) * 1_000_000]
        return Place((fresh or [max(ranked, key=lambda s: s.last or 0)])[0], point.name, point)

    def _fits(self, series: Series, point: MeasuringPoint, candidates: tuple[str, ...]) -> bool:
        if series.entity in candidates:
            return series.attribute == point.attribute_iri
        # Somebody else's ids: the place's own name and the unit decide.
        if point.quantity != "level":
            return False
        return self._station(series.entity).casefold() in {point.name.casefold(), point.key}

    def place(self, key: str) -> Place | None:
        """The place of a profile's point."""
        point = self.profile.point(key)
        return next((p for p in self.places if p.point is point), None) if point is not None else None

    def place_of(self, entity: str, attribute: str) -> Place | None:
        """The place of a series by entity and attribute IRI."""
        return next((p for p in self.places if (p.series.entity, p.series.attribute) == (entity, attribute)), None)

    def beside(self, place: Place) -> tuple[Place, ...]:
        """Everything that is measured at the same entity, the place itself included."""
        return tuple(p for p in self.places if p.series.entity == place.series.entity)

    def gauge(self, place: Place) -> Gauge:
        """The newest usable value of a place, with levels and trend."""
        point, series = place.point, place.series
        window = Window(end=self.now + FUTURE_TOLERANCE + 1)
        newest = list(readings(self.broker.points(place.key, window, self.scope, _NEWEST)))
        latest = next((r for r in reversed(newest) if r.flag not in (Flag.FAIL, Flag.MISSING)), None)
        return Gauge(
            station=place.station,
            href=place.href,
            measure=self.measure(place),
            latest=latest,
            levels=point.levels.values if point is not None and point.levels is not None else (),
            trend_per_h=None if point is None or point.sum_period_s else self._trend(place, latest),
            stale_after_s=stale_after_s(series),
            source=series.provenance.attribution or series.provenance.source,
        )

    def measure(self, place: Place) -> Measure:
        """What is measured at a place, in words; a quantity that nobody named keeps its attribute's name."""
        point, series = place.point, place.series
        return Measure(
            quantity=self.texts.text(f"quantity.{point.quantity}") if point is not None else compact(series.attribute),
            unit=symbol(series.unit),
            decimals=_DECIMALS.get(series.unit or "", 1),
            sum_period_s=point.sum_period_s if point is not None else 0,
        )

    def _trend(self, place: Place, latest: Reading | None) -> float | None:
        """Change per hour over the last hour or so; None when the values do not reach back that far."""
        if latest is None:
            return None
        window = Window(start=latest.at_us - HOUR, end=latest.at_us)
        earlier = [r for r in readings(self.broker.points(place.key, window, self.scope)) if r.flag != Flag.FAIL]
        if not earlier or latest.at_us - earlier[0].at_us < HOUR // 3:
            return None
        return (latest.value - earlier[0].value) * HOUR / (latest.at_us - earlier[0].at_us)


def credit(series: Series) -> Credit:
    """Whose numbers these are; an unknown licence stays empty, the page says so."""
    origin = series.provenance
    licence = "" if origin.licence == "unknown" else origin.licence
    # The credit line names the source as the source wants it; its key is for programs.
    return Credit(source=origin.attribution or origin.source, licence=licence)


def stale_after_s(series: Series) -> int:
    """Seconds after which the series counts as silent; 0 when it has no rhythm."""
    if series.provenance.stale_s is not None:
        return series.provenance.stale_s
    return STALE_CADENCES * (series.provenance.cadence_s or 0)


def readings(points: Points) -> Iterator[Reading]:
    """The numbers among the points, without those from the future."""
    for at, value, quality in zip(points.at, points.values, points.quality, strict=True):
        if isinstance(value, int | float) and not quality & Mark.FUTURE:
            flag = flag_of(quality) if is_good(quality) or flag_of(quality) is Flag.FAIL else Flag.MISSING
            yield Reading(at, float(value), int(flag))
