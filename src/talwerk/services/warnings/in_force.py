"""Official warnings as sources relay them, read through the broker: what is in force, and how sure that is.

A source of warnings names all that there are. So its silence is no all-clear: that there is none may be said only as
long as every such source has answered within its stale limit. An entity counts as official only when a source of the
profile that warns has brought it, whatever else calls itself a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum

import msgspec

from talwerk.broker import Broker
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.identifiers import Iri, city_urn
from talwerk.core.instants import SECOND, Instant, instant_or_none
from talwerk.core.query import LIMIT_MAX, Page, Query
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.sdk.connector import Connector
from talwerk.sdk.profile import Profile
from talwerk.services.sources.duty import OWNER
from talwerk.services.sources.duty import TYPE as SOURCE_TYPE

TYPE: Iri = expand("WeatherAlert")
ANSWERED: Iri = expand("lastAnswered")
"""Of a source that warns: when it last gave a usable answer, as text (ISO 8601)."""
PAGES_MAX = 5
ANY_LANGUAGE = ("de", "en")


class Severity(IntEnum):
    """How severe, after CAP 1.2 (severity)."""

    UNKNOWN = 0
    MINOR = 1
    MODERATE = 2
    SEVERE = 3
    EXTREME = 4


class Official(msgspec.Struct, frozen=True, kw_only=True):
    """A relayed warning; none of its texts is ours.

    Attributes:
        id: of its entity.
        source: key of the source that relays it.
        severity: as its issuer sees it.
        issuer: who warns.
        area: for where, in the issuer's words; empty when not said.
        event: of what, by language.
        headline: its title, by language.
        description: what is to be expected, by language.
        instruction: what to do, by language.
        start: from when it holds; None for since it is there.
        end: the instant from which it no longer holds; None when its issuer named none.
        issued: when it was issued, None when not said.
        next: when its issuer will say more (``nextUpdate``), None when not said.
    """

    id: Iri
    source: str
    severity: Severity = Severity.UNKNOWN
    issuer: str = ""
    area: str = ""
    event: Mapping[str, str] = {}
    headline: Mapping[str, str] = {}
    description: Mapping[str, str] = {}
    instruction: Mapping[str, str] = {}
    start: Instant | None = None
    end: Instant | None = None
    issued: Instant | None = None
    next: Instant | None = None

    def lasts(self, now: int) -> bool:
        """Whether it has not ended yet."""
        return self.end is None or now < self.end

    def announced(self, now: int) -> bool:
        """Whether it holds only later."""
        return self.start is not None and now < self.start


class Warner(msgspec.Struct, frozen=True, kw_only=True):
    """A source of warnings.

    Attributes:
        key: of the source.
        publisher: who warns.
        stale_s: how long an answer of it counts.
        every_s: how often it is asked.
        answered: when it last gave a usable answer, None for never.
    """

    key: str
    publisher: str
    stale_s: int
    every_s: int
    answered: Instant | None = None

    def is_fresh(self, now: int) -> bool:
        """Whether what it said last still counts."""
        return self.answered is not None and now - self.answered <= self.stale_s * SECOND


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of official warnings at an instant.

    Attributes:
        now: the instant.
        warnings: that hold or were announced, and have not ended: the most severe first, of these the earliest.
        warners: the city's sources of warnings, none for a city without any.
    """

    now: Instant
    warnings: tuple[Official, ...] = ()
    warners: tuple[Warner, ...] = ()

    @property
    def silent(self) -> tuple[Warner, ...]:
        """Those whose last answer no longer counts."""
        return tuple(warner for warner in self.warners if not warner.is_fresh(self.now))

    @property
    def known(self) -> bool:
        """Whether no warning means that there is none."""
        return bool(self.warners) and not self.silent

    @property
    def severity(self) -> Severity:
        """The highest of those that hold now."""
        held = (warning.severity for warning in self.warnings if not warning.announced(self.now))
        return max(held, default=Severity.UNKNOWN)

    @property
    def changes(self) -> Instant | None:
        """The next instant at which one begins or ends by itself, None when none does."""
        edges = (edge for warning in self.warnings for edge in (warning.start, warning.end))
        return min((edge for edge in edges if edge is not None and edge > self.now), default=None)


