"""The crisis pages, written beforehand by the engine: into files, so that nothing but the disk has to work for them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from talwerk.broker import Broker
from talwerk.core.instants import MINUTE, Clock, Instant
from talwerk.core.scope import Scope
from talwerk.portal.crisis.page import CrisisView, Phone, crisis_page
from talwerk.portal.easy.leaf import easy_gauge, is_told
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Link
from talwerk.portal.frame.views import Gauge
from talwerk.portal.lage.warned import warned
from talwerk.portal.site.addresses import CRISIS, HERE, START, Addresses
from talwerk.portal.site.languages import is_checked, languages_of
from talwerk.portal.site.newest import Peaks
from talwerk.portal.site.register import Register
from talwerk.portal.site.scene import City, Scene
from talwerk.sdk.profile import Profile
from talwerk.services.warnings import Warnings
from talwerk.texts import EASY, Catalogue, catalogue

FOLDER = "crisis"
EASY_FOLDER = "crisis-easy"
"""Beside the others: a web server that delivers that folder must not deliver what nobody has checked."""
LOOK_EVERY_S = 1.0
NEWS_EVERY_S = 5.0
"""Values arrive all the time; written pages follow them at this pace, warnings and minutes at once."""


def crisis_languages(profile: Profile) -> tuple[str, ...]:
    """Languages in which there is a crisis page."""
    return tuple(each for each in languages_of(profile) if CRISIS in Addresses(catalogue(each)))


def file_of(folder: Path, language: str) -> Path:
    """The file of a language's page; beside it lies the same packed, with ``.gz``."""
    return (folder.with_name(EASY_FOLDER) if language == EASY else folder) / f"{language}.html"


class CrisisPages:
    """Makes the crisis pages of a city.

    Args:
        broker: the way to the data.
        profile: the city.
        warnings: its official warnings.
        scope: on whose behalf: the public's.
        asks: whether the city has a page for places.
        simulated: whether nobody measured what it shows; asked each time.
    """

    def __init__(
        self,
        broker: Broker,
        profile: Profile,
        warnings: Warnings,
        scope: Scope,
        *,
        asks: bool,
        simulated: Callable[[], bool],
    ) -> None:
        self._broker = broker
        self._profile = profile
        self._warnings = warnings
        self._scope = scope
        self._asks = asks
        self._simulated = simulated
        self._cities = {language: self._city(catalogue(language)) for language in crisis_languages(profile)}

    def _city(self, texts: Catalogue) -> City:
        phrases = Phrasebook(texts, self._profile.city.zone)
        return City(self._broker, self._profile, texts, Peaks(), Addresses(texts), phrases, lambda _source: "")

    def pages(self, now: Instant) -> Mapping[str, bytes]:
        """The page of each language, true at an instant.

        Raises:
            DomainError: the store cannot be read.
        """
        # A city's other series are of no concern here: the register is asked for points of the profile alone.
        register = Register(self._broker, self._scope)
        return {language: self._page(city, register, now) for language, city in self._cities.items()}

    def _page(self, city: City, register: Register, now: Instant) -> bytes:
        scene = Scene(city, register, self._scope, now)
        # The axis comes first among the named ones, in its own order.
        gauges = tuple(gauge for gauge in _gauges(scene) if gauge.levels)
        simulated = self._simulated()
        contact = self._profile.contact
        # A number that nobody has confirmed helps nobody who needs help now.
        phones = (Phone(contact.name, contact.phone),) if contact.phone and "phone" not in contact.unconfirmed else ()
        view = CrisisView(
            city=self._profile.city.name,
            now_us=now,
            warned=warned(self._warnings, self._scope, now, city.texts.locale, simulated=simulated),
            gauges=gauges,
            phones=phones,
            start_href=city.to.href(START),
            here_href=city.to.href(HERE) if self._asks and HERE in city.to else "",
            languages=tuple(
                Link(other.texts.text("frame.language"), other.to.href(CRISIS), lang=other.texts.locale)
                for other in self._cities.values()
                if other is not city and (simulated or is_checked(other.texts.language))
            ),
            unchecked=not is_checked(city.texts.language),
        )
        return crisis_page(view, city.p)


def _gauges(scene: Scene) -> Iterator[Gauge]:
    """The newest values of the city's own points, in units of the page's language."""
    if scene.texts.language == EASY:
        return (easy_gauge(place, scene) for place in scene.named if is_told(place, scene))
    return map(scene.gauge, scene.named)


class CrisisWriter:
    """Keeps the files of the crisis pages true; a duty of the engine.

    Args:
        pages: makes them.
        folder: where they lie.
        broker: tells whether anything was written.
        clock: the source of time.
    """

    name = "crisis"

    def __init__(self, pages: CrisisPages, folder: Path, broker: Broker, clock: Clock) -> None:
        self._pages = pages
        self._folder = folder
        self._broker = broker
        self._clock = clock
        self._minute = -1
        self._position = -1
        self._written_s = 0.0

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self.round()
            await asyncio.sleep(LOOK_EVERY_S)

    async def round(self) -> bool:
        """Write the pages if anything is news; returns whether.

        Raises:
            DomainError: the store cannot be read: the files stay as they are, and grow old.
        """
        now = self._clock.now()
        if now // MINUTE == self._minute:
            waited_s = self._clock.monotonic_s() - self._written_s
            if waited_s < NEWS_EVERY_S or self._broker.position() == self._position:
                return False
        # The position first: what is written meanwhile shows on the next ones.
        position = self._broker.position()
        await asyncio.to_thread(self._write, now)
        self._minute, self._position, self._written_s = now // MINUTE, position, self._clock.monotonic_s()
        return True

    def _write(self, now: Instant) -> None:
        pages = self._pages.pages(now)
        for language, html in pages.items():
            file = file_of(self._folder, language)
            file.parent.mkdir(mode=0o755, exist_ok=True)
            _replace(file, html)
            _replace(file.with_suffix(".html.gz"), gzip.compress(html, 9, mtime=0))


def _replace(file: Path, content: bytes) -> None:
    """Put a whole file in the place of another; whoever reads gets the one or the other."""
    beside = file.with_name(f".{file.name}.part")
    beside.write_bytes(content)
    beside.replace(file)
