"""Liveness and readiness, for supervisors and load balancers."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.errors import DomainError, invalid
from talwerk.protocols.http.description import Described, Description, Outcome, Resource

FOR, READS = "for", "reads"
_NO_STORE = {"Cache-Control": "no-store"}


def routes(broker: Broker) -> list[Route]:
    """``/health/live``: the process answers. ``/health/ready``: it can read and would accept a batch."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"}, headers=_NO_STORE)

    async def ready(request: Request) -> JSONResponse:
        wanted = request.query_params.get(FOR, "")
        if wanted not in {"", READS}:
            raise invalid(f"The parameter {FOR} is {wanted[:40]!r}; it is {READS!r} or left out.", FOR)
        state = readiness(broker)
        enough = state["reads"] and (state["writes"] or wanted == READS)
        status = {"status": "ready" if enough else "not ready"}
        return JSONResponse(status | state, status_code=200 if enough else 503, headers=_NO_STORE)

    return [Route("/health/live", live), Route("/health/ready", ready)]


def readiness(broker: Broker) -> dict[str, Any]:
    """Whether this process can read and would accept a batch, how far behind the writer is, and why not, if so."""
    writer = broker.writer()
    state: dict[str, Any] = {"reads": True, "writes": not writer.trouble, "lag_ms": writer.lag_ms}
    try:
        state["position"] = broker.position()
    except DomainError as error:
        return state | {"reads": False, "reason": str(error)}
    if writer.ailing:
        state["ailing"] = writer.ailing
    return state | {"reason": writer.trouble} if writer.trouble else state


def description() -> Description:
    """Both addresses, for the API's description."""
    live = _state({"status": {"type": "string"}}, ["status"])
    ready = _state(
        {
            "status": {"enum": ["ready", "not ready"]},
            "reads": {"type": "boolean", "description": "whether data can be read"},
            "writes": {"type": "boolean", "description": "whether a batch would be accepted and written"},
            "lag_ms": {"type": "integer", "minimum": 0, "description": "age of the oldest batch that is not on disk"},
            "position": {"type": "integer", "minimum": 0, "description": "newest position of the change log"},
            "reason": {"type": "string", "description": "why not"},
            "ailing": {"type": "string", "description": "what else is wrong although data can be read and written"},
        },
        ["status", "reads", "writes", "lag_ms"],
    )
    wanted = Described(name=FOR, schema={"enum": [READS]}, meaning="`reads`: reading is enough")
    return Description(
        resources=(
            Resource(
                method="GET",
                path="/health/live",
                name="live",
                title="Whether the process answers",
                tag="Health",
                outcomes={200: Outcome(meaning="it does", content=live)},
            ),
            Resource(
                method="GET",
                path="/health/ready",
                name="ready",
                title="Whether it can read and would accept a batch",
                tag="Health",
                parameters=(wanted,),
                outcomes={
                    200: Outcome(meaning="it does", content=ready),
                    503: Outcome(meaning="not now", content=ready),
                },
            ),
        )
    )


def _state(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"application/json": {"type": "object", "required": required, "properties": properties}}
