"""The list of measuring points: by place, chosen by name, quantity and state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from talwerk.core.instants import SECOND
from talwerk.core.terms import compact, expand
from talwerk.portal.frame.states import gauge_state
from talwerk.portal.point.turning import PAGES_MAX, measured_attributes, turned
from talwerk.portal.point.views import Choice, Option, Station, StationsView
from talwerk.portal.site.addresses import ATTRIBUTE, HEALTH, PAGE, START, STATIONS, TEXT
from talwerk.portal.site.answers import PageError, shortened
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import Place, Scene, stale_after_s

LISTED = 100
"""Series on one page of the list."""
TEXT_MAX = 80
QUANTITIES_MAX = 40
RAISED = "raised"
_STATES = ("fresh", "silent", RAISED)


def leaves() -> tuple[Leaf, ...]:
    """The one kind of page."""
    return (Leaf(STATIONS, _stations, START, reads=(PAGE, TEXT, ATTRIBUTE, HEALTH), slow=True),)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which series are asked for; what is empty is not asked for."""

    text: str = ""
    attribute: str = ""
    state: str = ""

    def fields(self) -> dict[str, str]:
        """The wish as fields of a query."""
        told = {TEXT: self.text, ATTRIBUTE: compact(self.attribute) if self.attribute else "", HEALTH: self.state}
        return {name: value for name, value in told.items() if value}

    def fits(self, place: Place, scene: Scene) -> bool:
        """Whether a place is meant; every word has to be found, in the place's name or in what is measured there."""
        if self.attribute and place.series.attribute != self.attribute:
            return False
        if self.text:
            where = place.point.place if place.point is not None else ""
            name = f"{place.station} {where} {scene.quantity(place)}".casefold()
            if not all(word in name for word in self.text.casefold().split()):
                return False
        return not self.state or _is(self.state, place, scene)


def _is(state: str, place: Place, scene: Scene) -> bool:
    if state == RAISED:
        # Only points of the profile have levels, its own or those of their source.
        return place.point is not None and gauge_state(scene.gauge(place), scene.now).stage > 0
    stale_s = stale_after_s(place.series, place.point)
    silent = 0 < stale_s < (scene.now - (place.series.last or 0)) / SECOND
    return silent if state == "silent" else not silent


def _stations(ask: Ask, scene: Scene) -> Found:
    page, wish = _page(ask, scene), _wish(ask, scene)
    directory = scene.register.directory(wait=True)
    part = _looked_up(scene, wish, page) if directory is not None else _turned(scene, wish, page)
    if not 1 <= page <= (part.pages or PAGES_MAX):
        raise PageError(404, scene.texts.text("stations.no_page", page=page, pages=part.pages or PAGES_MAX))
    counted = Counter(series.attribute for series in directory.series) if directory is not None else None
    view = StationsView(
        stations=_grouped(part.places, scene),
        series_total=scene.total,
        series_silent=scene.silent,
        page=page,
        pages=part.pages,
        before=_page_href(scene, wish, page - 1) if page > 1 else "",
        after=_page_href(scene, wish, page + 1) if part.more else "",
        choice=_choice(scene, wish, part.total, counted),
    )
    return view, part.places


@dataclass(frozen=True, slots=True)
class _Part:
    """One page of the list.

    Attributes:
        places: What stands on it.
        more: Whether another page follows.
        total: How many series were meant, None where nobody has counted.
        pages: How many pages they make, 0 where nobody has counted.
    """

    places: tuple[Place, ...]
    more: bool
    total: int | None
    pages: int


def _looked_up(scene: Scene, wish: Wish, page: int) -> _Part:
    """A page by name, from the directory."""
    fitting = None if wish == Wish() else _fitting(scene, wish)
    total = scene.total if fitting is None else len(fitting)
    start, pages = max(page - 1, 0) * LISTED, max(-(-total // LISTED), 1)
    found = scene.listed(start, LISTED) if fitting is None else tuple(fitting[start : start + LISTED])
    return _Part(found, page < pages, total, pages)


def _turned(scene: Scene, wish: Wish, page: int) -> _Part:
    """A page of a city without directory; how its points are is told of those of the profile alone."""
    if wish.state:
        found = tuple(place for place in scene.named if wish.fits(place, scene))
        return _Part(found, False, len(found), 1)
    if not 1 <= page <= PAGES_MAX:
        return _Part((), False, None, 0)
    found, more = turned(scene, page, tuple(wish.text.split()), wish.attribute)
    return _Part(found, more and page < PAGES_MAX, None, 0)


def _page(ask: Ask, scene: Scene) -> int:
    asked = ask.query.get(PAGE, "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 6):
        raise PageError(400, scene.texts.text("stations.odd_page", page=shortened(asked)))
    return int(asked)


def _wish(ask: Ask, scene: Scene) -> Wish:
    text = " ".join(ask.query.get(TEXT, "").split())
    if len(text) > TEXT_MAX:
        raise PageError(400, scene.texts.text("stations.long_text", most=TEXT_MAX))
    state = ask.query.get(HEALTH, "")
    if state and state not in _STATES:
        raise PageError(400, scene.texts.text("stations.odd_state", asked=shortened(state)))
    attribute = ask.query.get(ATTRIBUTE, "")
    return Wish(text, expand(attribute) if attribute else "", state)


def _fitting(scene: Scene, wish: Wish) -> list[Place]:
    """All places that are meant, in the order of their names."""
    return [place for place in scene.listed(0, scene.total) if wish.fits(place, scene)]


def _grouped(places: Sequence[Place], scene: Scene) -> tuple[Station, ...]:
    listed = []
    for _, group in groupby(places, key=lambda place: place.station.casefold()):
        here = list(group)
        note = next((p.point.place for p in here if p.point is not None and p.point.place), "")
        listed.append(Station(here[0].station, tuple(scene.gauge(place) for place in here), note))
    return tuple(listed)


def _choice(scene: Scene, wish: Wish, found: int | None, counted: Counter[str] | None) -> Choice:
    """What can be chosen: quantities that are measured often enough, and states that say something."""
    text = scene.texts.text
    # Who is silent nobody can count without a directory; levels have only the points of the profile.
    states = _STATES if counted is not None else (RAISED,)
    counted = Counter(measured_attributes(scene)) if counted is None else counted
    shown = {name for name, _ in counted.most_common(QUANTITIES_MAX)} | ({wish.attribute} & counted.keys())
    quantities = sorted((scene.attribute(name), name) for name in shown)
    return Choice(
        text=wish.text,
        quantities=(
            Option("", text("stations.any_quantity"), not wish.attribute),
            *(Option(compact(name), label, name == wish.attribute) for label, name in quantities),
        ),
        states=(
            Option("", text("stations.any_state"), not wish.state),
            *(Option(state, text(f"stations.state_{state}"), state == wish.state) for state in states),
        ),
        found=None if wish == Wish() else found,
        all_href=scene.to.href(STATIONS),
    )


def _page_href(scene: Scene, wish: Wish, page: int) -> str:
    fields = wish.fields() if page == 1 else {**wish.fields(), PAGE: str(page)}
    return scene.to.href(STATIONS, **fields)
