"""The portal's routes. Pages only read; every error of theirs is a page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import parse_qsl, quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

import talwerk.portal.about.page
import talwerk.portal.data.page
import talwerk.portal.easy.page
import talwerk.portal.here.page
import talwerk.portal.lage.page
import talwerk.portal.map.page
import talwerk.portal.point.page
import talwerk.portal.themes.page  # noqa: F401 - each says how its views are shown
from talwerk.broker import Broker
from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock
from talwerk.core.scope import Role
from talwerk.portal.about.leaf import Around
from talwerk.portal.data.datasets import DatasetPages
from talwerk.portal.data.platform import PlatformPages
from talwerk.portal.easy.leaf import EasyPages
from talwerk.portal.frame.static import mark_href, static_routes
from talwerk.portal.here.leaf import Here
from talwerk.portal.lage.leaf import Lage
from talwerk.portal.map.files import MapFiles
from talwerk.portal.map.ground import TileFile
from talwerk.portal.map.land import CityMaps
from talwerk.portal.map.leaf import Maps
from talwerk.portal.map.stock import Stocks
from talwerk.portal.point import leaf as point
from talwerk.portal.point import stations
from talwerk.portal.site import addresses, offline
from talwerk.portal.site.addresses import with_query
from talwerk.portal.site.answers import (
    ALL_METHODS,
    READING,
    PageElsewhere,
    PageError,
    elsewhere_answer,
    error_answer,
    page_answer,
    page_error,
    passing_answer,
    wants_page,
)
from talwerk.portal.site.desk import Desk, House, mark_of
from talwerk.portal.site.knowledge import Knowledge
from talwerk.portal.site.languages import languages_of, preferred
from talwerk.portal.site.leaf import Ask, Found, Leaf, fields_of
from talwerk.portal.site.newest import Peaks
from talwerk.portal.site.register import Registers
from talwerk.portal.site.scene import Scene
from talwerk.portal.site.shelf import Sheet, Shelf
from talwerk.portal.themes.leaf import ThemePages
from talwerk.protocols.http.bodies import ClientGoneError, read_body
from talwerk.protocols.http.problems import STATUS
from talwerk.sdk.profile import Profile
from talwerk.texts import EASY

logger = logging.getLogger(__name__)

FORM_BYTES_MAX = 4_096
SLOW_AT_ONCE = 2
"""So many pages that may take long are made at a time; whoever asks for a further one waits for a turn."""

Answer = Callable[[Request], Awaitable[Response]]


class Portal:
    """The pages of one city.

    Args:
        desks: Makes pages from facts, by language; the first language is the city's own.
        shelf: Keeps rendered pages for a moment.
        leaves: The kinds of pages, by language.
        profile: Whose portal this is.
        viewed: Told the name of each kind of page that was shown to somebody.
    """

    def __init__(
        self,
        desks: Mapping[str, Desk],
        shelf: Shelf,
        leaves: Mapping[str, Iterable[Leaf]],
        profile: Profile,
        viewed: Callable[[str], None],
    ) -> None:
        self._viewed = viewed
        self._desks = desks
        self._shelf = shelf
        self._slow = asyncio.Semaphore(SLOW_AT_ONCE)
        self._leaves = leaves
        self._profile = profile
        self._mark = mark_of(profile)
        self._look = profile.look

    def routes(self) -> list[BaseRoute]:
        """The routes of all pages and static files."""
        return [
            Route("/", self._enter),
            Route("/favicon.ico", _redirect(mark_href(self._mark))),
            *static_routes(self._mark, self._look),
            *offline.offline_routes(self._profile, self._mark, [desk.to for desk in self._desks.values()]),
            *(
                Route(desk.to.path(leaf.name) + leaf.tail, self.page(leaf, desk), methods=ALL_METHODS)
                for desk in self._desks.values()
                for leaf in self._leaves[desk.language]
                if leaf.name in desk.to
            ),
            *(
                Route(f"/{language}/{{rest:path}}", self.page(NOWHERE, desk), methods=ALL_METHODS)
                for language, desk in self._desks.items()
            ),
            Beyond(self._beyond),
        ]

    async def _enter(self, request: Request) -> Response:
        """To the start page in the language that the visitor's browser prefers."""
        language = preferred(request.headers.get("accept-language", ""), tuple(self._desks))
        href = self._desks[language].to.href(addresses.START)
        return RedirectResponse(href, 307, headers={"vary": "accept-language"})

    async def _beyond(self, request: Request) -> Response:
        language = preferred(request.headers.get("accept-language", ""), tuple(self._desks))
        return await self.page(NOWHERE, self._desks[language])(request)

    def page(self, leaf: Leaf, desk: Desk) -> Answer:
        """The endpoint that answers with a page, or with one that tells what is wrong."""

        async def answer(request: Request) -> Response:
            try:
                return await self._shown(request, leaf, desk)
            except PageElsewhere as found:
                return elsewhere_answer(request, found.href)
            except PageError as error:
                return self._told(request, error, leaf, desk)
            except DomainError as error:
                return self._told(request, page_error(error), leaf, desk)
            except ClientGoneError:
                raise
            except Exception:
                # The log knows the request's id; what follows in an address can name a person.
                logger.exception("a page of %s failed", "/".join(request.url.path.split("/")[:3]))
                return self._told(request, PageError(500), leaf, desk)

        return answer

    async def _shown(self, request: Request, leaf: Leaf, desk: Desk) -> Response:
        scope = request.scope["talwerk.scope"]
        if desk.is_hidden_from(scope):
            return self._hidden(request)
        if leaf.before is not None:
            await leaf.before()
        if request.method == "POST" and leaf.takes:
            ask = self._ask(request, leaf, await _form(request, leaf))
            others = self._elsewhere(leaf, desk, ask)
            html = desk.html(scope, leaf, lambda scene: leaf.handler(ask, scene), others)
            return passing_answer(request, html, desk.phrases.locale)
        sheet = await self._sheet(request, leaf, desk)
        if opened(request):
            self._viewed(leaf.name)
        return page_answer(request, sheet, desk.phrases.locale, framed=leaf.framed)

    def _hidden(self, request: Request) -> Response:
        """What the public reads, in the city's own language, where nobody has checked the texts."""
        own = next(iter(self._desks.values()))
        return self._told(request, PageError(404, own.phrases.text("error.easy_hidden")), NOWHERE, own)

    def _told(self, request: Request, error: PageError, leaf: Leaf, desk: Desk) -> Response:
        path = request.scope["path"]
        if error.status == 404 and path.startswith(f"/{desk.language}/") and path.endswith("/"):
            return _moved(request, path.rstrip("/"))
        allowed = (*READING, "POST") if leaf.takes else READING
        if error.status == 405 and not wants_page(request):
            raise HTTPException(405, headers={"allow": ", ".join(allowed)})
        elsewhere = self._elsewhere(leaf, desk, self._ask(request, leaf))
        html = desk.error_html(request.scope["talwerk.scope"], error, elsewhere)
        return error_answer(request, html, error.status, desk.phrases.locale)

    def _ask(self, request: Request, leaf: Leaf, form: Mapping[str, str] | None = None) -> Ask:
        return Ask(request.path_params, fields_of(request, leaf.reads, leaf.lists), form)

    async def _sheet(self, request: Request, leaf: Leaf, desk: Desk) -> Sheet:
        if request.method not in READING:
            raise PageError(405)
        scope = request.scope["talwerk.scope"]
        ask = self._ask(request, leaf)
        # Who asks does not matter, what they may see does.
        told = tuple(ask.query.items())
        seen = (*scope.sight, scope.may_write, scope.principal.role is Role.OPERATOR)
        name = (request.url.path, told, *seen)
        elsewhere = self._elsewhere(leaf, desk, ask)

        async def make() -> bytes:
            if not leaf.slow:
                return desk.html(scope, leaf, lambda scene: leaf.handler(ask, scene), elsewhere)
            async with self._slow:
                return await asyncio.to_thread(
                    desk.html, scope, leaf, lambda scene: leaf.handler(ask, scene), elsewhere
                )

        return await self._shelf.sheet(name, make)

    def _elsewhere(self, leaf: Leaf, desk: Desk, ask: Ask) -> dict[str, str]:
        """Where the same page is in the other languages; their start page where it is not."""
        found = {}
        for language, other in self._desks.items():
            if other is desk:
                continue
            if leaf.name in other.to:
                tail = leaf.tail.format_map({key: quote(value, safe=":") for key, value in ask.path.items()})
                found[language] = with_query(other.to.path(leaf.name) + tail, **ask.query)
            else:
                found[language] = other.to.href(addresses.START)
        return found


