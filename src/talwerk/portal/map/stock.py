"""Everything that a map can show, read in large pieces: a city of ten thousand points is read with a dozen queries."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from talwerk.broker import Broker
from talwerk.core.entity import Attribute, Entity
from talwerk.core.instants import Clock, Instant
from talwerk.core.quality import Mark, flag_of
from talwerk.core.query import Page, Query, TemporalQuery, Window
from talwerk.core.series import Series
from talwerk.core.terms import compact, expand
from talwerk.core.units import symbol
from talwerk.portal.drawing.city_map import Position
from talwerk.portal.frame.views import FLAG_FAILED, FLAG_MISSING, Gauge, Measure, Reading
from talwerk.portal.map.land import LOCATION, candidates_of, middle_of
from talwerk.portal.map.views import Feature, Sort, Terms
from talwerk.portal.site.lasting import Lasting
from talwerk.portal.site.newest import decimals
from talwerk.portal.site.register import NAME, last_part, measured_pages, name_of
from talwerk.portal.site.scene import Place, Scene, stale_after_s
from talwerk.services.catalogue.dataset import Dataset

PAST_KEPT_S = 60.0
"""Late values may still change the past, but not every second."""
FEATURES_MAX = 20_000
"""Things of one kind on a map; a browser draws twice as many as anybody tells apart."""
_AT_ONCE = 1_000
_AT_ONCE_PAST = 200
"""A page of history is bounded by its values: an entity has many of them."""
_KEPT_MAX = 24

WATER, WEATHER, AIR, OTHER = "wasser", "wetter", "luft", "weitere"
WARNINGS = "warnungen"
MEASURED = (WATER, AIR, WEATHER, OTHER)
_MEASURED_OF = {"WaterObserved": WATER, "WeatherObserved": WEATHER, "AirQualityObserved": AIR}
_HIDDEN = frozenset({"DataSource", "KeyPerformanceIndicator"})
"""Entities about data, not about the city."""
_CATEGORY, _ADDRESS = expand("category"), expand("address")
_AREA = expand("areaServed")


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is.

    Attributes:
        features: By layer, each in the order of names.
        sorts: What the layers hold.
        left_out: How many things a map has no room for.
    """

    features: Mapping[str, tuple[Feature, ...]]
    sorts: Mapping[str, Sort]
    left_out: int = 0


class Stocks:
    """What there is, kept while nothing changed, and never read so often that it takes more than a small share.

    Args:
        broker: Tells whether something was written.
        clock: Its monotonic time bounds that share.
    """

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._now: Lasting[Stock] = Lasting(broker.position, clock, _KEPT_MAX)
        self._past: Lasting[Stock] = Lasting(broker.position, clock, _KEPT_MAX, PAST_KEPT_S)

    def current(self, scene: Scene, datasets: Iterable[Dataset], at: Instant | None) -> Stock:
        """What there is for a scene, at a moment of the past or now."""
        scope = scene.scope
        seen = (scope.sight, scene.to.language, at)

        def read() -> Stock:
            return Gathering(scene, {one.key: one for one in datasets}, at).stock()

        return (self._now if at is None else self._past).current(seen, read)


