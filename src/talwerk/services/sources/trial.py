"""A source asked once, to see what would be read; nothing is written."""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock, Instant
from talwerk.core.quality import is_good
from talwerk.core.terms import compact
from talwerk.sdk.reading import Context

from .answers import exception_in, read_answer
from .feed import Feed
from .fetching import Fetcher, UnfitError, UnreachableError
from .judging import Course, Ending, judge
from .shaping import Shaped, Value, shape
from .state import Health

REQUESTS_MAX = 10
"""Requests of one trial: a list and a few of those that follow from it say how a source answers."""


class Attempt(msgspec.Struct, kw_only=True):
    """One request of a trial.

    Attributes:
        request: its key.
        address: what was asked.
        error: why its answer cannot be used, empty when it can.
        values: how many values it brought.
        things: how many things it told about.
        follows: how many requests follow from it.
    """

    request: str
    address: str
    error: str = ""
    values: int = 0
    things: int = 0
    follows: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A series that would be written.

    Attributes:
        entity: id of the entity.
        attribute: its short name.
        unit: UN/CEFACT code.
        values: how many.
        good: how many of them lie within the declared limits.
        newest: time of the newest one.
        value: the newest one.
    """

    entity: str
    attribute: str
    unit: str
    values: int
    good: int
    newest: Instant
    value: Value


class Trial(msgspec.Struct, kw_only=True):
    """What came of it.

    Attributes:
        health: how the source would be.
        attempts: the requests, in their order.
        unasked: requests that would follow and were not asked any more.
        series: what would be written.
        things: names of the things that it tells about, by their ids.
        left_out: what could not be used, by reason.
    """

    health: Health = Health.WAITING
    attempts: list[Attempt] = []
    unasked: int = 0
    series: list[Line] = []
    things: dict[str, str] = {}
    left_out: dict[str, int] = {}


async def trial(feed: Feed, fetcher: Fetcher, clock: Clock) -> Trial:
    """Ask a source for its first answer, and for some of those that follow from it."""
    first = feed.connector.requests[0].key
    open_: deque[tuple[str, dict[str, str]]] = deque([(first, {})])
    seen: set[str] = set()
    tried = Trial()
    left_out: Counter[str] = Counter()
    courses, newest = [], []
    while open_ and len(tried.attempts) < REQUESTS_MAX:
        request, parameters = open_.popleft()
        attempt = Attempt(request=request, address="")
        tried.attempts.append(attempt)
        shaped = await _asked(attempt, parameters, feed, fetcher, clock)
        if shaped is None:
            courses += [Course(ending=Ending.UNREACHABLE)] if not feed.connector.request(request).optional else []
            continue
        _told(tried, attempt, shaped, feed)
        left_out += shaped.left_out
        courses.append(Course(ending=Ending.VALUES if shaped.columns or shaped.things else Ending.NOTHING))
        newest += [at for at in (shaped.newest, clock.now() if shaped.current else None) if at is not None]
        for ask in shaped.asks:
            key = f"{ask.request} {sorted(ask.parameters.items())}"
            if key not in seen:
                seen.add(key)
                open_.append((ask.request, ask.parameters))
    tried.unasked = len(open_)
    tried.left_out = dict(left_out)
    tried.health = judge(courses, max(newest, default=None), clock.now(), feed.stale_s)
    if tried.health is Health.UNREACHABLE and any(each.error.startswith(_READING) for each in tried.attempts):
        tried.health = Health.MALFORMED
    return tried


_READING = "its answer cannot be used: "


async def _asked(
    attempt: Attempt, parameters: dict[str, str], feed: Feed, fetcher: Fetcher, clock: Clock
) -> Shaped | None:
    """What an answer brings, None when it cannot be used; the attempt then says why."""
    connector = feed.connector
    request = connector.request(attempt.request)
    try:
        attempt.address = feed.url(request, parameters, clock.now())
        answer = await fetcher.fetch(attempt.address, connector.size_max)
        known = {**feed.parameters, **parameters}
        context = Context(now=clock.now(), zone=connector.zone, wanted=feed.wanted, parameters=known)
        return shape(read_answer(connector, request, answer.content or b"", answer.charset, context), feed, clock.now())
    except UnreachableError as error:
        attempt.error = str(error)
    except UnfitError as error:
        attempt.error = f"{_READING}{error}"
    except DomainError as error:
        attempt.error = f"{_READING}{error.detail}{exception_in(error)}"
    return None


def _told(tried: Trial, attempt: Attempt, shaped: Shaped, feed: Feed) -> None:
    attempt.follows, attempt.things = len(shaped.asks), len(shaped.things)
    for thing in shaped.things:
        try:
            id_ = feed.entity(thing.type, thing.native)
        except DomainError as error:
            shaped.left_out[error.detail] += 1
        else:
            tried.things[id_] = thing.name or tried.things.get(id_, "")
    for track, column in shaped.columns.items():
        attempt.values += len(column)
        at = max(column)
        tried.series.append(
            Line(
                entity=track.entity,
                attribute=compact(track.attribute),
                unit=track.unit,
                values=len(column),
                good=sum(is_good(flag) for _, flag in column.values()),
                newest=Instant(at),
                value=column[at][0],
            )
        )
