"""A finished answer, and how it goes out: raw ASGI, because reads take microseconds and wrappers do not."""

from __future__ import annotations

import msgspec
from starlette.types import Send

JSON = b"application/json"

Header = tuple[bytes, bytes]


class Answer(msgspec.Struct, frozen=True):
    """One complete HTTP answer.

    Attributes:
        status: the status code.
        body: the content, empty for none.
        headers: further headers; the length is added when it is sent.
        media_type: of the content.
    """

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()
    media_type: bytes = JSON


async def send_answer(answer: Answer, send: Send, *, head: bool = False) -> None:
    """Send an answer; for HEAD only its headers, which are those of GET (RFC 9110 section 9.3.2)."""
    headers: list[Header] = [*answer.headers]
    if answer.body:
        headers.append((b"content-type", answer.media_type))
    if answer.status not in {204, 304}:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
