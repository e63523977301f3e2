"""What the broker needs from others; ``privacy`` and ``processes`` implement it, ``app`` puts it together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from talwerk.core.change import Ack, Batch
from talwerk.core.entity import Entity
from talwerk.core.scope import Scope


class WriterState(msgspec.Struct, frozen=True, kw_only=True):
    """How the way to the one process that writes is at one moment.

    Attributes:
        trouble: why a batch would not be written now, in one sentence; empty when it would.
        lag_ms: age of the oldest batch that waits or is being written.
        waiting: batches that are not yet on disk.
        waiting_max: how many of them are accepted.
        position: the change log's position after the last commit.
        ailing: what else is wrong with the city although it writes, in one sentence; empty when nothing is.
    """

    trouble: str = ""
    lag_ms: int = 0
    waiting: int = 0
    waiting_max: int = 0
    position: int = 0
    ailing: str = ""


class Writer(Protocol):
    """The way to the one process that writes."""

    def state(self) -> WriterState:
        """How it is now; asks nobody and costs nothing."""
        ...

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        """Hand over a batch; return when it is on disk.

        Raises:
            DomainError: Busy when its queue is full; whatever the store says.
        """
        ...


class Seal(Protocol):
    """Closes and opens attribute values, so that erasing a key erases every copy."""

    def seal(self, batch: Batch) -> Batch:
        """The batch with personal values closed."""
        ...

    def open(self, entities: Sequence[Entity], scope: Scope) -> Sequence[Entity]:
        """The entities with the values opened that the scope may see."""
        ...


class AccessLog(Protocol):
    """Keeps the trace of every access that the scope obliges to record."""

    def record(self, scope: Scope, entities: Sequence[str]) -> None:
        """Record that these entities were accessed."""
        ...


class Workers(Protocol):
    """Other processes, for what would keep a loop from its other callers."""

    async def run(self, function: str, payload: bytes, limit_s: float) -> bytes:
        """Let one of them call a function.

        Args:
            function: ``module:name`` of a function from bytes to bytes; it may raise a DomainError.
            payload: what it gets.
            limit_s: seconds that it may take.

        Raises:
            DomainError: what the function raised; RequestTimeout, RequestEntityTooLarge or Busy when it takes too long,
                needs too much memory, or too much is to be done already.
        """
        ...
