"""One source, polled: what is asked when, what follows from an answer, and how the source is meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import FUTURE_TOLERANCE, SECOND, Clock, Instant
from talwerk.sdk.connector import MIB, Request
from talwerk.sdk.reading import Ask, Context, Finding

from .answers import Task, in_worker, read_answer
from .feed import Feed
from .fetching import Answer, Fetcher, UnfitError, UnreachableError, Validators
from .judging import FAILURES, Course, Ending, judge
from .shaping import shape
from .state import Health, SourceState
from .writing import Writing

Heavy = Callable[[str, bytes, float], Awaitable[bytes]]
"""Does ``module:function`` with bytes in another process, within so many seconds; gives bytes."""

LARGE_BYTES = MIB
READING_MAX_S = 120.0
MANY = 5_000
"""Findings that are sorted in a thread: the engine's loop has others to serve."""
RETRY_LEAST_S = 10.0
JITTER = 0.1
REST = 0.1
"""Of an interval: who is slow is left alone for that long at least."""
LOST_AFTER = 3
"""So many different requests in a row without an answer: the source is gone, before all others have found out."""
LOST_RHYTHMS = 2
JOBS_MAX = 5_000

logger = logging.getLogger(__name__)

_findings = msgspec.msgpack.Decoder(list[Finding])


