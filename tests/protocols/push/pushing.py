"""A city with doors for sources that send, and clients with keys for them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from starlette.applications import Starlette

from talwerk.broker import Broker
from talwerk.core.entity import Entity
from talwerk.core.instants import Instant
from talwerk.core.query import Page, Query, Window
from talwerk.core.series import Points, SeriesKey
from talwerk.core.terms import expand
from talwerk.privacy import policy
from talwerk.privacy.principals import Credentials
from talwerk.privacy.seal import OpenDataLog, OpenSeal
from talwerk.protocols import http, push
from talwerk.sdk.declaration import parse_declaration
from talwerk.sdk.profile import Profile
from talwerk.services.sources.pushed import Arrivals, Intake, Watched, sending
from talwerk.store.sqlite import SqliteStore
from tests.protocols.city import DirectWriter, FixedClock, client_of

SCOPE = policy.system_scope("sources")
CITIZENS = "/push/sensor-community/buergersensoren"
SENT: dict[str, Any] = {
    "esp8266id": "13597771",
    "software_version": "NRZ-2024-135",
    "sensordatavalues": [
        {"value_type": "SDS_P1", "value": "17.45"},
        {"value_type": "BME280_temperature", "value": "3.98"},
        {"value_type": "signal", "value": "-61"},
    ],
}
PROFILE = """
    [city]
    key = "stadt"
    name = "Stadt"
    ags = "05124000"
    ars = "051240000000"
    [[sources]]
    key = "buergersensoren"
    connector = "sensor-community"
    licence = "CC0-1.0"
    [[sources]]
    key = "andere"
    connector = "sensor-community"
"""


class MovableClock(FixedClock):
    """Stands still until it is told otherwise, in both of its times."""

    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return self.ahead_s

    def let_pass(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead_s += seconds
        self.at = Instant(self.at + round(seconds * 1_000_000))


class Doors(msgspec.Struct, frozen=True):
    """What a test works with."""

    client: httpx2.AsyncClient
    credentials: Credentials
    clock: MovableClock
    broker: Broker
    intake: Intake
    arrivals: Arrivals

    def key(self, name: str = "katernberg", *types: str, source: str = "buergersensoren", **more: Any) -> str:
        """A key for a door."""
        kinds = types or ("AirQualityObserved", "WeatherObserved")
        made = tuple(expand(kind) for kind in kinds)
        return self.credentials.devices.add(name, made, self.clock.now(), source=source, **more)

    async def send(
        self, key: str | None, payload: Any = SENT, path: str = CITIZENS, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """What is answered to a payload."""
        content = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        told = {"authorization": f"Bearer {key}"} if key else {}
        return await self.client.post(
            path, content=content, headers={"content-type": "application/json", **told, **(headers or {})}
        )

    def points(self, kind: str, native: str, attribute: str, source: str = "buergersensoren") -> Points:
        """The values of a series."""
        entity = f"urn:ngsi-ld:{kind}:05124000:{source}:{native}"
        return self.broker.points(SeriesKey(entity=entity, attribute=expand(attribute)), Window(), SCOPE)

    def entity(self, kind: str, native: str, source: str = "buergersensoren") -> Entity:
        """An entity as it is."""
        query = Query(ids=(f"urn:ngsi-ld:{kind}:05124000:{source}:{native}",), page=Page(limit=1))
        return self.broker.read(query, SCOPE).entities[0]

    def watched(self, source: str = "buergersensoren") -> Watched:
        """The source as the engine sees it."""
        return Watched(
            self.intake.feeds[source],
            lambda key: [self.arrivals[key]] if key in self.arrivals else [],
            self.clock,
        )


def basic(user: str, password: str) -> dict[str, str]:
    """User and password as small devices send them."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@asynccontextmanager
async def open_doors(folder: Path, profile: str = PROFILE) -> AsyncIterator[Doors]:
    clock = MovableClock()
    store = SqliteStore.open(folder / "city.db", clock)
    try:
        broker = Broker(store, DirectWriter(store), OpenSeal(), OpenDataLog())
        credentials = Credentials.open(folder)
        arrivals: Arrivals = {}
        feeds = sending(parse_declaration(profile, Profile, "test"), folder)
        intake = Intake(feeds, broker, SCOPE, clock=clock, arrivals=arrivals)
        app = http.guarded(Starlette(routes=push.routes(intake, credentials.devices, clock)), credentials=credentials)
        async with client_of(app) as client:
            yield Doors(client, credentials, clock, broker, intake, arrivals)
    finally:
        store.close()
