"""Follows the change log once for all listeners of this process, and remembers the latest events as bytes."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from talwerk.broker import Broker
from talwerk.core.instants import format_instant
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
        data: the event's data.
    """

    position: int
    entity: str
    attributes: tuple[str, ...]
    data: bytes


def event_of(entry: LogEntry) -> Event:
    """The event of a log entry: what changed, not its values; whoever wants those asks with their own rights."""
    attributes = (entry.series,) if entry.series is not None else entry.attributes
    body = {
        "entity": entry.entity,
        "attributes": [compact(name) for name in attributes],
        "at": format_instant(entry.at),
        "origin": entry.origin.value,
    }
    return Event(entry.position, entry.entity, attributes, msgspec.json.encode(body))


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

    def visible(self, event: Event, scope: Scope) -> bool:
        """Whether the scope may know of the change."""
        if scope.attributes is not None and not scope.attributes.intersection(event.attributes):
            return False
        return scope.predicate is None or self._broker.permits(event.entity, scope)

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
