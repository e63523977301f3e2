"""The door of the crisis page: bytes from memory, before anything else looks at the request.

Nothing that the pages of the city need is needed here: no store, no engine, no frame. The file is looked at once a
second; a page that is not renewed says how old it is, and the last one that was whole is shown for ever. Only a page
that nobody has checked is not for everybody: the public meets the pages of the city there, which say so.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from talwerk.core.errors import DomainError
from talwerk.core.instants import MINUTE, SECOND, Clock, Instant
from talwerk.core.scope import Role
from talwerk.portal.crisis.making import crisis_languages, file_of
from talwerk.portal.crisis.page import aged, is_simulated, policy, stand, unwritten
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.static import content_hash
from talwerk.portal.site.addresses import CRISIS, START, Addresses
from talwerk.portal.site.languages import is_checked
from talwerk.privacy.principals import Credentials
from talwerk.sdk.profile import Profile
from talwerk.services.outgoing import SIMULATED
from talwerk.texts import catalogue

LOOK_EVERY_S = 1.0
OLD_AFTER_S = 150.0
"""A page is written anew each minute: two that did not come are a reason to say so."""
CACHE = "public, max-age=10, stale-if-error=86400"
"""Others between us and the visitor may help for a moment, and when nobody answers them."""
UNCHECKED_CACHE = "private, no-cache"
"""What one reader may see is given to no other."""

Headers = list[tuple[bytes, bytes]]


class Kept:
    """A page in memory, ready to be sent.

    Args:
        html: the page.
        language: two letters.
        status: of the answer.
        cache: what others may keep.
    """

    __slots__ = (
        "etag",
        "packed",
        "packed_headers",
        "plain",
        "plain_headers",
        "simulated",
        "status",
        "unchanged_headers",
    )

    def __init__(self, html: bytes, language: str, status: int = 200, cache: str = CACHE) -> None:
        self.status = status
        self.plain = html
        self.packed = gzip.compress(html, 9, mtime=0)
        # Weak, because packed and plain bytes are one page.
        self.etag = f'W/"{content_hash(html)}"'.encode()
        always = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", policy(html).encode()),
            (b"content-language", language.encode()),
            (b"cache-control", cache.encode()),
            (b"etag", self.etag),
            (b"vary", b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
            # The form on the page is answered only when the browser says where it stands.
            (b"referrer-policy", b"same-origin"),
        ]
        self.simulated = is_simulated(html)
        if self.simulated:
            always.append((SIMULATED.encode(), b"true"))
        if status != 200:
            always.append((b"retry-after", b"5"))
        self.unchanged_headers: Headers = always
        self.plain_headers: Headers = [*always, (b"content-length", str(len(self.plain)).encode())]
        self.packed_headers: Headers = [
            *always,
            (b"content-encoding", b"gzip"),
            (b"content-length", str(len(self.packed)).encode()),
        ]


class CrisisPage:
    """One language's page, as its file has it.

    Args:
        file: where the engine writes it.
        phrases: of its language.
        missing: shown until there is one.
        clock: the time that passes, and the present.
    """

    def __init__(self, file: Path, phrases: Phrasebook, missing: bytes, clock: Clock) -> None:
        self._file = file
        self._phrases = phrases
        self._clock = clock
        self._kept = Kept(missing, phrases.locale, 503, "no-store")
        self._html = b""
        self._stand: Instant | None = None
        self._seen = (0, 0, 0)
        self._aged_min = 0
        self._looked_s = float("-inf")

    @property
    def checked(self) -> bool:
        """Whether those for whom its words were written have checked them."""
        return is_checked(self._phrases.language)

    def current(self) -> Kept:
        """The page to be sent now."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now_s
            self._look()
        return self._kept

    def _look(self) -> None:
        """Take the file if it is another one, and note its age in the page once that is worth saying."""
        renewed = self._read()
        if self._stand is None:
            return
        age_s = (self._clock.now() - self._stand) / SECOND
        aged_min = int(age_s * SECOND // MINUTE) if age_s > OLD_AFTER_S else 0
        if renewed or aged_min != self._aged_min:
            self._aged_min = aged_min
            html = aged(self._html, age_s, self._phrases) if aged_min else self._html
            self._kept = Kept(html, self._phrases.locale, cache=CACHE if self.checked else UNCHECKED_CACHE)

    def _read(self) -> bool:
        try:
            found = self._file.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen == self._seen:
                return False
            html = self._file.read_bytes()
        except OSError:
            # What is in memory is shown on, and says that it is old.
            return False
        self._seen = seen
        told = stand(html)
        if told is None:
            return False
        self._html, self._stand = html, told
        return True


class CrisisDoor:
    """Answers the addresses of the crisis page and hands everything else on.

    Args:
        app: the rest of the city.
        folder: where the engine writes the pages.
        profile: whose they are.
        clock: the source of time.
        credentials: who may read what nobody has checked.
        shown: told of each page that was shown to somebody, by its kind.
    """

    def __init__(
        self,
        app: ASGIApp,
        folder: Path,
        profile: Profile,
        clock: Clock,
        credentials: Credentials,
        shown: Callable[[str], None],
    ) -> None:
        self._app = app
        self._shown = shown
        self._credentials = credentials
        self._pages: Mapping[str, CrisisPage] = dict(_pages(folder, profile, clock))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or hand on."""
        page = self._pages.get(scope["path"]) if scope["type"] == "http" else None
        if page is None or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        kept = page.current()
        wishes = _wishes(scope)
        if not (page.checked or kept.simulated or self._operates(wishes.authorization)):
            await self._app(scope, receive, send)
            return
        if kept.status == 200 and kept.etag in wishes.known:
            await send({"type": "http.response.start", "status": 304, "headers": [*kept.unchanged_headers]})
            await send({"type": "http.response.body", "body": b""})
            return
        headers, body = (kept.packed_headers, kept.packed) if wishes.packs else (kept.plain_headers, kept.plain)
        await send({"type": "http.response.start", "status": kept.status, "headers": [*headers]})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})
        if wishes.opens and scope["method"] == "GET":
            self._shown(CRISIS)

    def _operates(self, authorization: str | None) -> bool:
        """Whether the operator asks; a token that names nobody is refused by those behind this door."""
        try:
            return self._credentials.grant(authorization).principal.role is Role.OPERATOR
        except DomainError:
            return False


def _pages(folder: Path, profile: Profile, clock: Clock) -> list[tuple[str, CrisisPage]]:
    found = []
    for language in crisis_languages(profile):
        texts = catalogue(language)
        to, phrases = Addresses(texts), Phrasebook(texts, profile.city.zone)
        missing = unwritten(phrases, profile.city.name, to.href(START))
        found.append((to.path(CRISIS), CrisisPage(file_of(folder, language), phrases, missing, clock)))
    return found


class _Wishes(NamedTuple):
    """What a request says of itself.

    Attributes:
        packs: Whether the client unpacks.
        known: Which versions of the page it has.
        opens: Whether somebody opens the page, and no script keeps it for later.
        authorization: Its header, None without one.
    """

    packs: bool
    known: list[bytes]
    opens: bool
    authorization: str | None


def _wishes(scope: Scope) -> _Wishes:
    packs, known, opens, authorization = False, b"", True, None
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            packs = b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
        elif name == b"if-none-match":
            known = value
        elif name == b"sec-fetch-mode":
            opens = opens and value == b"navigate"
        elif name == b"sec-purpose":
            opens = False
        elif name == b"authorization":
            authorization = value.decode("latin-1")
    return _Wishes(packs, [tag.strip() for tag in known.split(b",")] if known else [], opens, authorization)
