"""The desk where pages are made: facts from a scene, a frame around them, rendered."""

from __future__ import annotations

from collections.abc import Callable

from talwerk.broker import Broker
from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock, Instant
from talwerk.core.scope import Role, Scope
from talwerk.portal import place
from talwerk.portal.phrases import Phrasebook
from talwerk.portal.place import NEUTRAL_MARK, Credit, Frame, Link, Mark, MarkStroke
from talwerk.portal.render import render
from talwerk.portal.static import live_href
from talwerk.portal.theme_views import DataView, ThemesView
from talwerk.portal.views import EmptyView, ErrorView, LageView, LegendView, PageView, StationsView
from talwerk.sdk.profile import Profile
from talwerk.texts import catalogue

from . import addresses
from .answers import PageError
from .facts import Places
from .newest import Peaks
from .register import Registers
from .scene import City, Scene, credit

LANGUAGE = "de"
CREDITS_MAX = 12


class Desk:
    """Makes the pages of one city.

    Args:
        broker: The way to the data.
        profile: Name, mark, zone, axis and measuring points.
        clock: The source of time.
        has_themes: Whether there is a page of themes.
    """

    def __init__(self, broker: Broker, profile: Profile, clock: Clock, *, has_themes: bool) -> None:
        self._has_themes = has_themes
        self._registers = Registers(broker, clock)
        self._profile = profile
        self._clock = clock
        self._city = City(broker, profile, catalogue(LANGUAGE), Peaks())
        self.phrases = Phrasebook(catalogue(LANGUAGE), profile.city.zone)
        self.mark = _mark(profile)

    def html(self, scope: Scope, gather: Callable[[Scene], tuple[PageView, Places]]) -> bytes:
        """A page, from the facts that are gathered for it."""
        scene = Scene(self._city, self._registers.current(scope), scope, self._clock.now())
        view, places = gather(scene)
        frame = self._frame(scene.now, view, _credits(places), self._banner(scope, scene.register.simulated))
        return render(view, frame, LANGUAGE)

    def error_html(self, scope: Scope, error: PageError) -> bytes:
        """A page that tells what is wrong."""
        view = ErrorView(error.status, error.detail)
        try:
            simulated = self._registers.current(scope).simulated
        except DomainError:
            # What keeps a page from being made may keep the register from being read, and neither hides the error.
            simulated = False
        return render(view, self._frame(self._clock.now(), view, (), self._banner(scope, simulated)), LANGUAGE)

    def _banner(self, scope: Scope, simulated: bool) -> str:
        text = self.phrases.text
        open_writes = scope.may_write and scope.principal.role is Role.PUBLIC
        told = [text("banner.simulated")] if simulated else []
        return " ".join([*told, text("banner.open_writes")] if open_writes else told)

    def _frame(self, now: Instant, view: PageView, credits: tuple[Credit, ...], banner: str) -> Frame:
        city = self._profile.city
        return Frame(
            city=place.City(city.name, city.zone, mark=self.mark),
            now_us=now,
            home_href=addresses.START,
            navigation=self._navigation(view),
            credits=credits,
            banner=banner,
            api_href=addresses.API,
            code_href=city.source_code,
            legend_href=addresses.LEGEND,
            live_href="" if isinstance(view, ErrorView | LegendView) else live_href(),
        )

    def _navigation(self, view: PageView) -> tuple[Link, ...]:
        """What there is to go to."""
        text = self.phrases.text
        entries = (
            ("frame.nav_lage", addresses.START, LageView | EmptyView, True),
            ("frame.nav_stations", addresses.STATIONS, StationsView, True),
            ("frame.nav_themes", addresses.THEMES, ThemesView, self._has_themes),
            ("frame.nav_data", addresses.DATA, DataView, True),
        )
        return tuple(
            Link(text(key), href, current=isinstance(view, kind)) for key, href, kind, is_there in entries if is_there
        )


def _mark(profile: Profile) -> Mark:
    declared = profile.city.mark
    if declared is None:
        return NEUTRAL_MARK
    strokes = tuple(MarkStroke(stroke.path, stroke.role, stroke.width) for stroke in declared.strokes)
    return Mark(strokes, declared.width, declared.height)


def _credits(places: Places) -> tuple[Credit, ...]:
    """Every source once, in the order of the page."""
    return tuple(dict.fromkeys(credit(place.series) for place in places))[:CREDITS_MAX]
