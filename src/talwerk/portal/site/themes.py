"""The facts of the pages of themes and data."""

from __future__ import annotations

from urllib.parse import quote

from talwerk.broker import Broker
from talwerk.core.terms import compact
from talwerk.core.units import symbol
from talwerk.portal.place import Link
from talwerk.portal.theme_views import (
    ActView,
    DatasetView,
    DataView,
    Goal,
    IndicatorView,
    ThemeCard,
    ThemesView,
    ThemeView,
)
from talwerk.sdk.profile import Profile
from talwerk.sdk.theme import Act, Indicator, Theme, Unsourced
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.catalogue.dataset import Dataset, Kind
from talwerk.services.indicators.keeping import VALUE, Standing, indicator_id, standings
from talwerk.services.indicators.result import Absence
from talwerk.services.indicators.themes import Themes

from . import addresses
from .answers import PageError
from .leaf import Leaf
from .scene import Scene

NOT_COMPUTED = "not-computed"


class Shelves:
    """Themes and datasets as pages show them.

    Args:
        broker: The way to the data.
        profile: Whose authority names indicators.
        themes: What is shown.
        catalogue: The datasets.
    """

    def __init__(self, broker: Broker, profile: Profile, themes: Themes, catalogue: Catalogue) -> None:
        self._broker = broker
        self._ags = profile.city.ags
        self._themes = themes
        self._catalogue = catalogue

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages: themes where the city has any, and the data."""
        data = Leaf(addresses.DATA, lambda _ask, scene: (self.data(scene), ()))
        if not self._themes.themes:
            return (data,)
        return (
            data,
            Leaf(addresses.THEMES, lambda _ask, scene: (self.themes(scene), ())),
            Leaf(
                addresses.THEMES,
                lambda ask, scene: (self.theme(scene, ask.path["key"]), ()),
                addresses.THEMES,
                "/{key}",
            ),
        )

    def themes(self, scene: Scene) -> ThemesView:
        """All themes, by what the city wants to be; a Zielbild that no theme serves is not shown."""
        goals = []
        for zielbild in self._themes.zielbilder:
            serving = [theme for theme in self._themes.themes if theme.zielbild == zielbild.key]
            cards = tuple(self._card(theme, scene) for theme in serving)
            if cards:
                goals.append(
                    Goal(
                        zielbild.key,
                        zielbild.title.said(scene.texts.language),
                        zielbild.promise.said(scene.texts.language),
                        cards,
                    )
                )
        return ThemesView(tuple(goals), f"{addresses.THEMES_API}.csv", addresses.THEMES_API)

    def theme(self, scene: Scene, key: str) -> ThemeView:
        """One theme.

        Raises:
            PageError: There is no such theme.
        """
        theme = self._themes.theme(key)
        if theme is None:
            raise PageError(404)
        path = f"{addresses.THEMES_API}/{theme.key}"
        return ThemeView(
            title=theme.title.said(scene.texts.language),
            summary=theme.summary.said(scene.texts.language),
            goal=self._themes.zielbild(theme).title.said(scene.texts.language),
            trail=(Link(scene.texts.text("frame.nav_themes"), scene.to.href(addresses.THEMES)),),
            indicators=self._indicators(theme, scene),
            people=tuple(_act(act, scene) for act in theme.people),
            city=tuple(_act(act, scene) for act in theme.city),
            sources=tuple(
                Link(one.title, f"{scene.to.href(addresses.DATA)}#{one.key}")
                for one in self._catalogue.datasets(scene.scope)
                # What the city computes belongs to every theme, and stands on its page anyway.
                if theme.key in one.themes and one.kind is not Kind.COMPUTED
            ),
            csv_href=f"{path}.csv",
            json_href=path,
        )

    def data(self, scene: Scene) -> DataView:
        """All datasets."""
        return DataView(
            datasets=tuple(self._dataset(one, scene) for one in self._catalogue.datasets(scene.scope)),
            api_href=addresses.DATASETS_API,
        )

    def _card(self, theme: Theme, scene: Scene) -> ThemeCard:
        shown = self._indicators(theme, scene)
        wanted = [one for one in shown if not theme.tiles or one.key in theme.tiles]
        return ThemeCard(
            title=theme.title.said(scene.texts.language),
            summary=theme.summary.said(scene.texts.language),
            href=scene.to.href(addresses.THEMES, theme.key),
            tiles=tuple(one for one in wanted if one.value is not None),
            indicators=len(shown),
        )

    def _indicators(self, theme: Theme, scene: Scene) -> tuple[IndicatorView, ...]:
        ids = {one.key: indicator_id(self._ags, theme, one) for one in theme.indicators}
        kept = standings(self._broker, scene.scope, ids.values())
        return tuple(
            _indicator(one, ids[one.key], kept.get(ids[one.key], Standing()), scene) for one in theme.indicators
        )

    def _dataset(self, one: Dataset, scene: Scene) -> DatasetView:
        path = f"{addresses.DATASETS_API}/{quote(one.key, safe='')}"
        titles = {theme.key: theme.title.said(scene.texts.language) for theme in self._themes.themes}
        return DatasetView(
            key=one.key,
            title=one.title,
            kind=one.kind.value,
            publisher=one.publisher,
            licence="" if one.licence in {"", "unknown"} else one.licence,
            restricted=not one.exportable,
            attribution=one.attribution if one.attribution != one.title else "",
            health="" if one.health is None else one.health.value,
            since_us=one.since,
            last_us=one.last,
            things=one.things,
            series=one.series,
            cadence_s=one.cadence_s,
            every_s=one.every_s,
            simulated=one.simulated,
            themes=tuple(
                Link(titles[key], scene.to.href(addresses.THEMES, key))
                for key in one.themes
                if one.kind is not Kind.COMPUTED
            ),
            csv_href=f"{path}.csv" if one.exportable and one.series else "",
            json_href=path,
        )


def _indicator(indicator: Indicator, entity: str, now: Standing, scene: Scene) -> IndicatorView:
    measure = indicator.measure
    absence = "" if now.value is not None else now.absence.value if now.absence is not None else NOT_COMPUTED
    return IndicatorView(
        key=indicator.key,
        title=indicator.title.said(scene.texts.language),
        formula=indicator.formula.said(scene.texts.language),
        denominator=indicator.denominator.said(scene.texts.language),
        unit=indicator.unit_text.said(scene.texts.language)
        if indicator.unit_text is not None
        else symbol(indicator.unit),
        decimals=indicator.decimals,
        value=now.value,
        absence=Absence.UNSOURCED.value if isinstance(measure, Unsourced) else absence,
        missing=measure.missing.said(scene.texts.language) if isinstance(measure, Unsourced) else "",
        numerator=now.numerator,
        whole=now.denominator,
        as_of_us=now.as_of,
        start_us=now.start,
        end_us=now.end,
        place=scene.register.station(now.place) if now.place else "",
        sources=now.attribution or now.sources,
        simulated=now.simulated,
        history_href=f"{addresses.API}/{entity}/{compact(VALUE)}.csv" if now.value is not None else "",
    )


def _act(act: Act, scene: Scene) -> ActView:
    return ActView(act.text.said(scene.texts.language), act.address, act.planned)
