"""Forms of pages: what trickles in is given up, and who leaves is no error."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope

from talwerk.app import endpoint
from talwerk.portal.routes import FORM_BYTES_MAX
from talwerk.protocols.http import bodies
from tests.portal.workbench import Site, site


def post(path: str, length: int, kind: bytes = b"application/x-www-form-urlencoded") -> Scope:
    headers = {
        b"host": b"localhost",
        b"accept": b"text/html",
        b"content-type": kind,
        b"content-length": str(length).encode(),
    }
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers.items()),
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }


async def answered(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


FORMS = ("/de/mein-ort", "/de/notfallblatt", "/de/ort-vorschlaege", "/en/my-place")


async def test_a_form_that_trickles_in_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trickling() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"o", "more_body": True}

    monkeypatch.setattr(bodies, "BODY_TIMEOUT_S", 0.1)
    async with site(tmp_path) as here:
        app = endpoint(here.city)
        for path in FORMS:
            start, *_ = await answered(app, post(path, FORM_BYTES_MAX), trickling)
            assert start["status"] == 408, path
            assert (b"connection", b"close") in start["headers"]


async def test_who_leaves_in_the_middle_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    messages: list[Message] = []

    async def leaving() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async with site(tmp_path) as here:
        app = endpoint(here.city)
        for path in (*FORMS, "/api/v1/places/search"):
            messages.append({"type": "http.request", "body": b"ort=", "more_body": True})
            kind = b"application/json" if path.startswith("/api") else b"application/x-www-form-urlencoded"
            await answered(app, post(path, 100, kind), leaving)
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_what_is_no_form_or_too_large_for_one(tmp_path: Path) -> None:
    async def status(here: Site, content: bytes, kind: str = "application/x-www-form-urlencoded") -> int:
        headers = {"accept": "text/html", "content-type": kind}
        return (await here.visitor.post("/de/mein-ort", content=content, headers=headers)).status_code

    async with site(tmp_path) as here:
        assert await status(here, b"x" * (FORM_BYTES_MAX + 1)) == 413
        assert await status(here, b"{}", "application/json") == 415
        assert await status(here, "ort=ä".encode()) == 400
        assert await status(here, b"") == 200
