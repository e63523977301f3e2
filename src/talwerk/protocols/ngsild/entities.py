"""Entities one by one and by query (NGSI-LD clauses 5.6.1, 5.7.1, 5.7.2; resources 6.4 and 6.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from talwerk.core.change import Batch, Change, Mode
from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.query import Page, Query, links_of
from talwerk.protocols.http.answers import Answer, Header

from .call import JSON, JSON_LD, PREFIX, Call, document_answer, feature_answer
from .decoding import decode_entity
from .encoding import Representation
from .features import GEO_JSON, Features, encoded
from .linked import Join, join_of, joined
from .posted_query import posted
from .representation import entity_representation
from .selection import entity_id, projection, selection
from .types_selection import parse_types


async def retrieve_entity(call: Call) -> Answer:
    """Retrieve one entity (clause 5.7.1, resource 6.5.3.1).

    Raises:
        DomainError: ResourceNotFound when the scope shows no such entity; BadRequestData for an id that is no URI.
    """
    identifier = entity_id(call.arguments[0])
    context = await call.context()
    shown = projection(call.parameters, context)
    how = entity_representation(call, context, shown)
    join = join_of(call.parameters, shown)
    type_text = call.parameters.text("type")
    types, condition = parse_types(type_text, context.expand) if type_text else ((), None)
    query = Query(
        types=types,
        ids=(identifier,),
        having=shown.having,
        filter=condition,
        attributes=shown.attributes,
        page=Page(limit=1),
    )
    if isinstance(how, Features):
        query = how.asked(query)
    found = call.broker.read(query, call.scope).entities
    if not found:
        raise DomainError(Fault.NOT_FOUND, f"The entity {identifier} does not exist.")
    if join is not None:
        documents = joined(call, found, how, join)
        return _collected(call, documents, how) if join.flat else _alone(call, documents[0], how)
    if isinstance(how, Features):
        return feature_answer(call, encoded(found[0], how), how)
    return document_answer(call.ready.entities(found, how, query, call.scope)[0], how)


async def query_entities(call: Call) -> Answer:
    """Query entities (clause 5.7.2, resource 6.4.3.2).

    Raises:
        DomainError: BadRequestData when nothing restricts the query; TooManyResults, TooComplexQuery, InvalidRequest.
    """
    context = await call.context()
    shown = projection(call.parameters, context)
    how = entity_representation(call, context, shown)
    return _page(call, selection(call.parameters, context, shown), how, join_of(call.parameters, shown))


async def post_query(call: Call) -> Answer:
    """Query entities by POST (clause 5.7.2, resource 6.23.3.1): the query stands in the body, the page in the address.

    Raises:
        DomainError: as for :func:`query_entities`; BadRequestData when the body is no query.
    """
    asked, context = await posted(call)
    shown = projection(asked.parameters, context)
    how = entity_representation(asked.call(call), context, shown)
    query = selection(asked.parameters, context, shown, asked.selectors)
    return _page(call, query, how, join_of(asked.parameters, shown))


def _page(call: Call, query: Query, how: Representation, join: Join | None) -> Answer:
    if join is not None and query.filter is not None and links_of(query.filter) > join.level:
        raise bad_data(f"The q leads deeper than the joinLevel {join.level}.", "joinLevel")
    if isinstance(how, Features):
        query = how.asked(query)
    found = call.broker.read(query, call.scope)
    headers = page_headers(call, how, found.next, found.total)
    if join is not None:
        return _collected(call, joined(call, found.entities, how, join), how, headers)
    return _collected(call, call.ready.entities(found.entities, how, query, call.scope), how, headers)


def _alone(call: Call, document: dict[str, Any], how: Representation) -> Answer:
    return feature_answer(call, document, how) if isinstance(how, Features) else document_answer(document, how)


def _collected(call: Call, written: Sequence[Any], how: Representation, headers: tuple[Header, ...] = ()) -> Answer:
    if isinstance(how, Features):
        return feature_answer(call, {"type": "FeatureCollection", "features": written}, how, headers)
    return document_answer(written, how, headers=headers)


def page_headers(call: Call, how: Representation, cursor: str | None, total: int | None) -> tuple[Header, ...]:
    """The size of the result and the way to the next page (clauses 6.3.10 and 6.3.13)."""
    headers: list[Header] = []
    if total is not None:
        headers.append((b"ngsild-results-count", b"%d" % total))
    if cursor is not None:
        parameters = {name: text for name, text in call.parameters.names().items() if name not in {"after", "offset"}}
        address = f"{PREFIX}{call.path}?{urlencode({**parameters, 'after': cursor})}"
        media_type = GEO_JSON if isinstance(how, Features) else JSON_LD if how.linked else JSON
        headers.append((b"link", f'<{address}>;rel="next";type="{media_type}"'.encode()))
    return tuple(headers)


async def create_entity(call: Call) -> Answer:
    """Create an entity (clause 5.6.1, resource 6.4.3.1).

    Raises:
        DomainError: AlreadyExists; BadRequestData naming the place; whatever is wrong with the body.
    """
    payload, linked = await call.body()
    entity = decode_entity(payload, await call.context_of(payload, linked))
    ack = await call.broker.write(Batch(changes=(Change(mode=Mode.CREATE, entity=entity),)), call.scope)
    outcome = ack.outcomes[0]
    if outcome.fault is not None:
        raise DomainError(outcome.fault, outcome.detail)
    return Answer(201, headers=((b"location", f"{PREFIX}/entities/{quote(entity.id, safe=':')}".encode()),))
