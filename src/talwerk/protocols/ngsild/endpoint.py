"""The NGSI-LD endpoint: from the request to its operation (NGSI-LD clause 6.3)."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from talwerk.broker import Broker
from talwerk.broker.ports import Workers
from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.identifiers import tenant
from talwerk.core.instants import Clock
from talwerk.core.scope import Role
from talwerk.protocols.http.answers import Answer, send_answer
from talwerk.protocols.http.bodies import ClientGoneError
from talwerk.protocols.http.guard import SCOPE
from talwerk.protocols.http.problems import problem_answer, unexpected

from .call import PREFIX, Call
from .context_library import Contexts
from .faults import FORM
from .operations import OPERATIONS, Operation
from .parameters import parse_parameters
from .ready import Ready

_UNSUPPORTED_HEADERS = {b"ngsild-entitymap": "NGSILD-EntityMap", b"ngsild-snapshot": "NGSILD-Snapshot"}
_VARIABLE = "{}"

PIECES_MAX = 2
"""Pieces of large bodies on their way to the engine: one is written, the next is there when it is done."""


class _Resources:
    """The resources of the API as a tree of path segments."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        for operation in OPERATIONS:
            node = self._root
            for segment in operation.path.strip("/").split("/"):
                node = node.setdefault(_VARIABLE if segment.startswith("{") else segment, {})
            node.setdefault("", {})[operation.method] = operation

    def find(self, segments: list[str]) -> tuple[dict[str, Operation], tuple[str, ...]]:
        """The operations of a resource by method, none when there is no such resource, and its path's variables."""
        node = self._root
        arguments: list[str] = []
        for segment in segments:
            following = node.get(segment) if segment else None
            if following is None:
                following = node.get(_VARIABLE)
                arguments.append(segment)
            if following is None or not segment:
                return {}, ()
            node = following
        return node.get("", {}), tuple(arguments)


class Endpoint:
    """Answers everything below ``/ngsi-ld/v1``.

    Args:
        broker: the one way in and out.
        clock: the source of time.
        workers: for large bodies.
        contexts: finds JSON-LD contexts.
    """

    def __init__(self, broker: Broker, clock: Clock, workers: Workers, contexts: Contexts) -> None:
        self._broker = broker
        self._workers = workers
        self._clock = clock
        self._contexts = contexts
        self._resources = _Resources()
        self._ready = Ready()
        self._pieces = asyncio.Semaphore(PIECES_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong becomes a problem in the standard's form."""
        try:
            answer = await self._answer(scope, receive)
        except ClientGoneError:
            return
        except DomainError as error:
            answer = problem_answer(error, FORM)
        except Exception:  # noqa: BLE001 - the last resort; it is logged with its request's id
            answer = unexpected(scope, FORM)
        await send_answer(answer, send, head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, segments = _path(scope)
        methods, arguments = self._resources.find(segments)
        if not methods:
            raise DomainError(Fault.NOT_FOUND, f"There is no resource {path[:200]!r}.")
        method: str = scope["method"]
        allow = (b"allow", _allowed(methods))
        if method == "OPTIONS":
            return Answer(204, headers=(allow,))
        operation = methods.get("GET" if method == "HEAD" else method)
        if operation is None:
            error = DomainError(Fault.METHOD_NOT_ALLOWED, f"The method {method[:20]} does not exist at {path[:200]}.")
            return problem_answer(error, FORM, (allow,))
        if operation.handler is None:
            detail = f"The operation {operation.title!r} (NGSI-LD clause {operation.clause}) is not supported."
            raise DomainError(Fault.NOT_SUPPORTED, detail)
        headers = dict(scope["headers"])
        _check_headers(headers)
        parameters = parse_parameters(scope["query_string"], operation.honoured, operation.refused)
        if operation.writes:
            _check_right(scope)
        call = Call(
            broker=self._broker,
            contexts=self._contexts.of_request(),
            scope=scope[SCOPE],
            path=path,
            arguments=arguments,
            parameters=parameters,
            headers=headers,
            receive=receive,
            ready=self._ready,
            workers=self._workers,
            pieces=self._pieces,
        )
        return await operation.handler(call)


def _path(scope: Scope) -> tuple[str, list[str]]:
    """The path below the prefix as it was sent, and its decoded segments.

    An id may hold an encoded slash, so that the path is split before it is decoded.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(PREFIX.encode())[2].rstrip(b"/")
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in path.removeprefix(b"/").split(b"/")]
        return path.decode("ascii"), segments
    except UnicodeDecodeError as error:
        raise invalid("The path is not UTF-8.") from error


def _allowed(methods: dict[str, Operation]) -> bytes:
    names = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return ", ".join(sorted(names)).encode()


def _check_headers(headers: dict[bytes, bytes]) -> None:
    name = headers.get(b"ngsild-tenant", b"").decode("latin-1")
    if name:
        raise DomainError(Fault.UNKNOWN_TENANT, f"The tenant {tenant(name)!r} does not exist.", "NGSILD-Tenant")
    for header, title in _UNSUPPORTED_HEADERS.items():
        if header in headers:
            raise DomainError(Fault.NOT_SUPPORTED, f"The header {title} is not supported.", title)


def _check_right(scope: Scope) -> None:
    """Refuse a write before its body is read; the broker checks once more."""
    allowed = scope[SCOPE]
    if allowed.may_write:
        return
    if allowed.principal.role is Role.PUBLIC:
        raise DomainError(Fault.UNAUTHENTICATED, "Writing needs the operator's token or a device's key as bearer.")
    raise DomainError(Fault.FORBIDDEN, f"The {allowed.principal.role} {allowed.principal.name} may not write.")


def endpoint(broker: Broker, clock: Clock, workers: Workers, contexts: Contexts | None = None) -> ASGIApp:
    """The NGSI-LD API as an ASGI application; it expects the guard in front of it.

    Args:
        broker: the one way in and out.
        clock: the source of time.
        workers: for large bodies.
        contexts: finds JSON-LD contexts; None for those that need no fetching.
    """
    return Endpoint(broker, clock, workers, contexts or Contexts.closed(clock))


def routes(broker: Broker, clock: Clock, workers: Workers, contexts: Contexts | None = None) -> list[BaseRoute]:
    """The NGSI-LD API below ``/ngsi-ld/v1``; the arguments are those of :func:`endpoint`."""
    return [Mount(PREFIX, app=endpoint(broker, clock, workers, contexts))]
