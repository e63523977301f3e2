"""Static files under a path that names their content, so that browsers may keep them for ever.

Our own files lie in ``static/``; what the build puts in place (``tools/assets``: fonts, KERN, libraries) lies in
``static/vendor/``. Without the latter the pages are complete in the machine's own type, without maps and charts that
move. All of them share one hash, so that they may name each other by relative paths.
"""

import gzip
import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from talwerk.portal.frame.look import look_css
from talwerk.portal.frame.mark import mark_svg
from talwerk.portal.frame.place import NEUTRAL_MARK, Mark
from talwerk.sdk.look import Look

_FOREVER = "public, max-age=31536000, immutable"
STYLESHEET = "talwerk.css"
_WORKERS = "default-src 'none'; script-src 'self'; connect-src 'self'"
"""A script that runs as a worker keeps to the policy that came with it, not to that of its page."""
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
_PACKED = frozenset({"css", "js", "mjs", "svg"})
"""Kinds of files that packing makes smaller."""


def content_hash(content: bytes) -> str:
    """Return the part of a static path that changes with the content."""
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def stylesheet() -> bytes:
    """Return the portal's own stylesheet: the files of ``static/styles`` in the order of their names."""
    folder = _folder().joinpath("styles")
    return b"".join(folder.joinpath(name).read_bytes() for name in _names(folder))


@cache
def has_vendor() -> bool:
    """Whether the build has put fonts and libraries in place."""
    return _folder().joinpath("vendor", "stamp").is_file()


@cache
def static_href(name: str) -> str:
    """Return the path under which pages link a static file, e.g. ``talwerk.css`` or ``vendor/uplot.js``."""
    return f"/static/{_hash()}/{name}"


@cache
def mark_href(mark: Mark) -> str:
    """Return the path of a city's mark as the browser's icon."""
    return f"/static/{content_hash(mark_svg(mark))}/zeichen.svg"


def look_href(look: Look) -> str:
    """Return the path of a city's own colours, empty when it has none."""
    return f"/static/{content_hash(css)}/stadt.css" if (css := look_css(look)) else ""


def takes_gzip(request: Request) -> bool:
    """Tell whether a client unpacks gzip; one that names it with weight zero does not."""
    offers = request.headers.get("accept-encoding", "").replace(" ", "").lower().split(",")
    return any(
        name == "gzip" and weight not in {"q=0", "q=0.0"} for name, _, weight in (o.partition(";") for o in offers)
    )


def static_routes(mark: Mark = NEUTRAL_MARK, look: Look | None = None) -> list[Route]:
    """Return the routes of all static files; any other hash is not found."""
    css = look_css(look or Look())

    async def sign(request: Request) -> Response:
        return _response(request, _TYPES["svg"], mark_svg(mark), gzip.compress(mark_svg(mark), 9, mtime=0))

    async def colours(request: Request) -> Response:
        return _response(request, _TYPES["css"], css, gzip.compress(css, 9, mtime=0))

    own = [Route(look_href(look), colours)] if look is not None and css else []
    return [Route(mark_href(mark), sign), *own, Route(f"/static/{_hash()}/{{name:path}}", _answer)]


def static_file(name: str) -> tuple[str, bytes, bytes]:
    """Return the media type of a static file, its bytes, and the packed ones (empty where packing does not pay).

    Raises:
        KeyError: There is no such file.
    """
    if name not in _known():
        raise KeyError(name)
    return (_TYPES[name.rpartition(".")[2]], *_content(name))


async def _answer(request: Request) -> Response:
    try:
        file = static_file(request.path_params["name"])
    except KeyError:
        raise HTTPException(404) from None
    return _response(request, *file)


def _response(request: Request, media_type: str, content: bytes, packed: bytes) -> Response:
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if media_type == _TYPES["js"]:
        headers["Content-Security-Policy"] = _WORKERS
    if packed and takes_gzip(request):
        return Response(packed, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(content, media_type=media_type, headers=headers)


@cache
def _content(name: str) -> tuple[bytes, bytes]:
    """A file's bytes, plain and packed; packed ones are empty where packing does not pay."""
    content = stylesheet() if name == STYLESHEET else _folder().joinpath(*name.split("/")).read_bytes()
    kind = name.rpartition(".")[2]
    if kind not in _PACKED:
        return content, b""
    ready = _folder().joinpath(*f"{name}.gz".split("/"))
    return content, ready.read_bytes() if ready.is_file() else gzip.compress(content, 9, mtime=0)


@cache
def _known() -> frozenset[str]:
    """Every file that may be asked for."""
    return frozenset((STYLESHEET, *_within(_folder())))


def _within(folder: Traversable, prefix: str = "") -> list[str]:
    found = []
    for one in folder.iterdir():
        name = prefix + one.name
        if one.is_dir():
            found += [] if name == "styles" else _within(one, f"{name}/")
        elif one.name.rpartition(".")[2] in _TYPES:
            found.append(name)
    return found


@cache
def _hash() -> str:
    """Changes with any of our own files, and with whatever the build put in place."""
    own = [name for name in sorted(_known()) if not name.startswith("vendor/") and name != STYLESHEET]
    stamp = _folder().joinpath("vendor", "stamp").read_bytes() if has_vendor() else b""
    parts = (stylesheet(), stamp, *(_folder().joinpath(*name.split("/")).read_bytes() for name in own))
    return content_hash(b"\0".join(parts))


def _folder() -> Traversable:
    return resources.files("talwerk.portal").joinpath("static")


def _names(folder: Traversable) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.name.endswith(".css"))