class Warnings:
    """Reads the official warnings of one city.

    Args:
        broker: the way to the data.
        profile: its sources.
        connectors: how they are read, by key.
    """

    def __init__(self, broker: Broker, profile: Profile, connectors: Mapping[str, Connector]) -> None:
        self._broker = broker
        self._ags = profile.city.ags
        self.warners = tuple(_warners(profile, connectors))
        self.publishers = dict(_publishers(profile, connectors))
        """Who publishes what a source brings, by its key: short, as people know it."""

    def in_force(self, scope: Scope, now: Instant) -> InForce:
        """What is known at an instant, as far as the Scope shows it."""
        if not self.warners:
            return InForce(now=now)
        found = (_official(entity, source) for entity, source in self._entities(scope))
        lasting = [warning for warning in found if warning is not None and warning.lasts(now)]
        lasting.sort(key=lambda warning: (-warning.severity, warning.start or 0, warning.id))
        return InForce(now=now, warnings=tuple(lasting), warners=self._asked(scope))

    def source_id(self, key: str) -> Iri:
        """The entity of a source."""
        return city_urn(SOURCE_TYPE, self._ags, OWNER, key)

    def _entities(self, scope: Scope) -> Iterator[tuple[Entity, str]]:
        """Warnings that the sources brought, each with its source."""
        prefixes = {f"urn:ngsi-ld:WeatherAlert:{self._ags}:{warner.key}:": warner.key for warner in self.warners}
        after: str | None = None
        for _ in range(PAGES_MAX):
            page = self._broker.read(Query(types=(TYPE,), page=Page(limit=LIMIT_MAX, after=after)), scope)
            for entity in page.entities:
                source = next((key for prefix, key in prefixes.items() if entity.id.startswith(prefix)), None)
                if source is not None:
                    yield entity, source
            after = page.next
            if after is None:
                return

    def _asked(self, scope: Scope) -> tuple[Warner, ...]:
        """The sources, with when they last answered."""
        ids = tuple(self.source_id(warner.key) for warner in self.warners)
        query = Query(ids=ids, attributes=(ANSWERED,), page=Page(limit=len(ids)))
        said = {entity.id: _text(entity, ANSWERED) for entity in self._broker.read(query, scope).entities}
        return tuple(
            msgspec.structs.replace(warner, answered=instant_or_none(said.get(id_, "")))
            for warner, id_ in zip(self.warners, ids, strict=True)
        )


def _warners(profile: Profile, connectors: Mapping[str, Connector]) -> Iterator[Warner]:
    for source in profile.sources:
        connector = connectors.get(source.connector)
        if connector is not None and connector.warns and source.polled:
            yield Warner(
                key=source.key,
                publisher=source.publisher or connector.publisher,
                stale_s=source.stale_s or connector.stale_s,
                every_s=source.every_s or connector.every_s,
            )


def _publishers(profile: Profile, connectors: Mapping[str, Connector]) -> Iterator[tuple[str, str]]:
    for source in profile.sources:
        connector = connectors.get(source.connector)
        short, publisher = (connector.short, connector.publisher) if connector is not None else ("", "")
        if name := source.short or source.publisher or short or publisher:
            yield source.key, name


def _official(entity: Entity, source: str) -> Official | None:
    """A warning from its entity; None for one that its issuer marked as a test or exercise."""
    if _text(entity, expand("status"), "actual").lower() != "actual":
        return None
    name = _text(entity, expand("severity")).upper()
    return Official(
        id=Iri(entity.id),
        source=source,
        severity=Severity[name] if name in Severity.__members__ else Severity.UNKNOWN,
        issuer=_text(entity, expand("alertSource")),
        area=_text(entity, expand("areaServed")),
        event=_wording(entity, "event"),
        headline=_wording(entity, "headline"),
        description=_wording(entity, "description"),
        instruction=_wording(entity, "instruction"),
        start=instant_or_none(_text(entity, expand("validFrom"))),
        end=instant_or_none(_text(entity, expand("validTo"))),
        issued=instant_or_none(_text(entity, expand("dateIssued"))),
        next=instant_or_none(_text(entity, expand("nextUpdate"))),
    )


def _text(entity: Entity, name: Iri, otherwise: str = "") -> str:
    found = _values(entity.attributes.get(name, ()))
    return next((value for value in found if isinstance(value, str)), otherwise)


def _values(instances: Iterable[Attribute]) -> Iterator[object]:
    return (instance.value for instance in instances if instance.kind is Kind.PROPERTY)


def _wording(entity: Entity, name: str) -> dict[str, str]:
    """A text by language; one without a language counts for the first."""
    for instance in entity.attributes.get(expand(name), ()):
        if instance.kind is Kind.LANGUAGE_PROPERTY and isinstance(instance.value, dict):
            return {key: text for key, text in instance.value.items() if isinstance(text, str) and text.strip()}
        if isinstance(instance.value, str) and instance.value.strip():
            return {ANY_LANGUAGE[0]: instance.value}
    return {}
