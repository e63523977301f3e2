"""The pages that there are in easy language (Leichte Sprache): start, one measuring point, help.

They have views and templates of their own, so that whoever changes another page need not write easy language, and what
is written for other pages never stands here by accident: a text that the easy catalogue does not hold is an error. The
crisis page in easy language is made where all crisis pages are.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from talwerk.portal.easy.views import EasyHelpView, EasyPoint, EasyPointView, EasyStartView
from talwerk.portal.frame.views import Gauge
from talwerk.portal.lage.warned import warned
from talwerk.portal.site import addresses
from talwerk.portal.site.addresses import POINT, START, Addresses
from talwerk.portal.site.answers import PageError
from talwerk.portal.site.languages import EASY_OF
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import Place, Scene
from talwerk.services.warnings import Warnings
from talwerk.texts import catalogue

POINTS_MAX = 12
"""More than a dozen of anything is hard to survey."""
SURVEYED = ("level", "rain", "temperature")
"""What the start page lists; gases in micrograms say something to few, and stay on their own pages."""


class EasyPages:
    """The pages of one city.

    Args:
        warnings: Its official warnings.
    """

    def __init__(self, warnings: Warnings) -> None:
        self._warnings = warnings

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages; none of them moves by itself."""
        return (
            Leaf(START, self._start, moves=False),
            Leaf(POINT, _point, START, "/{key}", moves=False),
            Leaf(addresses.HELP, _help, moves=False),
        )

    def _start(self, _ask: Ask, scene: Scene) -> Found:
        places = [place for place in scene.named if is_told(place, scene, SURVEYED)][:POINTS_MAX]
        simulated = scene.register.simulated
        view = EasyStartView(
            points=tuple(_easy(place, scene) for place in places),
            warned=warned(self._warnings, scene.scope, scene.now, scene.texts.locale, simulated=simulated),
            full_href=_full().href(START),
        )
        return view, tuple(places)


def _point(ask: Ask, scene: Scene) -> Found:
    key = ask.path["key"]
    place = scene.place(key)
    if place is None or place.point is None or not is_told(place, scene):
        raise PageError(404, scene.texts.text("point.no_point"))
    return EasyPointView(_easy(place, scene), place.point.place, _full().href(POINT, key)), (place,)


def _help(_ask: Ask, _scene: Scene) -> Found:
    return EasyHelpView(f"{_full().href(addresses.ACCESSIBILITY)}#{addresses.BARRIER}"), ()


def _full() -> Addresses:
    """Addresses in the language that easy language is made from."""
    return Addresses(catalogue(EASY_OF))


def is_told(place: Place, scene: Scene, wanted: Container[str] | None = None) -> bool:
    """Whether it is wanted, and there are easy words for its unit; those for what it measures a test asks for."""
    if place.point is None or (wanted is not None and place.point.quantity not in wanted):
        return False
    return f"unit.{place.series.unit}" in scene.texts


def easy_gauge(place: Place, scene: Scene) -> Gauge:
    """The newest value at a place that can be told, with its unit in words."""
    gauge = scene.gauge(place)
    return replace(gauge, measure=replace(gauge.measure, unit=scene.texts.text(f"unit.{place.series.unit}")))


def _easy(place: Place, scene: Scene) -> EasyPoint:
    return EasyPoint(easy_gauge(place, scene), place.point.quantity if place.point is not None else "")
