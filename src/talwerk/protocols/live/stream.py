"""One listener: an endless answer of server-sent events (HTML Living Standard, 9.2)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import NamedTuple

from starlette.datastructures import QueryParams
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.scope import Scope
from talwerk.protocols.http.answers import send_answer
from talwerk.protocols.http.guard import SCOPE
from talwerk.protocols.http.problems import problem_answer

from .feed import PAGE, Event, Feed

LISTENERS_MAX = 1_000
ENTITIES_MAX = 100
ENTITY_CHARS_MAX = 2_000
HEARTBEAT_S = 15.0
"""Proxies close what stays silent for long; a comment keeps the line open."""
_RESYNC = b"id: %d\nevent: resync\ndata: {}\n\n"
_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
)


class Asked(NamedTuple):
    """What a listener wants to hear.

    Attributes:
        position: it hears what comes after it.
        entities: ids of those that it wants to hear of, empty for all.
        ahead: whether it names a place that the log has not reached: it listened to a log that is no more.
    """

    position: int
    entities: frozenset[str] = frozenset()
    ahead: bool = False


class Changes:
    """The resource ``/api/v1/changes``. A listener keeps its place by itself, in ``Last-Event-ID`` or ``after``.

    Args:
        feed: the latest events of this process.
        broker: whether a place in the log is still there.
        ending: set when the server ends; listeners come back by themselves.
    """

    def __init__(self, feed: Feed, broker: Broker, ending: asyncio.Event) -> None:
        self._feed = feed
        self._broker = broker
        self._ending = ending
        self._listening = 0

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Send events until the listener leaves."""
        try:
            asked = self._asked(connection)
        except DomainError as error:
            await send_answer(problem_answer(error), send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        if connection["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        self._listening += 1
        self._feed.listen()
        sending = asyncio.create_task(self._send(asked, connection[SCOPE], send))
        leaving = asyncio.create_task(_left(receive))
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait((sending, leaving, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._feed.leave()
            self._listening -= 1
            for task in (sending, leaving, ending):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task
        if self._ending.is_set():
            await send({"type": "http.response.body", "body": b""})

    def _asked(self, connection: Connection) -> Asked:
        """What a listener wants to hear.

        Raises:
            DomainError: Busy when there are too many listeners; InvalidRequest for a parameter that is none, a place
                that is no position, or too many entities.
        """
        if self._listening >= LISTENERS_MAX:
            raise DomainError(Fault.BUSY, f"{LISTENERS_MAX} listeners are connected already.")
        query = QueryParams(connection.get("query_string", b""))
        for name in query:
            if name not in {"after", "entity"}:
                raise invalid(f"There is no parameter {name!r}; there are after, entity.", name)
        entities = frozenset(query.getlist("entity"))
        if len(entities) > ENTITIES_MAX or any(len(entity) > ENTITY_CHARS_MAX for entity in entities):
            raise invalid(f"At most {ENTITIES_MAX} entities can be listened to by their ids.", "entity")
        newest = self._feed.position()
        start = self._start(connection, query, newest)
        return Asked(min(start, newest), entities, ahead=start > newest)

    def _start(self, connection: Connection, query: QueryParams, newest: int) -> int:
        """Where the listener was, or the present when it is new.

        A browser that connects again by itself names its place in a header; a script that does so later cannot set
        any, and names it in the address. The header knows better: it is of the same connection, only later.
        """
        told = dict(connection["headers"]).get(b"last-event-id", b"").decode("latin-1")
        name, text = ("Last-Event-ID", told) if told else ("after", query.get("after", ""))
        if not text:
            return newest
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise invalid(f"The {name} {text[:40]!r} is not a position of the change log.", name)
        return int(text)

    async def _send(self, asked: Asked, scope: Scope, send: Send) -> None:
        position, wanted, ahead = asked
        # Where a listener begins, so that it can come back there even when nothing has happened until then.
        await _write(send, b'retry: 2000\nevent: here\ndata: {"position":%d}\n\n' % position)
        if ahead:
            # The city was put back to an earlier state: what the listener knows may never have happened.
            await _write(send, _RESYNC % position)
        while True:
            events = self._feed.after(position)
            # Asked after the events were read: the log may be cut at any time, also under a slow listener.
            if events and events[0].position > position + 1 and self._broker.oldest() > position + 1:
                # What lies between is no longer in the log: the listener has to read the present state anew.
                position = self._feed.position()
                await _write(send, _RESYNC % position)
                continue
            if events:
                position = events[-1].position
                seen = (self._feed.seen(event, scope) for event in events if not wanted or event.entity in wanted)
                await _write(send, b"".join(_written(event) for event in seen if event is not None))
            if len(events) < PAGE and not await self._feed.wait(position, HEARTBEAT_S):
                await _write(send, b": still here\n\n")


def _written(event: Event) -> bytes:
    return b"id: %d\nevent: change\ndata: %b\n\n" % (event.position, event.data)


async def _write(send: Send, body: bytes) -> None:
    if body:
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _left(receive: Receive) -> None:
    """Return when the listener has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
