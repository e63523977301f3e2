"""The one way in: batches become state, history, sums and log, all in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import apsw

from talwerk.core.change import Ack, Change, Done, Observations, Outcome
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock
from talwerk.core.values import check_entity
from talwerk.store.contract import Submission

from . import log
from .changes import Changes, Origins
from .columns import check_columns
from .faults import fault_of, translated
from .limits import Limits
from .ticks import Ticks

_BROKEN = (DomainError, apsw.ConstraintError, apsw.TooBigError, ValueError, TypeError, OverflowError)
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
        _, last = log.newest(connection)
        self._changes = Changes(connection, Ticks(clock, last), limits)
        self._turn = threading.Lock()

    def apply(self, submissions: Sequence[Submission]) -> list[Ack | DomainError]:
        """See ``Store.apply``."""
        with self._turn, translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                answers = [self._answer(submission) for submission in submissions]
                self._connection.execute("COMMIT")
            except BaseException:
                self._changes.forget()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        return answers

    def close(self) -> None:
        """Release the connection."""
        with self._turn:
            self._connection.close()

    def _answer(self, submission: Submission) -> Ack | DomainError:
        """Write one batch, or leave nothing of it."""
        self._connection.execute("SAVEPOINT batch")
        try:
            outcomes = self._outcomes(submission)
        except _BROKEN as error:
            self._changes.forget()
            self._connection.execute("ROLLBACK TO batch")
            self._connection.execute("RELEASE batch")
            return _refusal(error)
        self._connection.execute("RELEASE batch")
        position, _ = log.newest(self._connection)
        return Ack(position=position, outcomes=outcomes)

    def _outcomes(self, submission: Submission) -> tuple[Outcome, ...]:
        batch, scope = submission.batch, submission.scope
        if not scope.may_write:
            raise DomainError(Fault.FORBIDDEN, f"The {scope.principal.role} may not write.")
        for change in batch.changes:
            if isinstance(change, Observations):
                check_columns(change)
            else:
                check_entity(change.entity)
        origins = Origins(scope, log.Cause(batch.origin, batch.depth))
        outcomes = tuple(self._outcome(change, origins) for change in batch.changes)
        self._changes.settle()
        return outcomes

    def _outcome(self, change: Change | Observations, origins: Origins) -> Outcome:
        try:
            if isinstance(change, Observations):
                return self._changes.observe(change, origins)
            return self._changes.change(change, origins)
        except DomainError as error:
            id_ = change.entity if isinstance(change, Observations) else change.entity.id
            return Outcome(entity=id_, done=Done.FAILED, fault=error.fault, detail=error.detail)


def _refusal(error: Exception) -> DomainError:
    match error:
        case DomainError():
            return error
        case apsw.Error():
            return fault_of(error)
    return DomainError(Fault.BAD_REQUEST_DATA, f"The batch cannot be stored: {error}.")
