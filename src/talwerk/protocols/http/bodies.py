"""Reading request bodies: bounded in size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from talwerk.core.errors import DomainError, Fault, invalid

BODY_BYTES_MAX = 1 << 20
BATCH_BYTES_MAX = 10 << 20
BODY_TIMEOUT_S = 20.0
BATCH_TIMEOUT_S = 60.0


class ClientGoneError(Exception):
    """The client closed the connection while its request was read; there is nobody left to answer."""


async def read_body(
    headers: Mapping[bytes, bytes], receive: Receive, limit: int = BODY_BYTES_MAX, timeout_s: float | None = None
) -> bytes:
    """The whole body.

    Args:
        headers: the request's headers, names in lower case.
        receive: ASGI's source of the body.
        limit: bytes at most.
        timeout_s: seconds for the whole body, None for what suits the limit.

    Raises:
        DomainError: LengthRequired without any length; RequestEntityTooLarge beyond the limit; UnsupportedMediaType
            for a compressed body; RequestTimeout when it is too slow; InvalidRequest when the announced length is
            not the body's, or the body is empty.
        ClientGoneError: the client closed the connection.
    """
    announced = _announced(headers, limit)
    if timeout_s is None:
        timeout_s = BODY_TIMEOUT_S if limit <= BODY_BYTES_MAX else BATCH_TIMEOUT_S
    try:
        async with asyncio.timeout(timeout_s):
            body = await _gather(receive, limit)
    except TimeoutError as error:
        raise DomainError(Fault.TIMED_OUT, f"The body did not arrive within {timeout_s:g} s.") from error
    if announced is not None and announced != len(body):
        raise invalid(f"The body has {len(body)} bytes; Content-Length announces {announced}.", "Content-Length")
    if not body:
        raise invalid("The body is empty.")
    return body


def _announced(headers: Mapping[bytes, bytes], limit: int) -> int | None:
    """The announced length, None for a body in chunks."""
    if headers.get(b"content-encoding", b"identity").strip().lower() not in {b"identity", b""}:
        raise DomainError(Fault.UNSUPPORTED_MEDIA_TYPE, "The body is compressed; only plain ones are read.")
    text = headers.get(b"content-length")
    if text is None:
        if b"transfer-encoding" in headers:
            return None
        raise DomainError(Fault.LENGTH_REQUIRED, "The request has no Content-Length.")
    if not text.isdigit() or len(text) > 18:
        raise invalid(f"The Content-Length {text[:40].decode('latin-1')!r} is not a number.", "Content-Length")
    length = int(text)
    if length > limit:
        raise _too_large(length, limit)
    return length


def _too_large(length: int, limit: int) -> DomainError:
    return DomainError(Fault.TOO_LARGE, f"The body has {length} bytes or more; {limit} is the most.")


async def _gather(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        length += len(part)
        if length > limit:
            raise _too_large(length, limit)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
