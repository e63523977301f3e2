"""What simulated devices send: messages that the connectors read, over real connections, and all that befalls them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.core.instants import HOUR, MINUTE, Instant, SystemClock
from talwerk.core.quality import is_good
from talwerk.privacy.principals import Credentials
from talwerk.sdk.push import DEVICE, PUSH
from talwerk.sdk.reading import Context, Reading, Thing, Unusable
from talwerk.services.sources.answers import read_answer
from talwerk.services.sources.discovery import discover
from talwerk.services.sources.pushed import sending as doors_of
from talwerk.twin.faults import KINDS, SENDING
from talwerk.twin.pace import Pace
from talwerk.twin.sending import Sending, Target, befallen, sent_beside
from talwerk.twin.twin import Twin
from tests.processes.test_tls import issued
from tests.services.sources.test_city import until

PROFILE = """
[city]
key = "teststadt"
name = "Teststadt"
ags = "05999000"
ars = "059990000000"

[[sources]]
key = "buerger"
connector = "sensor-community"

[[sources]]
key = "wasser"
connector = "things-stack"
parameters = { devices = "pegel" }

[[sources]]
key = "klima"
connector = "chirpstack"
parameters = { devices = "klima, parken" }
"""
PEGEL = """
devices = ["pegel-*"]
ports = [7]
[[fields]]
field = "level_mm"
attribute = "height"
type = "WaterObserved"
unit = "CMT"
factor = 0.1
[[fields]]
field = "tilted"
attribute = "tilted"
type = "Device"
unit = "C62"
[[fields]]
field = "/air/heat"
attribute = "temperature"
type = "WeatherObserved"
unit = "KEL"
offset = 273.15
[installed.pegel-99]
name = "Mirker Bach"
latitude = 51.266
longitude = 7.146
"""
KLIMA = """
profiles = ["klima-v2"]
[[fields]]
field = "t"
attribute = "temperature"
type = "WeatherObserved"
unit = "CEL"
least = -40
most = 70
[[fields]]
field = "state"
attribute = "state"
type = "Device"
unit = ""
[[fields]]
field = "noise"
attribute = "LAeq"
type = "NoiseLevelObserved"
unit = "2N"
least = 30
most = 90
"""

PARKEN = """
profiles = ["parken"]
[[fields]]
field = "free"
attribute = "availableSpotNumber"
type = "OffStreetParking"
unit = "C62"
"""


@pytest.fixture
def city(tmp_path: Path) -> Path:
    folder = tmp_path / "teststadt"
    (folder / "devices").mkdir(parents=True)
    (folder / cities.PROFILE).write_text(PROFILE, encoding="utf-8")
    (folder / "devices" / "pegel.toml").write_text(PEGEL, encoding="utf-8")
    (folder / "devices" / "klima.toml").write_text(KLIMA, encoding="utf-8")
    (folder / "devices" / "parken.toml").write_text(PARKEN, encoding="utf-8")
    return folder


def read(twin: Twin, city: Path, source: str, at: Instant) -> dict[str, list[Thing | Reading]]:
    """What the city's connector finds in the message of each device."""
    told, units, compose = twin.sending()[source]
    feed = doors_of(twin.land.profile, city)[source]
    found = {}
    for unit in units:
        message = compose(told, unit, at)
        device = {"name": unit.key, "title": unit.title, "at": unit.at}
        query = dict(pair.split("=") for pair in message.query.split("&") if pair)
        context = Context(now=at, parameters={**feed.parameters, **query, DEVICE: device})
        found[unit.name] = read_answer(feed.connector, feed.connector.request(PUSH), message.body, "", context)
    assert not any(isinstance(each, Unusable) for findings in found.values() for each in findings)
    return found  # type: ignore[return-value]


def test_every_connector_that_sends_has_a_sender(city: Path) -> None:
    twin = Twin(str(city), Pace(SystemClock()))
    # Tables are laid into the inbox by people; nobody simulates those.
    pushing = {key for key, found in discover().items() if found.connector.push is not None} - {"csv-table"}
    assert {twin.sources[key].connector for key in twin.sending()} == pushing
    assert set(twin.state().sources.values()) == {"sending"}