def opened(request: Request) -> bool:
    """Whether somebody opens a page: no script renews one that is open already, and nothing is fetched beforehand."""
    if request.method != "GET" or "sec-purpose" in request.headers:
        return False
    return request.headers.get("sec-fetch-mode", "navigate") == "navigate"


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


def portal_routes(broker: Broker, profile: Profile, clock: Clock, known: Knowledge) -> list[BaseRoute]:
    """The portal of a city, as routes; they come last, because they answer for whatever no other route knows."""
    themes, datasets, gazetteer = known.themes, known.datasets, known.gazetteer
    sources = DatasetPages(themes, datasets, known.backstage.base)
    tiles = TileFile(gazetteer.folder)
    city_maps = CityMaps(gazetteer)
    maps = Maps(city_maps, Stocks(broker, clock), datasets, themes, tiles)
    leaves = (
        *Lage(known.warnings, themes, gazetteer, city_maps).leaves(),
        *stations.leaves(),
        *point.leaves(),
        *offline.leaves(),
        *ThemePages(broker, profile, themes, datasets, gazetteer.territory).leaves(),
        *PlatformPages(broker, known.backstage, sources).leaves(),
        *sources.leaves(),
        *Here(gazetteer, datasets, themes, known.warnings).leaves(),
        *maps.leaves(),
    )
    leaves = (*leaves, *Around(profile, datasets, {leaf.name for leaf in leaves}).leaves())
    # The crisis page is no leaf: it is served without all this.
    names = frozenset((addresses.CRISIS, *(leaf.name for leaf in leaves)))
    house = House(broker, profile, clock, Registers(broker, clock), Peaks(), names, datasets.short_name)
    desks = {language: Desk(house, language) for language in languages_of(profile)}
    files = MapFiles(maps, desks.values(), tiles, clock, broker.position)
    easy = EasyPages(known.warnings).leaves()
    by_language = {language: easy if language == EASY else leaves for language in desks}
    portal = Portal(desks, Shelf(clock, broker.position), by_language, profile, known.backstage.viewed)
    return [*files.routes(), *portal.routes()]


def _nothing_there(_ask: Ask, _scene: Scene) -> Found:
    raise PageError(404)


NOWHERE = Leaf("nowhere", _nothing_there)


async def _form(request: Request, leaf: Leaf) -> dict[str, str]:
    """The fields of a form that the page answers.

    Raises:
        PageError: The body is no form, too large for one, or does not arrive in time.
        ClientGoneError: The visitor left.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise PageError(415)
    if request.headers.get("content-length") == "0":
        return {}
    try:
        body = await read_body(dict(request.scope["headers"]), request.receive, FORM_BYTES_MAX)
    except DomainError as error:
        raise PageError(STATUS[error.fault]) from None
    try:
        given = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=32))
    except ValueError:
        raise PageError(400) from None
    return {name: given[name] for name in leaf.takes if name in given}


def _redirect(href: str) -> Answer:
    async def answer(_request: Request) -> Response:
        return RedirectResponse(href, 307)

    return answer


def _moved(request: Request, path: str) -> Response:
    query = request.url.query
    return RedirectResponse(quote(path, safe="/:") + (f"?{query}" if query else ""), 308)
