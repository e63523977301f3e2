"""HTTP around a page: headers, conditional requests, packed bytes, and errors that a page tells."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from talwerk.core.errors import DomainError, Fault
from talwerk.portal.frame.place import Link
from talwerk.portal.frame.render import CONTENT_SECURITY_POLICY, CONTENT_TYPE
from talwerk.portal.frame.static import takes_gzip
from talwerk.portal.site.shelf import Sheet

READING = ("GET", "HEAD")
ALL_METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE")
_STATUS = {
    Fault.NOT_FOUND: 404,
    Fault.INVALID_REQUEST: 400,
    Fault.BAD_REQUEST_DATA: 400,
    Fault.FORBIDDEN: 403,
    Fault.TOO_COMPLEX: 503,
    Fault.BUSY: 503,
}
_PASSING = {"cache-control": "no-store"}
# What is left of a form's body will not be read.
_HANGING_UP = {"connection": "close"}
_EXTRA = {405: {"allow": ", ".join(READING)}, 408: _HANGING_UP, 413: _HANGING_UP, 503: {"retry-after": "60"}}


_FRAMED_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
)
"""Of pages within other people's pages: anybody may show them, and they take nothing."""


class PageError(Exception):
    """Something that cannot be shown, in the words of the page.

    Args:
        status: HTTP status code.
        detail: What exactly was wrong, in the person's language, or empty.
        links: Where what was looked for may be.
    """

    def __init__(self, status: int, detail: str = "", links: tuple[Link, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.links = links


class PageElsewhere(Exception):  # noqa: N818 - nothing is wrong
    """What was asked for has a page of its own.

    Args:
        href: Its address.
    """

    def __init__(self, href: str) -> None:
        super().__init__(href)
        self.href = href


def page_error(error: DomainError) -> PageError:
    """A fault of the city's data as a page tells it; its detail is for programs and stays out."""
    return PageError(_STATUS.get(error.fault, 500))


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, which names HTML among what it can show."""
    return "text/html" in request.headers.get("accept", "")


def page_answer(request: Request, sheet: Sheet, language: str, *, framed: bool = False) -> Response:
    """The answer with a page, 304 where the browser has it already; ``framed`` for pages that other sites may show."""
    headers = {**_headers(language), "etag": sheet.etag, "vary": "accept-encoding"}
    if framed:
        headers["content-security-policy"] = _FRAMED_POLICY
    known = request.headers.get("if-none-match", "")
    if sheet.etag in (tag.strip() for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    body = sheet.html
    if takes_gzip(request):
        body, headers["content-encoding"] = sheet.packed, "gzip"
    return _response(request, body, 200, headers)


def passing_answer(request: Request, html: bytes, language: str) -> Response:
    """The answer to a form: nobody keeps it, because it can tell what somebody asked."""
    return _response(request, html, 200, {**_headers(language), **_PASSING})


def elsewhere_answer(request: Request, href: str) -> Response:
    """The answer to a form that leads to a page (303), so that reading that one again sends nothing again."""
    headers = _PASSING if request.method == "POST" else {"cache-control": "no-cache"}
    return RedirectResponse(href, 303, headers=headers)


def error_answer(request: Request, html: bytes, status: int, language: str) -> Response:
    """The answer with a page that tells of an error."""
    passing = _PASSING if request.method == "POST" else {}
    return _response(request, html, status, {**_headers(language), **_EXTRA.get(status, {}), **passing})


def _headers(language: str) -> dict[str, str]:
    return {
        "content-type": CONTENT_TYPE,
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "content-language": language,
        "cache-control": "no-cache",
        # A form of ours is to name its origin, or the guard would take it for another site's; others learn nothing.
        "referrer-policy": "same-origin",
    }


def _response(request: Request, body: bytes, status: int, headers: dict[str, str]) -> Response:
    headers["content-length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, status, headers)


def shortened(text: str) -> str:
    """What a stranger wrote into an address, short enough to be shown back."""
    return text if len(text) <= 60 else f"{text[:59]}…"
