"""The twin of a city's sources: from a request to the answer, with faults and a scenario that can be switched."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections import Counter, defaultdict
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import msgspec

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.core.instants import Instant, format_instant
from talwerk.sdk.profile import Source
from talwerk.sdk.recording import RECORDING
from talwerk.services.sources.beside import beside
from talwerk.services.sources.discovery import discover

from . import scenario
from .asked import Asked, json_reply
from .faults import KINDS, SENDING
from .landscape import Landscape
from .pace import Pace
from .replies import Reply, recorded_replies
from .responders import responders
from .senders import senders
from .simulator import SimulatedCity
from .told import Compose, Told, Unit

CONTROL = "twin"
"""First part of the paths by which the twin itself is steered; no source has this key."""
CONNECTORS = "talwerk.connectors"

logger = logging.getLogger(__name__)


class TwinState(msgspec.Struct, frozen=True, kw_only=True):
    """What a twin does at the moment; the answer to ``GET /twin``.

    Attributes:
        city: name of the city.
        now: the simulated present.
        scenario: what is played.
        since: when it began.
        sources: by key, how each is answered: ``simulated``, ``recorded`` or ``missing``; ``sending`` for those that
            send by themselves.
        sent: of those, how many messages were answered how; ``none`` for not at all.
        faults: by key of the source, those that are switched on.
        kinds: faults that can be switched on, with their meaning.
        sending_kinds: those of sources that send.
        scenarios: what can be played.
    """

    city: str
    now: str
    scenario: str
    since: str = ""
    sources: dict[str, str]
    sent: dict[str, dict[str, int]] = {}
    faults: dict[str, str]
    kinds: dict[str, str]
    sending_kinds: dict[str, str] = {}
    scenarios: tuple[str, ...]


class Twin:
    """Answers for every source of a profile.

    Args:
        city: key or folder of the profile.
        pace: its time.
        seed: of the simulation.
        playing: name of the scenario.
        as_dated: whether a scenario keeps its own dates when the start lies among them.

    Raises:
        DomainError: there is no such city or scenario, or one of their files cannot be read.
    """

    def __init__(
        self, city: str, pace: Pace, seed: int = 1, playing: str = scenario.NORMAL, *, as_dated: bool = False
    ) -> None:
        self._city = city
        self._pace = pace
        self._seed = seed
        self.land = Landscape(city, cities.load(city))
        self.sources = {source.key: source for source in self.land.profile.sources}
        self._responders = responders()
        self._senders = senders()
        self._files = functools.cache(self._read_files)
        self.sent: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._faults: dict[str, str] = {}
        self._answered = functools.lru_cache(maxsize=64)(self._compute)
        self._another = asyncio.Event()
        self.play(playing, as_dated=as_dated)

    def play(self, name: str, *, as_dated: bool = False) -> None:
        """Begin a scenario now.

        Raises:
            DomainError: there is none of that name, or its file cannot be read.
        """
        played = scenario.play(scenario.load(name, self._city), self._pace.now(), as_dated=as_dated)
        self.simulated = SimulatedCity(self.land.figure, self._seed, played)
        self._scenario, self._since = name, self._pace.now()
        self._answered.cache_clear()
        over, self._another = self._another, asyncio.Event()
        over.set()

    async def another(self, within_s: float) -> bool:
        """Wait for another scenario to begin; whether one did within so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await self._another.wait()
        return False

    def state(self) -> TwinState:
        """What it does at the moment."""
        return TwinState(
            city=self.land.profile.city.name,
            now=format_instant(self._pace.now()),
            scenario=self._scenario,
            since=format_instant(self._since),
            sources={key: self.manner(source) for key, source in self.sources.items()},
            sent={key: dict(told) for key, told in self.sent.items()},
            faults=self._faults,
            kinds={name: kind.meaning for name, kind in KINDS.items()},
            sending_kinds=SENDING,
            scenarios=tuple(scenario.known(self._city)),
        )

    def manner(self, source: Source) -> str:
        """How a source is answered: ``simulated``, ``recorded`` or ``missing``; ``sending`` when it sends itself."""
        if not source.address:
            return "sending" if source.connector in self._senders else "missing"
        if source.connector in self._responders:
            return "simulated"
        return "recorded" if (_recording(source.connector, self._city) / RECORDING).is_file() else "missing"

    def now(self) -> Instant:
        """The simulated present."""
        return self._pace.now()

    def wait_s(self, until: Instant) -> float:
        """Seconds until a simulated instant, as everybody counts them."""
        return self._pace.wait_s(until)

    def sending(self) -> dict[str, tuple[Told, tuple[Unit, ...], Compose]]:
        """The sources that send by themselves: what there is to send, from which devices, and how it is written."""
        found = {}
        for key, source in self.sources.items():
            if self.manner(source) != "sending":
                continue
            units, compose = self._senders[source.connector]
            try:
                told = self.told(key)
                found[key] = (told, units(told), compose)
            except DomainError as error:
                logger.error("nothing is sent for %s: %s", key, error)  # noqa: TRY400 - the text says it all
        return found

    def told(self, key: str) -> Told:
        """What a source that sends has to tell.

        Raises:
            DomainError: a file beside the profile that its connector reads is not what it should be.
        """
        return Told(source=self.sources[key], files=self._files(key), city=self.simulated, land=self.land)

    def _read_files(self, key: str) -> dict[str, dict[str, str]]:
        source, folder = self.sources[key], cities.folder(self._city)
        found = discover(folder / cities.CONNECTORS).get(source.connector)
        if found is None:
            return {}
        return beside(found.connector, {**found.connector.parameters, **source.parameters}, folder)

    def answer(self, method: str, target: str) -> Reply:
        """The answer to a request.

        Args:
            method: of HTTP.
            target: path and query; the path begins with the key of a source.
        """
        path, _, query = target.partition("?")
        key, _, rest = path.lstrip("/").partition("/")
        if key == CONTROL:
            return self._control(method, [unquote(part) for part in rest.split("/") if part])
        source = self.sources.get(unquote(key))
        if source is None:
            return problem(404, f"There is no source {key[:80]!r}; there are {', '.join(self.sources)}.")
        if not source.address:
            return problem(404, f"The source {source.key} sends by itself and is not asked.")
        if method not in {"GET", "HEAD"}:
            return problem(405, "Sources are read with GET.")
        now = self._pace.now()
        reply = self._reply(source, f"/{rest}", query, now)
        kind = self.fault(source.key)
        return KINDS[kind].fault(target, reply) if kind else reply

    def _reply(self, source: Source, path: str, query: str, now: Instant) -> Reply:
        # Within one minute nothing new is measured: who asks again is answered from memory.
        minute = Instant(now // 60_000_000 * 60_000_000)
        return self._answered(source.key, path, query, minute)

    def _compute(self, key: str, path: str, query: str, now: Instant) -> Reply:
        source = self.sources[key]
        respond = self._responders.get(source.connector)
        if respond is None:
            return _recorded(source, _recording(source.connector, self._city), path, query, now)
        asked = Asked(
            source=source,
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            now=now,
            city=self.simulated,
            land=self.land,
            files=self._files(key),
        )
        return respond(asked) or problem(404, f"The simulated {source.connector} has no {path[:200]!r}.")

    def fault(self, key: str) -> str:
        """The fault of a source at the moment, empty for none."""
        if key in self._faults:
            return self._faults[key]
        now = self._pace.now()
        return next((each.kind for each in self.simulated.faults(now) if each.key in {"*", key}), "")

    def _control(self, method: str, parts: list[str]) -> Reply:
        """Look, or steer; all below ``/twin``.

        ``GET scenario`` (only what changes with it), ``PUT fault/SOURCE/KIND``, ``DELETE fault/SOURCE``,
        ``PUT scenario/NAME``.
        """
        match method, parts:
            case "GET", []:
                pass
            case "GET", ["scenario"]:
                return json_reply({"scenario": self._scenario, "since": format_instant(self._since)})
            case "PUT", ["fault", key, kind] if key in self.sources and kind in self._kinds(key):
                self._faults[key] = kind
                logger.info("source %s: %s", key, self._kinds(key)[kind])
            case "DELETE", ["fault", key] if key in self.sources:
                self._faults.pop(key, None)
                logger.info("source %s: no fault any more", key)
            case "PUT", ["scenario", name]:
                try:
                    self.play(name)
                except DomainError as error:
                    return problem(404, error.detail)
            case _:
                return problem(404, "There is no such source, fault or scenario; GET /twin lists them.")
        return json_reply(self.state())

    def _kinds(self, key: str) -> dict[str, str]:
        """Faults that a source can have, with their meaning."""
        return {name: kind.meaning for name, kind in KINDS.items()} if self.sources[key].address else SENDING


def problem(status: int, detail: str) -> Reply:
    """An error of the twin itself (RFC 9457)."""
    body = msgspec.json.encode({"status": status, "detail": detail})
    return Reply(body, status, {"content-type": "application/problem+json"})


def _recording(connector: str, city: str) -> Path:
    """Where the recording of a connector lies, be it one that comes with Talwerk or one of the city's own."""
    name = f"recordings/{connector.replace('-', '_')}"
    own = cities.folder(city) / cities.CONNECTORS / name
    return own if own.is_dir() else Path(str(resources.files(CONNECTORS))) / name


def _recorded(source: Source, folder: Path, path: str, query: str, now: Instant) -> Reply:
    """What the connector's recording holds for a path; where nothing has this query, what has any."""
    if not (folder / RECORDING).is_file():
        return problem(404, f"Nobody simulates {source.connector}, and it has no recording.")
    replies = recorded_replies(folder, now)
    same = [reply for known, reply in replies.items() if known.partition("?")[0] == path]
    exact = replies.get(f"{path}?{query}" if query else path)
    if exact is None and not same:
        return problem(404, f"The recording of {source.connector} has no {path[:200]!r}.")
    return exact or same[0]
