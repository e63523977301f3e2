"""The portal's routes. Pages only read; every error of theirs is a page."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from talwerk.broker import Broker
from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock
from talwerk.core.terms import expand
from talwerk.portal.static import mark_href, static_routes
from talwerk.portal.views import LegendView, PageView
from talwerk.portal.windows import Window
from talwerk.sdk.profile import Profile
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.indicators.themes import Themes
from talwerk.texts import catalogue

from . import addresses, facts
from .answers import ALL_METHODS, READING, PageError, error_answer, page_answer, page_error, wants_page
from .desk import LANGUAGE, Desk
from .scene import Place, Scene
from .shelf import Sheet, Shelf
from .themes import Shelves

logger = logging.getLogger(__name__)

Found = tuple[PageView, facts.Places]
"""A page, and the places whose numbers it shows."""
Handler = Callable[[Request, Scene], Found]
Answer = Callable[[Request], Awaitable[Response]]


class Portal:
    """The pages of one city.

    Args:
        desk: Makes pages from facts.
        shelf: Keeps rendered pages for a moment.
        shelves: Themes and datasets.
    """

    def __init__(self, desk: Desk, shelf: Shelf, shelves: Shelves) -> None:
        self._desk = desk
        self._shelf = shelf
        self._shelves = shelves

    def routes(self) -> list[BaseRoute]:
        """The routes of all pages and static files."""
        pages: dict[str, Handler] = {
            addresses.START: lambda _request, scene: facts.lage(scene),
            addresses.STATIONS: self._stations,
            addresses.LEGEND: lambda _request, _scene: (LegendView(), ()),
            addresses.POINT + "/{key}": self._point,
            addresses.SERIES: self._series,
            addresses.THEMES: lambda _request, scene: (self._shelves.themes(scene), ()),
            addresses.THEMES + "/{key}": self._theme,
            addresses.DATA: lambda _request, scene: (self._shelves.data(scene.scope), ()),
            "/de/{rest:path}": _nothing_there,
        }
        mark = self._desk.mark
        return [
            Route("/", _redirect(addresses.START)),
            Route("/favicon.ico", _redirect(mark_href(mark))),
            *static_routes(mark),
            *(Route(path, self.page(handler), methods=ALL_METHODS) for path, handler in pages.items()),
            Beyond(self.page(_nothing_there)),
        ]

    def page(self, handler: Handler) -> Answer:
        """The endpoint that answers with a handler's page, or with a page that tells what is wrong."""

        async def answer(request: Request) -> Response:
            try:
                sheet = self._sheet(request, handler)
            except PageError as error:
                return self._told(request, error)
            except DomainError as error:
                return self._told(request, page_error(error))
            except Exception:
                # The log knows the request's id; what follows in an address can name a person.
                logger.exception("a page of %s failed", "/".join(request.url.path.split("/")[:3]))
                return self._told(request, PageError(500))
            return page_answer(request, sheet, LANGUAGE)

        return answer

    def _sheet(self, request: Request, handler: Handler) -> Sheet:
        if request.method not in READING:
            raise PageError(405)
        scope = request.scope["talwerk.scope"]
        asked = [request.query_params.get(name) for name in addresses.PARAMETERS]
        # Who asks does not matter, what they may see does.
        name = (request.url.path, *asked, scope.tenant, scope.predicate, scope.attributes, scope.may_write)
        return self._shelf.sheet(name, lambda: self._desk.html(scope, lambda scene: handler(request, scene)))

    def _told(self, request: Request, error: PageError) -> Response:
        path = request.scope["path"]
        if error.status == 404 and path.startswith("/de/") and path.endswith("/"):
            return _moved(request, path.rstrip("/"))
        if error.status == 405 and not wants_page(request):
            raise HTTPException(405, headers={"allow": ", ".join(READING)})
        html = self._desk.error_html(request.scope["talwerk.scope"], error)
        return error_answer(request, html, error.status, LANGUAGE)

    def _stations(self, request: Request, scene: Scene) -> Found:
        asked = request.query_params.get(addresses.PAGE, "1")
        if not (asked.isascii() and asked.isdigit() and len(asked) <= 6):
            raise PageError(400, scene.texts.text("stations.odd_page", page=_shortened(asked)))
        return facts.stations(scene, int(asked))

    def _theme(self, request: Request, scene: Scene) -> Found:
        return self._shelves.theme(scene, request.path_params["key"]), ()

    def _point(self, request: Request, scene: Scene) -> Found:
        key = request.path_params["key"]
        return self._shown(request, scene, scene.place(key), key)

    def _series(self, request: Request, scene: Scene) -> Found:
        entity, attribute, dataset = (
            request.query_params.get(name) for name in (addresses.ENTITY, addresses.ATTRIBUTE, addresses.DATASET)
        )
        if not entity or not attribute:
            raise PageError(400, scene.texts.text("point.unnamed"))
        return self._shown(request, scene, scene.place_of(entity, expand(attribute), dataset), entity)

    def _shown(self, request: Request, scene: Scene, place: Place | None, name: str) -> Found:
        asked = request.query_params.get(addresses.SPAN, Window.DAY.value)
        if asked not in list(Window):
            known = ", ".join(window.value for window in Window)
            raise PageError(400, scene.texts.text("point.no_range", asked=_shortened(asked), known=known))
        if place is None:
            raise PageError(404, scene.texts.text("point.no_point", name=_shortened(name)))
        return facts.point(scene, place, Window(asked), self._desk.phrases)


class Beyond(BaseRoute):
    """Whatever no other route knows: a page for people; programs get the problem document of the whole house.

    Args:
        answer: The endpoint of the page.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a browser's readings, after all other routes."""
        if scope["type"] != "http" or scope["method"] not in READING or not wants_page(Request(scope)):
            return Match.NONE, {}
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; an address that exists for other methods says so instead."""
        request = Request(scope, receive)
        router = scope.get("router")
        for route in router.routes if router is not None else ():
            if route is not self and route.matches(scope)[0] is Match.PARTIAL:
                await route.handle(scope, receive, send)
                return
        response = await self._answer(request)
        await response(scope, receive, send)


def portal_routes(
    broker: Broker, profile: Profile, clock: Clock, themes: Themes, datasets: Catalogue
) -> list[BaseRoute]:
    """The portal of a city, as routes; they come last, because they answer for whatever no other route knows."""
    shelves = Shelves(broker, profile, themes, datasets, catalogue(LANGUAGE))
    desk = Desk(broker, profile, clock, has_themes=bool(themes.themes))
    return Portal(desk, Shelf(clock, broker.position), shelves).routes()


def _redirect(href: str) -> Answer:
    # Which language a visitor reads is not known here; German is the city's first.
    async def answer(_request: Request) -> Response:
        return RedirectResponse(href, 307)

    return answer


def _moved(request: Request, path: str) -> Response:
    query = request.url.query
    return RedirectResponse(quote(path, safe="/:") + (f"?{query}" if query else ""), 308)


def _shortened(text: str) -> str:
    """What a stranger wrote into an address, short enough to be shown back."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def _nothing_there(_request: Request, _scene: Scene) -> Found:
    raise PageError(404)
