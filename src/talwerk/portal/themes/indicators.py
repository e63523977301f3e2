"""The facts of indicators: how they stand, how they came there, and how they are elsewhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from talwerk.broker import Broker
from talwerk.core.instants import DAY, datetime_of
from talwerk.core.query import Page, Query, Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import compact, expand
from talwerk.core.units import symbol
from talwerk.portal.frame.views import Reading
from talwerk.portal.site import addresses
from talwerk.portal.site.newest import readings, usable
from talwerk.portal.site.scene import Scene
from talwerk.portal.themes.views import Elsewhere, IndicatorView, Share
from talwerk.sdk.territory import Territory
from talwerk.sdk.theme import Indicator, Theme, Unsourced
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.indicators.keeping import TYPE, VALUE, Standing, indicator_id, standing, standings
from talwerk.services.indicators.result import Absence, percent

NOT_COMPUTED = "not-computed"
COURSE_DAYS = 90
FINE_DAYS = 3
"""A course that reaches back no further is shown value by value, a longer one day by day."""
_OTHERS_MAX = 1_000


class Indicators:
    """Indicators as pages show them.

    Args:
        broker: The way to the data.
        ags: Key of the authority in ids.
        catalogue: Names the cities from which other values came.
        territory: Which borough a quarter belongs to; None for a city without.
    """

    def __init__(self, broker: Broker, ags: str, catalogue: Catalogue, territory: Territory | None) -> None:
        self._territory = territory
        self._broker = broker
        self._ags = ags
        self._catalogue = catalogue

    def of(self, theme: Theme, scene: Scene, *, in_full: bool = False) -> tuple[IndicatorView, ...]:
        """The indicators of a theme, in its order.

        Args:
            theme: Whose.
            scene: For whom and when.
            in_full: Also their course, and how they are elsewhere.
        """
        ids = {one.key: indicator_id(self._ags, theme, one) for one in theme.indicators}
        kept = standings(self._broker, scene.scope, ids.values())
        others = self._elsewhere(theme, scene) if in_full else {}
        made = []
        for one in theme.indicators:
            now = kept.get(ids[one.key], Standing())
            view = _view(theme, one, ids[one.key], now, scene)
            if in_full and view.value is not None:
                view = replace(view, course=self._course(ids[one.key], scene), boroughs=self._boroughs(now, scene))
            made.append(replace(view, elsewhere=others.get(one.key, ())))
        return tuple(made)

    def _course(self, entity: str, scene: Scene) -> tuple[Reading, ...]:
        """Its values: one by one as long as they are few days old, later the last one of each day."""
        key = SeriesKey(entity=entity, attribute=VALUE)
        window = Window(start=scene.now - COURSE_DAYS * DAY)
        found = usable(list(readings(self._broker.points(key, window, scene.scope))))
        if not found or found[-1].at_us - found[0].at_us <= FINE_DAYS * DAY:
            return tuple(found)
        zone = ZoneInfo(scene.profile.city.zone)
        return tuple({datetime_of(one.at_us).astimezone(zone).date(): one for one in found}.values())

    def _boroughs(self, now: Standing, scene: Scene) -> tuple[Share, ...]:
        """What is known of quarters, added up; nothing for a borough of which nothing is told."""
        if self._territory is None or not now.parts:
            return ()
        of = {quarter.key: quarter.borough for quarter in self._territory.quarters}
        near: Counter[str] = Counter()
        every: Counter[str] = Counter()
        for part in now.parts:
            near[of.get(part.key, "")] += part.numerator
            every[of.get(part.key, "")] += part.denominator
        linked = addresses.HERE in scene.to
        return tuple(
            Share(
                name=borough.name,
                href=scene.to.href(addresses.HERE, borough.key) if linked else "",
                value=percent(near[borough.key], every[borough.key]),
                numerator=near[borough.key],
                whole=every[borough.key],
            )
            for borough in self._territory.boroughs
            if every[borough.key]
        )

    def _elsewhere(self, theme: Theme, scene: Scene) -> Mapping[str, tuple[Elsewhere, ...]]:
        """What other cities state about the same indicators, by key; ids tell whose they are."""
        query = Query(types=(expand(TYPE),), page=Page(limit=_OTHERS_MAX))
        found: dict[str, list[Elsewhere]] = defaultdict(list)
        for entity in self._broker.read(query, scene.scope).entities:
            parts = entity.id.split(":")
            if len(parts) != 6 or parts[3] == self._ags or not parts[5].startswith(f"{theme.key}."):
                continue
            now = standing(entity)
            if now.value is not None:
                city = self._city(entity.id, scene)
                found[parts[5].removeprefix(f"{theme.key}.")].append(Elsewhere(city, now.value, now.as_of))
        return {key: tuple(sorted(ones, key=lambda one: one.city)) for key, ones in found.items()}

    def _city(self, entity: str, scene: Scene) -> str:
        """Who stated it: the publisher of the source that brought it."""
        origin = next((s.provenance for s in self._broker.series(scene.scope, entity) if s.attribute == VALUE), None)
        if origin is None:
            return entity.split(":")[3]
        dataset = self._catalogue.dataset(scene.scope, origin.source, scene.texts.language)
        named = dataset.publisher or dataset.title if dataset is not None else ""
        return named or origin.attribution or origin.source


def with_value(found: Iterable[IndicatorView]) -> tuple[IndicatorView, ...]:
    """Those of the indicators that have a number."""
    return tuple(one for one in found if one.value is not None)


def _view(theme: Theme, indicator: Indicator, entity: str, now: Standing, scene: Scene) -> IndicatorView:
    """An indicator as it stands, without course and without others."""
    measure, language = indicator.measure, scene.texts.language
    absence = "" if now.value is not None else now.absence.value if now.absence is not None else NOT_COMPUTED
    unit_text = indicator.unit_text
    return IndicatorView(
        key=indicator.key,
        title=indicator.title.said(language),
        formula=indicator.formula.said(language),
        denominator=indicator.denominator.said(language),
        unit=unit_text.said(language) if unit_text is not None else symbol(indicator.unit),
        decimals=indicator.decimals,
        value=now.value,
        absence=Absence.UNSOURCED.value if isinstance(measure, Unsourced) else absence,
        missing=measure.missing.said(language) if isinstance(measure, Unsourced) else "",
        numerator=now.numerator,
        whole=now.denominator,
        as_of_us=now.as_of,
        start_us=now.start,
        end_us=now.end,
        place=scene.register.station(now.place) if now.place else "",
        sources=now.attribution or now.sources,
        simulated=now.simulated,
        history_href=f"{addresses.API}/{entity}/{compact(VALUE)}.csv" if now.value is not None else "",
        href=f"{scene.to.href(addresses.THEMES, theme.key)}#{indicator.key}",
    )
