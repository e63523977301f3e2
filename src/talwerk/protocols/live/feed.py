"""Follows the change log once for all listeners of this process, and remembers the latest events as bytes."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from talwerk.broker import Broker
from talwerk.core.instants import format_instant
from talwerk.core.query import Page, Query, TemporalQuery
from talwerk.core.scope import Scope
from talwerk.core.series import LogEntry
from talwerk.core.terms import compact

POLL_S = 0.1
"""The log is asked for its position while somebody listens; nothing else wakes a serving process yet."""
REMEMBERED = 5_000
PAGE = 500


class Event(msgspec.Struct, frozen=True):
    """One change as it is sent.

    Attributes:
        position: its place in the change log; the event's id.
        entity: the entity's id.
        attributes: IRIs of what changed.
        at: when, microseconds UTC.
        origin: where the change came from.
        deleted: whether the entity is no more.
        data: the event's data.
    """

    position: int
    entity: str
    attributes: tuple[str, ...]
    at: int
    origin: str
    deleted: bool
    data: bytes


def event_of(entry: LogEntry) -> Event:
    """The event of a log entry: what changed, not its values; whoever wants those asks with their own rights."""
    attributes = (entry.series,) if entry.series is not None else entry.attributes
    return _event(entry.position, entry.entity, attributes, entry.at, entry.origin.value, deleted=entry.deleted)


def _event(position: int, entity: str, attributes: tuple[str, ...], at: int, origin: str, *, deleted: bool) -> Event:
    body = {
        "entity": entity,
        "attributes": [compact(name) for name in attributes],
        "at": format_instant(at),
        "origin": origin,
    }
    data = msgspec.json.encode(body)
    return Event(position, entity, attributes, at, origin, deleted, data)


class Feed:
    """The latest events, and a signal when there are new ones.

    Args:
        broker: where the log is read.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._events: deque[Event] = deque(maxlen=REMEMBERED)
        self._position = 0
        self._listeners = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def position(self) -> int:
        """The newest position of the log."""
        return self._broker.position()

    def listen(self) -> None:
        """Begin to follow the log, for one more listener."""
        self._listeners += 1
        if self._task is None or self._task.done():
            self._events.clear()
            self._position = self._broker.position()
            self._task = asyncio.create_task(self._follow(), name="change feed")

    def leave(self) -> None:
        """One listener less; the last one ends the following."""
        self._listeners -= 1
        if not self._listeners and self._task is not None:
            self._task.cancel()

    async def wait(self, position: int, within_s: float) -> bool:
        """Wait until there is something after the position; whether there is."""
        if self._position > position:
            return True
        news = self._news
        try:
            await asyncio.wait_for(news.wait(), within_s)
        except TimeoutError:
            return False
        return self._position > position

    def after(self, position: int) -> list[Event]:
        """At most 500 events after the position: from memory, or from the log where memory does not reach back."""
        if self._events and self._events[0].position <= position + 1:
            return [event for event in self._events if event.position > position][:PAGE]
        return [event_of(entry) for entry in self._broker.log(position, PAGE)]

    def seen(self, event: Event, scope: Scope) -> Event | None:
        """The event as far as the scope may know of it; None when it may not at all.

        An entity that was deleted is judged by its last state; of one that was erased nothing is left to judge, and
        who does not see everything hears nothing of it. Attributes that the scope hides are not named.
        """
        if scope.attributes is not None:
            named = tuple(name for name in event.attributes if name in scope.attributes)
            if not named and not event.deleted:
                return None
            if len(named) != len(event.attributes):
                event = _event(event.position, event.entity, named, event.at, event.origin, deleted=event.deleted)
        return event if scope.predicate is None or self._shows(event, scope) else None

    def _shows(self, event: Event, scope: Scope) -> bool:
        if self._broker.permits(event.entity, scope):
            return True
        if not event.deleted:
            return False
        last = Query(ids=(event.entity,), attributes=(), page=Page(limit=1))
        return bool(self._broker.history(TemporalQuery(entities=last), scope).entities)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            if self._broker.position() == self._position:
                continue
            for entry in self._broker.log(self._position, PAGE):
                self._events.append(event_of(entry))
                self._position = entry.position
            # Each wait has an event of its own: setting and clearing one would wake only some.
            self._news.set()
            self._news = asyncio.Event()
