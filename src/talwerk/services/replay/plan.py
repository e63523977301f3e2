"""A mapping made concrete for one city: entities with ids, attributes with full names, shifts in microseconds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from talwerk.core.change import Provenance
from talwerk.core.errors import DomainError
from talwerk.core.identifiers import Iri, iri
from talwerk.core.instants import SECOND
from talwerk.core.quality import Flag
from talwerk.core.terms import expand
from talwerk.sdk.profile import MeasuringPoint, Profile, entity_id
from talwerk.sdk.tables.mapping import Channel, Mapping, MappingFile

_FLAGS = {
    "not-evaluated": Flag.NOT_EVALUATED,
    "pass": Flag.PASS,
    "suspect": Flag.SUSPECT,
    "fail": Flag.FAIL,
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where the values of one column go.

    Attributes:
        column: name of the column.
        entity: id of the entity.
        type: IRI of its type.
        attribute: IRI of the attribute.
        dataset: IRI of the dataset or None.
        unit: UN/CEFACT code or None.
        provenance: where the values come from.
        name: what people call the entity, empty when the mapping says nothing.
        shift_us: from the stamp to the end of the interval, microseconds.
        limits: what is plausible, both ends included.
        flag: of a plausible value.
        note: what the operator should know about this channel, empty when nothing.
    """

    column: str
    entity: Iri
    type: Iri
    attribute: Iri
    dataset: Iri | None
    unit: str | None
    provenance: Provenance
    name: str
    shift_us: int
    limits: tuple[float, float]
    flag: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a file.

    Attributes:
        mapping: how its cells read.
        targets: where the columns go, in the mapping's order.
    """

    mapping: Mapping
    targets: tuple[Target, ...]

    @property
    def simulated(self) -> bool:
        """Whether nobody measured these values."""
        return self.mapping.source.simulated

    @property
    def notes(self) -> tuple[str, ...]:
        """What the operator should know."""
        return tuple(target.note for target in self.targets if target.note)


def plan(file: MappingFile, profile: Profile) -> Plan:
    """The plan of a mapping for a city.

    Raises:
        DomainError: BadRequestData, naming file and line, when names are no names, when two channels fill the same
            series, or when a channel contradicts the measuring point that it names.
    """
    targets = []
    for index, channel in enumerate(file.mapping.channels):
        try:
            targets.append(_target(file, index, channel, profile))
        except DomainError as error:
            raise error if error.where else file.fault(error.detail, "channel", index) from None
    _check_together(file, targets)
    return Plan(mapping=file.mapping, targets=tuple(targets))


def _target(file: MappingFile, index: int, channel: Channel, profile: Profile) -> Target:
    source, time = file.mapping.source, file.mapping.time
    entity = entity_id(channel.entity, channel.type, profile.city.ags, source.key)
    interval_s = channel.interval_s or channel.cadence_s
    if time.stamp == "start" and interval_s is None:
        detail = (
            f'The channel {channel.column!r} needs cadence_s (or interval_s): with stamp = "start" '
            "a value is known only at the end of its interval."
        )
        raise file.fault(detail, "channel", index)
    point = profile.point(channel.target) if channel.target else None
    target = Target(
        column=channel.column,
        entity=entity,
        type=expand(channel.type),
        attribute=expand(channel.attribute),
        dataset=iri(channel.dataset, "dataset") if channel.dataset is not None else None,
        unit=channel.unit,
        provenance=Provenance(
            source=source.key,
            licence=source.licence,
            attribution=source.attribution,
            method=channel.method,
            cadence_s=channel.cadence_s,
            simulated=source.simulated,
        ),
        name=point.name if point else channel.target or "",
        shift_us=(interval_s or 0) * SECOND if time.stamp == "start" else 0,
        limits=channel.limits,
        flag=int(_FLAGS[channel.quality]),
    )
    return replace(target, note=_check_point(file, index, target, point, profile)) if point else target


def _check_point(file: MappingFile, index: int, target: Target, point: MeasuringPoint, profile: Profile) -> str:
    """Refuse a unit that the point's levels are not in; note an entity that the point would not show."""
    if target.attribute != point.attribute_iri:
        return ""
    if target.unit != point.unit:
        detail = (
            f"The channel {target.column!r} has the unit {target.unit}; "
            f"the measuring point {point.key!r} and its levels are in {point.unit}."
        )
        raise file.fault(detail, "channel", index, "unit")
    if target.entity in profile.candidates(point):
        return ""
    return (
        f"The profile does not list {target.entity} for the measuring point {point.key!r}: "
        "its values appear beside the axis, not on it."
    )


def _check_together(file: MappingFile, targets: list[Target]) -> None:
    """Refuse channels that contradict each other."""
    series: dict[tuple[str, str, str | None], str] = {}
    kinds: dict[str, str] = {}
    names: dict[str, str] = {}
    for index, target in enumerate(targets):
        key = (target.entity, target.attribute, target.dataset)
        if key in series:
            detail = f"The columns {series[key]!r} and {target.column!r} fill the same attribute of {target.entity}."
            raise file.fault(f"{detail} A dataset tells them apart.", "channel", index)
        series[key] = target.column
        if kinds.setdefault(target.entity, target.type) != target.type:
            raise file.fault(f"The entity {target.entity} is given two types.", "channel", index, "type")
        if target.name and names.setdefault(target.entity, target.name) != target.name:
            other = names[target.entity]
            detail = f"The entity {target.entity} is given two names: {other!r} and {target.name!r}."
            raise file.fault(detail, "channel", index, "target")
