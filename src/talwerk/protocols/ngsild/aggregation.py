"""Aggregated values of histories: parameters in, payloads out (NGSI-LD clauses 4.5.19 and 6.3.12)."""

from __future__ import annotations

from typing import Any

from talwerk.core.aggregates import AggregatedAttribute, AggregatedEntity, AggregateQuery, Method
from talwerk.core.durations import Duration, parse_duration
from talwerk.core.errors import bad_data, invalid
from talwerk.core.query import TemporalQuery

from .encoding import Representation, encode_head, written_time
from .parameters import Parameters
from .representation import AGGREGATED

_SYSTEM = "sysAttrs"


def aggregation(parameters: Parameters, histories: TemporalQuery) -> AggregateQuery | None:
    """What aggrMethods and aggrPeriodDuration ask for, None when no aggregated values are wanted.

    Args:
        parameters: of the request.
        histories: what the rest of them selects.

    Raises:
        DomainError: InvalidRequest for methods without the representation or beside another one; BadRequestData for
            unknown methods and impossible durations.
    """
    chosen = parameters.text("format")
    wanted = {chosen} if chosen else set(parameters.parts("options")) - {_SYSTEM}
    given = [name for name in ("aggrMethods", "aggrPeriodDuration") if parameters.text(name)]
    if AGGREGATED not in wanted:
        if given:
            raise invalid(f"The {given[0]} needs the format {AGGREGATED}.", given[0])
        return None
    if len(wanted) > 1:
        raise invalid(f"The options {', '.join(sorted(wanted))} contradict each other.", "options")
    if histories.last is not None:
        raise invalid(f"The lastN cannot stand beside the format {AGGREGATED}.", "lastN")
    methods = parameters.parts("aggrMethods")
    if not methods:
        raise bad_data(f"The format {AGGREGATED} needs aggrMethods.", "aggrMethods")
    known = {method.value for method in Method}
    for name in methods:
        if name not in known:
            raise bad_data(f"The aggregation method {name[:40]!r} does not exist.", "aggrMethods")
    return AggregateQuery(
        histories=histories,
        methods=tuple(dict.fromkeys(map(Method, methods))),
        duration=_duration(parameters.text("aggrPeriodDuration")),
        origin=None if histories.window.start is None else parameters.instant("timeAt"),
    )


def _duration(text: str | None) -> Duration | None:
    if text is None:
        return None
    duration = parse_duration(text, "aggrPeriodDuration")
    return None if duration == Duration() else duration


def encode_aggregates(found: AggregatedEntity, how: Representation, methods: tuple[Method, ...]) -> dict[str, Any]:
    """The JSON object of an entity's aggregated history: per method, values with start and end of their period."""
    document = encode_head(found.entity, how)
    groups: dict[str, list[dict[str, Any]]] = {}
    for attribute in found.attributes:
        name = how.context.compact(attribute.attribute)
        if how.datasets is not None and attribute.dataset not in how.datasets:
            continue
        if name not in how.omit and attribute.attribute not in how.omit:
            groups.setdefault(name, []).append(_written(attribute, methods))
    document |= {name: written[0] if len(written) == 1 else written for name, written in groups.items()}
    if how.linked:
        document["@context"] = how.context.reference
    return document


def _written(attribute: AggregatedAttribute, methods: tuple[Method, ...]) -> dict[str, Any]:
    document: dict[str, Any] = {"type": attribute.kind.value}
    if attribute.dataset is not None:
        document["datasetId"] = attribute.dataset
    times = [(written_time(period.start), written_time(period.end)) for period in attribute.periods]
    for method in methods:
        values = [period.sums.value(method) for period in attribute.periods]
        written = [[value, *ends] for value, ends in zip(values, times, strict=True) if value is not None]
        if written:
            document[method.value] = written
    return document
