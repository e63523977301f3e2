"""The portal's routes. Pages only read; every error of theirs is a page."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock, Instant
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.portal.phrases import Phrasebook
from talwerk.portal.place import City, Credit, Frame, Link
from talwerk.portal.render import CONTENT_SECURITY_POLICY, CONTENT_TYPE, render
from talwerk.portal.static import static_routes
from talwerk.portal.views import ErrorView, LegendView, PageView
from talwerk.portal.windows import Window
from talwerk.sdk.profile import Profile
from talwerk.texts import catalogue

from . import facts
from .scene import Place, Scene, credit

logger = logging.getLogger(__name__)

LANGUAGE = "de"
LEGEND = "/de/zeichen"
_STATUS = {Fault.NOT_FOUND: 404, Fault.INVALID_REQUEST: 400, Fault.BAD_REQUEST_DATA: 400, Fault.TOO_COMPLEX: 503}

Handler = Callable[[Request, Scene], tuple[PageView, tuple[Place, ...]]]
"""From a request to a page, and the places whose numbers it shows."""


class Portal:
    """The pages of one city.

    Args:
        broker: the way to the data.
        profile: name, zone, axis and measuring points.
        clock: the source of time.
    """

    def __init__(self, broker: Broker, profile: Profile, clock: Clock) -> None:
        self._broker = broker
        self._profile = profile
        self._clock = clock
        self._texts = catalogue(LANGUAGE)
        self._phrases = Phrasebook(self._texts, profile.city.zone)

    def routes(self) -> list[Route]:
        """The routes of all pages and static files."""
        return [
            Route("/", _to_start),
            Route(facts.START, self._page(self._lage)),
            Route(facts.STATIONS, self._page(self._stations)),
            Route(LEGEND, self._page(lambda _request, _scene: (LegendView(), ()))),
            Route("/de/messstelle/{key}", self._page(self._point)),
            Route("/de/messstelle/{entity:path}/{attribute}", self._page(self._series)),
            *static_routes(City(self._profile.city.name).mark),
            Route("/de/{rest:path}", self._page(_nothing_there)),
        ]

    def _page(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            scene = self._scene(request.scope["talwerk.scope"])
            try:
                view, places = handler(request, scene)
            except DomainError as error:
                status = _STATUS.get(error.fault, 500)
                return self._rendered(ErrorView(status), (), scene.now, status)
            return self._rendered(view, places, scene.now)

        return answer

    def _scene(self, scope: Scope) -> Scene:
        return Scene(self._broker, self._profile, scope, self._clock.now(), self._texts)

    def _rendered(self, view: PageView, places: tuple[Place, ...], now: Instant, status: int = 200) -> Response:
        frame = self._frame(now, places, view)
        headers = {
            "content-type": CONTENT_TYPE,
            "content-security-policy": CONTENT_SECURITY_POLICY,
            "content-language": LANGUAGE,
            "cache-control": "no-cache",
        }
        return Response(render(view, frame, LANGUAGE), status, headers)

    def _frame(self, now: Instant, places: tuple[Place, ...], view: PageView) -> Frame:
        text = self._texts.text
        simulated = facts.simulated(places)
        return Frame(
            city=City(self._profile.city.name, self._profile.city.zone),
            now_us=now,
            home_href=facts.START,
            navigation=(
                Link(text("frame.nav_lage"), facts.START, current=type(view).__name__ in {"LageView", "EmptyView"}),
                Link(text("frame.nav_stations"), facts.STATIONS, current=type(view).__name__ == "StationsView"),
            ),
            credits=_credits(places),
            banner=text("banner.simulated") if simulated else "",
            api_href=facts.API,
            code_href=self._profile.city.source_code,
            legend_href=LEGEND,
        )

    def _lage(self, _request: Request, scene: Scene) -> tuple[PageView, tuple[Place, ...]]:
        return facts.lage(scene), scene.places

    def _stations(self, _request: Request, scene: Scene) -> tuple[PageView, tuple[Place, ...]]:
        return facts.stations(scene), scene.places

    def _point(self, request: Request, scene: Scene) -> tuple[PageView, tuple[Place, ...]]:
        return self._shown(request, scene, scene.place(request.path_params["key"]))

    def _series(self, request: Request, scene: Scene) -> tuple[PageView, tuple[Place, ...]]:
        attribute = expand(request.path_params["attribute"])
        return self._shown(request, scene, scene.place_of(request.path_params["entity"], attribute))

    def _shown(self, request: Request, scene: Scene, place: Place | None) -> tuple[PageView, tuple[Place, ...]]:
        span = request.query_params.get("zeitraum", Window.DAY.value)
        if place is None or span not in list(Window):
            raise DomainError(Fault.NOT_FOUND, f"There is no page {request.url.path}.")
        return facts.point(scene, place, Window(span), self._phrases), (place,)


def portal_routes(broker: Broker, profile: Profile, clock: Clock) -> list[Route]:
    """The portal of a city, as routes."""
    return Portal(broker, profile, clock).routes()


async def _to_start(_request: Request) -> Response:
    # Which language a visitor reads is not known here; German is the city's first.
    return RedirectResponse(facts.START, 307)


def _nothing_there(request: Request, _scene: Scene) -> tuple[PageView, tuple[Place, ...]]:
    raise DomainError(Fault.NOT_FOUND, f"There is no page {request.url.path}.")


def _credits(places: tuple[Place, ...]) -> tuple[Credit, ...]:
    """Every source once, in the order of the page."""
    seen = {place.series.provenance.source: credit(place.series) for place in reversed(places)}
    return tuple(reversed(seen.values()))
