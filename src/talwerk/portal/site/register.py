"""The register of what a city measures: its series, what their places are called, and who is simulated.

Reading it takes time that grows with the city, so it is kept until something changes, and never read so often that
reading it takes more than a small share of the time.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from threading import Lock, Thread

from talwerk.broker import Broker
from talwerk.core.entity import Attribute
from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock
from talwerk.core.quality import Mark
from talwerk.core.query import Page, Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Series, SeriesKey
from talwerk.core.terms import expand
from talwerk.services.indicators.evidence import OWN

logger = logging.getLogger(__name__)

NAME = expand("name")
NAME_MAX = 120
READING_SHARE = 20
"""A register is kept at least this many times as long as it took to read."""
PATIENCE_S = 0.05
"""A register that takes longer to read is read beside the pages, never in their way."""
_SCOPES_MAX = 8
_NAMES_PER_READ = 1_000

Key = tuple[str, str, str | None]


def key_of(series: Series) -> Key:
    """What tells series apart: entity, attribute, dataset."""
    return series.entity, series.attribute, series.dataset


def series_key(series: Series) -> SeriesKey:
    """The same as the broker wants it."""
    return SeriesKey(entity=series.entity, attribute=series.attribute, dataset=series.dataset)


@dataclass(frozen=True, slots=True)
class Register:
    """What a city measures, as one Scope may see it.

    Attributes:
        series: Open series of numbers that hold values, in the order of their places' names.
        by_entity: The same by entity.
        names: What people call the entities.
        simulated: Whether any series holds values that nobody measured.
    """

    series: tuple[Series, ...]
    by_entity: Mapping[str, tuple[Series, ...]]
    names: Mapping[str, str]
    simulated: bool

    def station(self, entity: str) -> str:
        """What people call a place: its name, or the last part of its id."""
        return self.names.get(entity) or entity.rstrip("/:#").rpartition("/")[2].rpartition(":")[2] or entity

    def find(self, entity: str, attribute: str, dataset: str | None) -> Series | None:
        """The series of that name, None when there is none."""
        wanted = (entity, attribute, dataset)
        return next((series for series in self.by_entity.get(entity, ()) if key_of(series) == wanted), None)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A register, with the position of the change log that it shows, when it was read, and how long that took."""

    register: Register
    position: int
    read_s: float
    cost_s: float


class Registers:
    """Registers by Scope, read again when the city changed.

    Args:
        broker: The way to the data.
        clock: Its monotonic time bounds the share that reading takes.
    """

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._kept: OrderedDict[object, _Kept] = OrderedDict()
        self._measured: dict[Key, bool] = {}
        self._reading = Lock()

    def current(self, scope: Scope) -> Register:
        """The register for a Scope."""
        seen = (scope.tenant, scope.predicate, scope.attributes)
        kept = self._kept.get(seen)
        if kept is None or (kept.cost_s <= PATIENCE_S and not self._holds(kept)):
            return self._renewed(seen, scope)
        if not self._holds(kept) and self._reading.acquire(blocking=False):
            # In a large city nobody waits for the newest register: it is read beside, and shown when it is there.
            Thread(target=self._renew_beside, args=(seen, scope), name="register", daemon=True).start()
        return kept.register

    def _renew_beside(self, seen: object, scope: Scope) -> None:
        try:
            self._renewed(seen, scope)
        except DomainError:
            # Whoever asks next tries again.
            logger.warning("the register of measuring points cannot be read", exc_info=True)
        finally:
            self._reading.release()

    def _renewed(self, seen: object, scope: Scope) -> Register:
        # The position first: what is written while we read makes the next request read again.
        position, began_s = self._broker.position(), self._clock.monotonic_s()
        register = self._read(scope)
        ended_s = self._clock.monotonic_s()
        self._kept[seen] = _Kept(register, position, ended_s, ended_s - began_s)
        self._kept.move_to_end(seen)
        if len(self._kept) > _SCOPES_MAX:
            self._kept.popitem(last=False)
        return register

    def _holds(self, kept: _Kept) -> bool:
        if self._clock.monotonic_s() - kept.read_s < READING_SHARE * kept.cost_s:
            return True
        return self._broker.position() == kept.position

    def _read(self, scope: Scope) -> Register:
        # What the city computes about itself stands on the pages of its themes.
        found = [s for s in self._broker.series(scope) if s.last is not None and s.provenance.source != OWN]
        numbers = [s for s in found if s.closed is None and self._is_measured(s, scope)]
        names = dict(self._names(scope, list(dict.fromkeys(s.entity for s in numbers))))
        simulated = any(s.provenance.simulated for s in found)
        bare = Register((), {}, names, simulated)
        by_entity = {entity: tuple(group) for entity, group in groupby(numbers, key=lambda s: s.entity)}
        numbers.sort(key=lambda s: (bare.station(s.entity).casefold(), s.entity, s.attribute, s.dataset or ""))
        return Register(tuple(numbers), by_entity, names, simulated)

    def _is_measured(self, series: Series, scope: Scope) -> bool:
        """Whether a series holds measurements: those with a unit do, of the others the newest value is looked at, once.

        A number without a unit that nobody says when they observed is a statement: seats of a bench, a warning's code.
        """
        if series.unit is not None:
            return True
        if series.attribute == NAME:
            return False
        key = key_of(series)
        if key not in self._measured:
            newest = self._broker.points(series_key(series), Window(), scope, 1)
            if len(self._measured) > 100_000:
                self._measured.clear()
            self._measured[key] = bool(newest.values) and (
                isinstance(newest.values[0], int | float) and not newest.quality[0] & Mark.TIME_ASSUMED
            )
        return self._measured[key]

    def _names(self, scope: Scope, entities: list[str]) -> Iterator[tuple[str, str]]:
        for start in range(0, len(entities), _NAMES_PER_READ):
            ids = tuple(entities[start : start + _NAMES_PER_READ])
            query = Query(ids=ids, attributes=(NAME,), page=Page(limit=_NAMES_PER_READ))
            for entity in self._broker.read(query, scope).entities:
                name = next((said for one in entity.attributes.get(NAME, ()) if (said := _said(one))), "")
                if name:
                    yield entity.id, name


def _said(name: Attribute) -> str:
    """A name as one line of bounded length; of several languages the first one of the pages."""
    value = name.value
    if isinstance(value, dict):
        value = value.get("de") or next(iter(value.values()), "")
    if not isinstance(value, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: 2 * NAME_MAX]).split())
    return line if len(line) <= NAME_MAX else f"{line[: NAME_MAX - 1]}…"
