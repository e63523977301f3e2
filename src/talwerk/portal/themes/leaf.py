"""The facts of the pages of themes and Zielbilder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from talwerk.broker import Broker
from talwerk.core.series import Series
from talwerk.core.terms import expand
from talwerk.portal.data.examples import with_words
from talwerk.portal.frame.place import Link
from talwerk.portal.frame.views import Gauge
from talwerk.portal.site import addresses
from talwerk.portal.site.answers import PageError
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.register import key_of
from talwerk.portal.site.scene import Place, Scene
from talwerk.portal.themes.indicators import Indicators, with_value
from talwerk.portal.themes.views import ActView, Goal, GoalView, Measured, SourceView, ThemeCard, ThemesView, ThemeView
from talwerk.sdk.profile import Profile
from talwerk.sdk.territory import Territory
from talwerk.sdk.theme import Act, Theme, Zielbild
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.catalogue.dataset import Kind
from talwerk.services.indicators.themes import Themes

GAUGES_MAX = 10
STOCK_MAX = 3


class ThemePages:
    """Themes and Zielbilder as pages show them.

    Args:
        broker: The way to the data.
        profile: Whose authority names indicators, and which connector reads a source.
        themes: What is shown.
        catalogue: The datasets.
        territory: The city's parts, None where they are not declared.
    """

    def __init__(
        self, broker: Broker, profile: Profile, themes: Themes, catalogue: Catalogue, territory: Territory | None
    ) -> None:
        self._themes = themes
        self._catalogue = catalogue
        self._indicators = Indicators(broker, profile.city.ags, catalogue, territory)
        self._connectors = {source.key: source.connector for source in profile.sources}

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages; none where the city has no themes."""
        if not self._themes.themes:
            return ()
        return (
            Leaf(addresses.THEMES, lambda _ask, scene: (self.themes(scene), ())),
            Leaf(addresses.THEMES, self.theme, addresses.THEMES, "/{key}"),
            Leaf(addresses.GOAL, self.goal, addresses.THEMES, "/{key}"),
        )

    def themes(self, scene: Scene) -> ThemesView:
        """All themes, by what the city wants to be; a Zielbild that no theme serves is not shown."""
        language = scene.texts.language
        goals = (
            Goal(
                zielbild.key,
                zielbild.title.said(language),
                zielbild.promise.said(language),
                scene.to.href(addresses.GOAL, zielbild.key),
                tuple(self._card(theme, scene) for theme in self._serving(zielbild)),
            )
            for zielbild in self._zielbilder()
        )
        return ThemesView(
            tuple(goals), with_words(f"{addresses.THEMES_API}.csv", scene), with_words(addresses.THEMES_API, scene)
        )

    def goal(self, ask: Ask, scene: Scene) -> Found:
        """One Zielbild, with everything that is measured on the way to it.

        Raises:
            PageError: There is no such Zielbild, or no theme serves it.
        """
        language, key = scene.texts.language, ask.path["key"]
        zielbild = next((one for one in self._zielbilder() if one.key == key), None)
        if zielbild is None:
            raise PageError(404, scene.texts.text("goal.unknown"))
        measured = []
        for theme in self._serving(zielbild):
            found = self._indicators.of(theme, scene, in_full=True)
            told = with_value(found)
            title, summary = theme.title.said(language), theme.summary.said(language)
            href = scene.to.href(addresses.THEMES, theme.key)
            measured.append(Measured(title, summary, href, told, len(found) - len(told)))
        view = GoalView(
            title=zielbild.title.said(language),
            promise=zielbild.promise.said(language),
            trail=(Link(scene.texts.text("frame.nav_themes"), scene.to.href(addresses.THEMES)),),
            themes=tuple(measured),
            others=tuple(self._goal_link(one, scene) for one in self._zielbilder() if one.key != key),
        )
        return view, ()

    def theme(self, ask: Ask, scene: Scene) -> Found:
        """One theme, and the places whose values it shows.

        Raises:
            PageError: There is no such theme.
        """
        theme = self._themes.theme(ask.path["key"])
        if theme is None:
            raise PageError(404, scene.texts.text("theme.unknown"))
        language, path = scene.texts.language, f"{addresses.THEMES_API}/{theme.key}"
        series = self._series(theme, scene)
        places = tuple(_telling(theme, series, scene))
        found = self._indicators.of(theme, scene, in_full=True)
        goal = self._goal_link(self._themes.zielbild(theme), scene)
        view = ThemeView(
            title=theme.title.said(language),
            summary=theme.summary.said(language),
            goal=goal,
            trail=(Link(scene.texts.text("frame.nav_themes"), scene.to.href(addresses.THEMES)), goal),
            gauges=tuple(self._gauge(place, scene) for place in places),
            series=None if scene.register.directory(wait=True) is None else len(series),
            series_silent=sum(map(scene.is_silent, series)),
            indicators=with_value(found),
            missing=tuple(one for one in found if one.value is None),
            people=tuple(_acts(theme.people, scene)),
            city=tuple(ActView(act.text.said(language), planned=act.planned) for act in theme.city),
            sources=self._sources(theme, scene),
            csv_href=with_words(f"{path}.csv", scene),
            json_href=with_words(path, scene),
        )
        return view, places

    def _gauge(self, place: Place, scene: Scene) -> Gauge:
        """The newest of a place, with its source as narrow places name it."""
        gauge, dataset = scene.gauge(place), self._catalogue.dataset(scene.scope, place.series.provenance.source)
        return replace(gauge, source=dataset.short) if dataset is not None and dataset.short else gauge

    def _zielbilder(self) -> Iterator[Zielbild]:
        return (zielbild for zielbild in self._themes.zielbilder if self._serving(zielbild))

    def _serving(self, zielbild: Zielbild) -> list[Theme]:
        return [theme for theme in self._themes.themes if theme.zielbild == zielbild.key]

    def _goal_link(self, zielbild: Zielbild, scene: Scene) -> Link:
        return Link(zielbild.title.said(scene.texts.language), scene.to.href(addresses.GOAL, zielbild.key))

    def _card(self, theme: Theme, scene: Scene) -> ThemeCard:
        shown = self._indicators.of(theme, scene)
        tiles = with_value(one for one in shown if not theme.tiles or one.key in theme.tiles)
        # What is counted speaks where nothing is computed yet.
        stock = () if tiles else tuple(one for one in self._sources(theme, scene) if one.things)[:STOCK_MAX]
        return ThemeCard(
            title=theme.title.said(scene.texts.language),
            summary=theme.summary.said(scene.texts.language),
            href=scene.to.href(addresses.THEMES, theme.key),
            tiles=tiles,
            indicators=len(shown),
            stock=stock,
        )

    def _sources(self, theme: Theme, scene: Scene) -> tuple[SourceView, ...]:
        return tuple(
            SourceView(
                title=one.title,
                href=scene.to.href(addresses.DATA, one.key),
                health=one.health.value if one.health is not None else "",
                since_us=one.since,
                last_us=one.last,
                things=one.things,
                series=one.series,
            )
            for one in self._catalogue.datasets(scene.scope, scene.texts.language)
            # What the city computes belongs to every theme, and stands on its page anyway.
            if theme.key in one.themes and one.kind is not Kind.COMPUTED
        )

    def _series(self, theme: Theme, scene: Scene) -> tuple[Series, ...]:
        """What is measured by the sources of a theme, or at things of its types; ids of our own making name theirs."""
        ours: dict[tuple[str, str], bool] = {}
        found = []
        directory = scene.register.directory(wait=True)
        # Of a city that has no directory the points of its profile speak; the list of sources counts the others.
        for series in directory.series if directory is not None else (place.series for place in scene.named):
            source, kind = series.provenance.source, _kind(series.entity)
            if (source, kind) not in ours:
                belongs = theme in self._themes.of_source(source, self._connectors.get(source, ""))
                ours[source, kind] = belongs or kind in theme.types
            if ours[source, kind]:
                found.append(series)
        return tuple(found)


