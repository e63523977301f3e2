"""Static files under a path that names their content, so that browsers may keep them for ever."""

import gzip
import hashlib
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from talwerk.portal.mark import mark_svg
from talwerk.portal.place import NEUTRAL_MARK, Mark

_FOREVER = "public, max-age=31536000, immutable"


@cache
def stylesheet() -> bytes:
    """Return the portal's one stylesheet."""
    return resources.files("talwerk.portal").joinpath("static/talwerk.css").read_bytes()


def content_hash(content: bytes) -> str:
    """Return the part of a static path that changes with the content."""
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def stylesheet_href() -> str:
    """Return the path under which pages link the stylesheet."""
    return f"/static/{content_hash(stylesheet())}/talwerk.css"


@cache
def live_script() -> bytes:
    """Return the module that keeps a page current; the pages are complete without it."""
    return resources.files("talwerk.portal").joinpath("static/live.js").read_bytes()


@cache
def live_href() -> str:
    """Return the path under which pages load that module."""
    return f"/static/{content_hash(live_script())}/live.js"


@cache
def mark_href(mark: Mark) -> str:
    """Return the path of a city's mark as the browser's icon."""
    return f"/static/{content_hash(mark_svg(mark))}/zeichen.svg"


def takes_gzip(request: Request) -> bool:
    """Tell whether a client unpacks gzip; one that names it with weight zero does not."""
    offers = request.headers.get("accept-encoding", "").replace(" ", "").lower().split(",")
    return any(
        name == "gzip" and weight not in {"q=0", "q=0.0"} for name, _, weight in (o.partition(";") for o in offers)
    )


def static_routes(mark: Mark = NEUTRAL_MARK) -> list[Route]:
    """Return the routes of all static files; any other hash is not found."""
    return [
        _route(stylesheet_href(), stylesheet(), "text/css; charset=utf-8"),
        _route(live_href(), live_script(), "text/javascript; charset=utf-8"),
        _route(mark_href(mark), mark_svg(mark), "image/svg+xml"),
    ]


def _route(href: str, content: bytes, media_type: str) -> Route:
    packed = gzip.compress(content, 9, mtime=0)

    async def answer(request: Request) -> Response:
        headers = {
            "Cache-Control": _FOREVER,
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        if takes_gzip(request):
            return Response(packed, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
        return Response(content, media_type=media_type, headers=headers)

    return Route(href, answer, methods=["GET"])
