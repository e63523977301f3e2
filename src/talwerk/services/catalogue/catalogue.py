"""What data the city has: declared sources, what really came, official files, and what is computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import msgspec

from talwerk import texts
from talwerk.broker import Broker
from talwerk.core.entity import Attribute
from talwerk.core.errors import DomainError
from talwerk.core.identifiers import city_urn
from talwerk.core.instants import Clock, Instant
from talwerk.core.query import Page, Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Series, SeriesKey
from talwerk.core.terms import compact, expand
from talwerk.sdk.profile import Profile
from talwerk.sdk.territory import Territory
from talwerk.services.indicators.evidence import ADDRESSES, MADE_UP, OWN
from talwerk.services.indicators.keeping import TYPE as INDICATOR
from talwerk.services.indicators.themes import Themes
from talwerk.services.places.register import FILE, is_simulated
from talwerk.services.sources.discovery import discover
from talwerk.services.sources.duty import OWNER
from talwerk.services.sources.duty import TYPE as SOURCE
from talwerk.services.sources.feed import Feed, feed
from talwerk.services.sources.state import Health

from .dataset import Dataset, Field, Kind

LANGUAGE = "de"
"""In which sources and profiles write their titles; other languages have words for those that they know."""
READING_SHARE = 20
"""The catalogue is kept at least this many times as long as it took to read."""
SAMPLE = 50_000
"""So many series of a source tell what it measures, since when, and how recently; the others are only counted."""
SIMULATED_TERMS = "Simulated: nobody measured these values, and the terms of the publisher do not apply to them."
_SOURCES_MAX = 1_000

_AREA = "gebiet-"
_WORDS = {OWN: "computed", ADDRESSES: "addresses"}
"""Datasets of the city's own, by what their words are called."""
_STATE = f":{SOURCE}:"
"""Part of the ids of the entities that say how sources are; they are about data, not data."""
_HEALTH, _ERROR = expand("health"), expand("lastError")