def test_citizens_sensors_are_read(city: Path) -> None:
    twin, at = Twin(str(city), Pace(SystemClock())), SystemClock().now()
    found = read(twin, city, "buerger", at)
    assert len(found) > 2
    for name, findings in found.items():
        values = {each.attribute: each.value for each in findings if isinstance(each, Reading)}
        assert {"pm10", "pm25", "temperature", "relativeHumidity", "atmosphericPressure"} == set(values)
        assert {each.native for each in findings} == {name}
        places = [each.location for each in findings if isinstance(each, Thing)]
        assert all(place is not None for place in places)


def test_uplinks_say_what_the_files_declare(city: Path) -> None:
    twin, at = Twin(str(city), Pace(SystemClock())), SystemClock().now()
    (findings,) = read(twin, city, "wasser", at).values()
    values = {each.attribute: each for each in findings if isinstance(each, Reading)}
    assert set(values) == {"height", "tilted", "temperature", "rssi", "snr"}
    assert values["tilted"].value == 0, "the network leaves zeros out"
    assert 200 < float(values["temperature"].value) < 330
    assert {each.observed for each in values.values()} == {at}
    things = [each for each in findings if isinstance(each, Thing)]
    assert {each.name for each in things} == {"Mirker Bach"}

    sent = list(read(twin, city, "klima", at).values())
    assert len(sent) == 6, "three of each kind"
    for findings in sent[3:]:
        assert {each.attribute for each in findings if isinstance(each, Reading)} == {
            *("availableSpotNumber", "rssi", "snr")
        }
    for findings in sent[:3]:
        values = {each.attribute: each for each in findings if isinstance(each, Reading)}
        assert set(values) == {"temperature", "state", "LAeq", "rssi", "snr"}
        assert values["state"].value == "ok"
        assert 30 <= float(values["LAeq"].value) <= 90
        assert all(is_good(each.quality) for each in values.values())
        assert all(abs(each.observed - at) < 1_000 for each in values.values())


@pytest.mark.parametrize("fault", ["", *SENDING, *KINDS])
def test_what_may_befall_a_message(city: Path, fault: str) -> None:
    twin, at = Twin(str(city), Pace(SystemClock())), SystemClock().now()
    told, (unit,), compose = twin.sending()["wasser"]
    right = compose(told, unit, at)
    sent = befallen(fault, told, unit, compose, "pegel.abc", at)
    match fault:
        case "":
            assert sent == [(right, "pegel.abc")]
        case "twice":
            assert sent == [(right, "pegel.abc")] * 2
        case "late":
            assert sent == [(compose(told, unit, Instant(at - HOUR)), "pegel.abc")]
        case "wrong-key":
            ((message, key),) = sent
            assert message == right
            assert key != "pegel.abc"
        case "cut-off":
            ((message, _),) = sent
            with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
                json.loads(message.body)
        case _:
            assert sent == [], "of a source that is down nothing comes"


