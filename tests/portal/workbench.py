"""A city with its pages in process: a real store, the real broker and guard, a clock that stands still."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from talwerk.app import City, endpoint, open_city
from talwerk.core.change import Batch, Change, Mode, Observations, Origin, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.instants import MINUTE, SECOND, Instant, parse_instant
from talwerk.core.quality import Flag
from talwerk.core.terms import expand
from talwerk.settings import Settings

NOW = parse_instant("2026-11-20T12:07:00Z")
LATEST = Instant(NOW - 7 * MINUTE)
STEP = 30 * MINUTE
BRIDGE = "urn:ngsi-ld:WaterObserved:05124000:wupperverband:kluserbruecke"
DAM = "urn:ngsi-ld:WaterObserved:05124000:wupperverband:stausee-beyenburg"
RAIN = "urn:ngsi-ld:WeatherObserved:05124000:wupperverband:niederschlag-beyenburg"
HALF_HOURLY = Provenance(source="wupperverband", attribution="Wupperverband", cadence_s=1_800)


class StandingClock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.at = NOW
        self.passed_s = 0.0

    def now(self) -> Instant:
        return self.at

    def monotonic_s(self) -> float:
        return self.passed_s

    def pass_s(self, seconds: float) -> None:
        self.at = Instant(self.at + round(seconds * SECOND))
        self.passed_s += seconds


class Site(msgspec.Struct, frozen=True):
    """What a test works with: the city, its clock and a visitor."""

    city: City
    clock: StandingClock
    visitor: httpx2.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.visitor.get(path, headers={"accept": "text/html", **headers})

    async def text(self, path: str, status: int = 200) -> str:
        """What a person reads on a page."""
        answer = await self.get(path)
        assert answer.status_code == status, answer.text
        return plain(answer.text)

    async def observe(
        self,
        values: Sequence[float | str],
        entity: str = BRIDGE,
        attribute: str = "height",
        *,
        unit: str | None = "CMT",
        last: int = LATEST,
        step: int = STEP,
        flags: Iterable[Flag] = (Flag.NOT_EVALUATED,),
        dataset: str | None = None,
        provenance: Provenance = HALF_HOURLY,
    ) -> list[int]:
        """Write values that end at ``last``; returns their times."""
        at = [last - step * (len(values) - 1 - index) for index in range(len(values))]
        change = Observations(
            entity=entity,
            types=(expand(entity.split(":")[2] if entity.startswith("urn:ngsi-ld:") else "Thing"),),
            attribute=expand(attribute),
            dataset=dataset,
            unit=unit,
            provenance=provenance,
            at=at,
            values=list(values),
            quality=[int(flag) for flag in flags],
        )
        await self.write(change)
        return at

    async def name(self, entity: str, value: Any, kind: Kind = Kind.PROPERTY) -> None:
        await self.write(named(entity, value, kind))

    async def write(self, *changes: Change | Observations) -> None:
        scope = self.city.system_scope("test")
        ack = await self.city.broker.write(Batch(changes=changes, origin=Origin.BACKFILL), scope)
        assert not [outcome for outcome in ack.outcomes if outcome.fault], ack


def named(entity: str, value: Any, kind: Kind = Kind.PROPERTY, type_: str = "Thing") -> Change:
    attributes: Attributes = {expand("name"): (Attribute(kind=kind, value=value),)}
    return Change(mode=Mode.UPDATE, entity=Entity(id=entity, types=(expand(type_),), attributes=attributes))


@asynccontextmanager
async def site(folder: Path, city: str = "wuppertal", **settings: Any) -> AsyncIterator[Site]:
    clock = StandingClock()
    async with open_city(Settings(city=city, data=folder, **settings), clock) as opened:
        transport = httpx2.ASGITransport(endpoint(opened))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as visitor:
            yield Site(opened, clock, visitor)


def plain(page: str) -> str:
    """A page's words in one line, without what only the browser needs."""
    words = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<head>.*?</head>", "", page))
    return re.sub(r"\s+", " ", html.unescape(words).replace("\u00ad", "").replace("\u00a0", " "))
