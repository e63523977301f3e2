"""What every store can do. No open transaction and no integer key ever leaves it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from talwerk.core.aggregates import AggregatedEntity, AggregateQuery
from talwerk.core.change import Ack, Batch, Provenance
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError
from talwerk.core.instants import Instant
from talwerk.core.query import Query, TemporalQuery, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Bucket, Correction, LogEntry, Measured, Nature, Points, Series, SeriesKey, TypeCount


class Submission(msgspec.Struct, frozen=True):
    """A batch, and on whose behalf it is written."""

    batch: Batch
    scope: Scope


class EntityPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of entities.

    Attributes:
        entities: in the result's order; for temporal queries their attributes hold histories, oldest first.
        next: opaque cursor of the following page, None on the last.
        total: size of the whole result when it was asked for.
        truncated: whether a temporal result was cut to the store's limit of instances.
    """

    entities: tuple[Entity, ...]
    next: str | None = None
    total: int | None = None
    truncated: bool = False


class AggregatePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of aggregated histories; its members are those of :class:`EntityPage`."""

    entities: tuple[AggregatedEntity, ...]
    next: str | None = None
    total: int | None = None


class SeriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """The series of one page of entities.

    Attributes:
        series: entities in the result's order, the series of one by attribute, dataset and opening.
        next: opaque cursor of the following page, None on the last.
    """

    series: tuple[Series, ...]
    next: str | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """How a store is at one moment; cheap enough to be asked every second.

    Attributes:
        database_bytes: size of the database.
        free_bytes: how much of that is empty and is filled again before it grows.
        wal_bytes: size of the write-ahead log that is in use.
        disk_free_bytes: what the disk has left.
        position: the change log's newest position.
        oldest: the change log's oldest position that is kept, 0 for an empty log.
        oldest_at: its time, None for an empty log.
        writable: whether the last attempt to write succeeded, and the disk has room.
        trouble: what is wrong with disk or database, in one sentence; empty when nothing is.
    """

    database_bytes: int
    free_bytes: int = 0
    wal_bytes: int
    disk_free_bytes: int
    position: int
    oldest: int = 0
    oldest_at: int | None = None
    writable: bool = True
    trouble: str = ""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """How long what is kept.

    Attributes:
        today: the instant that ages are counted from.
        raw_days: days for which raw values are kept, 0 for ever; hourly sums always stay.
        raw_days_of: other numbers of days, by the attribute's IRI.
        log_days: days for which the change log is kept, 0 for as long as the bounds allow.
        log_rows: rows that the change log may have.
        log_bytes: bytes that its rows may have together, roughly.
    """

    today: Instant
    raw_days: int = 0
    raw_days_of: dict[str, int] = {}
    log_days: int = 14
    log_rows: int = 20_000_000
    log_bytes: int = 8_000_000_000


class Tidied(msgspec.Struct, frozen=True, kw_only=True):
    """What one slice of tidying did.

    Attributes:
        values: raw values that were removed.
        entries: rows of the change log that were removed.
        scrubbed: rows of the change log from which erased values were taken.
        today: the instant that ages were counted from; a day later at most than in the pass before.
        more: whether the pass goes on with the next slice.
    """

    values: int = 0
    entries: int = 0
    scrubbed: int = 0
    today: Instant = Instant(0)
    more: bool = False

    def plus(self, other: Tidied) -> Tidied:
        """Both together; everything but the numbers is this one's."""
        return msgspec.structs.replace(
            self,
            values=self.values + other.values,
            entries=self.entries + other.entries,
            scrubbed=self.scrubbed + other.scrubbed,
        )


