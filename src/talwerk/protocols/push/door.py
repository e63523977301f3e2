"""What a source sends, from the request to the acknowledgement."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock
from talwerk.core.scope import Principal, Role
from talwerk.privacy.devices import Device, DeviceKeys
from talwerk.protocols.http.bodies import read_body
from talwerk.protocols.http.problems import problem_answer
from talwerk.sdk.push import DEVICE, Push
from talwerk.services.sources.feed import Feed
from talwerk.services.sources.pushed import Intake, Sender, Taken

from .pace import Pace

PATH = "/push/{connector}/{source}"
_NO_STORE = {"cache-control": "no-store"}
_SAID_OF_JSON = {b"application/json", b"text/json", b"", b"text/plain", b"application/x-www-form-urlencoded"}
"""Small senders name nothing, or what their library puts there by itself."""


def routes(intake: Intake, devices: DeviceKeys, clock: Clock) -> list[Route]:
    """The door.

    Args:
        intake: reads and writes what is sent.
        devices: who may send.
        clock: paces them.
    """
    pace = Pace(clock)

    async def push(request: Request) -> Response:
        source, declared = _source(intake, request.path_params)
        device = _sender(devices, request.scope["talwerk.scope"].principal, source)
        wait_s = pace.wait_s(device.name, declared.per_minute, declared.at_once)
        if wait_s:
            return _slower(device, wait_s)
        headers = dict(request.scope["headers"])
        if declared.format == "json":
            _check_media_type(headers.get(b"content-type", b""))
        parameters = {**_asked(request, declared), DEVICE: _told(device)}
        content = await read_body(headers, request.receive, declared.size_max)
        sender = Sender(request.scope["talwerk.scope"], device.types)
        taken = await intake.take(source, content, parameters, sender)
        return _acknowledged(taken)

    return [Route(PATH, push, methods=["POST"])]


def _source(intake: Intake, names: dict[str, str]) -> tuple[Feed, Push]:
    source = intake.feeds.get(names["source"])
    if source is None or source.connector.key != names["connector"] or source.connector.push is None:
        detail = f"No source {names['source'][:60]!r} sends as {names['connector'][:60]!r}."
        raise DomainError(Fault.NOT_FOUND, detail)
    return source, source.connector.push


def _sender(devices: DeviceKeys, principal: Principal, source: Feed) -> Device:
    """Who sends, provided that their key was made for this source."""
    device = devices.named(principal.name) if principal.role is Role.DEVICE else None
    if device is None:
        raise DomainError(Fault.UNAUTHENTICATED, f"The source {source.key} takes nothing without a key made for it.")
    if device.source != source.key:
        raise DomainError(Fault.FORBIDDEN, f"The key of {device.name} was not made for the source {source.key}.")
    return device


def _told(device: Device) -> dict[str, Any]:
    """What a connector knows of who sends."""
    told: dict[str, Any] = {"name": device.name}
    if device.title:
        told["title"] = device.title
    if device.at is not None:
        told["at"] = device.at
    return told


def _asked(request: Request, declared: Push) -> dict[str, str]:
    query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = {name: request.headers[name] for name in declared.headers if name in request.headers}
    return {**headers, **{name: query[name] for name in declared.query if name in query}}


def _check_media_type(media_type: bytes) -> None:
    """Refuse what is something else than JSON by its own account: mostly the wrong setting of a network."""
    kind = media_type.split(b";")[0].strip().lower()
    if kind not in _SAID_OF_JSON and not kind.endswith(b"+json"):
        raise DomainError(
            Fault.UNSUPPORTED_MEDIA_TYPE, "Only JSON is read; the sender can be set to it.", "Content-Type"
        )


def _acknowledged(taken: Taken) -> Response:
    if not taken.found:
        return Response(status_code=204, headers=_NO_STORE)
    told = {"values": taken.values, "things": taken.things, "leftOut": taken.left_out}
    return JSONResponse(told, headers=_NO_STORE)


def _slower(device: Device, wait_s: int) -> Response:
    error = DomainError(Fault.TOO_MANY_REQUESTS, f"The device {device.name} sends too often; {wait_s} s are to pass.")
    answer = problem_answer(error)
    headers = {"retry-after": str(wait_s), **_NO_STORE}
    return Response(answer.body, answer.status, headers, media_type=answer.media_type.decode())