class Job(msgspec.Struct, kw_only=True):
    """One request with its parameters, asked again and again.

    Attributes:
        request: what is asked.
        parameters: for its path and for the connector.
        due_s: when it is asked next, on the monotonic clock.
        course: how it goes.
        url: where it was asked last; of another address its validators say nothing.
        validators: of the last answer.
        digest: of the last answer that was written.
        left_out: what could not be used in it.
        current: whether what it says holds now, so that the source is as fresh as it.
        children: keys of the jobs that followed from it.
    """

    request: Request
    parameters: dict[str, str] = {}
    due_s: float = 0.0
    course: Course = msgspec.field(default_factory=Course)
    url: str = ""
    validators: Validators = Validators()
    digest: bytes = b""
    left_out: Counter[str] = msgspec.field(default_factory=Counter)
    current: bool = False
    children: tuple[str, ...] = ()


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What all polls share.

    Attributes:
        fetcher: asks.
        writing: writes.
        clock: the source of time.
        heavy: reads large answers elsewhere, None for a thread of our own.
        dice: spreads the polls of many sources.
    """

    fetcher: Fetcher
    writing: Writing
    clock: Clock
    heavy: Heavy | None = None
    dice: random.Random


class Poll:
    """Polls one source.

    Args:
        feed: which.
        tools: with what.
        newest: time of the newest value that the city holds already.
    """

    def __init__(self, feed: Feed, tools: Tools, newest: Instant | None = None) -> None:
        self._feed = feed
        self._tools = tools
        first = feed.connector.requests[0]
        self._jobs = {first.key: Job(request=first, due_s=tools.clock.monotonic_s())}
        self._state = SourceState(key=feed.key, title=feed.title, since=tools.clock.now(), newest=newest)
        self._named: set[str] = set()
        self._unanswered: set[str] = set()
        """Keys of what was asked without any answer since the last one."""

    @property
    def feed(self) -> Feed:
        """What is polled."""
        return self._feed

    @property
    def state(self) -> SourceState:
        """How the source is, also by the time that has passed since the last poll."""
        health = judge(self._judged(), self._state.newest, self._tools.clock.now(), self._feed.stale_s)
        if health is Health.WAITING:
            # Requests are under way for the first time, or anew after a new list: nothing new can be said.
            health = self._state.health
        if self._is_lost():
            health = Health.UNREACHABLE
        errors = [f"{job.request.key}: {job.course.error}" for job in self._judged_jobs() if job.course.error]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        left_out: Counter[str] = sum((job.left_out for job in self._jobs.values()), Counter())
        now = self._tools.clock.now()
        due_s = min(job.due_s for job in self._jobs.values()) - self._tools.clock.monotonic_s()
        self._state = msgspec.structs.replace(
            self._state,
            health=health,
            since=now if health is not self._state.health else self._state.since,
            due=Instant(now + round(max(due_s, 0.0) * 1_000_000)),
            error=errors[0] + more if errors else "",
            left_out=dict(left_out),
        )
        return self._state

    @property
    def due_s(self) -> float:
        """When the next request is due, on the monotonic clock."""
        return min(job.due_s for job in self._jobs.values())

    def hasten(self, rarest_s: float) -> None:
        """Ask soon what is asked at least every so many seconds, as something has happened."""
        now_s = self._tools.clock.monotonic_s()
        for job in self._jobs.values():
            if self._feed.every(job.request) <= rarest_s:
                job.due_s = min(job.due_s, now_s)

    async def step(self) -> None:
        """Ask what is due first."""
        key, job = min(self._jobs.items(), key=lambda each: (each[1].due_s, each[1].request.optional))
        wait_s, began_s = 0.0, self._tools.clock.monotonic_s()
        before = job.course.failures
        self._note(asked=self._tools.clock.now())
        try:
            await self._ask(job)
        except UnreachableError as error:
            wait_s = error.retry_after_s
            # What is optional says nothing about the source; an error is an answer.
            if not error.answered and not job.request.optional:
                self._unanswered.add(key)
            self._failed(job, Ending.UNREACHABLE, str(error))
        except UnfitError as error:
            self._failed(job, Ending.MALFORMED, str(error))
        except DomainError as error:
            # A fault of ours (no room to write, no worker free) says nothing about the source.
            if error.fault is Fault.BAD_REQUEST_DATA:
                self._failed(job, Ending.MALFORMED, error.detail)
            else:
                job.course.failures += 1
                job.course.error = f"it could not be kept: {error.detail}"
        except Exception:
            # A fault of a connector that nobody thought of must not stop the other sources.
            if not job.course.failures:
                logger.exception("the source %s cannot be polled", self._feed.key)
            self._failed(job, Ending.MALFORMED, "the connector failed, the log says how")
        self._plan(job, began_s, wait_s, failed=job.course.failures > before)

    def _plan(self, job: Job, began_s: float, wait_s: float, *, failed: bool) -> None:
        """Decide when to ask again: an interval after it was asked, or when it failed, some time after its end.

        Who needs longer than that asks again soon, one request after the other: nothing piles up, and it is told.
        """
        now_s = self._tools.clock.monotonic_s()
        every_s: float = self._feed.every(job.request)
        spread = 1 + JITTER * self._tools.dice.uniform(-1, 1)
        if failed:
            if not job.request.optional:
                every_s = min(every_s, RETRY_LEAST_S * 2 ** min(job.course.failures - 1, 16))
            job.due_s = now_s + max(every_s * spread, wait_s)
            return
        late_s = max(0.0, now_s - job.due_s - every_s)
        self._note(late_s=late_s, late=self._state.late + (late_s > 0))
        job.due_s = max(began_s + every_s * spread, now_s + REST * every_s)

    async def _ask(self, job: Job) -> None:
        url = self._feed.url(job.request, job.parameters, self._tools.clock.now())
        if url != job.url:
            job.url, job.validators = url, Validators()
        answer = await self._tools.fetcher.fetch(url, self._feed.connector.size_max, job.validators)
        self._unanswered.clear()
        now = self._tools.clock.now()
        if answer.content is not None:
            digest = hashlib.blake2b(answer.content, digest_size=16).digest()
            if digest == job.digest or not await self._take(job, answer, now):
                job.digest, job.validators = digest, answer.validators
        job.course.failures, job.course.error = 0, ""
        if job.course.ending in FAILURES:
            # The same answer as before the failure.
            job.course.ending = Ending.VALUES
        self._note(answered=now)
        if job.current:
            # A list that is still the same, or empty, is as new as a changed one.
            self._note(newest=now)

    async def _take(self, job: Job, answer: Answer, now: Instant) -> bool:
        """Read an answer, write what it brought, and remember what follows from it.

        Returns:
            Whether the same answer shall be read again.
        """
        # Whatever goes wrong in here: the same answer is read again next time.
        job.digest, job.validators = b"", Validators()
        findings = await self._read(job, answer, now)
        if len(findings) > MANY:
            shaped = await asyncio.to_thread(shape, findings, self._feed, now)
        else:
            shaped = shape(findings, self._feed, now)
        usable = bool(shaped.columns or shaped.things or shaped.asks)
        # A list that is empty says something; one of which nothing could be used does not.
        found = usable or shaped.current
        if shaped.left_out and not usable:
            raise DomainError(
                Fault.BAD_REQUEST_DATA, f"nothing in it can be used: {shaped.left_out.most_common(1)[0][0]}"
            )
        added = await self._tools.writing.write(shaped, self._feed)
        self._follow(job, shaped.asks)
        job.left_out, job.current = shaped.left_out, shaped.current
        self._tell_left_out(job)
        job.course.ending = Ending.VALUES if found else Ending.NOTHING
        # Nothing is newer than the present, whatever the clock said before it was put right.
        known = [at for at in (self._state.newest, shaped.newest) if at is not None and at <= now + FUTURE_TOLERANCE]
        newest = max(known, default=None)
        self._note(newest=newest, values=self._state.values + added)
        return shaped.later

    async def _read(self, job: Job, answer: Answer, now: Instant) -> list[Finding]:
        content = answer.content or b""
        feed = self._feed
        context = Context(
            now=now, zone=feed.connector.zone, wanted=feed.wanted, parameters={**feed.parameters, **job.parameters}
        )
        if len(content) <= LARGE_BYTES:
            return read_answer(feed.connector, job.request, content, answer.charset, context)
        if self._tools.heavy is None:
            return await asyncio.to_thread(read_answer, feed.connector, job.request, content, answer.charset, context)
        task = msgspec.msgpack.encode(Task(feed.reference, job.request.key, content, answer.charset, context))
        name = f"{in_worker.__module__}:{in_worker.__name__}"
        found = await self._tools.heavy(name, task, READING_MAX_S)
        return await asyncio.to_thread(_findings.decode, found)

    def _follow(self, job: Job, asks: list[Ask]) -> None:
        """Go on with the requests that follow from the newest answer, and with no others."""
        now_s = self._tools.clock.monotonic_s()
        wanted: dict[str, Ask] = {}
        for ask in asks[:JOBS_MAX]:
            wanted["?".join((ask.request, *(f"{name}={ask.parameters[name]}" for name in sorted(ask.parameters))))] = (
                ask
            )
        for key in job.children:
            if key not in wanted:
                self._drop(key)
        for key, ask in wanted.items():
            request = self._feed.connector.request(ask.request)
            if key not in self._jobs and len(self._jobs) < JOBS_MAX:
                self._jobs[key] = Job(request=request, parameters=ask.parameters, due_s=now_s)
        job.children = tuple(wanted)

    def _drop(self, key: str) -> None:
        """Ask no longer, nor what followed from it: pages follow from pages."""
        dropped = [key]
        while dropped:
            job = self._jobs.pop(dropped.pop(), None)
            dropped += job.children if job is not None else ()

    def _failed(self, job: Job, ending: Ending, detail: str) -> None:
        job.course.failures += 1
        job.course.ending, job.course.error = ending, detail
        if not job.request.optional:
            self._note(faults=self._state.faults + 1)

    def _is_lost(self) -> bool:
        """Whether nobody answers any more, although what was answered before may still be young enough."""
        if len(self._unanswered) >= LOST_AFTER:
            return True
        answered = self._state.answered
        missed = LOST_RHYTHMS * self._feed.every_s * SECOND
        return bool(self._unanswered) and answered is not None and self._tools.clock.now() - answered > missed

    def _judged_jobs(self) -> list[Job]:
        """The requests that say how the source is: those that bring values, and those that could lead there."""
        needed = [job for job in self._jobs.values() if not job.request.optional]
        return [job for job in needed if not job.children or job.course.ending in FAILURES]

    def _judged(self) -> list[Course]:
        jobs = [job for job in self._judged_jobs() if not job.children] or self._judged_jobs()
        return [job.course for job in jobs]

    def _tell_left_out(self, job: Job) -> None:
        """Log each reason once since the start; the state has the counts."""
        for reason, count in job.left_out.items():
            if reason not in self._named and len(self._named) < JOBS_MAX:
                self._named.add(reason)
                logger.info(
                    "source %s: %d left out in an answer to %s: %s", self._feed.key, count, job.request.key, reason
                )

    def _note(self, **changes: object) -> None:
        self._state = msgspec.structs.replace(self._state, **changes)
