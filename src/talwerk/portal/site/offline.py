"""For the time without a connection: a worker that keeps pages on the reader's device, and a page that tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import City, Frame, Mark
from talwerk.portal.frame.static import mark_href, static_file
from talwerk.portal.site.addresses import CRISIS, START, Addresses
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import Scene
from talwerk.sdk.profile import Profile

OFFLINE = "offline"
WORKER = "/sw.js"
MANIFEST = "/manifest.webmanifest"
_POLICY = "default-src 'none'; connect-src 'self'"
"""The worker asks this city, and nobody else."""
_SLATE, _PAPER = "#1d282e", "#f4f6f3"


@dataclass(frozen=True, slots=True)
class OfflineView:
    """What lies on the reader's device; only that device knows."""


@page.register
def _offline(_view: OfflineView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("offline.html", p.text("offline.title"), {})


def leaves() -> tuple[Leaf, ...]:
    """The one kind of page."""
    return (Leaf(OFFLINE, _kept, START, moves=False),)


def _kept(_ask: Ask, _scene: Scene) -> Found:
    return OfflineView(), ()


def offline_routes(profile: Profile, mark: Mark, languages: Iterable[Addresses]) -> list[Route]:
    """The worker, which has to stand at the root for its reach, and the manifest.

    Args:
        profile: Whose portal this is.
        mark: Its sign.
        languages: Addresses in each language, the city's own first.
    """
    everywhere = tuple(languages)
    spoken = [to for to in everywhere if OFFLINE in to]
    told = {
        "LANGUAGES": [to.language for to in everywhere],
        "OFFLINE": [to.href(OFFLINE) for to in spoken],
        "CRISIS": [to.href(CRISIS) for to in everywhere if CRISIS in to],
    }
    lines = (b"const " + name.encode() + b" = " + msgspec.json.encode(value) + b";\n" for name, value in told.items())
    worker = b"".join(lines) + static_file("sw.js")[1]
    manifest = msgspec.json.encode(_manifest(profile, mark, spoken[0]))

    async def script(_request: Request) -> Response:
        headers = {"cache-control": "no-cache", "content-security-policy": _POLICY}
        return Response(worker, media_type="text/javascript; charset=utf-8", headers=headers)

    async def card(_request: Request) -> Response:
        return Response(manifest, media_type="application/manifest+json", headers={"cache-control": "max-age=86400"})

    return [Route(WORKER, script), Route(MANIFEST, card)]


def _manifest(profile: Profile, mark: Mark, to: Addresses) -> dict[str, object]:
    """What a device needs to put the portal beside its other programs (W3C Web Application Manifest)."""
    return {
        "name": City(profile.city.name).portal_name,
        "short_name": profile.city.name,
        "lang": to.language,
        "id": "/",
        "start_url": to.href(START),
        "scope": "/",
        "display": "minimal-ui",
        "background_color": _PAPER,
        "theme_color": _SLATE,
        "icons": [{"src": mark_href(mark), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }
