"""Indicators as entities: KeyPerformanceIndicator of the Smart Data Models, with history, for every client to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from talwerk.broker import Broker
from talwerk.core.change import Change, Mode, Provenance, Target
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.identifiers import Iri, city_urn
from talwerk.core.instants import Instant, format_instant, instant_or_none
from talwerk.core.query import Page, Query
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.sdk.theme import Indicator, Theme, Wording

from .evidence import OWN
from .result import Absence, Part, Result

TYPE = "KeyPerformanceIndicator"
VALUE: Iri = expand("kpiValue")
BY_QUARTER = "byQuarter"
"""How many of the addresses of each quarter are counted, and of how many: ``{"quarter": [n, of]}``."""
HOURLY_S, DAILY_S = 3_600, 86_400
STALE_CADENCES = 3

_NUMBERS = ("numerator", "denominator", "sampleSize")
_SEPARATOR = " · "


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an indicator stands, as it is kept.

    Attributes:
        value: in the indicator's unit, None when there is none.
        absence: why there is none, None when it was never computed.
        numerator: above the line.
        denominator: below the line.
        count: how many series, addresses or sources it rests on.
        observed: the newest observation that was used; None when it rests on what the city has, not on observations.
        computed: when it was computed.
        start: of the period that it speaks of.
        end: the instant after it.
        place: the entity that it speaks of, empty for the city.
        sources: keys of the sources.
        attribution: their credit lines.
        licence: the one that all sources share, ``unknown`` otherwise.
        simulated: whether nobody measured what it rests on.
        parts: the same for quarters, by key.
    """

    value: float | None = None
    absence: Absence | None = None
    numerator: float | None = None
    denominator: float | None = None
    count: int = 0
    observed: Instant | None = None
    computed: Instant | None = None
    start: Instant | None = None
    end: Instant | None = None
    place: str = ""
    sources: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    licence: str = "unknown"
    simulated: bool = False
    parts: tuple[Part, ...] = ()

    @property
    def as_of(self) -> Instant | None:
        """The time that the value speaks of."""
        return self.observed if self.observed is not None else self.computed


def indicator_id(ags: str, theme: Theme, indicator: Indicator) -> Iri:
    """The id of an indicator's entity."""
    return city_urn(TYPE, ags, OWN, f"{theme.key}.{indicator.key}")


def standings(broker: Broker, scope: Scope, ids: Iterable[str]) -> dict[str, Standing]:
    """How indicators stand, by id; those that were never computed are absent."""
    wanted = tuple(ids)
    found: dict[str, Standing] = {}
    for at in range(0, len(wanted), 1_000):
        query = Query(ids=wanted[at : at + 1_000], page=Page(limit=1_000))
        found |= {entity.id: standing(entity) for entity in broker.read(query, scope).entities}
    return found


def standing(entity: Entity) -> Standing:
    """How an indicator stands, from its entity."""
    said = {name: entity.attributes[expand(name)][0] for name in _NAMES if expand(name) in entity.attributes}
    value, period = said.get("kpiValue"), _plain(said, "calculationPeriod", {})
    absence = _plain(said, "absence", "")
    return Standing(
        value=None if value is None else float(value.value),
        absence=Absence(absence) if absence in list(Absence) else None,
        numerator=_plain(said, "numerator", None),
        denominator=_plain(said, "denominator", None),
        count=_plain(said, "sampleSize", 0),
        observed=None if value is None or value.observed is None else Instant(value.observed),
        computed=instant_or_none(_plain(said, "updatedAt", "")),
        start=instant_or_none(period.get("start")),
        end=instant_or_none(period.get("end")),
        place=_plain(said, "refPlace", ""),
        sources=tuple(_plain(said, "source", ())),
        attribution=tuple(line for line in str(_plain(said, "attribution", "")).split(_SEPARATOR) if line),
        licence=_plain(said, "licence", "unknown"),
        simulated=_plain(said, "simulated", False),
        parts=tuple(Part(key, *counted) for key, counted in _plain(said, BY_QUARTER, {}).items()),
    )


