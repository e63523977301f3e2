"""Seal and access log while the city holds open data only."""

from __future__ import annotations

from collections.abc import Sequence

from talwerk.core.change import Batch
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError, Fault
from talwerk.core.scope import Scope


class OpenSeal:
    """The identity: open data needs no closing. The vault replaces it when personal data arrives."""

    def seal(self, batch: Batch) -> Batch:
        """The batch itself."""
        return batch

    def open(self, entities: Sequence[Entity], scope: Scope) -> Sequence[Entity]:  # noqa: ARG002 - the port's shape
        """The entities themselves."""
        return entities


class OpenDataLog:
    """Fails closed: a Scope that obliges to a record has no business in a city without a ledger."""

    def record(self, scope: Scope, entities: Sequence[str]) -> None:
        """Refuse the access.

        Raises:
            DomainError: always, Forbidden.
        """
        detail = (
            f"The access of {scope.principal.role} to {len(entities)} entities has to be recorded; there is no ledger."
        )
        raise DomainError(Fault.FORBIDDEN, detail)