class Gathering:
    """Reads everything with a place, once.

    Args:
        scene: The city at an instant.
        datasets: Whose terms count, by source.
        at: The moment of the past whose values are shown, None for now.
    """

    def __init__(self, scene: Scene, datasets: Mapping[str, Dataset], at: Instant | None) -> None:
        self._scene = scene
        self._datasets = datasets
        self._at = at
        self._terms: dict[str, Terms] = {}
        self._seen: Counter[str] = Counter()
        self._left_out = 0

    def stock(self) -> Stock:
        """All layers."""
        features: dict[str, list[Feature]] = {}
        sorts: dict[str, Sort] = {}
        for feature in self._measured():
            features.setdefault(feature.layer, []).append(feature)
            sorts[feature.layer] = Sort.MEASURED
        for feature in self._things():
            features.setdefault(feature.layer, []).append(feature)
            sorts[feature.layer] = Sort.AREAS if feature.layer == WARNINGS else Sort.THINGS
        ordered = {key: tuple(sorted(found, key=_by_name)) for key, found in features.items()}
        return Stock(ordered, sorts, self._left_out)

    # --- measuring points -------------------------------------------------------------------------------------------

    def _measured(self) -> Iterator[Feature]:
        scene = self._scene
        entities = dict.fromkeys((*candidates_of(scene.profile, scene.named), *self._series))
        told = {entity.id: entity for entity in self._read(list(entities)[:FEATURES_MAX])}
        self._left_out += max(scene.register.total.entities - FEATURES_MAX, 0)
        self._seen.update(kind for entity in told.values() if entity.id in self._series for kind in entity.types)
        # Once for each entity, not for each of its series.
        where = {id_: at for id_, entity in told.items() if (at := _where(entity)) is not None}
        groups: dict[tuple[str, str, Position | None], list[Place]] = {}
        for place in self._places(told):
            at = self._position(place, where)
            layer = _layer_of(told.get(place.series.entity))
            # A place without a position is itself; two of the same name may lie anywhere.
            key = (layer, place.station if at is not None else f"{place.station}\0{place.series.entity}", at)
            groups.setdefault(key, []).append(place)
        for (layer, _, at), places in groups.items():
            gauges = tuple(g for place in places if (g := self._gauge(place, told)) is not None)
            if gauges:
                yield Feature(
                    id=places[0].series.entity,
                    name=places[0].station,
                    layer=layer,
                    position=at,
                    href=gauges[0].href,
                    gauges=gauges,
                    note=next((p.point.place for p in places if p.point is not None and p.point.place), ""),
                    terms=tuple(dict.fromkeys(self._terms_of(place.series) for place in places)),
                )

    @cached_property
    def _series(self) -> Mapping[str, tuple[Series, ...]]:
        """What is measured, by entity."""
        found: dict[str, tuple[Series, ...]] = {}
        for page in measured_pages(self._scene.broker, self._scene.scope):
            found |= {entity: tuple(group) for entity, group in groupby(page, key=lambda series: series.entity)}
            if len(found) >= FEATURES_MAX:
                break
        return found

    def _places(self, told: Mapping[str, Entity]) -> Iterator[Place]:
        """Points of the profile, then all others that do not measure the same as one of those."""
        scene = self._scene
        spoken = {
            (entity, place.point.attribute_iri)
            for place in scene.named
            if place.point is not None
            for entity in scene.profile.candidates(place.point)
        }
        yield from scene.named
        for entity in filter(self._series.__contains__, told):
            name = name_of(told[entity]) or last_part(entity)
            others = (series for series in self._series[entity] if (entity, series.attribute) not in spoken)
            yield from (Place(series, name) for series in others)

    def _position(self, place: Place, where: Mapping[str, Position]) -> Position | None:
        """Where a place is; a point of the profile may have it from another who measures there."""
        near = (place.series.entity, *candidates_of(self._scene.profile, (place,)))
        return next((where[entity] for entity in near if entity in where), None)

    def _gauge(self, place: Place, told: Mapping[str, Entity]) -> Gauge | None:
        """The value that counts: the newest, or that of the moment; None for a place that had none yet."""
        scene, series = self._scene, place.series
        entity = told.get(series.entity)
        stated = entity.attributes.get(series.attribute, ()) if entity is not None else ()
        found = [one for one in stated if one.dataset == series.dataset]
        reading = _reading(found, scene.now if self._at is None else self._at)
        if reading is None:
            # Whatever is unusual is looked at closely, now: a failed value hides the good one before it.
            return scene.gauge(place) if self._at is None else None
        point = place.point
        return Gauge(
            station=place.station,
            href=scene.href(place),
            measure=Measure(
                quantity=scene.quantity(place),
                unit=symbol(series.unit),
                decimals=decimals(series.unit, reading.value),
                sum_period_s=point.sum_period_s if point is not None else 0,
            ),
            latest=reading,
            levels=point.levels.values if point is not None and point.levels is not None else (),
            stale_after_s=stale_after_s(series, point),
            source=series.provenance.attribution or series.provenance.source,
        )

    # --- things -----------------------------------------------------------------------------------------------------

    def _things(self) -> Iterator[Feature]:
        scene = self._scene
        for kind in scene.broker.types(scene.scope):
            name = compact(kind.type)
            located = LOCATION in kind.attributes or _is_warning(name)
            # Kinds of which everything is measured were read already.
            if name in _HIDDEN or not located or self._seen[kind.type] >= kind.count:
                continue
            self._left_out += max(kind.count - self._seen[kind.type] - FEATURES_MAX, 0)
            for entity, series in self._all(kind.type):
                if entity.id not in self._series:
                    yield from self._thing(entity, name, series)

    def _thing(self, entity: Entity, kind: str, series: Series | None) -> Iterator[Feature]:
        geometry = _first(entity, LOCATION)
        position = middle_of(geometry)
        warning = _is_warning(kind)
        if position is None and not warning:
            return
        category = _said(_first(entity, _CATEGORY), self._scene.to.language)
        layer = WARNINGS if warning else layer_key(kind, category)
        note = _first(entity, _AREA) if warning else _first(entity, _ADDRESS)
        yield Feature(
            id=entity.id,
            name=_said(_first(entity, NAME), self._scene.to.language) or self._unnamed(layer),
            layer=layer,
            position=position,
            geometry=geometry if isinstance(geometry, dict) and geometry.get("type") != "Point" else None,
            note=_said(note, self._scene.to.language),
            terms=(self._terms_of(series),) if series is not None else (),
        )

    def _unnamed(self, layer: str) -> str:
        key = f"map.layer.{layer}"
        return self._scene.texts.text(key) if key in self._scene.texts else layer

    def _terms_of(self, series: Series) -> Terms:
        origin = series.provenance
        if origin.source not in self._terms:
            one = self._datasets.get(origin.source)
            self._terms[origin.source] = Terms(
                source=origin.source,
                attribution=origin.attribution or (one.attribution if one is not None else ""),
                licence=one.licence if one is not None else origin.licence,
                exportable=one is not None and one.exportable,
            )
        return self._terms[origin.source]

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self, ids: list[str]) -> Iterator[Entity]:
        """Entities with their current values, or with those of the moment."""
        scene = self._scene
        step = _AT_ONCE if self._at is None else _AT_ONCE_PAST
        for start in range(0, len(ids), step):
            query = Query(ids=tuple(ids[start : start + step]), page=Page(limit=step))
            found = scene.broker.read(query, scene.scope).entities
            yield from found if self._at is None else self._as_of(query, found)

    def _as_of(self, query: Query, now: Iterable[Entity]) -> Iterator[Entity]:
        """Entities with the last values before the moment; what has no time of its own is as it is now."""
        past = TemporalQuery(entities=query, window=Window(end=(self._at or 0) + 1), last=1)
        page = self._scene.broker.history(past, self._scene.scope)
        before = {entity.id: entity for entity in page.entities}
        for entity in now:
            then = before[entity.id].attributes if entity.id in before else {}
            still = {name: found for name, found in entity.attributes.items() if name in (LOCATION, NAME)}
            yield Entity(id=entity.id, types=entity.types, attributes=then | still)

    def _all(self, kind: str) -> Iterator[tuple[Entity, Series | None]]:
        """All entities of a type, each with one of its series, which says whose it is."""
        scene, after, left = self._scene, None, FEATURES_MAX
        while left > 0:
            query = Query(types=(kind,), page=Page(limit=_AT_ONCE, after=after))
            found = scene.broker.read(query, scene.scope)
            of_page = {series.entity: series for series in scene.broker.series_of(query, scene.scope).series}
            yield from ((entity, of_page.get(entity.id)) for entity in found.entities)
            left -= len(found.entities)
            after = found.next
            if after is None:
                return


