"""What the broker needs from others; ``privacy`` and ``processes`` implement it, ``app`` puts it together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from talwerk.core.change import Ack, Batch
from talwerk.core.entity import Entity
from talwerk.core.scope import Scope


class Writer(Protocol):
    """The way to the one process that writes."""

    def ready(self) -> bool:
        """Whether a batch would be accepted now."""
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
