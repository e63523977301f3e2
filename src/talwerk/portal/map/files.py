"""The data behind the map: its points, its ground, its tiles, and what is shown as files to take along."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.instants import MINUTE, Clock, format_instant
from talwerk.portal.frame.states import gauge_state
from talwerk.portal.frame.static import content_hash, takes_gzip
from talwerk.portal.map.choice import FILTERS, LAYER
from talwerk.portal.map.ground import TileFile, cut, feature, ground_of, rounded
from talwerk.portal.map.land import MAP
from talwerk.portal.map.leaf import CSV, GEOJSON, GROUND, POINTS, QUARTERS, TILES, Maps, Shown, title_of
from talwerk.portal.map.page import Entry, Line, credits_of, entry_of
from talwerk.portal.map.views import Feature
from talwerk.portal.site.answers import PageError
from talwerk.portal.site.desk import Desk
from talwerk.portal.site.leaf import fields_of
from talwerk.portal.site.scene import Scene

MAKING_SHARE = 20
"""What took long to make is kept at least this many times as long, whatever was written meanwhile."""
KEPT_MAX = 24
_JSON, _GEOJSON, _CSV = "application/json", "application/geo+json", "text/csv; charset=utf-8"
_CSV_HEAD = (
    *("id", "name", "layer", "longitude", "latitude", "note"),
    *("quantity", "value", "unit", "observedAt", "state", "attribution", "licence"),
)

Made = tuple[bytes, bytes, str]
"""Bytes, the same packed, and what changes with them."""


@dataclass(frozen=True, slots=True)
class _Kept:
    made: Made
    position: int
    minute: int
    made_s: float
    cost_s: float


class MapFiles:
    """The data behind the maps of one city; large answers are made beside the pages, one at a time.

    Args:
        maps: What is chosen.
        desks: One for each language.
        tiles: The operator's background map.
        clock: The source of time.
        position: The newest position of the change log.
    """

    def __init__(
        self, maps: Maps, desks: Iterable[Desk], tiles: TileFile, clock: Clock, position: Callable[[], int]
    ) -> None:
        self._maps = maps
        self._desks = tuple(desk for desk in desks if MAP in desk.to)
        self._tiles = tiles
        self._clock = clock
        self._position = position
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._turn = asyncio.Lock()

    def routes(self) -> list[Route]:
        """The routes below the address of the map, in every language."""
        if self._maps.maps.territory is None:
            return []
        return [route for desk in self._desks for route in self._of(desk)]

    def _of(self, desk: Desk) -> list[Route]:
        path = desk.to.path(MAP)
        made = (
            (POINTS, self._points, _JSON, ""),
            (GROUND, self._ground, _JSON, ""),
            (GEOJSON, self._geojson, _GEOJSON, "attachment"),
            (CSV, self._csv, _CSV, "attachment"),
        )
        return [
            Route(f"{path}/{TILES}", self._tile_ranges),
            *(Route(f"{path}/{name}", self._answer(desk, name, make, kind, how)) for name, make, kind, how in made),
        ]

    def _answer(
        self, desk: Desk, name: str, make: Callable[[Scene, Mapping[str, str]], bytes], kind: str, how: str
    ) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            query = fields_of(request, FILTERS, (LAYER,))
            scope = request.scope["talwerk.scope"]
            seen = (desk.language, name, tuple(query.items()), scope.sight)

            def made() -> Made:
                content = make(desk.scene(scope), query)
                return content, gzip.compress(content, 5, mtime=0), f'W/"{content_hash(content)}"'

            try:
                async with self._turn:
                    content, packed, tag = await self._current(seen, made)
            except PageError as error:
                fault = Fault.NOT_FOUND if error.status == 404 else Fault.INVALID_REQUEST
                raise DomainError(fault, error.detail) from None
            headers = {"cache-control": "no-cache", "vary": "accept-encoding", "etag": tag}
            if tag in (known.strip() for known in request.headers.get("if-none-match", "").split(",")):
                return Response(status_code=304, headers=headers)
            if how:
                headers["content-disposition"] = f'{how}; filename="{name}"'
            if takes_gzip(request):
                return Response(packed, headers={**headers, "content-encoding": "gzip"}, media_type=kind)
            return Response(content, headers=headers, media_type=kind)

        return answer

    async def _current(self, seen: Hashable, make: Callable[[], Made]) -> Made:
        position, minute, now_s = self._position(), self._clock.now() // MINUTE, self._clock.monotonic_s()
        kept = self._kept.get(seen)
        if kept is not None:
            same = kept.position == position and kept.minute == minute
            if same or now_s - kept.made_s < MAKING_SHARE * kept.cost_s:
                return kept.made
        made = await asyncio.to_thread(make)
        ended_s = self._clock.monotonic_s()
        self._kept[seen] = _Kept(made, position, minute, ended_s, ended_s - now_s)
        self._kept.move_to_end(seen)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return made

    # --- what a moving map draws --------------------------------------------------------------------------------------

    def _ground(self, scene: Scene, _query: Mapping[str, str]) -> bytes:
        return msgspec.json.encode(ground_of(self._maps.maps, scene))

    def _points(self, scene: Scene, query: Mapping[str, str]) -> bytes:
        shown = self._maps.shown(query, scene)
        return msgspec.json.encode({"type": "FeatureCollection", "features": list(_drawn(shown, scene))})

    async def _tile_ranges(self, request: Request) -> Response:
        if self._tiles.current() is None:
            raise DomainError(Fault.NOT_FOUND, "The city has no background map.")
        if "range" not in request.headers:
            raise bad_data("The background map is read in ranges; the request names none.")
        return FileResponse(
            self._tiles.path, media_type="application/vnd.pmtiles", headers={"cache-control": "public, max-age=3600"}
        )

    # --- files to take along ------------------------------------------------------------------------------------------

    def _geojson(self, scene: Scene, query: Mapping[str, str]) -> bytes:
        shown = self._maps.shown(query, scene)
        free = _free(shown)
        credits = credits_of(free)
        told = {
            "type": "FeatureCollection",
            "attribution": "; ".join(dict.fromkeys(terms.attribution for terms in credits if terms.attribution)),
            "licence": ", ".join(dict.fromkeys(terms.licence for terms in credits)),
            "asOf": format_instant(_moment(shown, scene)),
            "simulated": scene.register.simulated,
            "withheld": len(shown.features) - len(free),
            "features": [_told(one, shown, scene) for one in free],
        }
        return msgspec.json.encode(told)

    def _csv(self, scene: Scene, query: Mapping[str, str]) -> bytes:
        shown = self._maps.shown(query, scene)
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(_CSV_HEAD)
        for one in _free(shown):
            table.writerows(_rows(one, shown, scene))
        return text.getvalue().encode()


def _free(shown: Shown) -> tuple[Feature, ...]:
    """What everybody may take.

    Raises:
        DomainError: Forbidden when that is nothing of all that is shown.
    """
    free = tuple(one for one in shown.features if one.exportable)
    if shown.features and not free:
        raise DomainError(Fault.FORBIDDEN, "The terms of the sources do not let everybody take these entries.")
    return free


def _moment(shown: Shown, scene: Scene) -> int:
    return scene.now if shown.choice.at is None else shown.choice.at


def _entry(one: Feature, shown: Shown, scene: Scene) -> Entry:
    past = shown.choice.at is not None
    return entry_of(one, title_of(one.layer, scene), _moment(shown, scene), scene.p, past=past)


def _drawn(shown: Shown, scene: Scene) -> Iterator[dict[str, Any]]:
    """Everything that has a place, as short as a browser can use it."""
    for one in shown.features:
        if one.position is None:
            continue
        entry = _entry(one, shown, scene)
        told = {
            "id": one.id,
            "name": one.name,
            "layer": entry.layer,
            "state": "part" if one.layer == QUARTERS else "thing",
        }
        if one.note:
            told["note"] = one.note
        if one.href:
            told["href"] = one.href
        if entry.state is not None:
            told |= {"state": entry.state.value, **_first(entry.lines[0])}
        if one.geometry is not None:
            yield feature(cut(one.geometry), **told)
        else:
            yield feature({"type": "Point", "coordinates": rounded(one.position)}, **told)


def _first(line: Line) -> dict[str, str]:
    return {"quantity": line.quantity, "value": line.value, "word": line.word, "age": line.when}


def _told(one: Feature, shown: Shown, scene: Scene) -> dict[str, Any]:
    geometry = one.geometry
    if geometry is None and one.position is not None:
        geometry = {"type": "Point", "coordinates": list(one.position)}
    values = [dict(zip(_CSV_HEAD[6:11], row[6:11], strict=True)) for row in _rows(one, shown, scene) if row[6]]
    return {
        "type": "Feature",
        "id": one.id,
        "geometry": geometry,
        "properties": {
            "name": one.name,
            "layer": title_of(one.layer, scene),
            **({"note": one.note} if one.note else {}),
            **({"values": values} if values else {}),
            "attribution": "; ".join(terms.attribution for terms in one.terms),
            "licence": ", ".join(dict.fromkeys(terms.licence for terms in one.terms)),
        },
    }


def _rows(one: Feature, shown: Shown, scene: Scene) -> Iterator[tuple[Any, ...]]:
    """One row for each value, one for what has none."""
    where = one.position if one.position is not None else ("", "")
    head = (one.id, one.name, title_of(one.layer, scene), *where, one.note)
    tail = ("; ".join(terms.attribution for terms in one.terms), ", ".join({t.licence: "" for t in one.terms}))
    if not one.gauges:
        yield (*head, "", "", "", "", "", *tail)
    for gauge in one.gauges:
        state = gauge_state(gauge, _moment(shown, scene))
        latest = gauge.latest
        value, at = (latest.value, format_instant(latest.at_us)) if latest is not None else ("", "")
        yield (*head, gauge.measure.quantity, value, gauge.measure.unit, at, state.value, *tail)
