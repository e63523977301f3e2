"""One request on its way through an operation: its context, its body, its answer (NGSI-LD clause 6.3)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.types import Receive

from talwerk.broker import Broker
from talwerk.broker.ports import Workers
from talwerk.core.errors import bad_data, invalid
from talwerk.core.scope import Scope
from talwerk.protocols.http.answers import Answer, Header
from talwerk.protocols.http.bodies import BODY_BYTES_MAX, read_body
from talwerk.protocols.http.negotiation import content_type
from talwerk.protocols.http.strict_json import decode_json

from .context_library import RequestContexts
from .contexts import Context, core_context
from .encoding import Representation
from .features import GEO_JSON, Features
from .parameters import Parameters
from .ready import Ready

PREFIX = "/ngsi-ld/v1"
JSON = "application/json"
JSON_LD = "application/ld+json"
_BODIES = (JSON, JSON_LD)
_PATCHES = (*_BODIES, "application/merge-patch+json")

_CONTEXT_RELATION = "http://www.w3.org/ns/json-ld#context"
_LINK = re.compile(r"\s*<([^<>]*)>\s*((?:;\s*[\w*!#$&+.^`|~-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s\";,]*))?\s*)*)(?:,|$)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\";,]*))", re.IGNORECASE)
_LINK_LENGTH_MAX = 8_000


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation works with.

    Attributes:
        broker: the one way in and out.
        contexts: finds JSON-LD contexts.
        scope: what the request may see and do.
        path: the resource's path below the prefix, as it was sent.
        arguments: the variable parts of the path, decoded.
        parameters: the query parameters.
        headers: names in lower case.
        receive: ASGI's source of the body.
        ready: entities that were written before.
        workers: for bodies that would keep the loop from others.
        pieces: held by the large bodies of which a piece is being written.
    """

    broker: Broker
    contexts: RequestContexts
    scope: Scope
    path: str
    arguments: tuple[str, ...]
    parameters: Parameters
    headers: Mapping[bytes, bytes]
    receive: Receive
    ready: Ready
    workers: Workers
    pieces: asyncio.Semaphore

    async def context(self) -> Context:
        """The context of the names in path and parameters, from the Link header (clause 6.3.5)."""
        address = _context_address(self.headers.get(b"link"))
        return core_context() if address is None else await self.contexts.resolve(address)

    async def body(self, limit: int = BODY_BYTES_MAX, *, patch: bool = False) -> tuple[Any, bool]:
        """The body's JSON value, and whether it brings its own ``@context`` (clauses 6.3.4 and 6.3.5).

        Args:
            limit: bytes at most.
            patch: whether it may be called a merge patch, which is plain JSON.

        Raises:
            DomainError: UnsupportedMediaType, whatever is wrong with the body, BadRequestData for a JSON-LD body
                beside a Link header.
        """
        body, linked = await self.raw_body(limit, patch=patch)
        return decode_json(body), linked

    async def raw_body(self, limit: int = BODY_BYTES_MAX, *, patch: bool = False) -> tuple[bytes, bool]:
        """The same, before anybody has looked into the body."""
        media_type = content_type(self.headers.get(b"content-type"), _PATCHES if patch else _BODIES)
        body = await read_body(self.headers, self.receive, limit)
        linked = media_type == JSON_LD
        if linked and _context_address(self.headers.get(b"link")) is not None:
            raise bad_data(f"A body of {JSON_LD} brings its own @context; a Link header cannot name another.", "Link")
        return body, linked

    async def context_of(self, payload: Any, linked: bool, at: str = "") -> Context:
        """The context of one object of the body.

        Args:
            payload: the object.
            linked: whether the body is JSON-LD, which brings its own context.
            at: where the object stands, as a JSON pointer.

        Raises:
            DomainError: BadRequestData when the ``@context`` is missing in JSON-LD or present in plain JSON.
        """
        reference = reference_of(payload, linked, at)
        return await self.context() if reference is None else await self.contexts.resolve(reference)


def reference_of(payload: Any, linked: bool, at: str) -> Any:
    """What an object of the body names as its context, None when the Link header names it (clause 6.3.5).

    Args:
        payload: the object.
        linked: whether the body is JSON-LD, which brings its own context.
        at: where the object stands, as a JSON pointer.

    Raises:
        DomainError: BadRequestData when the ``@context`` is missing or null in JSON-LD, or present in plain JSON.
    """
    present = isinstance(payload, dict) and "@context" in payload
    if linked and not present:
        raise bad_data(f"A body of {JSON_LD} needs an @context.", f"{at}/@context")
    if present and not linked:
        raise bad_data(f"A body of {JSON} has no @context; a Link header names it.", f"{at}/@context")
    if linked and payload["@context"] is None:
        raise bad_data("The @context is neither an address nor an object nor a list of them.", f"{at}/@context")
    return payload["@context"] if linked else None


Handler = Callable[[Call], Awaitable[Answer]]


def document_answer(document: Any, how: Representation, status: int = 200, headers: tuple[Header, ...] = ()) -> Answer:
    """The answer with a document: its context stands in the body, or in a Link header beside plain JSON."""
    if not how.linked:
        headers = (*headers, (b"link", _context_link(how.context)))
    media_type = JSON_LD if how.linked else JSON
    return Answer(status, msgspec.json.encode(document), headers, media_type.encode())


def feature_answer(call: Call, document: dict[str, Any], how: Features, headers: tuple[Header, ...] = ()) -> Answer:
    """The answer with a feature or a collection; its context stands in the body, or beside plain JSON (6.3.7)."""
    wishes = call.headers.get(b"prefer", b"").replace(b" ", b"").lower().split(b",")
    if b"body=json" in wishes:
        headers = (*headers, (b"link", _context_link(how.context)))
    else:
        document = {**document, "@context": how.context.reference}
    return Answer(200, msgspec.json.encode(document), headers, GEO_JSON.encode())


def _context_link(context: Context) -> bytes:
    # A header names one address; a context in several parts is only ever written into bodies.
    return f'<{context.address}>; rel="{_CONTEXT_RELATION}"; type="{JSON_LD}"'.encode()


def _context_address(header: bytes | None) -> str | None:
    """The address of the @context in a Link header (clause 6.3.5), None when it names none."""
    if header is None:
        return None
    text = header.decode("latin-1")
    if len(text) > _LINK_LENGTH_MAX:
        raise invalid(f"The Link header has {len(text)} characters; {_LINK_LENGTH_MAX} is the most.", "Link")
    at = 0
    found: list[str] = []
    while at < len(text):
        link = _LINK.match(text, at)
        if link is None:
            raise invalid(f"The Link header is not well-formed: {text[:80]!r}.", "Link")
        at = link.end()
        relation = _RELATION.search(link[2])
        if relation and _CONTEXT_RELATION in (relation[1] or relation[2] or "").split():
            found.append(link[1].strip())
    if len(found) > 1:
        raise bad_data("The Link header names more than one @context.", "Link")
    return found[0] if found else None
