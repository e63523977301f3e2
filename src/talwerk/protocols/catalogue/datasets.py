"""The datasets that the city has, and the newest values of one of them as a table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import format_instant
from talwerk.core.quality import flag_of
from talwerk.core.query import Window
from talwerk.core.scope import Scope
from talwerk.core.series import Series, SeriesKey
from talwerk.core.terms import compact
from talwerk.core.units import symbol
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.catalogue.dataset import Dataset

from .answers import Asked, as_json, asked, not_found, table_bytes, told

PATH = "/api/v1/datasets"
COLUMNS = ("id", "attribute", "dataset", "value", "unit", "observedAt", "quality")
_PIECE_SERIES = 200
"""About 10 ms of the loop."""


def routes(broker: Broker, catalogue: Catalogue) -> list[Route]:
    """All datasets, one of them, and its newest values."""

    async def every(request: Request) -> Response:
        who = asked(request)
        found = catalogue.datasets(who.scope, who.language)
        return as_json({"datasets": [_described(one) for one in found]}, who.language)

    async def one(request: Request) -> Response:
        who = asked(request)
        return as_json(_described(_known(catalogue, request, who)), who.language)

    async def newest(request: Request) -> Response:
        who = asked(request)
        dataset, scope = _known(catalogue, request, who), who.scope
        if not dataset.exportable:
            detail = (
                f"The terms of the dataset {dataset.key} are {dataset.licence}: it is not given away as a whole until "
                "an operator states its licence in the profile; single series are open."
            )
            raise DomainError(Fault.FORBIDDEN, detail)
        pieces = _pieces(broker, scope, catalogue.series(scope, dataset.key))
        safe = "".join(c if (c.isalnum() and c.isascii()) or c in "-_." else "_" for c in dataset.key)
        headers = {
            "access-control-allow-origin": "*",
            "content-disposition": f'attachment; filename="{safe}.csv"',
            "x-licence": dataset.licence.encode("ascii", "replace").decode(),
        }
        return StreamingResponse(pieces, media_type="text/csv; charset=utf-8; header=present", headers=headers)

    return [Route(PATH, every), Route(PATH + "/{key}.csv", newest), Route(PATH + "/{key}", one)]


def _described(dataset: Dataset) -> dict[str, Any]:
    path = f"{PATH}/{quote(dataset.key, safe='')}"
    return {
        "key": dataset.key,
        "href": path,
        "kind": dataset.kind.value,
        "title": dataset.title,
        "publisher": dataset.publisher or None,
        "licence": dataset.licence,
        "terms": dataset.terms or None,
        "attribution": dataset.attribution or None,
        "units": [symbol(unit) for unit in dataset.units],
        "attributes": dataset.attributes,
        "types": dataset.types,
        "series": dataset.series,
        "things": dataset.things,
        "every_s": dataset.every_s or None,
        "cadence_s": dataset.cadence_s or None,
        "state": None if dataset.health is None else dataset.health.value,
        "since": told(dataset.since),
        "error": dataset.error or None,
        "first": told(dataset.first),
        "last": told(dataset.last),
        "simulated": dataset.simulated,
        "themes": dataset.themes,
        "exportable": dataset.exportable,
        "csv": f"{path}.csv" if dataset.exportable and dataset.series else None,
        "ngsild": [f"/ngsi-ld/v1/entities?type={quote(kind, safe='')}" for kind in dataset.types],
    }


def _known(catalogue: Catalogue, request: Request, who: Asked) -> Dataset:
    key = request.path_params["key"]
    dataset = catalogue.dataset(who.scope, key, who.language)
    if dataset is None:
        raise not_found(f"dataset {key[:60]!r}")
    return dataset


async def _pieces(broker: Broker, scope: Scope, series: Iterator[Series]) -> AsyncIterator[bytes]:
    """The newest value of each series; others are answered between two pieces."""
    yield table_bytes([COLUMNS])
    while piece := tuple(islice(series, _PIECE_SERIES)):
        rows = (_row(broker, scope, one) for one in piece)
        yield table_bytes(row for row in rows if row)
        await asyncio.sleep(0)


def _row(broker: Broker, scope: Scope, series: Series) -> tuple[Any, ...]:
    key = SeriesKey(entity=series.entity, attribute=series.attribute, dataset=series.dataset)
    newest = broker.points(key, Window(), scope, last=1)
    if not newest.at:
        return ()
    return (
        series.entity,
        compact(series.attribute),
        series.dataset,
        newest.values[-1],
        symbol(series.unit),
        format_instant(newest.at[-1]),
        flag_of(newest.quality[-1]).name.lower(),
    )