def _plain(said: dict[str, Attribute], name: str, default: Any) -> Any:
    return said[name].value if name in said else default


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator that was computed.

    Attributes:
        theme: of the indicator.
        indicator: what was computed.
        result: what became of it.
        simulated: whether nobody measured what the city holds.
        at: when.
    """

    theme: Theme
    indicator: Indicator
    result: Result
    simulated: bool
    at: Instant


def changes(done: Computed, ags: str, has: Attributes) -> list[Change]:
    """What has to be written so that the entity of an indicator says what was computed; nothing twice.

    Args:
        done: what was computed.
        ags: key of the authority in ids.
        has: attributes of the entity as it is now, empty when there is none.
    """
    entity = Entity(id=indicator_id(ags, done.theme, done.indicator), types=(expand(TYPE),))
    statements, numbers = _statements(done), _numbers(done)
    made = []
    for told, provenance in ((statements, _own(done)), (numbers, _rhythm(done))):
        news = {name: (one,) for name, one in told.items() if not _same(has.get(name, ()), one)}
        if news:
            changed = msgspec.structs.replace(entity, attributes=news)
            made.append(Change(mode=Mode.UPDATE, entity=changed, provenance=provenance))
    gone = [name for name in map(expand, _NAMES) if name in has and name not in statements and name not in numbers]
    if gone:
        targets = tuple(Target(attribute=name) for name in gone)
        bare = msgspec.structs.replace(entity, types=())
        made.append(Change(mode=Mode.DELETE_ATTRIBUTES, entity=bare, targets=targets))
    return made


def _statements(done: Computed) -> dict[str, Attribute]:
    """What is said about an indicator, without any time but that of writing."""
    result, indicator = done.result, done.indicator
    texts: dict[str, Any] = {
        "calculationFrequency": "hourly",
        "calculationMethod": "automatic",
        "category": done.theme.key,
        "updatedAt": format_instant(done.at),
        "licence": _licence(result.origins),
    }
    if result.absence is not None:
        texts["absence"] = result.absence.value
    if result.start is not None and result.end is not None:
        texts["calculationPeriod"] = {"start": format_instant(result.start), "end": format_instant(result.end)}
    if result.origins:
        texts["source"] = sorted({origin.source for origin in result.origins})
        texts["attribution"] = _attribution(result.origins)
    if done.simulated:
        texts["simulated"] = True
    if result.parts:
        texts[BY_QUARTER] = {part.key: [part.numerator, part.denominator] for part in result.parts}
    told: dict[str, Attribute] = {
        expand(name): Attribute(kind=Kind.PROPERTY, value=value) for name, value in texts.items() if value != ""
    }
    told[expand("name")] = _worded(indicator.title)
    told[expand("calculationFormula")] = _worded(indicator.formula)
    if result.place:
        told[expand("refPlace")] = Attribute(kind=Kind.RELATIONSHIP, value=result.place)
    return told


def _numbers(done: Computed) -> dict[str, Attribute]:
    """What was computed. A number that rests on no observation is a statement, as what it rests on is."""
    result = done.result
    if result.value is None:
        return {}
    numbers = {"numerator": result.numerator, "denominator": result.denominator, "sampleSize": result.count}
    told: dict[str, Attribute] = {
        expand(name): Attribute(kind=Kind.PROPERTY, value=number, observed=result.observed)
        for name, number in numbers.items()
        if number is not None
    }
    told[VALUE] = Attribute(kind=Kind.PROPERTY, value=result.value, observed=result.observed, unit=done.indicator.unit)
    return told


def _own(done: Computed) -> Provenance:
    return Provenance(source=OWN, licence=_licence(done.result.origins), simulated=done.simulated)


def _rhythm(done: Computed) -> Provenance:
    """Where the numbers come from: the formula is the method, so that another one opens a new series."""
    result = done.result
    cadence_s = None if result.observed is None else HOURLY_S if not result.place else DAILY_S
    return Provenance(
        source=OWN,
        licence=_licence(result.origins),
        attribution=_attribution(result.origins),
        method=done.indicator.formula.de,
        cadence_s=cadence_s,
        stale_s=None if cadence_s is None else STALE_CADENCES * cadence_s,
        simulated=done.simulated,
    )


def _licence(origins: Iterable[Provenance]) -> str:
    """What is made of several sources may be used as all of them may be: of different licences nobody can say how."""
    licences = {origin.licence for origin in origins}
    return licences.pop() if len(licences) == 1 else "unknown"


def _attribution(origins: Iterable[Provenance]) -> str:
    return _SEPARATOR.join(sorted({origin.attribution for origin in origins} - {""}))


def _worded(wording: Wording) -> Attribute:
    texts = {"de": wording.de, **({"en": wording.en} if wording.en else {})}
    return Attribute(kind=Kind.LANGUAGE_PROPERTY, value=texts)


def _same(has: tuple[Attribute, ...], told: Attribute) -> bool:
    return len(has) == 1 and all(
        getattr(has[0], member) == getattr(told, member) for member in ("kind", "value", "unit", "observed")
    )


_NAMES = (
    "kpiValue",
    *_NUMBERS,
    "calculationPeriod",
    "absence",
    "updatedAt",
    "source",
    "attribution",
    "licence",
    "simulated",
    "refPlace",
    BY_QUARTER,
)
"""What :func:`standing` reads, and what leaves the entity when a computation no longer says it."""
