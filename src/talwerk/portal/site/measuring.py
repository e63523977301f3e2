"""The pages of what is measured: the start page, the list of measuring points, one point, the legend."""

from __future__ import annotations

from talwerk.core.terms import expand
from talwerk.portal.views import LegendView
from talwerk.portal.windows import Window

from . import addresses, facts
from .answers import PageError
from .lage import lage
from .leaf import Ask, Found, Leaf
from .scene import Place, Scene


def leaves() -> tuple[Leaf, ...]:
    """The kinds of pages."""
    return (
        Leaf(addresses.START, lambda _ask, scene: lage(scene)),
        Leaf(addresses.STATIONS, _stations, addresses.START, reads=(addresses.PAGE,)),
        Leaf(addresses.LEGEND, lambda _ask, _scene: (LegendView(), ()), moves=False),
        Leaf(addresses.POINT, _point, addresses.START, "/{key}", reads=(addresses.SPAN,)),
        Leaf(
            addresses.SERIES,
            _series,
            addresses.START,
            reads=(addresses.SPAN, addresses.ENTITY, addresses.ATTRIBUTE, addresses.DATASET),
        ),
    )


def shortened(text: str) -> str:
    """What a stranger wrote into an address, short enough to be shown back."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def _stations(ask: Ask, scene: Scene) -> Found:
    asked = ask.query.get(addresses.PAGE, "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 6):
        raise PageError(400, scene.texts.text("stations.odd_page", page=shortened(asked)))
    return facts.stations(scene, int(asked))


def _point(ask: Ask, scene: Scene) -> Found:
    key = ask.path["key"]
    return _shown(ask, scene, scene.place(key), key)


def _series(ask: Ask, scene: Scene) -> Found:
    entity, attribute = ask.query.get(addresses.ENTITY), ask.query.get(addresses.ATTRIBUTE)
    if not entity or not attribute:
        raise PageError(400, scene.texts.text("point.unnamed"))
    return _shown(ask, scene, scene.place_of(entity, expand(attribute), ask.query.get(addresses.DATASET)), entity)


def _shown(ask: Ask, scene: Scene, place: Place | None, name: str) -> Found:
    asked = ask.query.get(addresses.SPAN, Window.DAY.value)
    if asked not in list(Window):
        known = ", ".join(window.value for window in Window)
        raise PageError(400, scene.texts.text("point.no_range", asked=shortened(asked), known=known))
    if place is None:
        raise PageError(404, scene.texts.text("point.no_point", name=shortened(name)))
    return facts.point(scene, place, Window(asked))
