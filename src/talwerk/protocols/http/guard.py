"""The one middleware: it decides whom it speaks to before anything else sees the request.

Unknown Host values are refused (a foreign site whose name points here would otherwise act inside the browser's trust),
cross-site browser requests that could write are refused, the Authorization header becomes a Principal and a Scope.
The address of the peer grants nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import Clock, SystemClock
from talwerk.privacy.policy import scope_for
from talwerk.privacy.principals import Credentials

from .answers import Header, send_answer
from .front import Front
from .problems import LOGGED, REQUEST_ID, FaultBarrier, exception_handlers, problem_answer, shown
from .request_ids import HEADER, RequestIds, request_id
from .tally import LIVE, Tally, protocol_of

logger = logging.getLogger(__name__)

SCOPE = "talwerk.scope"
DOORS = "/push/"
"""Where sources send to; keys that were made for one of them write nowhere else."""
SLOW_S = 1.0
"""What takes longer is worth a line in the log."""

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

    It also counts and times what it lets through, and logs what went wrong or took long.

    Args:
        app: what it guards.
        credentials: who the Authorization header may name.
        hosts: names under which the city is reached, besides those of the machine itself.
        dev_open_writes: whether everybody may write.
        tally: where requests are counted, nowhere when None.
        clock: times them; the machine's when None.
    """

    def __init__(
        self,
        app: ASGIApp,
        credentials: Credentials,
        hosts: Iterable[str] = (),
        *,
        dev_open_writes: bool = False,
        tally: Tally | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._hosts = frozenset(host.lower() for host in (*LOCAL_HOSTS, *hosts))
        self._dev_open_writes = dev_open_writes
        self._ids = RequestIds()
        self._tally = tally or Tally()
        self._monotonic_s = (clock or SystemClock()).monotonic_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        began_s = self._monotonic_s()
        protocol = protocol_of(scope["path"])
        status = 0

        async def hardened(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _harden(message, scope[REQUEST_ID])
                if protocol == LIVE:
                    # It may go on for days: what counts is how soon it began.
                    self._tally.count(protocol, scope["method"], status, self._monotonic_s() - began_s)
            await send(message)

        self._tally.begin(protocol)
        try:
            await self._pass_on(scope, receive, hardened)
        finally:
            self._tally.end(protocol)
            if protocol != LIVE:
                took_s = self._monotonic_s() - began_s
                self._tally.count(protocol, scope["method"], status, took_s)
                if status >= 500 or took_s > SLOW_S or logger.isEnabledFor(logging.DEBUG):
                    _log(scope, status, took_s)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._admit(scope)
        except DomainError as error:
            await send_answer(problem_answer(error), send, head=scope["method"] == "HEAD")
            return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        host = authorization = origin = site = given = None
        twice = ""
        for name, value in scope["headers"]:
            if name == b"host":
                twice = "Host" if host is not None else twice
                host = value
            elif name == b"authorization":
                twice = "Authorization" if authorization is not None else twice
                authorization = value.decode("latin-1")
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
            elif name == HEADER:
                given = value
        scope[REQUEST_ID] = self._ids.of(given)
        request_id.set(scope[REQUEST_ID])
        if twice:
            raise invalid(f"The request has two {twice} headers.", twice)
        self._check_host(host)
        if scope["method"] not in _READING:
            _check_site(host, origin, site)
        grant = self._credentials.grant(authorization)
        # A sensor's key opens the door it was made for; elsewhere its holder reads like everybody.
        types = grant.types if not grant.source or scope["path"].startswith(DOORS) else ()
        scope[SCOPE] = scope_for(grant.principal, dev_open_writes=self._dev_open_writes, types=types)

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


def _log(scope: Scope, status: int, took_s: float) -> None:
    """One line about a request: never its query, its sender or the end of its path, which may name a person."""
    if status >= 500:
        if scope.get(LOGGED):
            return
        level = logging.WARNING
    else:
        level = logging.INFO if took_s > SLOW_S else logging.DEBUG
    fields = {"took_ms": round(took_s * 1_000, 1)}
    logger.log(level, "%s %s answered %d", scope["method"][:20], shown(scope["path"]), status, extra=fields)


def _harden(message: Message, number: str) -> None:
    headers = [*message.get("headers", ())]
    present = {name for name, _ in headers}
    headers.extend(header for header in _DEFAULTS if header[0] not in present)
    headers.append((HEADER, number.encode()))
    message["headers"] = headers


def guarded(
    app: ASGIApp,
    *,
    credentials: Credentials,
    hosts: Iterable[str] = (),
    dev_open_writes: bool = False,
    tally: Tally | None = None,
    clock: Clock | None = None,
) -> ASGIApp:
    """The application behind the guard; what it throws, or the framework around it, becomes a problem document.

    Args:
        app: the application.
        credentials: who the Authorization header may name.
        hosts: names under which the city is reached, besides those of the machine itself.
        dev_open_writes: whether everybody may write; for conformance and load tests on loopback only.
        tally: where requests are counted, nowhere when None.
        clock: times them; the machine's when None.
    """
    if isinstance(app, Starlette):
        # It would name the scheme and the host that it sees, which a proxy in front of the city may have changed.
        app.router.redirect_slashes = False
        for kind, handler in exception_handlers.items():
            app.exception_handlers.setdefault(kind, handler)
        app = Front(app)
    return Guard(FaultBarrier(app), credentials, hosts, dev_open_writes=dev_open_writes, tally=tally, clock=clock)
