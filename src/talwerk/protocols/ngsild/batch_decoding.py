"""Bodies that bring many changes: from JSON to batches, in the loop for small ones and in a worker for large ones.

What a worker gets and gives back is data (MessagePack): the contexts come with the work, since only the serving process
finds them, and the changes go back in batches that are ready for the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from talwerk.core.change import Batch, Change, Mode
from talwerk.core.entity import Attributes, Entity
from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.identifiers import is_iri
from talwerk.protocols.http.strict_json import decode_json

from .call import reference_of
from .contexts import Context
from .decoding import check_part, decode_entity, decode_history, decode_id, decode_part
from .fragments import Manner, decode_merge

ENTITIES_MAX = 10_000
BATCH_VALUES = 5_000
"""Values of a body that are committed together."""
PIECE_VALUES = 1_000
"""The same for a large one: it is written in pieces, so that others' changes come in between."""
CONTEXTS_MAX = 100
CONTEXT_BYTES_MAX = 256 << 10

OF_REQUEST = ""
"""Stands for the context that the Link header names."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What shall become of the entities of a body.

    Attributes:
        mode: of the changes.
        existing: whether the entities have to exist.
        overwrite: whether instances that are there may be overwritten.
    """

    mode: Mode
    existing: bool = False
    overwrite: bool = True


class Failure(msgspec.Struct, frozen=True):
    """An entity of a body that cannot be read.

    Attributes:
        identifier: its id, None when it names none.
        fault: what kind of fault it is.
        detail: one sentence about it.
        where: its place in the body.
    """

    identifier: str | None
    fault: Fault
    detail: str
    where: str | None

    def error(self) -> DomainError:
        """The same as an error."""
        return DomainError(self.fault, self.detail, self.where)


Contexts = Mapping[str, Context | DomainError]
"""What the references of a body stand for, by reference as JSON; an error for one that leads nowhere."""


def references(body: Any) -> dict[str, Any]:
    """The different ``@context`` members of a body, by themselves as JSON.

    Raises:
        DomainError: BadRequestData when there are too many, or one is too large.
    """
    found: dict[str, Any] = {}
    for payload in body if isinstance(body, list) else [body]:
        if isinstance(payload, dict) and "@context" in payload:
            found[_key(payload["@context"])] = payload["@context"]
    if len(found) > CONTEXTS_MAX:
        raise bad_data(f"The body has {len(found)} different @contexts; {CONTEXTS_MAX} is the most.")
    if any(len(key) > CONTEXT_BYTES_MAX for key in found):
        raise bad_data(f"The body has an @context of more than {CONTEXT_BYTES_MAX} bytes.")
    return found


def _key(reference: Any) -> str:
    return msgspec.json.encode(reference).decode()


def listed(payloads: Any) -> list[Any]:
    """The entities of a batch.

    Raises:
        DomainError: BadRequestData when the body is no list of them, RequestEntityTooLarge when there are too many.
    """
    if not isinstance(payloads, list) or not payloads:
        raise bad_data("The body is not a list of at least one entity.", "/")
    if len(payloads) > ENTITIES_MAX:
        raise DomainError(Fault.TOO_LARGE, f"The body holds {len(payloads)} entities; {ENTITIES_MAX} is the most.")
    return payloads


def decode_changes(
    payloads: list[Any], intent: Intent, linked: bool, contexts: Contexts
) -> tuple[list[Change], list[Failure]]:
    """The changes that the objects of a body describe, and what is wrong with the others.

    Args:
        payloads: the objects, or ids for deletions.
        intent: what shall become of them.
        linked: whether the body is JSON-LD.
        contexts: of the names.
    """
    changes: list[Change] = []
    failures: list[Failure] = []
    for index, payload in enumerate(payloads):
        try:
            changes.append(_change(payload, f"/{index}", intent, linked, contexts))
        except DomainError as error:
            named = payload.get("id") if isinstance(payload, dict) else payload if intent.mode is Mode.DELETE else None
            identifier = named if isinstance(named, str) else None
            failures.append(Failure(identifier, error.fault, error.detail, error.where))
    return changes, failures


def _change(payload: Any, at: str, intent: Intent, linked: bool, contexts: Contexts) -> Change:
    if intent.mode is Mode.DELETE:
        if not isinstance(payload, str) or not is_iri(payload):
            raise bad_data(f"The id {str(payload)[:80]!r} is not a URI.", at)
        return Change(mode=Mode.DELETE, entity=Entity(id=payload, types=()))
    context = _context(payload, at, linked, contexts)
    if intent.mode is Mode.MERGE:
        entity, fragments = decode_merge(payload, context, decode_id(payload, at), Manner(at=at))
        return Change(mode=Mode.MERGE, entity=entity, fragments=fragments)
    if not intent.existing:
        return Change(mode=intent.mode, entity=decode_entity(payload, context, at))
    entity = decode_part(payload, context, decode_id(payload, at), at, nulls=False)
    return Change(mode=intent.mode, entity=entity, existing=True, overwrite=intent.overwrite)


