"""Liveness and readiness, for supervisors and load balancers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.protocols.http.description import Description, Outcome, Resource


def routes(broker: Broker) -> list[Route]:
    """``/health/live``: the process answers. ``/health/ready``: it can read and would accept a batch."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> JSONResponse:
        if not broker.writable():
            return JSONResponse({"status": "not ready", "reason": "no writer"}, status_code=503)
        return JSONResponse({"status": "ready", "position": broker.position()})

    return [Route("/health/live", live), Route("/health/ready", ready)]


def description() -> Description:
    """Both addresses, for the API's description."""
    state = {
        "application/json": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
    }
    up = {200: Outcome(meaning="it does", content=state)}
    not_ready = {503: Outcome(meaning="not now", content=state)}
    return Description(
        resources=(
            Resource(
                method="GET",
                path="/health/live",
                name="live",
                title="Whether the process answers",
                tag="Health",
                outcomes=up,
            ),
            Resource(
                method="GET",
                path="/health/ready",
                name="ready",
                title="Whether it can read and would accept a batch",
                tag="Health",
                outcomes=up | not_ready,
            ),
        )
    )
