"""What a city measures, as one Scope may see it: asked for what a page needs, so that pages of a large city are quick.

Only the directory, the list of everything by name, is read whole. A page that can do without it never waits for that of
a large city, and a city of very many series has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from talwerk.broker import Broker
from talwerk.core.entity import Attribute, Entity
from talwerk.core.instants import Clock
from talwerk.core.query import Page, Query
from talwerk.core.scope import Scope
from talwerk.core.series import Measured, Series, SeriesKey
from talwerk.core.terms import expand
from talwerk.portal.site.lasting import Lasting
from talwerk.services.indicators.evidence import OWN

NAME = expand("name")
NAME_MAX = 120
AT_ONCE = 10_000
"""The directory of a city of so many series is read while a page waits."""
DIRECTORY_MAX = 100_000
"""A city of more series has no directory: nobody looks for one of them by turning pages."""
_SCOPES_MAX = 8
_PER_READ = 1_000
_REMEMBERED_MAX = 20_000

Key = tuple[str, str, str | None]


def key_of(series: Series) -> Key:
    """What tells series apart: entity, attribute, dataset."""
    return series.entity, series.attribute, series.dataset


def series_key(series: Series) -> SeriesKey:
    """The same as the broker wants it."""
    return SeriesKey(entity=series.entity, attribute=series.attribute, dataset=series.dataset)


def last_part(iri: str) -> str:
    """The telling end of an IRI, or of an id."""
    return iri.rstrip("/#:").replace("#", "/").rpartition("/")[2].rpartition(":")[2] or iri


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that a city measures.

    Attributes:
        series: In the order of their places' names.
        names: What people call the entities.
    """

    series: tuple[Series, ...]
    names: dict[str, str]


class Register:
    """What a city measures; what was asked once is remembered.

    Args:
        broker: The way to the data.
        scope: On whose behalf.
        registers: Those that know the whole city; without them nothing about it is known.
    """

    def __init__(self, broker: Broker, scope: Scope, registers: Registers | None = None) -> None:
        self._broker = broker
        self._scope = scope
        self._registers = registers
        self._series: dict[str, tuple[Series, ...]] = {}
        self._names: dict[str, str] = {}

    @cached_property
    def simulated(self) -> bool:
        """Whether anything holds values that nobody measured."""
        return any(origin.simulated for origin in self._broker.provenances(self._scope))

    @cached_property
    def total(self) -> Measured:
        """How much is measured."""
        if self._registers is None:
            return self._broker.measured(self._scope, (OWN,))
        return self._registers.total(self._scope)

    def directory(self, *, wait: bool = False) -> Directory | None:
        """Everything by name, None for a city of very many series, and while that of a large city is read first.

        Args:
            wait: whether the page cannot do without it.
        """
        if self._registers is None or self.total.series > DIRECTORY_MAX:
            return None
        return self._registers.directory(self._scope, wait=wait or self.total.series <= AT_ONCE)

    def of(self, entity: str) -> tuple[Series, ...]:
        """What is measured at an entity, by attribute and dataset."""
        if entity not in self._series:
            self.fetch((entity,))
        return self._series[entity]

    def fetch(self, entities: Iterable[str]) -> None:
        """Read at once what will be asked for one by one."""
        if len(self._series) > _REMEMBERED_MAX:
            self._series = {}
        missing = [entity for entity in dict.fromkeys(entities) if entity not in self._series]
        found: dict[str, list[Series]] = {entity: [] for entity in missing}
        for ids in _portions(missing):
            page = self._broker.series_of(Query(ids=ids, page=Page(limit=_PER_READ)), self._scope)
            for series in filter(is_measured, page.series):
                found[series.entity].append(series)
        self._series |= {entity: tuple(series) for entity, series in found.items()}

    def find(self, entity: str, attribute: str, dataset: str | None) -> Series | None:
        """The series of that name, None when there is none."""
        wanted = (entity, attribute, dataset)
        return next((series for series in self.of(entity) if key_of(series) == wanted), None)

    def station(self, entity: str) -> str:
        """What people call a place: its name, or the last part of its id."""
        if entity not in self._names:
            self.name((entity,))
        return self._names[entity]

    def name(self, entities: Iterable[str]) -> None:
        """Read names at once that will be asked for one by one."""
        directory = self.directory()
        known = directory.names if directory is not None else {}
        if len(self._names) > _REMEMBERED_MAX:
            self._names = {}
        missing = [entity for entity in dict.fromkeys(entities) if entity not in self._names]
        told = {entity: known[entity] for entity in missing if entity in known}
        told |= names_of(self._broker, self._scope, [entity for entity in missing if entity not in told])
        self._names |= {entity: told.get(entity) or last_part(entity) for entity in missing}