def _context(payload: Any, at: str, linked: bool, contexts: Contexts) -> Context:
    reference = reference_of(payload, linked, at)
    found = contexts[OF_REQUEST if reference is None else _key(reference)]
    if isinstance(found, DomainError):
        raise DomainError(found.fault, found.detail, found.where)
    return found


def decode_observations(
    payload: Any, linked: bool, contexts: Contexts, identifier: str | None, *, existing: bool
) -> list[Change]:
    """The changes that add a history, in pieces (clauses 5.6.11 and 5.6.12).

    Args:
        payload: the entity with its history.
        linked: whether the body is JSON-LD.
        contexts: of the names.
        identifier: of the entity, None when the payload names it.
        existing: whether the entity has to exist.

    Raises:
        DomainError: BadRequestData naming the place.
    """
    if identifier is not None:
        check_part(payload, identifier, "")
    entity = decode_history(payload, _context(payload, "", linked, contexts), identifier)
    return [
        Change(mode=Mode.OBSERVE, entity=msgspec.structs.replace(entity, attributes=attributes), existing=existing)
        for attributes in _pieces(entity.attributes)
    ]


def _pieces(attributes: Attributes) -> Iterator[Attributes]:
    """The instances in pieces; one without any when there are none, since it may name types and scopes."""
    piece: Attributes = {}
    room = PIECE_VALUES
    for name, instances in attributes.items():
        rest = instances
        while len(rest) > room:
            yield {**piece, name: rest[:room]} if room else piece
            rest, piece, room = rest[room:], {}, PIECE_VALUES
        piece[name] = rest
        room -= len(rest)
    if piece or not attributes:
        yield piece


def batches(changes: Iterable[Change], most: int = BATCH_VALUES) -> Iterator[Batch]:
    """The changes in their order, in batches of at most so many values; one change stays in one piece."""
    gathered: list[Change] = []
    values = 0
    for change in changes:
        weight = 1 + sum(map(len, change.entity.attributes.values())) + len(change.fragments)
        if gathered and values + weight > most:
            yield Batch(changes=tuple(gathered))
            gathered, values = [], 0
        gathered.append(change)
        values += weight
    if gathered:
        yield Batch(changes=tuple(gathered))


class Given(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A context as data, or why there is none; the parts are those of :class:`Context`."""

    terms: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    reference: Any = None
    fault: Fault | None = None
    detail: str = ""
    where: str | None = None


class Work(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a worker gets.

    Attributes:
        body: the request's.
        linked: whether it is JSON-LD.
        intent: what shall become of the entities; None for one that brings its history.
        identifier: of the entity that brings its history, None when the body names it.
        existing: whether that entity has to exist.
        contexts: what its references stand for.
    """

    body: bytes
    linked: bool
    intent: Intent | None = None
    identifier: str | None = None
    existing: bool = False
    contexts: dict[str, Given] = {}


class Decoded(msgspec.Struct, frozen=True):
    """What a worker gives back.

    Attributes:
        batches: each a Batch as MessagePack.
        failures: entities that cannot be read.
    """

    batches: list[bytes]
    failures: list[Failure]


def given(contexts: Contexts) -> dict[str, Given]:
    """Contexts as data."""
    return {
        reference: Given(fault=found.fault, detail=found.detail, where=found.where)
        if isinstance(found, DomainError)
        else Given(terms=found.terms, prefixes=found.prefixes, reference=found.reference)
        for reference, found in contexts.items()
    }


def references_in_worker(payload: bytes) -> bytes:
    """The references of a body, as JSON (a worker's task)."""
    return msgspec.json.encode(references(decode_json(payload)))


def decode_in_worker(payload: bytes) -> bytes:
    """Work to Decoded, both as MessagePack (a worker's task)."""
    work = msgspec.msgpack.decode(payload, type=Work)
    contexts = {
        reference: Context(found.terms, found.prefixes, found.reference)
        if found.fault is None
        else DomainError(found.fault, found.detail, found.where)
        for reference, found in work.contexts.items()
    }
    decoded = decode_json(work.body)
    failures: list[Failure] = []
    if work.intent is None:
        changes = decode_observations(decoded, work.linked, contexts, work.identifier, existing=work.existing)
    else:
        changes, failures = decode_changes(listed(decoded), work.intent, work.linked, contexts)
    encoder = msgspec.msgpack.Encoder()
    return encoder.encode(Decoded([encoder.encode(batch) for batch in batches(changes, PIECE_VALUES)], failures))
