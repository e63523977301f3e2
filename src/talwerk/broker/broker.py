"""The broker: every protocol, page and service writes and reads through it, always with a Scope."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from talwerk.core.aggregates import AggregateQuery
from talwerk.core.change import Ack, Batch, Provenance
from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import LIMIT_MAX, Page, Query, TemporalQuery, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Bucket, Correction, LogEntry, Measured, Points, Series, SeriesKey, TypeCount
from talwerk.store import AggregatePage, EntityPage, SeriesPage, Store

from .ports import AccessLog, Seal, Writer, WriterState

CHANGES_MAX = 10_000
DEPTH_MAX = 4


class Broker:
    """The one way in and the one way out of a tenant's data.

    Args:
        store: reads; it never writes here.
        writer: the way to the process that writes.
        seal: closes and opens personal values.
        access: keeps the trace of obliged accesses.
    """

    def __init__(self, store: Store, writer: Writer, seal: Seal, access: AccessLog) -> None:
        self._store = store
        self._writer = writer
        self._seal = seal
        self._access = access

    async def write(self, batch: Batch, scope: Scope) -> Ack:
        """Write a batch; when this returns, it is on disk.

        Raises:
            DomainError: Forbidden when the scope may not write; RequestEntityTooLarge for more than 10,000 changes;
                whatever the writer says. A change that fails by itself is an outcome, not an exception.
        """
        if not scope.may_write:
            raise DomainError(Fault.FORBIDDEN, f"The {scope.principal.role} may not write.")
        if len(batch.changes) > CHANGES_MAX:
            detail = f"The batch holds {len(batch.changes)} changes; {CHANGES_MAX} is the most."
            raise DomainError(Fault.TOO_LARGE, detail)
        if batch.depth > DEPTH_MAX:
            raise DomainError(
                Fault.BAD_REQUEST_DATA, f"The batch is derived {batch.depth} times; {DEPTH_MAX} is the most."
            )
        return await self._writer.submit(self._seal.seal(batch), scope)

    def read(self, query: Query, scope: Scope) -> EntityPage:
        """The current state of the entities that the query selects and the scope permits."""
        return self._opened(self._store.read(query, scope), scope)

    def history(self, query: TemporalQuery, scope: Scope) -> EntityPage:
        """The instances that the temporal query selects and the scope permits, oldest first."""
        return self._opened(self._store.history(query, scope), scope)

    def aggregates(self, query: AggregateQuery, scope: Scope) -> AggregatePage:
        """Histories put together period by period."""
        page = self._store.aggregates(query, scope)
        if scope.obligations:
            self._access.record(scope, [found.entity.id for found in page.entities])
        return page

    def series(self, scope: Scope, entity: str | None = None) -> tuple[Series, ...]:
        """The series of one entity, or of all; all of them are too many in a large city."""
        return self._store.series(scope, entity)

    def series_of(self, query: Query, scope: Scope, provenances: Collection[Provenance] | None = None) -> SeriesPage:
        """The series of the entities that the query selects, a page of entities at a time.

        Args:
            query: which entities; its attributes are those of the series.
            scope: on whose behalf.
            provenances: only open series that come from one of these.
        """
        return self._store.series_of(query, scope, provenances)

    def series_pages(
        self, query: Query, scope: Scope, provenances: Collection[Provenance] | None = None, limit: int = LIMIT_MAX
    ) -> Iterator[tuple[Series, ...]]:
        """All that :meth:`series_of` finds, so many entities at a time; others are answered between two pages."""
        after: str | None = None
        while True:
            asked = msgspec.structs.replace(query, page=Page(limit=limit, after=after))
            page = self.series_of(asked, scope, provenances)
            yield page.series
            after = page.next
            if after is None:
                return

    def provenances(self, scope: Scope) -> tuple[Provenance, ...]:
        """Where the open series come from, each once; cheap in a city of any size."""
        return self._store.provenances(scope)

    def measured(self, scope: Scope, without: Collection[str] = ()) -> Measured:
        """How many open series of measurements there are, sources left out that are named, and on how many entities."""
        return self._store.measured(scope, without)

    def points(
        self, key: SeriesKey, window: Window, scope: Scope, last: int | None = None, first: int | None = None
    ) -> Points:
        """Plain values of a series, oldest first; only the newest ``last`` or the oldest ``first`` when given."""
        return self._store.points(key, window, scope, last, first)

    def hours(self, key: SeriesKey, window: Window, scope: Scope) -> tuple[Bucket, ...]:
        """Hourly sums of a series."""
        return self._store.hours(key, window, scope)

    def corrections(self, key: SeriesKey, window: Window, scope: Scope, most: int) -> tuple[Correction, ...]:
        """Values of a series that others replaced, the latest replaced first, at most so many."""
        return self._store.corrections(key, window, scope, most)

    def types(self, scope: Scope) -> tuple[TypeCount, ...]:
        """The entity types that exist."""
        return self._store.types(scope)

    def log(self, after: int, limit: int = 1_000) -> tuple[LogEntry, ...]:
        """Entries of the change log; for the city's own consumers, which apply their Scope themselves."""
        return self._store.log(after, limit)

    def oldest(self) -> int:
        """The change log's oldest position that is still kept; 1 for a log that never forgot anything."""
        entries = self._store.log(0, 1)
        return entries[0].position if entries else 1

    def permits(self, entity: str, scope: Scope) -> bool:
        """Whether the scope shows the entity."""
        return bool(self._store.read(Query(ids=(entity,), attributes=(), page=Page(limit=1)), scope).entities)

    def writer(self) -> WriterState:
        """How the way to the one process that writes is now."""
        return self._writer.state()

    def position(self) -> int:
        """The change log's newest position."""
        return self._store.position()

    def _opened(self, page: EntityPage, scope: Scope) -> EntityPage:
        entities = self._seal.open(page.entities, scope)
        if scope.obligations:
            self._access.record(scope, [entity.id for entity in entities])
        if entities is page.entities:
            return page
        return EntityPage(entities=tuple(entities), next=page.next, total=page.total, truncated=page.truncated)
