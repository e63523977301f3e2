"""The temporal evolution of entities (NGSI-LD clauses 5.7.3, 5.7.4 and 4.11; resources 6.18.3.2 and 6.19.3.1)."""

from __future__ import annotations

import msgspec

from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError, Fault, bad_data, invalid
from talwerk.core.instants import format_instant
from talwerk.core.query import Page, Query, TemporalQuery, TimeProperty, Window
from talwerk.protocols.http.answers import Answer, Header
from talwerk.store import EntityPage

from .aggregation import aggregation, encode_aggregates
from .call import Call, document_answer
from .encoding import Representation
from .entities import page_headers
from .histories import encode_history, time_of
from .parameters import Parameters
from .posted_query import posted
from .representation import temporal_representation
from .selection import entity_id, projection, selection
from .types_selection import parse_types

LAST_MAX = 100_000

_TIMERELS = ("before", "after", "between")


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The temporal part of a query (clause 4.11).

    Attributes:
        window: half-open.
        property: the time that it is about.
        last: so many of the newest instances, None for all.
        since: where the window begins as it was written, None when it is open there.
    """

    window: Window
    property: TimeProperty
    last: int | None
    since: int | None


async def retrieve_history(call: Call) -> Answer:
    """Retrieve the temporal evolution of one entity (clause 5.7.3, resource 6.19.3.1).

    Raises:
        DomainError: ResourceNotFound when the scope shows no such entity; BadRequestData for impossible times.
    """
    identifier = entity_id(call.arguments[0])
    context = await call.context()
    shown = projection(call.parameters, context)
    how = temporal_representation(call, context, shown)
    asked = period(call.parameters)
    type_text = call.parameters.text("type")
    types, condition = parse_types(type_text, context.expand) if type_text else ((), None)
    entities = Query(types=types, ids=(identifier,), filter=condition, attributes=shown.attributes, page=Page(limit=1))
    missing = DomainError(Fault.NOT_FOUND, f"The entity {identifier} does not exist.")
    wanted = aggregation(call.parameters, _query(entities, asked))
    if wanted is not None:
        aggregated = call.broker.aggregates(wanted, call.scope).entities
        if not aggregated:
            raise missing
        return document_answer(encode_aggregates(aggregated[0], how, wanted.methods), how)
    found = call.broker.history(_query(entities, asked), call.scope)
    if not found.entities:
        raise missing
    status, headers = _extent(found, asked)
    return document_answer(encode_history(found.entities[0], how, asked.property), how, status, headers)


async def query_histories(call: Call) -> Answer:
    """Query the temporal evolution of entities (clause 5.7.4, resource 6.18.3.2).

    Raises:
        DomainError: BadRequestData when nothing restricts the query or times are impossible.
    """
    context = await call.context()
    shown = projection(call.parameters, context)
    how = temporal_representation(call, context, shown)
    return _page(call, call.parameters, selection(call.parameters, context, shown), how)


async def post_query(call: Call) -> Answer:
    """Query the temporal evolution of entities by POST (clause 5.7.4, resource 6.24.3.1).

    Raises:
        DomainError: as for :func:`query_histories`; BadRequestData when the body is no query.
    """
    asked, context = await posted(call, temporal=True)
    shown = projection(asked.parameters, context)
    how = temporal_representation(asked.call(call), context, shown)
    return _page(call, asked.parameters, selection(asked.parameters, context, shown, asked.selectors), how)


def _page(call: Call, parameters: Parameters, entities: Query, how: Representation) -> Answer:
    asked = period(parameters)
    query = _query(entities, asked)
    wanted = aggregation(parameters, query)
    if wanted is not None:
        page = call.broker.aggregates(wanted, call.scope)
        headers = page_headers(call, how, page.next, page.total)
        return document_answer(
            [encode_aggregates(one, how, wanted.methods) for one in page.entities], how, headers=headers
        )
    found = call.broker.history(query, call.scope)
    status, extent = _extent(found, asked)
    headers = (*extent, *page_headers(call, how, found.next, found.total))
    document = [encode_history(entity, how, asked.property) for entity in found.entities]
    return document_answer(document, how, status, headers)


def _query(entities: Query, asked: Period) -> TemporalQuery:
    return TemporalQuery(entities=entities, window=asked.window, property=asked.property, last=asked.last)


def period(parameters: Parameters) -> Period:
    """What timerel, timeAt, endTimeAt, timeproperty and lastN ask for.

    Raises:
        DomainError: InvalidRequest for a time without its relation; BadRequestData for impossible values.
    """
    last = parameters.number("lastN")
    if last is not None and not 1 <= last <= LAST_MAX:
        raise bad_data(f"The lastN is {last}; it is a number from 1 to {LAST_MAX}.", "lastN")
    window = _window(parameters)
    since = None if window.start is None else parameters.instant("timeAt")
    return Period(window=window, property=_property(parameters), last=last, since=since)


def _property(parameters: Parameters) -> TimeProperty:
    text = parameters.text("timeproperty") or TimeProperty.OBSERVED.value
    if text not in {known.value for known in TimeProperty}:
        raise bad_data(f"The timeproperty {text[:40]!r} does not exist.", "timeproperty")
    return TimeProperty(text)


def _window(parameters: Parameters) -> Window:
    relation = parameters.text("timerel")
    at, end = parameters.instant("timeAt"), parameters.instant("endTimeAt")
    if relation is None:
        if at is not None or end is not None:
            raise invalid("The parameters timeAt and endTimeAt need a timerel.", "timerel")
        return Window()
    if relation not in _TIMERELS:
        raise bad_data(f"The timerel {relation[:40]!r} does not exist; there are {', '.join(_TIMERELS)}.", "timerel")
    if at is None:
        raise bad_data(f"The timerel {relation} needs a timeAt.", "timeAt")
    if (relation == "between") != (end is not None):
        raise bad_data("An endTimeAt stands beside timerel=between, and only there.", "endTimeAt")
    if relation == "before":
        return Window(end=at)
    # The window holds its start; "after" does not.
    start = at + 1 if relation == "after" else at
    if end is not None and end <= at:
        raise bad_data("The endTimeAt is not later than timeAt.", "endTimeAt")
    return Window(start=start, end=end)


def _extent(found: EntityPage, asked: Period) -> tuple[int, tuple[Header, ...]]:
    """206 with the stretch of time that the answer covers, when the store cut it (clause 6.3.10)."""
    if not found.truncated:
        return 200, ()
    times = [time for entity in found.entities for time in _times(entity, asked.property)]
    if not times:
        return 206, ()
    first, final = min(times), max(times)
    if asked.last is None:
        start, end, size = first if asked.since is None else asked.since, final, "*"
    else:
        # The newest instances come first in a request for the last ones, and so does their end of the stretch.
        start, end, size = final if asked.window.end is None else asked.window.end, first, str(asked.last)
    return 206, ((b"content-range", f"date-time {_short(start)}-{_short(end)}/{size}".encode()),)


def _times(entity: Entity, about: TimeProperty) -> list[int]:
    return [time_of(instance, about) for instances in entity.attributes.values() for instance in instances]


def _short(instant: int) -> str:
    return format_instant(instant).removesuffix("Z")