class Taken:
    """A city that notes what it is sent, as far as it must answer."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.came: list[tuple[str, str, bytes]] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who sends may end at any moment.
        with contextlib.suppress(EOFError, OSError):
            await self._take(reader, writer)
        writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await reader.readexactly(int(fields["Content-Length"]))
        try:
            source = self.credentials.grant(fields["Authorization"]).source
            status = 200
        except DomainError:
            source, status = "", 401
        self.came.append((head.split(" ")[1], source, body))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def taking(
    folder: Path, tls: ssl.SSLContext | None = None, certificate: Path | None = None
) -> AsyncIterator[tuple[Taken, Target]]:
    taken = Taken(Credentials.open(folder))
    server = await asyncio.start_server(taken.talk, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield taken, Target(host="127.0.0.1", port=port, certificate=certificate)


async def awaited(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(until, condition)


async def test_devices_send_with_keys_of_their_own_and_go_on(tmp_path: Path, city: Path) -> None:
    clock = SystemClock()
    # Ten minutes in a second.
    twin = Twin(str(city), Pace(clock, speed=600.0))
    async with taking(tmp_path / "data") as (taken, target):

        async def everything_came() -> None:
            before = len(taken.came)
            async with sent_beside(Sending(twin, target, taken.credentials.devices, clock)):
                await awaited(
                    lambda: {source for _, source, _ in taken.came[before:]} == {"buerger", "wasser", "klima"}
                )
                await awaited(lambda: len(taken.came) > before + 30)

        await everything_came()
        # Somebody restarts the city: keys of before are worth nothing, and stand in nobody's way.
        await everything_came()
        assert all(source for _, source, _ in taken.came), "every key is known"
        assert {path.partition("?")[0] for path, _, _ in taken.came} == {
            "/push/sensor-community/buerger",
            "/push/things-stack/wasser",
            "/push/chirpstack/klima",
        }
        assert set(twin.sent["wasser"]) == {"200"}
        stamps = [json.loads(body)["uplink_message"]["received_at"] for _, key, body in taken.came if key == "wasser"]
        assert len(set(stamps)) > 1

        twin.answer("PUT", "/twin/fault/wasser/wrong-key")
        async with sent_beside(Sending(twin, target, taken.credentials.devices, clock)):
            await awaited(lambda: twin.sent["wasser"]["401"])
        assert twin.state().sent["wasser"]["401"] >= 1


async def test_devices_do_not_sleep_through_the_beginning_of_a_scenario(tmp_path: Path, city: Path) -> None:
    clock = SystemClock()
    twin = Twin(str(city), Pace(clock))
    async with (
        taking(tmp_path / "data") as (taken, target),
        sent_beside(Sending(twin, target, taken.credentials.devices, clock)),
    ):
        await awaited(lambda: twin.sent["wasser"]["200"] and twin.sent["klima"]["200"])
        before = twin.sent["wasser"]["200"]
        twin.answer("PUT", "/twin/scenario/normal-day")
        await awaited(lambda: twin.sent["wasser"]["200"] > before)


async def test_a_city_that_is_not_there_yet_is_waited_for(tmp_path: Path, city: Path) -> None:
    clock = SystemClock()
    twin = Twin(str(city), Pace(clock))
    credentials = Credentials.open(tmp_path)
    async with taking(tmp_path) as (_, gone):
        pass
    async with sent_beside(Sending(twin, gone, credentials.devices, clock)):
        await awaited(lambda: twin.sent["wasser"]["none"] > 1)
        taken = Taken(credentials)
        server = await asyncio.start_server(taken.talk, "127.0.0.1", gone.port)
        async with server:
            await awaited(lambda: twin.sent["wasser"]["200"])


@pytest.mark.parametrize("known, status", [("shown", "200"), ("other", "none")])
async def test_a_city_that_speaks_https_is_known_by_its_own_certificate(
    known: str, status: str, tmp_path: Path, city: Path
) -> None:
    folders = {name: issued(tmp_path / name, "city.example") for name in ("shown", "other")}
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folders["shown"] / "cert.pem", folders["shown"] / "key.pem")
    twin, clock = Twin(str(city), Pace(SystemClock())), SystemClock()
    async with taking(tmp_path / "data", tls, folders[known] / "cert.pem") as (taken, target):
        async with sent_beside(Sending(twin, target, taken.credentials.devices, clock)):
            await awaited(lambda: twin.sent["wasser"][status])
        assert set(twin.sent["wasser"]) == {status}


def test_faults_are_those_of_the_kind_of_source() -> None:
    twin = Twin("wuppertal", Pace(SystemClock()))
    assert twin.answer("PUT", "/twin/fault/lorawan-pegel/html").status == 404
    assert twin.answer("PUT", "/twin/fault/uba/twice").status == 404
    assert twin.answer("PUT", "/twin/fault/lorawan-pegel/twice").status == 200
    assert twin.fault("lorawan-pegel") == "twice"
    assert twin.answer("GET", "/lorawan-pegel/").status == 404
    assert twin.answer("GET", "/uba/stations/json").status == 200


def test_time_passes_as_fast_as_it_should() -> None:
    pace = Pace(SystemClock(), speed=60.0)
    assert 0.9 < pace.wait_s(Instant(pace.now() + MINUTE)) <= 1.0
    assert pace.wait_s(Instant(pace.now() - MINUTE)) == 0.0