class Store(Protocol):
    """One tenant's data. Reading methods may be called from any thread, ``apply`` and ``tidy`` from one at a time."""

    def apply(self, submissions: Sequence[Submission]) -> list[Ack | DomainError]:
        """Write batches in one transaction and return only after it is on disk.

        Each batch is all its changes' outcomes; a change that fails is an outcome, never an exception: AlreadyExists,
        ResourceNotFound for an entity outside of the scope's predicate, Forbidden for one that would end up there or
        for simulated observations in a real city. A batch whose writing fails as a whole (a value that cannot be
        stored, see ``core.values``; a scope that may not write) is answered by a DomainError and leaves nothing.

        History is idempotent: the same value and flag at the same time of the same series writes nothing, another one
        replaces it, and the old one is kept as superseded. What came without a time gets one from a clock that
        strictly increases, also across restarts.

        An hour whose raw values were removed (see :meth:`tidy`) takes no values any more: whether such a value was
        counted already, nobody can say. It is named as refused, and what was counted stays as it was.

        Raises:
            DomainError: InsufficientStorage or Busy when the store as such cannot write; then nothing was written.
        """
        ...

    def tidy(self, keeping: Keeping, budget_s: float) -> Tidied:
        """Remove some of what need not be kept, in one transaction; the rest is left to the next calls.

        Raw values leave by whole hours, the hour of a series' newest value stays, and hourly sums stay for ever. The
        newest entry of the change log stays, so that positions never begin anew. Values that were erased leave the
        change log; nobody is shown them from the moment of their erasure.

        Args:
            keeping: how long what is kept; within a pass the one that it began with.
            budget_s: seconds after which the slice ends; a single step of it takes some milliseconds.

        Raises:
            DomainError: as :meth:`apply`.
        """
        ...

    def read(self, query: Query, scope: Scope) -> EntityPage:
        """The current state of the entities that the query selects and the scope permits.

        What that is, ``core.match`` says; the scope's predicate sees every attribute, the query only unmasked ones.

        Raises:
            DomainError: InvalidRequest for an unknown cursor or an impossible page; TooComplexQuery when the time
                budget ran out or the filter is too large; InternalError when the data is damaged (all reading methods).
        """
        ...

    def history(self, query: TemporalQuery, scope: Scope) -> EntityPage:
        """Instances of the attributes of the entities that the query selects and the scope permits.

        Instances have ids that stay the same for ever. Those that came without a time of observation lie in windows on
        observedAt where the store's clock put them, and show no such time. ``created`` is when the first value of an
        instance was recorded, ``modified`` when its present one was. A page that would hold too many instances ends at
        one instant for all series (with ``last`` it begins at one) and says that it is truncated.

        Entities that were deleted are among them, selected by their last state; their ``deleted`` says when that was.
        Without a window, and for windows on modifiedAt and deletedAt, instances with ``deleted`` mark deletions.

        Raises:
            DomainError: as :meth:`read`.
        """
        ...

    def aggregates(self, query: AggregateQuery, scope: Scope) -> AggregatePage:
        """Histories put together period by period; every value counts, those that failed as well.

        Of an attribute whose unit changed, the values of the newest unit count. Hourly sums answer where they are
        exact (windows on observedAt, nothing but good numbers), the values themselves everywhere else. Hours whose raw
        values were removed still count as a whole, failed values included.

        Raises:
            DomainError: as :meth:`read`; TooComplexQuery for too many periods; OperationNotSupported for periods that
                cut such an hour and for counts of distinct values in one.
        """
        ...

    def series(self, scope: Scope, entity: str | None = None) -> tuple[Series, ...]:
        """The series of one entity, or all of them, ordered by entity, attribute, dataset and opening.

        All of them at once are too many in a large city: :meth:`series_of` gives them in pages.
        """
        ...

    def series_of(self, query: Query, scope: Scope, provenances: Collection[Provenance] | None = None) -> SeriesPage:
        """The series of the entities that the query selects and the scope permits, so many entities to a page.

        Args:
            query: which entities; its attributes are those of the series, its page counts entities.
            scope: on whose behalf.
            provenances: only open series that come from one of these, and only entities that have some.

        Raises:
            DomainError: as :meth:`read`.
        """
        ...

    def provenances(self, scope: Scope) -> tuple[Provenance, ...]:
        """Where the open series come from, each once, the longest known first; a few rows in a city of any size."""
        ...

    def measured(self, scope: Scope, without: Collection[str] = ()) -> Measured:
        """How many open series of measurements there are, and how many entities have one.

        Args:
            scope: on whose behalf.
            without: keys of sources whose series do not count.
        """
        ...

    def points(
        self, key: SeriesKey, window: Window, scope: Scope, last: int | None = None, first: int | None = None
    ) -> Points:
        """Plain values of an attribute's series (closed ones of the same unit included), oldest first.

        Nothing is there for an attribute or entity that the scope hides or that does not exist. Where two methods
        speak of one time, the open series is right.

        With ``window.known``, values are those that were known at that instant: none that was recorded later, and of
        those that were put right later the ones before. What was erased since is not among them. Where two methods
        spoke of one time, the value that was recorded last counts.

        Args:
            key: whose values.
            window: the time asked for.
            scope: on whose behalf.
            last: only so many of the newest.
            first: only so many of the oldest; not together with ``last``.
        """
        ...

    def hours(self, key: SeriesKey, window: Window, scope: Scope) -> tuple[Bucket, ...]:
        """Hourly sums (UTC hours that start within the window), oldest first; empty hours are left out.

        With ``window.known`` as it was known at that instant; hours whose raw values were removed are as they are now.
        """
        ...

    def corrections(self, key: SeriesKey, window: Window, scope: Scope, most: int) -> tuple[Correction, ...]:
        """Plain values that others replaced (until ``window.known``), the latest replaced first, at most so many."""
        ...

    def types(self, scope: Scope) -> tuple[TypeCount, ...]:
        """The entity types that exist, ordered by IRI."""
        ...

    def log(self, after: int, limit: int = 1_000) -> tuple[LogEntry, ...]:
        """The change log's entries after a position, in order."""
        ...

    def position(self) -> int:
        """The change log's newest position, 0 for an empty city."""
        ...

    def nature(self) -> Nature:
        """Whether the city's observations are real or simulated; the first observation decides for ever."""
        ...

    def held_live(self, own: Collection[str] = ()) -> bool:
        """Whether anything came by itself, ever: neither from a file nor calculated nor simulated.

        Args:
            own: types of the entities by which the city tells of itself; they do not count.
        """
        ...

    def condition(self) -> Condition:
        """How the store is now. A store that only reads knows of the disk, not of what the writer met."""
        ...

    def close(self) -> None:
        """Release the database; the store cannot be used afterwards."""
        ...
