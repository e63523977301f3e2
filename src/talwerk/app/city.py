"""A city that is open: its data, its profile, its clock, and who may write."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from talwerk import cities
from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault
from talwerk.core.identifiers import Iri
from talwerk.core.instants import Clock, SystemClock, datetime_of
from talwerk.core.scope import Scope
from talwerk.core.series import Nature
from talwerk.privacy import policy
from talwerk.privacy.principals import Credentials
from talwerk.privacy.seal import OpenDataLog, OpenSeal
from talwerk.processes.directory import DATABASE, directory_of, prepare, writing_right
from talwerk.processes.door import RemoteWriter, open_door
from talwerk.processes.duties import Roster
from talwerk.processes.engine import Engine
from talwerk.processes.marking import Marking
from talwerk.processes.report import Report
from talwerk.processes.reporter import Reporter
from talwerk.processes.vitals import process_name
from talwerk.processes.workers.pool import Pool
from talwerk.protocols.http.tally import Tally
from talwerk.sdk.profile import Profile
from talwerk.services.indicators.themes import Themes
from talwerk.services.territory import FOLDER
from talwerk.services.visits import FOLDER as VISITS
from talwerk.services.visits import Visits
from talwerk.settings import Settings
from talwerk.store import Keeping, Tidied
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.limits import Limits
from talwerk.store.sqlite.wal import Wal

ENGINE_START_S = 20.0
"""How long a reader waits for an engine that is being started or migrates."""


class Part(StrEnum):
    """What a process is to the city's data."""

    WRITER = "writer"
    """The engine: it alone writes, and insists on it."""
    READER = "reader"
    """It reads by itself and writes through the engine of another process."""
    EITHER = "either"
    """A command: the writer when nobody else is, otherwise a reader."""


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A city that is open: what pages, protocols and commands work with.

    Attributes:
        settings: as the operator wants it.
        directory: where its data lies.
        profile: what is particular to this city.
        themes: what it wants to know and to move.
        clock: its source of time.
        broker: the one way in and out of its data.
        credentials: who may write.
        ending: set when the city's end begins, for answers that would go on for ever.
        workers: processes for what would keep this one from others.
        wal: the write-ahead log in the process that writes, None in others.
        tidy: removes a slice of what need not be kept; None in processes that only read.
        tally: the requests that this process answers.
        visits: how often this process showed which kind of page.
        report: asks the engine what it knows of the running city.
        reporter: where the engine's duties put what they know; None in other processes.
        held_live: whether anything ever came to the city by itself; files that were read in do not count.
        simulated: whether nobody measured what it holds.
    """

    settings: Settings
    directory: Path
    profile: Profile
    themes: Themes
    clock: Clock
    broker: Broker
    credentials: Credentials
    ending: asyncio.Event
    workers: Pool
    wal: Wal | None = None
    tidy: Callable[[Keeping, float], Tidied] | None = None
    tally: Tally
    visits: Visits
    report: Callable[[], Awaitable[Report]]
    reporter: Reporter | None = None
    held_live: Callable[[frozenset[Iri]], bool]
    simulated: Callable[[], bool]

    @property
    def official(self) -> Path:
        """Where the city's official open files lie; a city and its twin share them.

        As long as there are none, a twin has made-up addresses in its own directory, which say so.
        """
        shared = directory_of(self.settings.data, self.profile.city.key) / FOLDER
        return self.directory / FOLDER if self.settings.feeds == "twin" and not shared.is_dir() else shared

    @property
    def roster(self) -> Roster | None:
        """Who is on duty in this process, None where nobody is."""
        return self.reporter.roster if self.reporter is not None else None

    def system_scope(self, name: str) -> Scope:
        """The Scope of one of the city's own writers, for example ``replay``."""
        return policy.system_scope(name)


