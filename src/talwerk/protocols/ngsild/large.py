"""Bodies that may be large: who decodes them, and with which contexts.

A small body is decoded where it arrived. A large one would keep the loop from everybody else, so that a worker does it;
the result comes back in batches, each of which is handed on without stopping the loop for long.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterator
from typing import Any, NamedTuple

import msgspec

from talwerk.core.change import Batch, Change
from talwerk.core.errors import DomainError
from talwerk.protocols.http.bodies import BATCH_BYTES_MAX
from talwerk.protocols.http.strict_json import decode_json

from . import batch_decoding
from .batch_decoding import OF_REQUEST, Contexts, Decoded, Failure, Intent, Work, batches, listed
from .call import Call
from .contexts import Context

LARGE_BYTES = 512 << 10
"""About 40 ms of the loop; handing it to a worker costs about one."""
WORK_S = 30.0

_TASKS = batch_decoding.__name__


class Brought(NamedTuple):
    """What a body brings.

    Attributes:
        batches: to be written one after the other.
        failures: entities that cannot be read.
        large: whether they are so many that others' changes have to come in between.
    """

    batches: Iterator[Batch]
    failures: list[Failure]
    large: bool


def turn(call: Call, *, large: bool) -> contextlib.AbstractAsyncContextManager[None]:
    """While pieces of large bodies are written, the other large bodies wait: the queue stays short for small ones."""
    return call.pieces if large else contextlib.nullcontext()


async def changes_of(call: Call, intent: Intent) -> Brought:
    """The batches that the entities of a body make, and what is wrong with the others.

    Raises:
        DomainError: whatever is wrong with the body as a whole; Busy when the workers have too much to do.
    """
    body, linked = await call.raw_body(BATCH_BYTES_MAX)
    if len(body) > LARGE_BYTES:
        return await _in_worker(call, Work(body=body, linked=linked, intent=intent))
    payloads = listed(decode_json(body))
    contexts = await _resolved(call, batch_decoding.references(payloads) if linked else None)
    changes, failures = batch_decoding.decode_changes(payloads, intent, linked, contexts)
    return Brought(batches(changes), failures, large=False)


async def history_of(call: Call, identifier: str | None = None, *, existing: bool = False) -> list[Change]:
    """The changes that add the history in a body, in pieces.

    Args:
        call: the request.
        identifier: of the entity, None when the body names it.
        existing: whether the entity has to exist.

    Raises:
        DomainError: BadRequestData naming the place; Busy when the workers have too much to do.
    """
    body, linked = await call.raw_body(BATCH_BYTES_MAX)
    if len(body) > LARGE_BYTES:
        work = Work(body=body, linked=linked, identifier=identifier, existing=existing)
        found = await _in_worker(call, work)
        return [change for batch in found.batches for change in batch.changes if isinstance(change, Change)]
    payload = decode_json(body)
    contexts = await _resolved(call, batch_decoding.references(payload) if linked else None)
    return batch_decoding.decode_observations(payload, linked, contexts, identifier, existing=existing)


async def _in_worker(call: Call, work: Work) -> Brought:
    references: dict[str, Any] | None = None
    if work.linked:
        named = await call.workers.run(f"{_TASKS}:references_in_worker", work.body, WORK_S)
        references = msgspec.json.decode(named)
    contexts = batch_decoding.given(await _resolved(call, references))
    payload = msgspec.msgpack.encode(msgspec.structs.replace(work, contexts=contexts))
    answer = await call.workers.run(f"{_TASKS}:decode_in_worker", payload, WORK_S)
    decoded = msgspec.msgpack.decode(answer, type=Decoded)
    decoder = msgspec.msgpack.Decoder(Batch)
    return Brought(map(decoder.decode, decoded.batches), decoded.failures, large=True)


async def _resolved(call: Call, references: dict[str, Any] | None) -> Contexts:
    """What the references of a body stand for; without any, what that of the request does."""
    if references is None:
        return {OF_REQUEST: await _or_error(call.context())}
    found = {}
    for key, reference in references.items():
        found[key] = await _or_error(call.contexts.resolve(reference))
        # Compiling what stands in the body itself never waits: others get their turn here.
        await asyncio.sleep(0)
    return found


async def _or_error(context: Awaitable[Context]) -> Context | DomainError:
    """A context that leads nowhere is the fault of those entities that name it."""
    try:
        return await context
    except DomainError as error:
        return error
