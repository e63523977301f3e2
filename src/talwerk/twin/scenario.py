"""Scenarios: what happens to a simulated city, as data: rain, heat, releases, sensors and sources that fail."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import DAY, Instant, parse_instant
from talwerk.sdk.declaration import read_declaration

from .faults import KINDS

FOLDER = "scenarios"
NORMAL = "normal-day"

Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$")]


class _Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that lasts: from one time to another, as a source says it (or as it was made up)."""

    begins: Time
    ends: Time
    source: Annotated[str, Meta(min_length=5)]

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"{self.begins} is not before {self.ends}")

    @property
    def start(self) -> Instant:
        """Its first moment, in the scenario's own time."""
        return parse_instant(_full(self.begins))

    @property
    def end(self) -> Instant:
        """The moment from which it is over."""
        return parse_instant(_full(self.ends))


AnySpan = TypeVar("AnySpan", bound=_Span)


class Rain(_Span, frozen=True, kw_only=True):
    """Rain over the whole catchment, l/m2."""

    depth_mm: Annotated[float, Meta(gt=0)]


class Weather(_Span, frozen=True, kw_only=True):
    """Other weather than the simulation's own; what is None stays.

    Attributes:
        warmer_c: degrees to be added.
        cloud: share of the sky.
        wind_kmh: mean wind.
        dry: whether the simulation's own rain does not fall.
    """

    warmer_c: float = 0.0
    cloud: Annotated[float, Meta(ge=0, le=1)] | None = None
    wind_kmh: Annotated[float, Meta(ge=0)] | None = None
    dry: bool = False


class Release(_Span, frozen=True, kw_only=True):
    """Water from reservoirs upstream, in addition to the rest, m3/s."""

    flow_m3s: Annotated[float, Meta(gt=0)]


class Silence(_Span, frozen=True, kw_only=True):
    """A sensor without values: the key of a measuring point of the profile."""

    point: str


class SourceFault(_Span, frozen=True, kw_only=True):
    """A source with a fault; ``*`` stands for every source."""

    key: str
    kind: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no fault; there are {', '.join(KINDS)}")


class Alert(_Span, frozen=True, kw_only=True):
    """A weather warning that is in force.

    Attributes:
        event: what it warns of, in the words of the weather service.
        code: the weather service's number of that.
        severity: as in CAP.
        headline: its title.
        description: what is to be expected.
        instruction: what to do.
    """

    event: str
    code: int
    severity: str
    headline: str
    description: str = ""
    instruction: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known to have happened; for those who compare, it drives nothing.

    Attributes:
        at: when.
        text: what.
        source: who says so.
        point: measuring point, when it is about one.
        level_cm: the level there, when it is known.
        flow_m3s: the flow there, when it is known.
    """

    at: Time
    text: str
    source: Annotated[str, Meta(min_length=5)]
    point: str = ""
    level_cm: float | None = None
    flow_m3s: float | None = None

    @property
    def instant(self) -> Instant:
        """When, in the scenario's own time."""
        return parse_instant(_full(self.at))


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario, in its own time.

    Attributes:
        title: for people, by language.
        note: what it is made of, and how far it can be believed.
        opens: the moment that is shown first when it is played as of now.
        own_season: whether it brings its own time of the year along; otherwise the weather is that of the day.
    """

    title: dict[str, str]
    note: Annotated[str, Meta(min_length=10)]
    opens: Time
    own_season: bool = True
    rain: tuple[Rain, ...] = ()
    weather: tuple[Weather, ...] = ()
    release: tuple[Release, ...] = ()
    silence: tuple[Silence, ...] = ()
    fault: tuple[SourceFault, ...] = ()
    alert: tuple[Alert, ...] = ()
    event: tuple[Event, ...] = ()

    @property
    def opening(self) -> Instant:
        """The moment that is shown first."""
        return parse_instant(_full(self.opens))

    @property
    def spans(self) -> tuple[_Span, ...]:
        """Everything that lasts."""
        return (*self.rain, *self.weather, *self.release, *self.silence, *self.fault, *self.alert)

    def covers(self, at: int) -> bool:
        """Whether something of it goes on within a week of a time."""
        return any(span.start - 7 * DAY <= at <= span.end + 7 * DAY for span in self.spans)


def _full(text: str) -> str:
    """Seconds may be left out."""
    return text if text.count(":") - (text[-3] == ":") == 2 else f"{text[:16]}:00{text[16:]}"


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario in the time of those who look at it.

    Attributes:
        scenario: what happens.
        later: by how much it happens later than in its own time, microseconds.
    """

    scenario: Scenario
    later: int = 0

    @property
    def days_later(self) -> int:
        """The same in whole days, so that the sun and the traffic keep their hours; microseconds."""
        return round(self.later / DAY) * DAY if self.scenario.own_season else 0

    def under_way(self, spans: tuple[AnySpan, ...], at: int) -> list[AnySpan]:
        """Those that are going on at a time."""
        own = at - self.later
        return [span for span in spans if span.start <= own < span.end]


def play(scenario: Scenario, start: int, *, as_dated: bool) -> Played:
    """Let a scenario begin.

    Args:
        scenario: which.
        start: when somebody begins to look.
        as_dated: leave it at its own dates when the start lies among them.
    """
    if as_dated and scenario.covers(start):
        return Played(scenario=scenario)
    return Played(scenario=scenario, later=start - scenario.opening)


def known(city: str) -> dict[str, Path]:
    """The scenarios that a city can play, by name: everybody's, and its own."""
    folders = (Path(str(resources.files(__package__))) / FOLDER, cities.folder(city) / FOLDER)
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def load(name: str, city: str) -> Scenario:
    """A scenario.

    Args:
        name: one of the known ones, or the path of a file.
        city: whose.

    Raises:
        DomainError: ResourceNotFound when there is none; BadRequestData, naming file and line, for a broken one.
    """
    found = known(city)
    if name not in found and not Path(name).is_file():
        raise DomainError(Fault.NOT_FOUND, f"There is no scenario {name!r}; there are {', '.join(found)}.")
    return read_declaration(found.get(name) or Path(name), Scenario)
