"""A feed: a source of the profile together with its connector, everything decided."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from talwerk.core.change import Provenance
from talwerk.core.errors import DomainError, Fault
from talwerk.core.identifiers import Iri, city_urn, iri
from talwerk.core.instants import Instant
from talwerk.sdk.connector import PLACEHOLDER, QUERY, Connector, Quantity, Request
from talwerk.sdk.profile import Profile, Source
from talwerk.sdk.reading import moments

from .beside import beside
from .discovery import Found

_SCHEMES = frozenset({"urn", "http", "https"})

TWIN_LICENCE = "CC0-1.0"
"""Of simulated values."""
SIMULATION_OF = "Simulation, nicht von: "
"""How the credit line of simulated values begins; whoever would be credited for real ones follows."""


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What is polled.

    Attributes:
        key: of the source.
        title: what people call it.
        publisher: who publishes it.
        short: its name for narrow places.
        address: what paths follow.
        ags: key of the authority in ids.
        connector: how it is read.
        reference: where another process finds the connector.
        licence: of its values.
        attribution: the credit line.
        every_s: seconds between two polls.
        stale_s: seconds after which its newest value is stale.
        cadence_s: expected seconds between two values.
        wanted: native ids that the city wants, empty for all.
        staged: native ids whose levels the profile states itself.
        parameters: for the connector.
        simulated: whether nobody measures its values.
    """

    key: str
    title: str
    publisher: str
    short: str
    address: str
    ags: str
    connector: Connector
    reference: str
    licence: str
    attribution: str
    every_s: int
    stale_s: int
    cadence_s: int
    wanted: tuple[str, ...]
    staged: frozenset[str]
    parameters: dict[str, Any]
    simulated: bool = False

    def entity(self, kind: str, native: str) -> Iri:
        """The id of a thing of this source. Full URIs, as other cities' platforms give them, are kept.

        Raises:
            DomainError: InvalidRequest when the native id holds what no id of ours may hold, or is one of this city:
                what others have from us does not come back through them.
        """
        if native.partition(":")[0].lower() in _SCHEMES and ":" in native:
            if native.lower().startswith("urn:ngsi-ld:") and native.split(":")[3:4] == [self.ags]:
                raise DomainError(Fault.INVALID_REQUEST, f"The entity {native[:200]} is this city's own.")
            return iri(native, "entity")
        return city_urn(kind, self.ags, self.key, native)

    @property
    def sends(self) -> bool:
        """Whether the source sends by itself and is not polled."""
        return not self.address

    def provenance(self, quantity: Quantity | None = None) -> Provenance:
        """Where its values come from; without a quantity that of a statement, which has no rhythm."""
        if quantity is None:
            return Provenance(
                source=self.key, licence=self.licence, attribution=self.attribution, simulated=self.simulated
            )
        return Provenance(
            source=self.key,
            licence=self.licence,
            attribution=self.attribution,
            method=quantity.method,
            cadence_s=self.cadence_s,
            stale_s=self.stale_s,
            simulated=self.simulated,
        )

    def every(self, request: Request) -> int:
        """Seconds between two of these requests; a profile that polls faster makes all of them faster alike."""
        if request.every_s is None:
            return self.every_s
        return max(1, request.every_s * min(self.every_s, self.connector.every_s) // self.connector.every_s)

    def url(self, request: Request, parameters: dict[str, str], now: Instant) -> str:
        """Where a request goes, asked now.

        Raises:
            DomainError: BadRequestData when a placeholder has no parameter, or one that would change the path.
        """
        known = {**self.parameters, **parameters, **moments(now, self.connector.zone)}

        def filled(match: re.Match[str]) -> str:
            value = str(known.get(match[1], ""))
            if value.strip(".") == "":
                raise DomainError(Fault.BAD_REQUEST_DATA, f"the parameter {match[1]!r} has no usable value")
            return quote(value, safe="")

        def whole(match: re.Match[str]) -> str:
            # What may not stand in a query is encoded, what is encoded already stays.
            return quote(str(known.get(match[1], "")), safe="%/?:@!$&'()*+,;=~-._")

        return self.address + QUERY.sub(whole, PLACEHOLDER.sub(filled, request.path))


def of_twin(real: Feed, address: str = "") -> Feed:
    """The same feed, answered by a twin: it says so wherever its values go, and is nobody's work but ours.

    Args:
        real: of the profile.
        address: where the twin answers, empty for a source that sends by itself.
    """
    credit = SIMULATION_OF + real.attribution
    return msgspec.structs.replace(real, address=address, licence=TWIN_LICENCE, attribution=credit, simulated=True)


def feed(source: Source, profile: Profile, found: dict[str, Found], folder: Path | None = None) -> Feed:
    """The feed of a source.

    Args:
        source: of the profile.
        profile: of the city.
        found: the connectors that there are.
        folder: of the profile, with the files that connectors read beside it; without one they are not read.

    Raises:
        DomainError: InvalidRequest when there is no such connector, it cannot read what has no address or send what
            has one, or a parameter is unknown or missing; BadRequestData, with its place, when a file beside the
            profile is not what it should be.
    """
    if source.connector not in found:
        known = ", ".join(sorted(found))
        detail = (
            f"The source {source.key!r} needs the connector {source.connector!r}, which is not there; known: {known}."
        )
        raise DomainError(Fault.INVALID_REQUEST, detail)
    connector = found[source.connector].connector
    parameters: dict[str, Any] = {**connector.parameters, **source.parameters}
    wrong = [name for name in parameters if name not in connector.parameters or parameters[name] is None]
    if wrong:
        detail = f"The source {source.key!r} has an unknown parameter or lacks a value for one: {', '.join(wrong)}."
        raise DomainError(Fault.INVALID_REQUEST, detail)
    if not (connector.requests if source.address else connector.push):
        detail = "is not asked, so that it has no address" if source.address else "needs an address"
        raise DomainError(Fault.INVALID_REQUEST, f"The source {source.key!r} {detail}.")
    if folder is not None:
        parameters = {**parameters, **beside(connector, parameters, folder)}
    every_s = source.every_s or connector.every_s
    references = {ref for point in profile.measuring_points if point.levels is not None for ref in point.entities}
    wanted = profile.wanted(source)
    return Feed(
        key=source.key,
        title=source.title or connector.title,
        publisher=source.publisher or connector.publisher,
        short=source.short or source.publisher or connector.short or connector.publisher,
        address=source.address,
        ags=profile.city.ags,
        connector=connector,
        reference=found[source.connector].reference,
        licence=source.licence or connector.licence,
        attribution=source.attribution or connector.attribution,
        every_s=every_s,
        stale_s=source.stale_s or connector.stale_s,
        cadence_s=connector.cadence_s,
        wanted=wanted,
        staged=frozenset(native for native in wanted if f"{source.key}:{native}" in references),
        parameters=parameters,
    )
