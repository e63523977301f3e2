"""The desk where pages of one language are made: facts from a scene, a frame around them, rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from talwerk.broker import Broker
from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock, Instant
from talwerk.core.scope import Role, Scope
from talwerk.portal.frame import place
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import NEUTRAL_MARK, Credit, Frame, Link, Mark, MarkStroke
from talwerk.portal.frame.render import render
from talwerk.portal.frame.static import look_href, static_href
from talwerk.portal.frame.views import ErrorView
from talwerk.portal.site import addresses
from talwerk.portal.site.addresses import Addresses
from talwerk.portal.site.answers import PageError
from talwerk.portal.site.contact import operator
from talwerk.portal.site.languages import is_checked, sees_unchecked
from talwerk.portal.site.leaf import Found, Leaf, Places
from talwerk.portal.site.newest import Peaks
from talwerk.portal.site.register import Registers
from talwerk.portal.site.scene import City, Scene, credit
from talwerk.sdk.profile import Profile
from talwerk.texts import catalogue

CREDITS_MAX = 12
NAVIGATION = ("start", "here", "map", "themes", "data")
"""Pages of the header, in this order; one that does not exist is left out."""
FOOT = ("help", "crisis", "stations", "legend", "signing", "imprint", "privacy", "accessibility", "images")
"""Pages of the footer."""


@dataclass(frozen=True, slots=True)
class House:
    """What all desks share.

    Attributes:
        broker: The way to the data.
        profile: Name, mark, zone, axis and measuring points.
        clock: The source of time.
        registers: What is measured.
        peaks: Highest values, remembered between pages.
        names: Pages that the portal has.
        short_name: Who publishes a source, by its key; empty when nobody has named it.
    """

    broker: Broker
    profile: Profile
    clock: Clock
    registers: Registers
    peaks: Peaks
    names: frozenset[str]
    short_name: Callable[[str], str]


class Desk:
    """Makes the pages of one city in one language.

    Args:
        house: What all languages share.
        language: Folder of the catalogue, first segment of the addresses.
    """

    def __init__(self, house: House, language: str) -> None:
        self._house = house
        texts = catalogue(language)
        self.language = language
        self.to = Addresses(texts)
        self.phrases = Phrasebook(texts, house.profile.city.zone)
        self._city = City(house.broker, house.profile, texts, house.peaks, self.to, self.phrases, house.short_name)
        self._mark = mark_of(house.profile)
        self._look_href = look_href(house.profile.look)

    def scene(self, scope: Scope) -> Scene:
        """The city now, as a Scope may see it."""
        return Scene(self._city, self._house.registers.current(scope), scope, self._house.clock.now())

    def html(self, scope: Scope, leaf: Leaf, gather: Callable[[Scene], Found], elsewhere: Mapping[str, str]) -> bytes:
        """A page, from the facts that are gathered for it.

        Args:
            scope: On whose behalf.
            leaf: Which kind of page.
            gather: Its facts.
            elsewhere: The same page in other languages: address by language.
        """
        scene = self.scene(scope)
        view, places = gather(scene)
        sees = sees_unchecked(scope, simulated=scene.register.simulated)
        banner = self._banner(scope, scene.register.simulated)
        others = {other: at for other, at in elsewhere.items() if sees or is_checked(other)}
        frame = self._frame(scene.now, leaf, others, credits=_credits(places), banner=banner)
        return render(view, frame if sees else self._for_public(frame), self.language)

    def is_hidden_from(self, scope: Scope) -> bool:
        """Whether nobody has checked the texts of this language, and they are not for this reader."""
        if is_checked(self.language):
            return False
        return not sees_unchecked(scope, simulated=self._simulated(scope))

    def _for_public(self, frame: Frame) -> Frame:
        """Without the link to videos of which nobody has checked one."""
        if any(video.checked for video in self._house.profile.sign_videos) or addresses.SIGNING not in self.to:
            return frame
        signing = self.to.href(addresses.SIGNING)
        return replace(frame, foot=tuple(link for link in frame.foot if link.href != signing))

    def error_html(self, scope: Scope, error: PageError, elsewhere: Mapping[str, str]) -> bytes:
        """A page that tells what is wrong.

        Args:
            scope: On whose behalf.
            error: What is wrong.
            elsewhere: The page that was asked for in other languages: address by language.
        """
        view = ErrorView(error.status, error.detail, error.links)
        simulated = self._simulated(scope)
        sees = sees_unchecked(scope, simulated=simulated)
        banner = self._banner(scope, simulated)
        others = {other: at for other, at in elsewhere.items() if sees or is_checked(other)}
        frame = self._frame(self._house.clock.now(), None, others, credits=(), banner=banner)
        return render(view, frame if sees else self._for_public(frame), self.language)

    def _simulated(self, scope: Scope) -> bool:
        try:
            return self._house.registers.current(scope).simulated
        except DomainError:
            # What keeps a page from being made may keep the register from being read, and neither hides the error.
            return False

    def _banner(self, scope: Scope, simulated: bool) -> str:
        text = self.phrases.text
        open_writes = scope.may_write and scope.principal.role is Role.PUBLIC
        told = [
            *([text("banner.simulated")] if simulated else []),
            *([text("banner.open_writes")] if open_writes else []),
            *([] if is_checked(self.language) else [text("banner.unchecked")]),
        ]
        return " ".join(told)

    def _frame(
        self,
        now: Instant,
        leaf: Leaf | None,
        elsewhere: Mapping[str, str],
        *,
        credits: tuple[Credit, ...],
        banner: str,
    ) -> Frame:
        city = self._house.profile.city
        return Frame(
            city=place.City(city.name, city.zone, mark=self._mark),
            now_us=now,
            home_href=self.to.href(addresses.START),
            navigation=self._links(NAVIGATION, leaf.section or leaf.name if leaf is not None else ""),
            languages=tuple(_language(other, at) for other, at in elsewhere.items()),
            credits=credits,
            banner=banner,
            api_href=self.to.href(addresses.DOORS) if addresses.DOORS in self.to else addresses.API,
            code_href=city.source_code,
            foot=self._links(FOOT, leaf.name if leaf is not None else ""),
            find_href=self._href_of(addresses.HERE),
            live_href=static_href("live.js") if leaf is not None and leaf.moves else "",
            look_href=self._look_href,
            contact=self._contact(),
        )

    def _contact(self) -> tuple[Link, ...]:
        """How to reach the operator, on every page; what no source has confirmed says so."""
        ways = dict(operator(self._house.profile.contact).ways)
        known = [way for key in ("fact.phone", "fact.mail") if (way := ways[key]).lines]
        told = tuple(
            Link(
                f"{way.lines[0]} ({self.phrases.text('fact.unconfirmed')})" if way.unconfirmed else way.lines[0],
                way.href,
            )
            for way in known
        )
        if addresses.ACCESSIBILITY not in self._house.names or addresses.ACCESSIBILITY not in self.to:
            return told
        barrier = f"{self.to.href(addresses.ACCESSIBILITY)}#{addresses.BARRIER}"
        return (*told, Link(self.phrases.text("frame.barrier"), barrier))

    def _href_of(self, name: str) -> str:
        """The address of a page, empty when there is none in this language."""
        return self.to.href(name) if name in self._house.names and name in self.to else ""

    def _links(self, names: tuple[str, ...], current: str) -> tuple[Link, ...]:
        """Those of the pages that there are in this language."""
        return tuple(
            Link(self.phrases.text(f"frame.nav_{name}"), self.to.href(name), current=name == current)
            for name in names
            if name in self._house.names and name in self.to
        )


def _language(language: str, href: str) -> Link:
    """A link to the page in another language, in that language's own words."""
    text = catalogue(language).text
    return Link(text("frame.language"), href, lang=language, short=text("frame.language_short"))


def mark_of(profile: Profile) -> Mark:
    """The drawn sign of a city."""
    declared = profile.city.mark
    if declared is None:
        return NEUTRAL_MARK
    strokes = tuple(MarkStroke(stroke.path, stroke.role, stroke.width) for stroke in declared.strokes)
    return Mark(strokes, declared.width, declared.height)


def _credits(places: Places) -> tuple[Credit, ...]:
    """Every source once, in the order of the page."""
    return tuple(dict.fromkeys(credit(place.series) for place in places))[:CREDITS_MAX]
