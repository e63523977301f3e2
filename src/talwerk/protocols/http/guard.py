"""The one middleware: it decides whom it speaks to before anything else sees the request.

Unknown Host values are refused (a foreign site whose name points here would otherwise act inside the browser's trust),
cross-site browser requests that could write are refused, the Authorization header becomes a Principal and a Scope.
The address of the peer grants nothing.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.privacy.policy import scope_for
from talwerk.privacy.principals import Credentials

from .answers import Header, send_answer
from .front import Front
from .problems import REQUEST_ID, FaultBarrier, exception_handlers, problem_answer

SCOPE = "talwerk.scope"

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[^\s:\[\]/@,]{1,253})(?::[0-9]{1,5})?")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

# Pages bring their own, stricter where they can be and wider where they must be.
_DEFAULTS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
)


class Guard:
    """Puts Scope (``talwerk.scope``) and request id (``talwerk.request_id``) into each ASGI scope, or refuses it.

    Args:
        app: what it guards.
        credentials: who the Authorization header may name.
        hosts: names under which the city is reached, besides those of the machine itself.
        dev_open_writes: whether everybody may write.
    """

    def __init__(
        self, app: ASGIApp, credentials: Credentials, hosts: Iterable[str] = (), *, dev_open_writes: bool = False
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._hosts = frozenset(host.lower() for host in (*LOCAL_HOSTS, *hosts))
        self._dev_open_writes = dev_open_writes
        self._prefix = ""
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        request_id = self._next_id()
        scope[REQUEST_ID] = request_id

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(message, request_id)
            await send(message)

        try:
            self._admit(scope)
        except DomainError as error:
            await send_answer(problem_answer(error), hardened, head=scope["method"] == "HEAD")
            return
        await self._app(scope, receive, hardened)

    def _next_id(self) -> str:
        # Drawn at the first request: processes that are forked from one another would share an earlier one.
        self._prefix = self._prefix or secrets.token_hex(4)
        return f"{self._prefix}-{next(self._numbers):x}"

    def _admit(self, scope: Scope) -> None:
        host = authorization = origin = site = None
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    raise invalid("The request has two Host headers.", "Host")
                host = value
            elif name == b"authorization":
                if authorization is not None:
                    raise invalid("The request has two Authorization headers.", "Authorization")
                authorization = value.decode("latin-1")
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        self._check_host(host)
        if scope["method"] not in _READING:
            _check_site(host, origin, site)
        grant = self._credentials.grant(authorization)
        scope[SCOPE] = scope_for(grant.principal, dev_open_writes=self._dev_open_writes, types=grant.types)

    def _check_host(self, host: bytes | None) -> None:
        if not host:
            raise invalid("The request has no Host header.", "Host")
        text = host.decode("latin-1").lower()
        found = _HOST.fullmatch(text)
        if found is None:
            raise invalid(f"The Host {text[:80]!r} is not a host name.", "Host")
        if found[1].removesuffix(".") not in self._hosts:
            raise DomainError(Fault.MISDIRECTED, f"The city is not reached under the name {text[:80]!r}.", "Host")


def _check_site(host: bytes | None, origin: bytes | None, site: bytes | None) -> None:
    """Refuse what a browser sends on behalf of another site; programs send neither header."""
    if site is not None and site not in {b"same-origin", b"none"}:
        raise DomainError(Fault.FORBIDDEN, "The request comes from another site and could write.", "Sec-Fetch-Site")
    if origin is not None:
        # The scheme is not compared: in front of us a proxy may speak TLS.
        _, _, authority = origin.lower().partition(b"://")
        if authority != (host or b"").lower():
            raise DomainError(Fault.FORBIDDEN, "The request comes from another origin and could write.", "Origin")


def _harden(message: Message, request_id: str) -> None:
    headers = [*message.get("headers", ())]
    present = {name for name, _ in headers}
    headers.extend(header for header in _DEFAULTS if header[0] not in present)
    headers.append((b"x-request-id", request_id.encode()))
    message["headers"] = headers


def guarded(
    app: ASGIApp, *, credentials: Credentials, hosts: Iterable[str] = (), dev_open_writes: bool = False
) -> ASGIApp:
    """The application behind the guard; what it throws, or the framework around it, becomes a problem document.

    Args:
        app: the application.
        credentials: who the Authorization header may name.
        hosts: names under which the city is reached, besides those of the machine itself.
        dev_open_writes: whether everybody may write; for conformance and load tests on loopback only.
    """
    if isinstance(app, Starlette):
        for kind, handler in exception_handlers.items():
            app.exception_handlers.setdefault(kind, handler)
        app = Front(app)
    return Guard(FaultBarrier(app), credentials, hosts, dev_open_writes=dev_open_writes)
