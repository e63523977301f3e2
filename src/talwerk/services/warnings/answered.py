"""The duty that keeps when sources of warnings last answered, so that everybody knows what their silence means."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from talwerk.broker import Broker
from talwerk.core.change import Batch, Change, Done, Mode, Origin, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError
from talwerk.core.instants import Instant, format_instant
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.services.sources.duty import TYPE as SOURCE_TYPE
from talwerk.services.sources.state import SourceState

from .in_force import ANSWERED, Warnings

LOOK_EVERY_S = 1.0

logger = logging.getLogger(__name__)


class Answered:
    """Writes when a source that warns has answered; a duty of the engine.

    Args:
        warnings: which sources warn.
        states: how sources are now.
        broker: the way in.
        scope: on whose behalf.
        simulated: whether a twin answers.
    """

    name = "answered"

    def __init__(
        self,
        warnings: Warnings,
        states: Callable[[], tuple[SourceState, ...]],
        broker: Broker,
        scope: Scope,
        *,
        simulated: bool,
    ) -> None:
        self._warnings = warnings
        self._states = states
        self._broker = broker
        self._scope = scope
        self._simulated = simulated
        self._written: dict[str, Instant] = {}

    async def run(self) -> None:
        """Look until cancelled; return when no source warns."""
        if not self._warnings.warners:
            return
        while True:
            await self.round()
            await asyncio.sleep(LOOK_EVERY_S)

    async def round(self) -> None:
        """Write the answers since the last round."""
        keys = {warner.key for warner in self._warnings.warners}
        for state in self._states():
            if state.key in keys and state.answered is not None and state.answered != self._written.get(state.key):
                await self._write(state.key, state.answered)

    async def _write(self, key: str, answered: Instant) -> None:
        entity = Entity(
            id=self._warnings.source_id(key),
            types=(expand(SOURCE_TYPE),),
            attributes={ANSWERED: (Attribute(kind=Kind.PROPERTY, value=format_instant(answered)),)},
        )
        provenance = Provenance(source=key, simulated=self._simulated)
        change = Change(mode=Mode.UPDATE, entity=entity, provenance=provenance)
        try:
            ack = await self._broker.write(Batch(changes=(change,), origin=Origin.DERIVED), self._scope)
        except DomainError as error:
            # It is told again with the next look; that the city cannot write is told elsewhere.
            logger.debug("the answer of the source %s was not noted: %s", key, error.detail)
            return
        refused = [outcome.detail for outcome in ack.outcomes if outcome.done is Done.FAILED]
        if refused:
            logger.error("the answer of the source %s was refused: %s", key, refused[0])
        self._written[key] = answered
