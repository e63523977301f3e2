"""The embedded store: one SQLite file per tenant."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from talwerk.core.aggregates import AggregateQuery
from talwerk.core.change import Ack, Provenance
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock
from talwerk.core.query import Query, TemporalQuery, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Bucket, Correction, LogEntry, Measured, Nature, Points, Series, SeriesKey, TypeCount
from talwerk.store.contract import AggregatePage, Condition, EntityPage, Keeping, SeriesPage, Submission, Tidied

from . import aggregates, history, log, measured, points, read, series_pages
from .acknowledged import Acknowledged
from .condition import condition
from .connection import ReaderPool, WriterLock, open_reader, open_writer
from .cursor import Cursors
from .faults import translated
from .kept import Kept
from .limits import Limits
from .nature import held_live, nature_of
from .schema import migrate, refuse_newer, steps
from .wal import Wal
from .write import Writer


class SqliteStore:
    """One tenant's data in one file. Made by :meth:`open`; see ``Store`` for what the methods promise.

    Args:
        path: the database file.
        readers: reading connections.
        writer: the sole writer, None for a store that only reads.
        lock: keeps other writers out, None for a store that only reads.
        limits: of the store.
    """

    def __init__(
        self, path: Path, readers: ReaderPool, writer: Writer | None, lock: WriterLock | None, limits: Limits
    ) -> None:
        self._path = path
        self._readers = readers
        self._writer = writer
        self._lock = lock
        self._limits = limits
        self._met: DomainError | None = None
        self.wal: Wal | None = None
        """The write-ahead log, None for a store that only reads."""
        self._kept = Kept(limits.kept)
        with readers.snapshot() as connection:
            secret = connection.execute("SELECT value FROM meta WHERE key = 'secret'").get
        self._cursors = Cursors(bytes.fromhex(secret))

    @classmethod
    def open(cls, path: Path, clock: Clock, *, readonly: bool = False, limits: Limits | None = None) -> Self:
        """Open a city's database; a writer makes it when it does not exist and brings it to the newest version.

        Args:
            path: the database file; its directory exists.
            clock: stamps records and drives time budgets.
            readonly: for processes that only read.
            limits: None for the defaults.

        Raises:
            DomainError: Busy when somebody else writes it or it cannot be opened; InternalError when it is of a
                newer version, damaged or something else.
        """
        limits = Limits() if limits is None else limits
        known = steps()
        readers = ReaderPool(lambda: open_reader(path, limits), clock, limits.budget_s)
        if readonly:
            with readers.snapshot() as connection:
                refuse_newer(connection, path, known)
            return cls(path, readers, None, None, limits)
        with contextlib.ExitStack() as undone:
            lock = WriterLock(path)
            undone.callback(lock.release)
            connection = open_writer(path, limits)
            undone.callback(connection.close)
            with translated():
                acknowledged = Acknowledged(path, connection)
            migrate(connection, path, known)
            with translated():
                writer = Writer(path, connection, clock, limits, acknowledged)
            store = cls(path, readers, writer, lock, limits)
            with translated():
                store.wal = Wal(connection, path, limits.wal_bytes_max, keep=limits.wal_kept)
            undone.pop_all()
        return store

    def apply(self, submissions: Sequence[Submission]) -> list[Ack | DomainError]:
        """Write batches in one transaction."""
        if self._writer is None:
            raise DomainError(Fault.BUSY, "This store was opened for reading only.")
        with self._noting():
            return self._writer.apply(submissions)

    def tidy(self, keeping: Keeping, budget_s: float) -> Tidied:
        """Remove some of what need not be kept, in one transaction."""
        if self._writer is None:
            raise DomainError(Fault.BUSY, "This store was opened for reading only.")
        with self._noting():
            return self._writer.tidy(keeping, budget_s)

    def read(self, query: Query, scope: Scope) -> EntityPage:
        """The current state of entities."""
        with self._readers.snapshot() as connection:
            return read.read(connection, query, scope, self._cursors, self._kept)

    def history(self, query: TemporalQuery, scope: Scope) -> EntityPage:
        """Instances of the attributes of entities."""
        with self._readers.snapshot() as connection:
            return history.history(connection, query, scope, self._cursors, self._limits.instances)

    def aggregates(self, query: AggregateQuery, scope: Scope) -> AggregatePage:
        """Histories put together period by period."""
        with self._readers.snapshot() as connection:
            return aggregates.aggregates(connection, query, scope, self._cursors)

    def series(self, scope: Scope, entity: str | None = None) -> tuple[Series, ...]:
        """The series of one entity, or all of them."""
        with self._readers.snapshot() as connection:
            return series_pages.series(connection, scope, entity)

    def series_of(self, query: Query, scope: Scope, provenances: Collection[Provenance] | None = None) -> SeriesPage:
        """The series of a page of entities."""
        with self._readers.snapshot() as connection:
            return series_pages.series_of(connection, query, scope, provenances, self._cursors)

    def provenances(self, scope: Scope) -> tuple[Provenance, ...]:
        """Where the open series come from, each once."""
        with self._readers.snapshot() as connection:
            return measured.provenances(connection, scope)

    def measured(self, scope: Scope, without: Collection[str] = ()) -> Measured:
        """How many open series of measurements there are, and how many entities have one."""
        with self._readers.snapshot() as connection:
            return measured.measured(connection, scope, without)

    def points(
        self, key: SeriesKey, window: Window, scope: Scope, last: int | None = None, first: int | None = None
    ) -> Points:
        """Plain values of an attribute's series, oldest first."""
        with self._readers.snapshot() as connection:
            return points.points(connection, key, window, scope, points.Cut(last, first))

    def hours(self, key: SeriesKey, window: Window, scope: Scope) -> tuple[Bucket, ...]:
        """Hourly sums, oldest first."""
        with self._readers.snapshot() as connection:
            return points.hours(connection, key, window, scope)

    def corrections(self, key: SeriesKey, window: Window, scope: Scope, most: int) -> tuple[Correction, ...]:
        """Plain values that others replaced, the latest replaced first."""
        with self._readers.snapshot() as connection:
            return points.corrections(connection, key, window, scope, most)

    def types(self, scope: Scope) -> tuple[TypeCount, ...]:
        """The entity types that exist, ordered by IRI."""
        with self._readers.snapshot() as connection:
            return read.types(connection, scope)

    def log(self, after: int, limit: int = 1_000) -> tuple[LogEntry, ...]:
        """The change log's entries after a position, in order."""
        with self._readers.snapshot() as connection:
            return log.entries(connection, after, limit)

    def position(self) -> int:
        """The change log's newest position."""
        with self._readers.snapshot() as connection:
            return log.newest(connection)[0]

    def nature(self) -> Nature:
        """Whether the city's observations are real or simulated."""
        with self._readers.snapshot() as connection:
            return nature_of(connection)

    def held_live(self, own: Collection[str] = ()) -> bool:
        """Whether anything came by itself, ever: neither from a file nor calculated nor simulated.

        Args:
            own: types of the entities by which the city tells of itself; they do not count.
        """
        with self._readers.snapshot() as connection:
            return held_live(connection, own)

    def condition(self) -> Condition:
        """How the store is now."""
        with self._readers.snapshot() as connection:
            return condition(connection, self._path, self._limits, self._met)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Keep what the writer meets, for the store's condition."""
        try:
            yield
        except DomainError as error:
            self._met = error
            raise
        self._met = None

    def close(self) -> None:
        """Release the database."""
        self._readers.close()
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.release()
