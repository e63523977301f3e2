"""The profile of a city: what is particular about it, as declarations. No city name stands anywhere else."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from talwerk.core.errors import DomainError
from talwerk.core.identifiers import Iri, city_urn, iri
from talwerk.core.terms import expand

from .contact import Contact, Legal, SignVideo
from .look import Look

EXAMPLE_SOURCE = "beispiel"
"""Source key of generated example values; every measuring point also looks for them, last of all."""

Key = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
UnitCode = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2,3}$")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2}$")]
Quantity = Literal["level", "discharge", "rain", "temperature", "humidity", "wind", "no2", "ozone", "pm10", "pm2_5"]
"""What a measuring point measures; pages have words for each (``quantity.<key>``, ``station_title.<key>``)."""

_REFERENCE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*:[A-Za-z0-9._~\-]+")


class Levels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The three Informationsstufen of a gauge.

    Attributes:
        values: stages 1, 2 and 3 in the measuring point's unit, strictly ascending; a stage is reached when the
            value is above it.
        source: who states them.
        date: day of that statement (ISO 8601), empty when the source names none.
    """

    values: tuple[float, float, float]
    source: Name
    date: Annotated[str, Meta(pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?$")] = ""

    def __post_init__(self) -> None:
        low, middle, high = self.values
        if not low < middle < high:
            raise ValueError(f"The levels {self.values} are not strictly ascending")


class MeasuringPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quantity that is measured at one place, whoever delivers it.

    Attributes:
        key: stable within the profile; part of addresses and of mappings.
        name: what people call it.
        quantity: key of the quantity's wording.
        type: short entity type (Smart Data Models).
        attribute: short attribute name.
        unit: UN/CEFACT code of its values and levels.
        entities: who may deliver it, best first: full URIs, or ``source:native`` for ids of the city's own making.
        levels: Informationsstufen, None for "ohne Stufen".
        sum_period_s: seconds over which one value adds up (rain), 0 for a value of the moment.
        place: where it is, in words.
        reach: the stretch of the axis that it speaks for, in words.
        unconfirmed: what about it no source has confirmed, for example ``place``; whoever shows it says so.
    """

    key: Key
    name: Name
    type: Name
    attribute: Name
    unit: UnitCode
    quantity: Quantity
    entities: tuple[str, ...] = ()
    levels: Levels | None = None
    sum_period_s: Annotated[int, Meta(ge=0)] = 0
    place: str = ""
    reach: str = ""
    unconfirmed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            expand(self.type), expand(self.attribute)
            for reference in self.entities:
                entity_id(reference, self.type, "0")
        except DomainError as error:
            raise ValueError(error.detail) from None

    @property
    def attribute_iri(self) -> Iri:
        """The attribute's full name."""
        return expand(self.attribute)


class Axis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the city lies along: a river, a coast, a tram line.

    Attributes:
        name: its name, without article.
        kind: what it is; decides colours and verbs.
        phrase: the name with its article, as the subject of a sentence, by language.
        points: measuring points in the order in which the axis passes them.
    """

    name: Name
    kind: Literal["river", "coast", "line"]
    phrase: dict[Language, Name]
    points: tuple[MeasuringPoint, ...] = ()


class MarkStroke(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shape of a city's mark.

    Attributes:
        path: SVG path data in the mark's own units.
        role: the colour family that it takes: ``act``, ``paper`` or ``river``.
        width: stroke width in the mark's units, 0 to fill the shape.
    """

    path: Annotated[str, Meta(pattern=r"^[Mm][MmLlHhVvCcSsQqTtAaZz0-9eE ,.+\-]*$", max_length=2_000)]
    role: Literal["act", "paper", "river"] = "paper"
    width: Annotated[float, Meta(ge=0, le=20)] = 0.0


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The small drawn sign beside the portal's name.

    Attributes:
        strokes: its shapes, the lowest first.
        width: of the drawing, in its own units.
        height: of the drawing.
    """

    strokes: Annotated[tuple[MarkStroke, ...], Meta(min_length=1, max_length=12)]
    width: Annotated[int, Meta(ge=8, le=96)] = 32
    height: Annotated[int, Meta(ge=8, le=48)] = 24


class City(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The municipality itself.

    Attributes:
        key: name of the profile, in lower case.
        name: what people call it.
        ags: official municipality key, 8 digits; the authority in ids of our own making.
        ars: official regional key, 12 digits; selects warnings.
        neighbours: names of the cities beside it that it works with.
        zone: IANA time zone, for display and calendar days.
        languages: of its pages, the first is the default.
        source_code: where the source code of the running system can be had, empty when not published.
        mark: its drawn sign, None for the neutral one; a drawing of its own, never a coat of arms.
        unconfirmed: which of these no source has confirmed.
    """

    key: Key
    name: Name
    ags: Annotated[str, Meta(pattern=r"^\d{8}$")]
    ars: Annotated[str, Meta(pattern=r"^\d{12}$")]
    neighbours: tuple[Name, ...] = ()
    zone: str = "Europe/Berlin"
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = ("de",)
    source_code: Annotated[str, Meta(pattern=r"^(https?://\S+)?$")] = ""
    mark: Mark | None = None
    unconfirmed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"The zone {self.zone!r} is not in the IANA time zone database") from None


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source that the city polls, or that sends by itself.

    Attributes:
        key: stands in ids of entities and as the source of series; it stays when a connector is renamed.
        connector: key of the connector that reads it.
        address: what the connector's paths follow, without a slash at the end; empty for a source that sends by itself
            to ``/push/<connector>/<key>``.
        things: native ids that are wanted besides those that measuring points name; none at all means all of them.
        parameters: for the connector.
        title: what people call it, empty for the connector's.
        publisher: who publishes it, empty for the connector's.
        short: its name for narrow places, empty for the connector's or the publisher's.
        licence: SPDX identifier, ``restricted`` or ``unknown``, empty for the connector's: whoever has asked may know
            more.
        attribution: the credit line, empty for the connector's.
        every_s: seconds between two polls, 0 for the connector's.
        stale_s: seconds after which a value is stale, 0 for the connector's.
        polled: whether the city asks it; one that is only prepared is checked and answered by the twin, and not asked.
        unconfirmed: which of these no source has confirmed.
    """

    key: Key
    connector: Key
    address: Annotated[str, Meta(pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?)?$", max_length=500)] = ""
    things: tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9._~\-]+$", max_length=200)], ...] = ()
    parameters: dict[str, str | int | float | bool] = {}
    title: str = ""
    publisher: str = ""
    short: str = ""
    licence: str = ""
    attribution: str = ""
    every_s: Annotated[int, Meta(ge=0)] = 0
    stale_s: Annotated[int, Meta(ge=0)] = 0
    polled: bool = True
    unconfirmed: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that makes Talwerk the platform of this city.

    Attributes:
        city: the municipality.
        axis: what it lies along, None when it has none.
        points: further measuring points, most telling first.
        sources: what the city polls.
        contact: who runs the portal and how to reach them.
        legal: what the law wants said.
        look: colours of its own.
        sign_videos: in sign language, files in the folder ``sign`` beside the profile.
    """

    city: City
    axis: Axis | None = None
    points: tuple[MeasuringPoint, ...] = ()
    sources: tuple[Source, ...] = ()
    contact: Contact = Contact()
    legal: Legal = Legal()
    look: Look = Look()
    sign_videos: tuple[SignVideo, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for point in self.measuring_points:
            if point.key in seen:
                raise ValueError(f"The measuring point {point.key!r} is declared twice")
            seen.add(point.key)
        keys = [source.key for source in self.sources]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"The source {key!r} is declared twice")

    @property
    def measuring_points(self) -> tuple[MeasuringPoint, ...]:
        """All of them: those along the axis in its order, then the others."""
        return (*(self.axis.points if self.axis else ()), *self.points)

    def point(self, key: str) -> MeasuringPoint | None:
        """The measuring point of that key, None when the profile has none."""
        return next((point for point in self.measuring_points if point.key == key), None)

    def candidates(self, point: MeasuringPoint) -> tuple[Iri, ...]:
        """Ids of the entities that may deliver the point's values, best first; example values come last."""
        references = (*point.entities, f"{EXAMPLE_SOURCE}:{point.key}")
        return tuple(entity_id(reference, point.type, self.city.ags) for reference in references)

    def wanted(self, source: Source) -> tuple[str, ...]:
        """Native ids of what the city wants of a source: what its measuring points name, and the source's things."""
        named = (reference.partition(":") for point in self.measuring_points for reference in point.entities)
        return tuple(dict.fromkeys([native for key, _, native in named if key == source.key] + list(source.things)))


def entity_id(reference: str, kind: str, ags: str, source: str = "") -> Iri:
    """The entity that a declaration names.

    Args:
        reference: a full URI (``urn:...``, ``http...``), ``source:native``, or ``native`` alone when a source is given.
        kind: short entity type, part of ids of our own making.
        ags: key of the authority, part of ids of our own making.
        source: key of the source for references without one.

    Raises:
        DomainError: InvalidRequest when it is none of these.
    """
    scheme, colon, _ = reference.partition(":")
    if colon and scheme.lower() in {"urn", "http", "https"}:
        return iri(reference, "entity")
    if _REFERENCE.fullmatch(reference):
        source, _, native = reference.partition(":")
        return city_urn(kind, ags, source, native)
    return city_urn(kind, ags, source, reference)
