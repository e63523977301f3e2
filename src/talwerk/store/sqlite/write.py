"""The one way in: batches become state, history, sums and log, all in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import apsw

from talwerk.core.change import Ack, Change, Done, Observations, Outcome
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock
from talwerk.core.values import check_change
from talwerk.store.contract import Submission

from . import log
from .changes import Changes, Origins
from .columns import check_columns
from .faults import fault_of, translated
from .limits import Limits

_BROKEN = (apsw.ConstraintError, apsw.TooBigError, ValueError, TypeError, OverflowError)
"""What a batch can be guilty of; anything else is the store's own misery and ends the transaction."""


class Writer:
    """Writes batches; the only one to change the database.

    Args:
        connection: the writing connection.
        clock: stamps records.
        limits: of the store.
    """

    def __init__(self, connection: apsw.Connection, clock: Clock, limits: Limits) -> None:
        self._connection = connection
        self._changes = Changes(connection, clock, limits)
        self._turn = threading.Lock()

    def apply(self, submissions: Sequence[Submission]) -> list[Ack | DomainError]:
        """See ``Store.apply``."""
        with self._turn, translated():
            try:
                return self._transaction(submissions, self._answer)
            except _BROKEN:
                # Rare, because batches are checked before they are written: again, each within a savepoint.
                return self._transaction(submissions, self._saved_answer)

    def close(self) -> None:
        """Release the connection."""
        with self._turn:
            self._connection.close()

    def _transaction(
        self, submissions: Sequence[Submission], answer: Callable[[Submission], Ack | DomainError]
    ) -> list[Ack | DomainError]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            answers = [answer(submission) for submission in submissions]
            self._connection.execute("COMMIT")
        except BaseException:
            self._changes.forget()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return answers

    def _answer(self, submission: Submission) -> Ack | DomainError:
        """Write one batch, unless it can be seen beforehand that it must be refused."""
        refusal = _refusal(submission)
        if refusal is not None:
            return refusal
        batch = submission.batch
        origins = Origins(submission.scope, log.Cause(batch.origin, batch.depth))
        outcomes = tuple([self._outcome(change, origins) for change in batch.changes])
        self._changes.settle()
        return Ack(position=self._changes.position, outcomes=outcomes)

    def _saved_answer(self, submission: Submission) -> Ack | DomainError:
        """Write one batch, or leave nothing of it."""
        self._connection.execute("SAVEPOINT batch")
        try:
            answer = self._answer(submission)
        except _BROKEN as error:
            answer = fault_of(error) if isinstance(error, apsw.Error) else _unstorable(error)
            self._connection.execute("ROLLBACK TO batch")
            self._changes.forget()
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