def _telling(theme: Theme, series: tuple[Series, ...], scene: Scene) -> Iterator[Place]:
    """The few series that stand for all: one of each quantity that the theme is about, then one of each other source.

    Points of the profile come before other series, and what is fresh before what is silent.
    """
    wanted: dict[str, int] = {expand(name): rank for rank, name in enumerate(theme.queried)}
    points = {key_of(place.series): rank for rank, place in enumerate(scene.named)}

    def rank(one: Series) -> tuple[int, bool, int, int]:
        asked = wanted.get(one.attribute, len(wanted))
        return asked, scene.is_silent(one), points.get(key_of(one), len(points)), -(one.last or 0)

    ranked = sorted(series, key=rank)
    chosen: dict[Series, None] = {}
    told: set[str] = set()
    for one in ranked:
        if one.attribute in wanted and one.attribute not in told:
            told |= {one.attribute, one.provenance.source}
            chosen[one] = None
    for one in ranked:
        if one.provenance.source not in told:
            told.add(one.provenance.source)
            chosen[one] = None
    also = (one for one in ranked if key_of(one) in points and (not wanted or one.attribute in wanted))
    for one in islice(dict.fromkeys((*chosen, *also)), GAUGES_MAX):
        place = scene.place_of(one.entity, one.attribute, one.dataset)
        if place is not None:
            yield place


def _kind(entity: str) -> str:
    parts = entity.split(":", 3)
    return parts[2] if parts[:2] == ["urn", "ngsi-ld"] and len(parts) > 3 else ""


def _acts(acts: tuple[Act, ...], scene: Scene) -> Iterator[ActView]:
    """What can be done today, and where; a page that this language lacks is no place to do anything."""
    for act in acts:
        if act.planned or (act.page and act.page not in scene.to):
            continue
        yield ActView(act.text.said(scene.texts.language), scene.to.href(act.page) if act.page else act.address)