class Catalogue:
    """The datasets of a city, as one may see them.

    Args:
        broker: the way to the data.
        profile: what is polled.
        themes: what datasets belong to.
        territory: the official files, None for a profile without quarters.
        folder: where those lie.
        clock: bounds the share of time that reading takes.
    """

    def __init__(
        self,
        broker: Broker,
        profile: Profile,
        themes: Themes,
        territory: Territory | None,
        folder: Path,
        clock: Clock,
    ) -> None:
        self._broker = broker
        self._profile = profile
        self._themes = themes
        self._territory = territory
        self._folder = folder
        self._clock = clock
        self._kept: dict[object, tuple[int, float, float, tuple[Dataset, ...]]] = {}

    def datasets(self, scope: Scope, language: str = LANGUAGE) -> tuple[Dataset, ...]:
        """All datasets: polled ones in the order of the profile, then the others by title.

        Args:
            scope: on whose behalf.
            language: of their titles, as far as there are words for them; a folder of the texts.
        """
        found = self._found(scope)
        if language == LANGUAGE:
            return found
        words = texts.catalogue(language)
        return tuple(msgspec.structs.replace(one, title=_said(one, words)) for one in found)

    def _found(self, scope: Scope) -> tuple[Dataset, ...]:
        seen = scope.sight
        position, now_s = self._broker.position(), self._clock.monotonic_s()
        kept = self._kept.get(seen)
        if kept is not None and (kept[0] == position or now_s - kept[1] < READING_SHARE * kept[2]):
            return kept[3]
        found = self._read(scope)
        cost_s = self._clock.monotonic_s() - now_s
        if len(self._kept) > 8:
            self._kept.clear()
        self._kept[seen] = (position, now_s + cost_s, cost_s, found)
        return found

    def dataset(self, scope: Scope, key: str, language: str = LANGUAGE) -> Dataset | None:
        """The dataset of that key, None when there is none."""
        return next((dataset for dataset in self.datasets(scope, language) if dataset.key == key), None)

    def fields(self, scope: Scope, key: str) -> tuple[Field, ...]:
        """What a dataset tells of its things: measured quantities first, then by name."""
        found: dict[tuple[bool, str, str], set[str]] = defaultdict(set)
        for one in self._sample(scope, key):
            found[not _holds_values(one), compact(one.attribute), one.unit or ""].add(one.entity)
        return tuple(
            Field(name=name, unit=unit, things=len(things), measured=not told)
            for (told, name, unit), things in sorted(found.items())
        )

    def turns(self, scope: Scope, key: str, last: int) -> tuple[tuple[Instant, Health], ...]:
        """How a source was: each state with the time since which it was so, the oldest first.

        Args:
            scope: on whose behalf.
            key: of the source.
            last: how many changes at most.
        """
        entity = city_urn(SOURCE, self._profile.city.ags, OWNER, key)
        points = self._broker.points(SeriesKey(entity=entity, attribute=_HEALTH), Window(), scope, last)
        turns: list[tuple[Instant, Health]] = []
        for at, value in zip(points.at, points.values, strict=True):
            if value in list(Health) and (not turns or turns[-1][1] != value):
                turns.append((Instant(at), Health(value)))
        return tuple(turns)

    def series(self, scope: Scope, key: str) -> Iterator[Series]:
        """The open series of values of a dataset, by entity and attribute; read as far as somebody asks."""
        return filter(_holds_values, self._series(scope, key))

    def _series(self, scope: Scope, key: str) -> Iterator[Series]:
        """Open series of a source; the entities that say how sources are belong to none."""
        origins = tuple(one for one in self._broker.provenances(scope) if one.source == key)
        found = chain.from_iterable(self._broker.series_pages(Query(), scope, origins))
        return (series for series in found if _STATE not in series.entity)

    def _sample(self, scope: Scope, key: str) -> tuple[Series, ...]:
        """Those series of a source that tell what it is like: all of them, in all but very large cities."""
        return tuple(islice(self._series(scope, key), SAMPLE))

    def short_name(self, key: str) -> str:
        """Who publishes a source, for narrow places; empty for what the profile does not name."""
        return self._short.get(key, "")

    @cached_property
    def _short(self) -> dict[str, str]:
        return {one.key: one.short for one in self._feeds}

    @cached_property
    def _feeds(self) -> tuple[Feed, ...]:
        found, feeds = discover(), []
        for source in self._profile.sources:
            try:
                feeds.append(feed(source, self._profile, found))
            except DomainError:
                # The duty that polls has told it in the log; what never comes in is no data.
                continue
        return tuple(feeds)

    def _read(self, scope: Scope) -> tuple[Dataset, ...]:
        keys = dict.fromkeys(origin.source for origin in self._broker.provenances(scope))
        by_source = {key: found for key in keys if (found := self._sample(scope, key))}
        large = [key for key, found in by_source.items() if len(found) == SAMPLE]
        types = self._types(scope, by_source)
        states = self._states(scope)
        polled = [self._polled(one, by_source.pop(one.key, ()), states.get(one.key, {})) for one in self._feeds]
        own = by_source.pop(OWN, ())
        others = [self._sent(key, series) for key, series in by_source.items()]
        computed = [self._computed(own)] if any(series.provenance.method for series in own) else []
        made = [*polled, *sorted(others, key=lambda one: one.title.casefold()), *self._layers(), *computed]
        told = (msgspec.structs.replace(one, types=types.get(one.key, one.types)) for one in made)
        return tuple(self._in_full(one, scope, keys) if one.key in large else one for one in told)

    def _in_full(self, one: Dataset, scope: Scope, keys: Iterable[str]) -> Dataset:
        """A dataset of which only a sample was looked at, with all its series counted."""
        total = self._broker.measured(scope, tuple(key for key in keys if key != one.key))
        return msgspec.structs.replace(one, series=total.series, things=max(one.things, total.entities))

    def _polled(self, one: Feed, series: Sequence[Series], state: dict[str, Attribute]) -> Dataset:
        health = state[_HEALTH].value if _HEALTH in state else ""
        return _counted(
            Dataset(
                key=one.key,
                kind=Kind.POLLED,
                title=one.title,
                publisher=one.publisher,
                short=one.short,
                licence=one.licence,
                terms=one.connector.terms,
                attribution=one.attribution,
                units=tuple(sorted({quantity.unit for quantity in one.connector.quantities})),
                attributes=tuple(sorted({quantity.attribute for quantity in one.connector.quantities})),
                every_s=one.every_s,
                cadence_s=one.cadence_s,
                health=Health(health) if health in list(Health) else None,
                since=Instant(state[_HEALTH].modified) if _HEALTH in state else None,
                error=str(state[_ERROR].value) if _ERROR in state else "",
                themes=_keys(self._themes, one.key, one.connector.key),
            ),
            series,
        )

    def _sent(self, key: str, series: Sequence[Series]) -> Dataset:
        words = texts.catalogue(LANGUAGE)
        origin = max(series, key=lambda one: one.opened).provenance
        plain = Dataset(
            key=key,
            kind=Kind.SENT,
            title=words.text(f"dataset.{key}") if f"dataset.{key}" in words else origin.attribution or key,
            licence=origin.licence,
            attribution=origin.attribution,
            themes=_keys(self._themes, key),
        )
        return _counted(plain, series)

    def _computed(self, series: Sequence[Series]) -> Dataset:
        plain = Dataset(
            key=OWN,
            kind=Kind.COMPUTED,
            title=texts.catalogue(LANGUAGE).text("dataset.computed"),
            publisher=self._profile.city.name,
            types=(INDICATOR,),
            themes=tuple(theme.key for theme in self._themes.themes),
        )
        return _counted(plain, [one for one in series if one.provenance.method])

    def _layers(self) -> Iterable[Dataset]:
        """The official files that were loaded."""
        for layer in self._territory.layers if self._territory is not None else ():
            name = FILE if layer.key == "addresses" else f"{layer.key}.geojson"
            try:
                stat = (self._folder / name).stat()
            except OSError:
                continue
            made_up = layer.key == "addresses" and is_simulated(self._folder / FILE)
            yield Dataset(
                key=ADDRESSES if layer.key == "addresses" else f"{_AREA}{layer.key}",
                kind=Kind.LAYER,
                title=texts.catalogue(LANGUAGE).text(f"dataset.{layer.key}"),
                licence=MADE_UP.licence if made_up else layer.licence,
                attribution=MADE_UP.attribution if made_up else layer.attribution,
                simulated=made_up,
                last=Instant(stat.st_mtime_ns // 1_000),
            )

    def _states(self, scope: Scope) -> dict[str, dict[str, Attribute]]:
        """How sources are, by key."""
        query = Query(types=(expand(SOURCE),), attributes=(_HEALTH, _ERROR), page=Page(limit=_SOURCES_MAX))
        return {
            entity.id.rpartition(":")[2]: {name: instances[0] for name, instances in entity.attributes.items()}
            for entity in self._broker.read(query, scope).entities
        }

    def _types(self, scope: Scope, by_source: Mapping[str, Sequence[Series]]) -> dict[str, tuple[str, ...]]:
        """Short types of the things of each source; one thing of each kind of id tells."""
        found: dict[str, tuple[str, ...]] = {}
        for key, series in by_source.items():
            # Ids of our own making begin with their type: of each beginning one entity is looked at.
            samples = {one.entity.split(":")[2] if one.entity.count(":") > 3 else "": one.entity for one in series}
            query = Query(ids=tuple(samples.values())[:20], attributes=(), page=Page(limit=20))
            entities = self._broker.read(query, scope).entities
            kinds = {compact(kind) for entity in entities for kind in entity.types}
            found[key] = tuple(sorted(kinds))
        return found


def _counted(plain: Dataset, series: Sequence[Series]) -> Dataset:
    """A dataset with what came of it."""
    values = [one for one in series if _holds_values(one)]
    cadences = {one.provenance.cadence_s for one in values if one.provenance.cadence_s}
    return msgspec.structs.replace(
        _made_up(plain, series) if series and all(one.provenance.simulated for one in series) else plain,
        units=tuple(sorted({one.unit for one in values if one.unit})) or plain.units,
        attributes=tuple(sorted({compact(one.attribute) for one in values})) or plain.attributes,
        series=len(values),
        things=len({one.entity for one in series}),
        cadence_s=plain.cadence_s or min(cadences, default=0),
        first=Instant(min(one.first for one in values if one.first is not None)) if values else None,
        # What is only said has no time of its own: it counts from when it was first written.
        last=Instant(max(one.last or one.opened for one in values or series)) if series else None,
        simulated=any(one.provenance.simulated for one in series),
    )


def _made_up(plain: Dataset, series: Sequence[Series]) -> Dataset:
    """A dataset of simulated values: they are not the publisher's, so that its terms do not bind who takes them."""
    licences = {one.provenance.licence for one in series} - {"unknown"}
    newest = max(series, key=lambda one: one.opened).provenance
    return msgspec.structs.replace(
        plain,
        licence=licences.pop() if len(licences) == 1 else "unknown",
        terms=SIMULATED_TERMS,
        attribution=newest.attribution if plain.attribution else "",
    )


def _holds_values(series: Series) -> bool:
    """Whether a series is measured, and not only said: it has a unit or a rhythm."""
    return series.closed is None and series.last is not None and bool(series.unit or series.provenance.cadence_s)


def _said(one: Dataset, words: texts.Catalogue) -> str:
    """The title in another language; what nobody has words for keeps the name that it brings along."""
    name = f"dataset.{_WORDS.get(one.key, one.key).removeprefix(_AREA)}"
    return words.text(name) if name in words else one.title


def _keys(themes: Themes, source: str, connector: str = "") -> tuple[str, ...]:
    return tuple(theme.key for theme in themes.of_source(source, connector))
