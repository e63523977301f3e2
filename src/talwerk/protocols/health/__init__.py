"""Liveness and readiness, for supervisors and load balancers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from talwerk.broker import Broker


def routes(broker: Broker) -> list[Route]:
    """``/health/live``: the process answers. ``/health/ready``: it can read and would accept a batch."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> JSONResponse:
        if not broker.writable():
            return JSONResponse({"status": "not ready", "reason": "no writer"}, status_code=503)
        return JSONResponse({"status": "ready", "position": broker.position()})

    return [Route("/health/live", live), Route("/health/ready", ready)]
