"""Errors as problem documents (RFC 9457): one domain error in, each protocol's own form out."""

from __future__ import annotations

import http
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from talwerk.core.errors import DomainError, Fault

from .answers import Answer, Header, send_answer
from .bodies import ClientGoneError
from .request_ids import request_id as current_request

logger = logging.getLogger(__name__)

REQUEST_ID = "talwerk.request_id"
LOGGED = "talwerk.logged"
"""Stands in the scope of a request whose failure is in the log already."""
OUR_NAMESPACE = "urn:talwerk:fault:"

STATUS: Mapping[Fault, int] = {
    Fault.INVALID_REQUEST: 400,
    Fault.BAD_REQUEST_DATA: 400,
    Fault.ALREADY_EXISTS: 409,
    Fault.NOT_FOUND: 404,
    Fault.NOT_SUPPORTED: 422,
    Fault.TOO_COMPLEX: 403,
    Fault.TOO_MANY_RESULTS: 403,
    Fault.CONTEXT_NOT_AVAILABLE: 504,
    Fault.NO_MULTI_TENANCY: 501,
    Fault.UNKNOWN_TENANT: 404,
    Fault.UNAUTHENTICATED: 401,
    Fault.FORBIDDEN: 403,
    Fault.METHOD_NOT_ALLOWED: 405,
    Fault.NOT_ACCEPTABLE: 406,
    Fault.TIMED_OUT: 408,
    Fault.LENGTH_REQUIRED: 411,
    Fault.TOO_LARGE: 413,
    Fault.UNSUPPORTED_MEDIA_TYPE: 415,
    Fault.MISDIRECTED: 421,
    Fault.TOO_MANY_REQUESTS: 429,
    Fault.BUSY: 503,
    Fault.STORAGE_FULL: 507,
    Fault.INTERNAL: 500,
}

_TITLES: Mapping[Fault, str] = {
    Fault.INVALID_REQUEST: "The request is not valid",
    Fault.BAD_REQUEST_DATA: "The request's data are not valid",
    Fault.ALREADY_EXISTS: "The resource exists already",
    Fault.NOT_FOUND: "The resource does not exist",
    Fault.NOT_SUPPORTED: "The operation is not supported",
    Fault.TOO_COMPLEX: "The query is too complex",
    Fault.TOO_MANY_RESULTS: "The query asks for too many results",
    Fault.CONTEXT_NOT_AVAILABLE: "The JSON-LD context is not available",
    Fault.NO_MULTI_TENANCY: "Tenants are not supported",
    Fault.UNKNOWN_TENANT: "The tenant does not exist",
    Fault.UNAUTHENTICATED: "The credentials are missing or not valid",
    Fault.FORBIDDEN: "The request is not allowed",
    Fault.INTERNAL: "The server failed",
}

_SPECIAL_HEADERS: Mapping[Fault, tuple[Header, ...]] = {
    Fault.UNAUTHENTICATED: ((b"www-authenticate", b'Bearer realm="talwerk"'),),
    Fault.BUSY: ((b"retry-after", b"1"),),
    # What is left of the body will not be read.
    Fault.TIMED_OUT: ((b"connection", b"close"),),
    Fault.TOO_LARGE: ((b"connection", b"close"),),
}


class Form(msgspec.Struct, frozen=True):
    """How a protocol writes its problems.

    Attributes:
        media_type: of the document.
        namespace: what stands before the fault's name in ``type``, for the faults that the protocol's standard names.
        faults: those faults; all others keep our own namespace.
    """

    media_type: bytes
    namespace: str = OUR_NAMESPACE
    faults: frozenset[Fault] = frozenset()

    def type_of(self, fault: Fault) -> str:
        """The URI that names the fault."""
        return (self.namespace if fault in self.faults else OUR_NAMESPACE) + fault.value


_HARMLESS = re.compile(r"[A-Za-z0-9._-]{0,40}")

PLAIN = Form(b"application/problem+json")


def problem(error: DomainError, form: Form = PLAIN, request_id: str = "") -> dict[str, Any]:
    """The members of a problem document; where the city is at fault, with the id under which the log tells more."""
    status = STATUS[error.fault]
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        request_id = request_id or current_request.get()
    document: dict[str, Any] = {
        "type": form.type_of(error.fault),
        "title": _TITLES.get(error.fault) or http.HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
    }
    if error.where:
        document["where"] = error.where
    if request_id:
        document["request"] = request_id
    return document