@contextlib.asynccontextmanager
async def open_city(settings: Settings, clock: Clock | None = None, part: Part = Part.EITHER) -> AsyncIterator[City]:
    """Open the city's data.

    Args:
        settings: which city, and where its data lies.
        clock: the source of time, the machine's when None.
        part: whether to write by itself or through another process.

    Raises:
        DomainError: Busy when a writer finds another one, or a reader none; InvalidRequest for an unknown city or a
            directory that holds another city's data.
    """
    clock = clock or SystemClock()
    profile, themes = cities.load(settings.city), Themes.load(settings.city)
    twin = settings.feeds == "twin"
    directory = directory_of(settings.data, profile.city.key, twin=twin)
    prepare(directory, profile.city.key, twin=twin)
    # What the city measures and what its themes are about is what it is asked for.
    queried = themes.queried().union(point.attribute_iri for point in profile.measuring_points)
    async with contextlib.AsyncExitStack() as stack:
        writing = part is not Part.READER and stack.enter_context(writing_right(directory))
        if part is Part.WRITER and not writing:
            raise DomainError(Fault.BUSY, f"Another Talwerk runs on {directory} already.")
        tally = Tally()
        writer: Reporter | RemoteWriter
        if writing:
            store = stack.enter_context(_store(settings, directory, queried, clock))
            marking = Marking(store.nature, twin=twin)
            engine = await stack.enter_async_context(Engine(store, settings.queue_max, clock, marking))
            writer = Reporter(engine, store.condition, directory, clock, tally)
            await stack.enter_async_context(writer.looking())
            await stack.enter_async_context(open_door(directory, writer))
        else:
            # The engine makes and migrates the database: a reader waits for it.
            writer = await stack.enter_async_context(RemoteWriter(directory, clock=clock, tally=tally))
            await writer.connected(ENGINE_START_S)
            store = stack.enter_context(_store(settings, directory, queried, clock, readonly=True))
        yield City(
            settings=settings,
            directory=directory,
            profile=profile,
            themes=themes,
            clock=clock,
            broker=Broker(store, writer, OpenSeal(), OpenDataLog()),
            # Simulated devices have keys of the twin's own, and those of real ones open nothing there.
            credentials=Credentials.open(settings.data, directory if twin else None),
            ending=asyncio.Event(),
            workers=await stack.enter_async_context(Pool(settings.workers_max, settings.worker_mb_max)),
            wal=store.wal,
            tidy=store.tidy if writing else None,
            tally=tally,
            visits=_visits(stack, directory, profile, clock),
            report=writer.report,
            reporter=writer if isinstance(writer, Reporter) else None,
            held_live=store.held_live,
            simulated=_simulated(store, twin=twin),
        )


def _visits(stack: contextlib.AsyncExitStack, directory: Path, profile: Profile, clock: Clock) -> Visits:
    """Where pages are counted; what was counted is written when the city ends."""
    zone = ZoneInfo(profile.city.zone)
    today = lambda: datetime_of(clock.now()).astimezone(zone).date()  # noqa: E731
    visits = Visits(directory / VISITS, process_name()[0], today, clock.monotonic_s)
    stack.callback(visits.keep)
    return visits


def _simulated(store: SqliteStore, *, twin: bool) -> Callable[[], bool]:
    """Whether a city's values are simulated: a twin's always, others' as soon as the first one was."""
    nature = Nature.SIMULATED if twin else Nature.EMPTY

    def known() -> bool:
        nonlocal nature
        if nature is Nature.EMPTY:
            # The first observation decides for ever. A store that cannot be read has nothing to be marked.
            with contextlib.suppress(DomainError):
                nature = store.nature()
        return nature is Nature.SIMULATED

    return known


@contextlib.contextmanager
def _store(
    settings: Settings, directory: Path, queried: frozenset[Iri], clock: Clock, *, readonly: bool = False
) -> Iterator[SqliteStore]:
    limits = Limits(
        budget_s=settings.query_budget_ms / 1_000,
        delete_history_with_entity=settings.delete_history_with_entity,
        disk_reserve_bytes=settings.disk_reserve_mb * 1_000_000,
        wal_bytes_max=settings.wal_mb_max * 1_000_000,
        wal_kept=settings.copy_folder is not None,
        queried=queried,
    )
    store = SqliteStore.open(directory / DATABASE, clock, readonly=readonly, limits=limits)
    with contextlib.closing(store):
        yield store