def layer_key(kind: str, category: str) -> str:
    """The layer of a thing, as addresses name it: its type, and its category where that tells apart."""
    plain = kind.rpartition("/")[2].rpartition("#")[2] or kind
    name = f"{plain}-{category}" if plain == "PointOfInterest" and category else plain
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:80]


def _layer_of(entity: Entity | None) -> str:
    names = {compact(kind) for kind in entity.types} if entity is not None else set()
    return next((layer for kind, layer in _MEASURED_OF.items() if kind in names), OTHER)


def _is_warning(kind: str) -> bool:
    return kind.endswith(("Alert", "Warning"))


def _where(entity: Entity) -> Position | None:
    return middle_of(_first(entity, LOCATION))


def _first(entity: Entity, attribute: str) -> Any:
    return next((one.value for one in entity.attributes.get(attribute, ())), None)


def _said(value: Any, language: str) -> str:
    """One line of what was stated; of several languages that of the page."""
    if isinstance(value, Mapping):
        value = value.get(language) or value.get("de") or next(iter(value.values()), "")
    if isinstance(value, list):
        value = value[0] if value else ""
    return " ".join(value.split())[:120] if isinstance(value, str) else ""


def _reading(found: list[Attribute], at: int) -> Reading | None:
    """The one usable number among instances, None when it needs a closer look."""
    if len(found) != 1 or found[0].observed is None or found[0].observed > at:
        return None
    value, flag = found[0].value, int(flag_of(found[0].quality))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if flag in (FLAG_FAILED, FLAG_MISSING) or found[0].quality & Mark.FUTURE:
        return None
    return Reading(found[0].observed, float(value), flag)


def _by_name(feature: Feature) -> tuple[str, str]:
    return feature.name.casefold(), feature.id