def problem_answer(
    error: DomainError, form: Form = PLAIN, headers: tuple[Header, ...] = (), request_id: str = ""
) -> Answer:
    """The answer that tells of an error."""
    return Answer(
        STATUS[error.fault],
        msgspec.json.encode(problem(error, form, request_id)),
        (*headers, *_SPECIAL_HEADERS.get(error.fault, ())),
        form.media_type,
    )


def unexpected(scope: Scope, form: Form = PLAIN, cause: Exception | None = None) -> Answer:
    """The answer to what nobody foresaw: logged with its cause under the request's id, told without internals.

    Args:
        scope: of the request.
        form: of the answer.
        cause: what happened; the exception that is being handled when None.
    """
    request_id: str = scope.get(REQUEST_ID, "")
    told = scope.get("method"), shown(scope.get("path", ""))
    logger.error("request failed: %s %s", *told, exc_info=cause or True, extra={"request_id": request_id})
    scope[LOGGED] = True
    error = DomainError(Fault.INTERNAL, f"The request {request_id} could not be answered; the cause stands in the log.")
    return problem_answer(error, form, request_id=request_id)


def shown(path: str) -> str:
    """An address as logs may show it: its beginning, because what follows can name a person."""
    head = path.split("/")[1:5]
    known = [part if _HARMLESS.fullmatch(part) else "…" for part in head[:3]]
    return "/" + "/".join([*known, *(["…"] if len(head) > 3 else [])])


class FaultBarrier:
    """Turns whatever escapes the application into a problem document."""

    def __init__(self, app: ASGIApp, form: Form = PLAIN) -> None:
        self._app = app
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer with a problem when the application did not."""
        started = finished = False

        async def watched(message: Message) -> None:
            nonlocal started, finished
            started = True
            finished = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientGoneError:
            return
        except DomainError as error:
            if started:
                raise
            await send_answer(problem_answer(error, self._form), send, head=scope["method"] == "HEAD")
        except Exception:
            if finished:
                # The framework has answered and logged already, and raises once more.
                return
            if started:
                # Half an answer is out: only a broken connection tells the client so.
                raise
            await send_answer(unexpected(scope, self._form), send, head=scope["method"] == "HEAD")


def _as_response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, media_type=answer.media_type.decode())
    response.raw_headers.extend(answer.headers)
    return response


def _domain_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this class alone
    return _as_response(problem_answer(error))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        fault = DomainError(
            Fault.METHOD_NOT_ALLOWED, f"The method {request.method} does not exist at {request.url.path}."
        )
    elif error.status_code == http.HTTPStatus.NOT_FOUND:
        if moved := _without_slash(request):
            return Response(status_code=http.HTTPStatus.PERMANENT_REDIRECT, headers={"location": moved})
        fault = DomainError(Fault.NOT_FOUND, f"There is nothing at {request.url.path}.")
    else:
        fault = DomainError(Fault.INVALID_REQUEST, str(error.detail))
    return _as_response(problem_answer(fault, headers=headers))


def _without_slash(request: Request) -> str:
    """Where an address without the slash at its end leads, as a path of this host; empty when nothing is there."""
    scope, path = request.scope, request.scope["path"].rstrip("/")
    if not path or path == scope["path"] or path.startswith("//"):
        return ""
    routes = scope["router"].routes if "router" in scope else ()
    there = {**scope, "path": path}
    if all(route.matches(there)[0] is Match.NONE for route in routes if isinstance(route, Route)):
        return ""
    return quote(path, safe="/:") + (f"?{request.url.query}" if request.url.query else "")


def _client_gone(_request: Request, _error: Exception) -> Response:
    # Nobody reads it; it stands for the request where requests are counted.
    return Response(status_code=http.HTTPStatus.BAD_REQUEST)


def _unexpected_error(request: Request, error: Exception) -> Response:
    # The framework calls this in a thread of its own, where no exception is being handled.
    return _as_response(unexpected(request.scope, cause=error))


exception_handlers: dict[Any, Any] = {
    DomainError: _domain_error,
    HTTPException: _http_error,
    ClientGoneError: _client_gone,
    Exception: _unexpected_error,
}
"""For ``Starlette(exception_handlers=...)``: the framework's own errors in the same form."""
