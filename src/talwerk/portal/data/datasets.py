"""The facts of the list of datasets and of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from urllib.parse import quote

from talwerk.core.series import Series
from talwerk.core.units import symbol
from talwerk.portal.data.examples import of_dataset, with_words
from talwerk.portal.data.views import DatasetPageView, DatasetView, DataView, Field, Turn, Wanted
from talwerk.portal.frame.place import Link
from talwerk.portal.site import addresses
from talwerk.portal.site.answers import PageError, shortened
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import Scene
from talwerk.services.catalogue.catalogue import SAMPLE, Catalogue
from talwerk.services.catalogue.dataset import Dataset, Kind
from talwerk.services.indicators.themes import Themes
from talwerk.services.sources.state import Health

GAUGES_MAX = 10
TURNS_MAX = 12
TEXT_MAX = 80
TABS = (addresses.DATA, addresses.DOORS, addresses.STATUS, addresses.STATISTICS)
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "DL-DE-BY-2.0": "https://www.govdata.de/dl-de/by-2-0",
    "DL-DE-ZERO-2.0": "https://www.govdata.de/dl-de/zero-2-0",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
}
"""Where the texts of usual licences of open data stand, by SPDX identifier."""


class DatasetPages:
    """Datasets as pages show them.

    Args:
        themes: What datasets belong to.
        catalogue: The datasets.
        base: How others reach the city.
    """

    def __init__(self, themes: Themes, catalogue: Catalogue, base: str) -> None:
        self._themes = themes
        self._catalogue = catalogue
        self._base = base

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages; the one with a key comes last among all that lie beneath the list."""
        return (
            Leaf(
                addresses.DATA,
                lambda ask, scene: (self.data(ask, scene), ()),
                reads=(addresses.TEXT, addresses.THEME, addresses.HEALTH),
            ),
            Leaf(addresses.DATA, self.dataset, addresses.DATA, "/{key}"),
        )

    def data(self, ask: Ask, scene: Scene) -> DataView:
        """The datasets that are asked for.

        Raises:
            PageError: A theme or state that there is not.
        """
        wanted = self._wanted(ask, scene)
        every = self.every(scene)
        polled = [one for one in every if one.kind == Kind.POLLED.value]
        named = {theme.key: theme.title.said(scene.texts.language) for theme in self._themes.themes}
        used = {
            key for one in self._catalogue.datasets(scene.scope) if one.kind is not Kind.COMPUTED for key in one.themes
        }
        return DataView(
            datasets=tuple(self._fitting(wanted, scene)),
            total=len(every),
            polled=len(polled),
            fresh=sum(one.health == Health.FRESH.value for one in polled),
            wanted=wanted,
            themes=tuple((key, title) for key, title in named.items() if key in used),
            states=tuple(state.value for state in Health if any(_state(one) == state.value for one in every)),
            tabs=tabs(scene, addresses.DATA),
            action=scene.to.href(addresses.DATA),
            api_href=with_words(addresses.DATASETS_API, scene),
        )

    def every(self, scene: Scene) -> tuple[DatasetView, ...]:
        """All datasets."""
        found = self._catalogue.datasets(scene.scope, scene.texts.language)
        return tuple(self._view(one, scene) for one in found)

    def dataset(self, ask: Ask, scene: Scene) -> Found:
        """One dataset in full, and the places whose values it shows.

        Raises:
            PageError: There is no such dataset.
        """
        key = ask.path["key"]
        one = self._catalogue.dataset(scene.scope, key, scene.texts.language)
        if one is None:
            raise PageError(404, scene.texts.text("data.unknown", name=shortened(key)))
        looked_at = islice(self._catalogue.series(scene.scope, key), SAMPLE)
        series = sorted(looked_at, key=lambda found: -(found.last or 0))
        shown = (scene.place_of(found.entity, found.attribute, found.dataset) for found in _one_each(series))
        places = tuple(place for place in shown if place is not None)
        turns = self._catalogue.turns(scene.scope, key, TURNS_MAX)
        view = DatasetPageView(
            dataset=self._view(one, scene),
            trail=(Link(scene.texts.text("frame.nav_data"), scene.to.href(addresses.DATA)),),
            types=one.types,
            fields=tuple(
                Field(
                    found.name, _said(found.name, scene), symbol(found.unit), found.unit, found.things, found.measured
                )
                for found in self._catalogue.fields(scene.scope, key)
            ),
            gauges=tuple(scene.gauge(place) for place in places),
            further=max(one.series - len(places), 0),
            examples=of_dataset(one, series, self._base),
            turns=tuple(Turn(at, health.value) for at, health in reversed(turns)),
            address=self._base + scene.to.href(addresses.DATA, key),
        )
        return view, places

    def _wanted(self, ask: Ask, scene: Scene) -> Wanted:
        theme, health = ask.query.get(addresses.THEME, ""), ask.query.get(addresses.HEALTH, "")
        if theme and self._themes.theme(theme) is None:
            raise PageError(400, scene.texts.text("data.no_theme", theme=shortened(theme)))
        if health and health not in list(Health):
            raise PageError(400, scene.texts.text("data.no_state", state=shortened(health)))
        return Wanted(" ".join(ask.query.get(addresses.TEXT, "").split())[:TEXT_MAX], theme, health)

    def _fitting(self, wanted: Wanted, scene: Scene) -> list[DatasetView]:
        words = wanted.text.casefold().split()
        found = []
        for one in self._catalogue.datasets(scene.scope, scene.texts.language):
            view = self._view(one, scene)
            told = (one.title, one.publisher, one.key, one.attribution, *one.types, *one.attributes)
            said = " ".join((*told, *(_said(name, scene) for name in one.attributes))).casefold()
            if (
                all(word in said for word in words)
                and (not wanted.theme or wanted.theme in one.themes)
                and (not wanted.health or _state(view) == wanted.health)
            ):
                found.append(view)
        return found

    def _view(self, one: Dataset, scene: Scene) -> DatasetView:
        path = f"{addresses.DATASETS_API}/{quote(one.key, safe='')}"
        titles = {theme.key: theme.title.said(scene.texts.language) for theme in self._themes.themes}
        licence = "" if one.licence in {"", "unknown"} else one.licence
        return DatasetView(
            key=one.key,
            title=one.title,
            href=scene.to.href(addresses.DATA, one.key),
            kind=one.kind.value,
            publisher=one.publisher,
            licence=licence,
            licence_href=LICENCES.get(licence, ""),
            restricted=not one.exportable,
            attribution=one.attribution if one.attribution != one.title else "",
            health=one.health.value if one.health is not None else "",
            since_us=one.since,
            first_us=one.first,
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
            json_href=with_words(path, scene),
        )


def tabs(scene: Scene, current: str) -> tuple[Link, ...]:
    """The pages about data, as far as this language has them."""
    return tuple(
        Link(scene.texts.text(f"data.tab_{name}"), scene.to.href(name), current=name == current)
        for name in TABS
        if name in scene.to
    )


def _state(one: DatasetView) -> str:
    """Its state; what is polled and was not asked yet waits."""
    return one.health or (Health.WAITING.value if one.kind == Kind.POLLED.value else "")


def _one_each(series: Sequence[Series]) -> tuple[Series, ...]:
    """The newest of each quantity first, then further ones, few enough to look at."""
    first: dict[str, Series] = {}
    for one in series:
        first.setdefault(one.attribute, one)
    further = series[: GAUGES_MAX + len(first)]
    return tuple(dict.fromkeys((*first.values(), *further)))[:GAUGES_MAX]


def _said(name: str, scene: Scene) -> str:
    """A short attribute name in words, where there are some."""
    return next((scene.texts.text(key) for key in (f"attribute.{name}", f"field.{name}") if key in scene.texts), "")
