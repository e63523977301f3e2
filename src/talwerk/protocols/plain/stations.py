"""Measuring points with their newest values."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.entity import Entity, Kind
from talwerk.core.instants import SECOND, Clock, Instant, format_instant
from talwerk.core.quality import flag_of
from talwerk.core.query import Page, Query
from talwerk.core.series import Series
from talwerk.core.terms import compact, expand
from talwerk.core.units import symbol

from .parameters import json_answer, known, not_found, scope_of, whole_number

PATH = "/api/v1/stations"
NAME = "name"
_PER_PAGE = 100
_OF_THE_CITY_ITSELF = frozenset({expand("DataSource"), expand("KeyPerformanceIndicator")})
"""Entities in which the city speaks of its sources and of what it made of their values; nobody measured them."""


def routes(broker: Broker, clock: Clock) -> list[Route]:
    """The list of measuring points, and one of them."""

    async def stations(request: Request) -> Response:
        known(request, "limit", "after")
        page = Page(
            limit=whole_number(request, "limit", _PER_PAGE, 1_000) or _PER_PAGE,
            after=request.query_params.get("after"),
        )
        found = broker.read(Query(page=page), scope_of(request))
        headers = {}
        if found.next:
            headers["link"] = f'<{PATH}?limit={page.limit}&after={found.next}>; rel="next"'
        measured = (entity for entity in found.entities if _OF_THE_CITY_ITSELF.isdisjoint(entity.types))
        return json_answer([newest(entity, clock.now()) for entity in measured], headers)

    async def station(request: Request) -> Response:
        known(request)
        key = request.path_params["id"]
        found = broker.read(Query(ids=(key,)), scope_of(request)).entities
        if not found:
            raise not_found(f"measuring point {key}")
        series = [described(s) for s in broker.series(scope_of(request), key)]
        simulated = any(each["simulated"] for each in series)
        return json_answer({**newest(found[0], clock.now()), "simulated": simulated, "series": series})

    return [Route(PATH, stations), Route(PATH + "/{id:path}", station)]


def newest(entity: Entity, now: Instant) -> dict[str, Any]:
    """An entity as people who need one number want it: its name and its newest values."""
    values: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for name, instances in entity.attributes.items():
        instance = instances[0]
        if instance.kind is not Kind.PROPERTY:
            continue
        if instance.observed is None:
            texts[compact(name)] = instance.value
            continue
        values[compact(name)] = {
            "value": instance.value,
            "unit": symbol(instance.unit),
            "observedAt": format_instant(instance.observed),
            "age_s": (now - instance.observed) // SECOND,
            "quality": flag_of(instance.quality).name.lower(),
        }
    return {
        "id": entity.id,
        "name": texts.get(NAME, entity.id.rpartition(":")[2]),
        "types": [compact(t) for t in entity.types],
        "href": f"{PATH}/{entity.id}",
        "values": values,
    }


def described(series: Series) -> dict[str, Any]:
    """A series with everything that makes its numbers quotable."""
    return {
        "attribute": compact(series.attribute),
        "dataset": series.dataset,
        "unit": symbol(series.unit),
        "unitCode": series.unit,
        "source": series.provenance.source,
        "licence": series.provenance.licence,
        "attribution": series.provenance.attribution,
        "method": series.provenance.method,
        "cadence_s": series.provenance.cadence_s,
        "simulated": series.provenance.simulated,
        "first": None if series.first is None else format_instant(series.first),
        "last": None if series.last is None else format_instant(series.last),
        "closed": series.closed is not None,
        "csv": f"{PATH}/{series.entity}/{compact(series.attribute)}.csv",
        "json": f"{PATH}/{series.entity}/{compact(series.attribute)}.json",
    }
