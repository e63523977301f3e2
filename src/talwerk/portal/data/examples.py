"""Requests that work in this very city, built from what it really holds."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from talwerk.core.series import Series
from talwerk.core.terms import compact
from talwerk.portal.data.views import Example
from talwerk.portal.site import addresses
from talwerk.portal.site.addresses import downloads, with_query
from talwerk.portal.site.scene import Scene
from talwerk.services.catalogue.catalogue import LANGUAGE
from talwerk.services.catalogue.dataset import Dataset

ENTITIES = "/ngsi-ld/v1/entities"
TEMPORAL = "/ngsi-ld/v1/temporal/entities"
CHANGES = "/api/v1/changes"
LAST = "5"


def of_city(series: Series | None, kind: str, base: str) -> tuple[Example, ...]:
    """How programs read the city: short answers first, the standard after them, what changes last.

    Args:
        series: One that may be asked for; None in a city that measures nothing yet.
        kind: Short type of the things that the example asks for, or empty.
        base: How the city is reached.
    """
    made = [_plain("stations", with_query(addresses.API, limit="3"), base)]
    if series is not None:
        csv_href, json_href = downloads(series, None)
        if csv_href:
            made += [
                _plain("series", with_query(json_href, last=LAST), base),
                _plain("table", with_query(csv_href, last=LAST), base),
            ]
    made.append(_plain("datasets", addresses.DATASETS_API, base))
    made.append(_plain("themes", f"{addresses.THEMES_API}.csv", base))
    if kind:
        made.append(_linked("entities", ENTITIES, base, type=kind, limit="2", format="simplified"))
    if series is not None:
        name = compact(series.attribute)
        made.append(
            _linked("temporal", f"{TEMPORAL}/{series.entity}", base, attrs=name, lastN=LAST, format="temporalValues")
        )
    made.append(Example("changes", f"curl -N '{base}{CHANGES}'"))
    return tuple(made)


def of_dataset(dataset: Dataset, series: Sequence[Series], base: str) -> tuple[Example, ...]:
    """How to get what a dataset holds, as far as its terms and its form allow.

    Args:
        dataset: Which one.
        series: Its series of values, the newest first.
        base: How the city is reached.
    """
    path = f"{addresses.DATASETS_API}/{dataset.key}"
    made = [_plain("described", path, base)]
    if dataset.exportable and dataset.series:
        made.append(_plain("newest", f"{path}.csv", base))
    if series:
        csv_href, _ = downloads(series[0], None)
        if csv_href:
            made.append(_plain("table", with_query(csv_href, last=LAST), base))
    if dataset.types:
        made.append(_linked("entities", ENTITIES, base, type=dataset.types[0], limit="2", format="simplified"))
    return tuple(made)


def with_words(href: str, scene: Scene) -> str:
    """An address of the catalogue for programs, in the language of a page; German is what it says by itself."""
    return href if scene.texts.locale == LANGUAGE else with_query(href, lang=scene.texts.locale)


def _plain(key: str, href: str, base: str) -> Example:
    return Example(key, f"curl '{base}{href}'", href)


def _linked(key: str, path: str, base: str, **fields: str) -> Example:
    """A question in NGSI-LD, with its fields one by one so that they can be read."""
    told = " ".join(f"-d '{name}={value}'" for name, value in fields.items())
    return Example(key, f"curl -G '{base}{path}' {told}", f"{path}?{urlencode(fields)}")