class Registers:
    """Registers by Scope, new when the city changed; what needs the whole city lasts longer in a large one.

    Args:
        broker: The way to the data.
        clock: Its monotonic time bounds the share that reading takes.
    """

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._registers: Lasting[Register] = Lasting(broker.position, clock, _SCOPES_MAX)
        self._totals: Lasting[Measured] = Lasting(broker.position, clock, _SCOPES_MAX)
        self._directories: Lasting[Directory] = Lasting(broker.position, clock, _SCOPES_MAX)

    def current(self, scope: Scope) -> Register:
        """The register for a Scope."""
        return self._registers.current(scope.sight, lambda: Register(self._broker, scope, self))

    def total(self, scope: Scope) -> Measured:
        """How much a Scope sees measured."""
        return self._totals.current(scope.sight, lambda: self._broker.measured(scope, (OWN,)))

    def directory(self, scope: Scope, *, wait: bool) -> Directory | None:
        """Everything that a Scope sees measured; None while it is read for the first time, unless somebody waits."""
        asked: Callable[..., Directory | None] = self._directories.current if wait else self._directories.known
        return asked(scope.sight, lambda: _directory(self._broker, scope))


def is_measured(series: Series) -> bool:
    """Whether a series is one of a register: open, of measurements, not computed by the city itself."""
    return series.measured and series.closed is None and series.last is not None and series.provenance.source != OWN


def measured_pages(broker: Broker, scope: Scope) -> Iterator[tuple[Series, ...]]:
    """Everything that is measured, a thousand entities at a time."""
    origins = tuple(origin for origin in broker.provenances(scope) if origin.source != OWN)
    for page in broker.series_pages(Query(), scope, origins):
        yield tuple(filter(is_measured, page))


def names_of(broker: Broker, scope: Scope, entities: list[str]) -> dict[str, str]:
    """The names of those entities that have one."""
    names = {}
    for ids in _portions(entities):
        query = Query(ids=ids, attributes=(NAME,), page=Page(limit=_PER_READ))
        for entity in broker.read(query, scope).entities:
            if name := name_of(entity):
                names[entity.id] = name
    return names


def name_of(entity: Entity) -> str:
    """What people call an entity, or nothing."""
    return next((said for one in entity.attributes.get(NAME, ()) if (said := _said(one))), "")


def _directory(broker: Broker, scope: Scope) -> Directory:
    found = [series for page in measured_pages(broker, scope) for series in page]
    names = names_of(broker, scope, list(dict.fromkeys(series.entity for series in found)))
    called = {series.entity: (names.get(series.entity) or last_part(series.entity)).casefold() for series in found}
    found.sort(key=lambda s: (called[s.entity], s.entity, s.attribute, s.dataset or ""))
    return Directory(tuple(found), names)


def _portions(entities: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(entities), _PER_READ):
        yield tuple(entities[start : start + _PER_READ])


def _said(name: Attribute) -> str:
    """A name as one line of bounded length; of several languages the first one of the pages."""
    value = name.value
    if isinstance(value, dict):
        value = value.get("de") or next(iter(value.values()), "")
    if not isinstance(value, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: 2 * NAME_MAX]).split())
    return line if len(line) <= NAME_MAX else f"{line[: NAME_MAX - 1]}…"
