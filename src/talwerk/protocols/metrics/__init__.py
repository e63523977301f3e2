"""Figures for monitoring, at ``/metrics`` in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from talwerk.core.errors import DomainError, Fault
from talwerk.core.scope import Role
from talwerk.protocols.http.description import Description, Outcome, Resource
from talwerk.protocols.http.guard import SCOPE

from .families import Family, Kind, Sample, exposition, histogram

__all__ = ["Family", "Kind", "Sample", "description", "histogram", "routes"]

PATH = "/metrics"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def routes(families: Callable[[], Awaitable[Sequence[Family]]]) -> list[Route]:
    """``/metrics``, for the operator and for whoever holds a device key: monitoring has one of its own.

    Args:
        families: gathers the figures.
    """

    async def metrics(request: Request) -> Response:
        scope = request.scope[SCOPE]
        if scope.principal.role is Role.PUBLIC and not scope.may_write:
            detail = "The metrics are for the operator's token or a device key, sent as Authorization: Bearer KEY."
            raise DomainError(Fault.UNAUTHENTICATED, detail)
        text = exposition(await families())
        return Response(text, headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"})

    return [Route(PATH, metrics, methods=["GET"])]


def description() -> Description:
    """The address, for the API's description."""
    return Description(
        resources=(
            Resource(
                method="GET",
                path=PATH,
                name="metrics",
                title="Figures for Prometheus",
                tag="Health",
                outcomes={200: Outcome(meaning="all figures", content={"text/plain": {"type": "string"}})},
                note="Needs the operator's token or a device key.",
            ),
        )
    )
