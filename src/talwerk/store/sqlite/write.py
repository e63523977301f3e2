"""The one way in: batches become state, history, sums and log, all in one transaction."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import apsw

from talwerk.core.change import Ack, Batch, Change, Done, Mode, Observations, Outcome
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock
from talwerk.core.values import check_change
from talwerk.store.contract import Keeping, Submission, Tidied

from . import log
from .acknowledged import Acknowledged
from .changes import Changes, Origins
from .columns import check_columns
from .faults import damaged, fault_of, translated
from .limits import Limits
from .room import shortage

logger = logging.getLogger(__name__)
T = TypeVar("T")

_BROKEN = (apsw.ConstraintError, apsw.TooBigError, ValueError, TypeError, OverflowError)
"""What a batch can be guilty of; anything else is the store's own misery and ends the transaction."""


_FREEING = frozenset((Mode.DELETE, Mode.DELETE_ATTRIBUTES, Mode.ERASE, Mode.ERASE_ATTRIBUTES, Mode.ERASE_INSTANCES))
"""What is still done when the disk has little room left."""


class Writer:
    """Writes batches; the only one to change the database.

    Args:
        path: the database file.
        connection: the writing connection.
        clock: stamps records.
        limits: of the store.
        acknowledged: what was acknowledged before; nothing is written while some of it is missing.
    """

    def __init__(
        self, path: Path, connection: apsw.Connection, clock: Clock, limits: Limits, acknowledged: Acknowledged
    ) -> None:
        self._directory = path.parent
        self._connection = connection
        self._acknowledged = acknowledged
        self._reserve_bytes = limits.disk_reserve_bytes
        self._changes = Changes(connection, clock, limits, acknowledged.floor)
        acknowledged.begin(connection)
        self._short: str | None = None
        self._turn = threading.Lock()

    def apply(self, submissions: Sequence[Submission]) -> list[Ack | DomainError]:
        """See ``Store.apply``."""
        with self._turn, translated(self._connection):
            self._refuse_after_loss()
            try:
                answers = self._transaction(lambda: [self._answer(submission) for submission in submissions])
            except _BROKEN:
                # Rare, because batches are checked before they are written: again, each within a savepoint.
                answers = self._transaction(lambda: [self._saved_answer(submission) for submission in submissions])
            except apsw.Error as error:
                if not damaged(error) or len(submissions) == 1:
                    raise
                # One of them met a damaged page: the others are not to suffer from it.
                answers = [self._single_answer(submission) for submission in submissions]
            return answers

    def tidy(self, keeping: Keeping, budget_s: float) -> Tidied:
        """See ``Store.tidy``; also when the disk has little room left, because it makes some."""
        with self._turn, translated(self._connection):
            self._refuse_after_loss()
            return self._transaction(lambda: self._changes.tidy(keeping, budget_s))

    def close(self) -> None:
        """Release the connection."""
        with self._turn:
            try:
                self._connection.close()
            except apsw.Error as error:
                # The log could not be written back, on a full disk for example: it stays, and nothing is lost.
                logger.warning("the write-ahead log stays beside the database: %s", error)
            self._acknowledged.close()

    def _refuse_after_loss(self) -> None:
        if self._acknowledged.loss:
            raise DomainError(Fault.BUSY, self._acknowledged.loss)

    def _transaction(self, work: Callable[[], T]) -> T:
        """Do the work within a transaction: all of it is on disk at the end, or nothing."""
        before = self._changes.position
        self._short = None
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = work()
            self._commit(before)
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._changes.forget(before)
            raise
        self._acknowledged.reach(self._changes.position)
        return result

    def _commit(self, before: int) -> None:
        try:
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            # What SQLite tidies up behind a commit may fail and be reported, although the commit has taken place.
            reached = self._changes.position
            if self._connection.in_transaction or reached == before or log.newest(self._connection)[0] != reached:
                raise
            logger.warning("after a commit: %s", error)

    def _single_answer(self, submission: Submission) -> Ack | DomainError:
        """Write one batch in a transaction of its own."""
        try:
            return self._transaction(lambda: self._answer(submission))
        except _BROKEN as error:
            return fault_of(error) if isinstance(error, apsw.Error) else _unstorable(error)
        except apsw.Error as error:
            return fault_of(error, self._connection)

    def _answer(self, submission: Submission) -> Ack | DomainError:
        """Write one batch, unless it can be seen beforehand that it must be refused."""
        refusal = _refusal(submission)
        if refusal is not None:
            return refusal
        batch = submission.batch
        if not _frees(batch) and (short := self._shortage()):
            return DomainError(Fault.STORAGE_FULL, short)
        origins = Origins(submission.scope, log.Cause(batch.origin, batch.depth))
        outcomes = tuple([self._outcome(change, origins) for change in batch.changes])
        self._changes.settle()
        return Ack(position=self._changes.position, outcomes=outcomes)

    def _shortage(self) -> str:
        """Looked at once for all batches of a transaction: none of them is on the disk before its end."""
        if self._short is None:
            self._short = shortage(self._connection, self._directory, self._reserve_bytes)
        return self._short

    def _saved_answer(self, submission: Submission) -> Ack | DomainError:
        """Write one batch, or leave nothing of it."""
        before = self._changes.position
        self._connection.execute("SAVEPOINT batch")
        try:
            answer = self._answer(submission)
        except _BROKEN as error:
            answer = fault_of(error) if isinstance(error, apsw.Error) else _unstorable(error)
            self._connection.execute("ROLLBACK TO batch")
            self._changes.forget(before)
        self._connection.execute("RELEASE batch")
        return answer

    def _outcome(self, change: Change | Observations, origins: Origins) -> Outcome:
        try:
            if isinstance(change, Observations):
                return self._changes.observe(change, origins)
            return self._changes.change(change, origins)
        except DomainError as error:
            id_ = change.entity if isinstance(change, Observations) else change.entity.id
            return Outcome(entity=id_, done=Done.FAILED, fault=error.fault, detail=error.detail)


def _frees(batch: Batch) -> bool:
    """Whether a batch does nothing but remove."""
    return all(isinstance(change, Change) and change.mode in _FREEING for change in batch.changes)


def _refusal(submission: Submission) -> DomainError | None:
    """Why a batch cannot be written at all, None when it can."""
    scope = submission.scope
    if not scope.may_write:
        return DomainError(Fault.FORBIDDEN, f"The {scope.principal.role} may not write.")
    try:
        for change in submission.batch.changes:
            if isinstance(change, Observations):
                check_columns(change)
            else:
                check_change(change)
    except DomainError as error:
        return error
    return None


def _unstorable(error: Exception) -> DomainError:
    return DomainError(Fault.BAD_REQUEST_DATA, f"The batch cannot be stored: {error}.")
