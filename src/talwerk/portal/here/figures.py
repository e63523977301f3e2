"""A quarter beside its city, in the numbers of the themes."""

from __future__ import annotations

from collections.abc import Mapping

from talwerk.core.units import symbol
from talwerk.portal.here.views import FigureLine
from talwerk.portal.site import addresses
from talwerk.portal.site.scene import Scene
from talwerk.services.indicators.keeping import Standing, indicator_id, standings
from talwerk.services.indicators.of_quarters import OfQuarter, Quarters
from talwerk.services.indicators.themes import Themes
from talwerk.services.places.whereabouts import Gazetteer

_UNKNOWN = Standing()


class Figures:
    """The indicators of quarters, each beside that of the city.

    Args:
        gazetteer: the addresses, and which quarter they lie in.
        themes: what is asked.
    """

    def __init__(self, gazetteer: Gazetteer, themes: Themes) -> None:
        self._gazetteer = gazetteer
        self._themes = themes

    def of(self, quarter: str, titles: Mapping[str, str], scene: Scene) -> tuple[FigureLine, ...]:
        """Those of a quarter of which it or the city has a value; none as long as the quarter itself has none.

        Args:
            quarter: its key, empty for a place in none.
            titles: what sources are called, by key.
            scene: the city at one instant.
        """
        quarters = Quarters(scene.broker, scene.profile, self._themes, self._gazetteer)
        found = quarters.of(quarter, scene.scope, scene.now) if quarter else ()
        if all(one.result.value is None for one in found):
            return ()
        ags = scene.profile.city.ags
        ids = {one: indicator_id(ags, one.theme, one.indicator) for one in found}
        kept = standings(scene.broker, scene.scope, ids.values())
        lines = (_line(one, kept.get(ids[one], _UNKNOWN), titles, scene) for one in found)
        return tuple(line for line in lines if line.own is not None or line.city is not None)


def _line(one: OfQuarter, city: Standing, titles: Mapping[str, str], scene: Scene) -> FigureLine:
    indicator, result, language = one.indicator, one.result, scene.texts.language
    unit = indicator.unit_text.said(language) if indicator.unit_text is not None else symbol(indicator.unit)
    return FigureLine(
        title=indicator.title.said(language),
        href=f"{scene.to.href(addresses.THEMES, one.theme.key)}#{indicator.key}",
        unit=unit,
        decimals=indicator.decimals,
        own=result.value,
        absence="" if result.absence is None else result.absence.value,
        part=result.numerator,
        whole=result.denominator,
        city=city.value,
        city_us=city.as_of,
        sources=tuple(dict.fromkeys(titles.get(origin.source, origin.source) for origin in result.origins)),
    )
