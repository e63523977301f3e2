"""The page of the map: what its entries say, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from talwerk.portal.drawing.city_map import MapDrawing, draw_map, telling
from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.frame.states import NOT_CURRENT, State
from talwerk.portal.frame.views import Gauge
from talwerk.portal.map.views import Feature, LayerView, MapView, Sort, Terms

SAID_MAX = 4
"""Values that an entry tells; its page has all of them."""

MINUTE_US = 60_000_000
MANY = 2_000
"""From here on the moving map draws signs without looking for room."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value of an entry.

    Attributes:
        quantity: What is measured.
        value: The number with its unit, or that there is none.
        state: Its state.
        word: The state as people read it.
        when: How old it is; its time where a moment of the past is shown.
        at_us: When it was observed, or None.
        href: Its page.
    """

    quantity: str
    value: str
    state: State
    word: str
    when: str
    at_us: int | None
    href: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A feature in words.

    Attributes:
        feature: What is told.
        layer: Title of its layer.
        state: The state that speaks for it, None where nothing is measured.
        lines: Its values, the one that speaks for it first.
        more: How many further values its page has.
    """

    feature: Feature
    layer: str
    state: State | None
    lines: tuple[Line, ...]
    more: int


def entry_of(feature: Feature, layer: str, at_us: int, p: Phrasebook, *, past: bool) -> Entry:
    """Put a feature into words.

    Args:
        feature: What is told.
        layer: Title of its layer.
        at_us: Instant for which it is true.
        p: Language and zone.
        past: Whether that is a moment of the past.
    """
    if not feature.gauges:
        return Entry(feature, layer, None, (), 0)
    state, first = telling(feature.gauges, at_us)
    ordered = (first, *(gauge for gauge in feature.gauges if gauge is not first))
    lines = tuple(_line(gauge, at_us, p, past=past) for gauge in ordered[:SAID_MAX])
    return Entry(feature, layer, state, lines, len(ordered) - len(lines))


def _line(gauge: Gauge, at_us: int, p: Phrasebook, *, past: bool) -> Line:
    state, _ = telling((gauge,), at_us)
    latest = gauge.latest
    if latest is None:
        return Line(
            gauge.measure.quantity, p.text("value.none"), state, p.text(f"state.{state.value}"), "", None, gauge.href
        )
    word = p.silence(latest.at_us, at_us) if state is State.SILENT else p.text(f"state.{state.value}")
    minutes = (at_us - latest.at_us) // MINUTE_US
    when = p.short_moment(latest.at_us, at_us) if past or state in NOT_CURRENT else _ago(minutes, p)
    value = p.amount(latest.value, gauge.measure)
    return Line(gauge.measure.quantity, value, state, word, when, latest.at_us, gauge.href)


@lru_cache(maxsize=2_048)
def _ago(minutes: int, p: Phrasebook) -> str:
    """The age of so many whole minutes: of thousands of values most share one."""
    return p.ago(0, minutes * MINUTE_US)


def credits_of(features: tuple[Feature, ...]) -> tuple[Terms, ...]:
    """Whose data features are, each once, by credit line."""
    found = {terms for feature in features for terms in feature.terms}
    return tuple(sorted(found, key=lambda terms: (terms.attribution.casefold(), terms.source)))


@page.register
def _map(view: MapView, frame: Frame, p: Phrasebook) -> Page:
    at_us = frame.now_us if view.at_us is None else view.at_us
    titles = {layer.key: layer.title for layer in view.layers}
    past = view.at_us is not None
    content = {
        "groups": tuple((sort, tuple(group)) for sort, group in groupby(view.layers, key=_sort)),
        "entries": tuple(entry_of(one, titles[one.layer], at_us, p, past=past) for one in view.features),
        "drawing": _drawing(view, at_us, p),
        "at_us": at_us,
        "past": past,
        "many": MANY,
        "states": tuple(state for state in State if state is not State.EMPTY),
    }
    title = p.text("map.title")
    if view.pages > 1 and view.page > 1:
        title = p.text("stations.title_page", title=title, page=view.page, pages=view.pages)
    return Page("karte.html", title, content)


def _sort(layer: LayerView) -> Sort:
    return layer.sort


def _drawing(view: MapView, at_us: int, p: Phrasebook) -> MapDrawing | None:
    """The drawing with links into this page, so that what is chosen stays chosen."""
    return None if view.small is None else draw_map(replace(view.small, elsewhere=0), at_us, p)
