"""The values of one series as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.instants import SECOND, format_instant
from talwerk.core.quality import flag_of
from talwerk.core.query import Window
from talwerk.core.scope import Scope
from talwerk.core.series import Points, Series, SeriesKey
from talwerk.core.terms import expand
from talwerk.core.units import symbol

from .parameters import known, not_found, scope_of, whole_number, window_of
from .stations import PATH, described

_CHUNK_POINTS = 10_000
_LAST_MAX = 100_000
COLUMNS = ("observedAt", "value", "unit", "quality", "recordedAt")


def routes(broker: Broker) -> list[Route]:
    """The values of an attribute: ``{attribute}.csv`` and ``{attribute}.json``."""

    async def table(request: Request) -> Response:
        series, chunks = _asked_for(broker, request)
        name = f"{series.entity.rpartition(':')[2]}-{request.path_params['attribute']}.csv"
        safe = "".join(c if (c.isalnum() and c.isascii()) or c in "-_." else "_" for c in name)
        headers = {"content-disposition": f'attachment; filename="{safe}"', **_headers(series)}
        return StreamingResponse(
            _csv(series, chunks), media_type="text/csv; charset=utf-8; header=present", headers=headers
        )

    async def document(request: Request) -> Response:
        series, chunks = _asked_for(broker, request)
        return StreamingResponse(_json(series, chunks), media_type="application/json", headers=_headers(series))

    return [
        Route(PATH + "/{id:path}/{attribute}.csv", table),
        Route(PATH + "/{id:path}/{attribute}.json", document),
    ]


def _asked_for(broker: Broker, request: Request) -> tuple[Series, Iterator[Points]]:
    """The newest series of the attribute, and its values in bounded pieces."""
    known(request, "from", "to", "last")
    scope, window = scope_of(request), window_of(request)
    last = whole_number(request, "last", None, _LAST_MAX)
    entity, attribute = request.path_params["id"], expand(request.path_params["attribute"])
    fitting = [s for s in broker.series(scope, entity) if s.attribute == attribute]
    if not fitting:
        raise not_found(f"series of {request.path_params['attribute']} at {entity}")
    series = fitting[-1]
    key = SeriesKey(entity=entity, attribute=attribute, dataset=series.dataset)
    if last is not None:
        return series, iter([broker.points(key, window, scope, last)])
    return series, _pieces(broker, key, _bounded(window, fitting), series, scope)


def _bounded(window: Window, fitting: list[Series]) -> Window:
    """The window cut to what the series hold."""
    firsts = [s.first for s in fitting if s.first is not None]
    lasts = [s.last for s in fitting if s.last is not None]
    first, last = min(firsts, default=0), max(lasts, default=-1)
    start = first if window.start is None else max(window.start, first)
    end = last + 1 if window.end is None else min(window.end, last + 1)
    return Window(start=start, end=end)


def _pieces(broker: Broker, key: SeriesKey, window: Window, series: Series, scope: Scope) -> Iterator[Points]:
    """Stretches of time that hold about 10,000 values each, so that the longest series streams in little memory."""
    step = _CHUNK_POINTS * (series.provenance.cadence_s or 60) * SECOND
    start, end = window.start or 0, window.end or 0
    while start < end:
        stop = min(start + step, end)
        yield broker.points(key, Window(start=start, end=stop), scope)
        start = stop


def _headers(series: Series) -> dict[str, str]:
    """Who may read it, and under which licence."""
    return {
        "access-control-allow-origin": "*",
        "x-licence": series.provenance.licence.encode("ascii", "replace").decode(),
    }


def _rows(chunk: Points) -> Iterator[tuple[str, Any, str, str]]:
    for at, value, quality, recorded in zip(chunk.at, chunk.values, chunk.quality, chunk.recorded, strict=True):
        yield format_instant(at), value, flag_of(quality).name.lower(), format_instant(recorded)


def _csv(series: Series, chunks: Iterator[Points]) -> Iterator[str]:
    unit = symbol(series.unit)
    yield ",".join(COLUMNS) + "\r\n"
    for chunk in chunks:
        text = io.StringIO()
        csv.writer(text).writerows((at, value, unit, flag, rec) for at, value, flag, rec in _rows(chunk))
        yield text.getvalue()


def _json(series: Series, chunks: Iterator[Points]) -> Iterator[bytes]:
    encode = msgspec.json.encode
    yield (
        b'{"series":'
        + encode(described(series))
        + b',"columns":["observedAt","value","quality","recordedAt"],"points":['
    )
    separator = b""
    for chunk in chunks:
        rows = encode(list(_rows(chunk)))[1:-1]
        if rows:
            yield separator + rows
            separator = b","
    yield b"]}"
