"""The values of one series as CSV and JSON."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache, partial
from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.instants import format_instant
from talwerk.core.quality import flag_of
from talwerk.core.query import Window
from talwerk.core.series import Points, Series, SeriesKey
from talwerk.core.terms import expand
from talwerk.core.units import symbol

from .parameters import known, not_found, scope_of, whole_number, window_of
from .stations import PATH, described

_PIECE_POINTS = 2_000
"""About 5 ms of the loop."""
_LAST_MAX = 100_000
_NOTHING = Points(at=[], values=[], quality=[], recorded=[])
COLUMNS = ("observedAt", "value", "unit", "quality", "recordedAt")


def routes(broker: Broker) -> list[Route]:
    """The values of an attribute: ``{attribute}.csv`` and ``{attribute}.json``."""
    turn = asyncio.Lock()

    async def table(request: Request) -> Response:
        series, pieces = _asked_for(broker, request)
        name = f"{series.entity.rpartition(':')[2]}-{request.path_params['attribute']}.csv"
        safe = "".join(c if (c.isalnum() and c.isascii()) or c in "-_." else "_" for c in name)
        headers = {"content-disposition": f'attachment; filename="{safe}"', **_headers(series)}
        return StreamingResponse(
            _in_turn(_csv(series, pieces), turn), media_type="text/csv; charset=utf-8; header=present", headers=headers
        )

    async def document(request: Request) -> Response:
        series, pieces = _asked_for(broker, request)
        return StreamingResponse(
            _in_turn(_json(series, pieces), turn), media_type="application/json", headers=_headers(series)
        )

    return [
        Route(PATH + "/{id:path}/{attribute}.csv", table),
        Route(PATH + "/{id:path}/{attribute}.json", document),
    ]


async def _in_turn(chunks: Iterator[bytes], turn: asyncio.Lock) -> AsyncIterator[bytes]:
    """The chunks, one at a time among all long answers, and everybody else between two of them."""
    while True:
        async with turn:
            chunk = next(chunks, None)
            await asyncio.sleep(0)
        if chunk is None:
            return
        if chunk:
            yield chunk


def _asked_for(broker: Broker, request: Request) -> tuple[Series, Iterator[Points]]:
    """The newest series of the attribute, and its values in pieces."""
    known(request, "from", "to", "last", "stand")
    scope, window = scope_of(request), window_of(request)
    last = whole_number(request, "last", None, _LAST_MAX)
    entity, attribute = request.path_params["id"], expand(request.path_params["attribute"])
    fitting = [s for s in broker.series(scope, entity) if s.attribute == attribute]
    if not fitting:
        raise not_found(f"series of {request.path_params['attribute']} at {entity}")
    series = fitting[-1]
    key = SeriesKey(entity=entity, attribute=attribute, dataset=series.dataset)
    if window.known is None:
        # What arrives during a long answer is not part of it: it ends where the series ended when it began.
        beyond = max((s.last + 1 for s in fitting if s.last is not None), default=0)
        window = replace(window, end=beyond if window.end is None else min(window.end, beyond))
    read = partial(broker.points, key, scope=scope)
    return series, _pieces(read, window) if last is None else _newest(read, window, last)


def _pieces(read: Callable[..., Points], window: Window) -> Iterator[Points]:
    """The values of a window, so many at a time and each time by themselves: no reader holds up the store."""
    while True:
        piece = read(window=window, first=_PIECE_POINTS)
        yield piece
        if len(piece.at) < _PIECE_POINTS:
            return
        window = replace(window, start=piece.at[-1] + 1)


def _newest(read: Callable[..., Points], window: Window, count: int) -> Iterator[Points]:
    """The newest values of a window, oldest first: backwards to where they begin, then forwards."""
    start, left = window.end, count
    while left > 0:
        piece = read(window=replace(window, end=start), last=min(left, _PIECE_POINTS))
        if not piece.at:
            break
        start, left = piece.at[0], left - len(piece.at)
        # Nothing to tell yet, but others get their turn.
        yield _NOTHING
    yield from _pieces(read, replace(window, start=start))


def _headers(series: Series) -> dict[str, str]:
    """Who may read it, and under which licence."""
    return {
        "access-control-allow-origin": "*",
        "x-licence": series.provenance.licence.encode("ascii", "replace").decode(),
    }


def _rows(piece: Points) -> Iterator[tuple[str, Any, str, str]]:
    for at, value, quality, recorded in zip(piece.at, piece.values, piece.quality, piece.recorded, strict=True):
        yield format_instant(at), value, _flag(quality), _recorded(recorded)


# Few values have a time of recording of their own, and there are few flags.
_recorded = lru_cache(1_000)(format_instant)


@lru_cache(1_000)
def _flag(quality: int) -> str:
    return flag_of(quality).name.lower()


def _csv(series: Series, pieces: Iterator[Points]) -> Iterator[bytes]:
    unit = symbol(series.unit)
    yield (",".join(COLUMNS) + "\r\n").encode()
    for piece in pieces:
        text = io.StringIO()
        csv.writer(text).writerows((at, value, unit, flag, recorded) for at, value, flag, recorded in _rows(piece))
        yield text.getvalue().encode()


def _json(series: Series, pieces: Iterator[Points]) -> Iterator[bytes]:
    encode = msgspec.json.encode
    yield (
        b'{"series":'
        + encode(described(series))
        + b',"columns":["observedAt","value","quality","recordedAt"],"points":['
    )
    separator = b""
    for piece in pieces:
        rows = encode(list(_rows(piece)))[1:-1]
        if rows:
            yield separator + rows
            separator = b","
        else:
            yield b""
    yield b"]}"
