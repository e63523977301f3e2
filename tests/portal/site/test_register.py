"""The register of a large city is read beside the pages."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault
from talwerk.core.scope import Scope
from talwerk.core.series import Series
from talwerk.portal.site.register import PATIENCE_S, READING_SHARE, Registers
from talwerk.privacy.policy import system_scope
from tests.portal.workbench import BRIDGE, DAM, StandingClock, site

SCOPE = system_scope("test")
LIMIT_S = 5.0


class Slow(Broker):
    """The broker of a city whose series take a second to read, on a clock of its own."""

    def __init__(self, broker: Broker, clock: StandingClock) -> None:
        self.__dict__.update(broker.__dict__)
        self._clock = clock
        self.fails = False

    def series(self, scope: Scope, entity: str | None = None) -> tuple[Series, ...]:
        self._clock.pass_s(1.0)
        if self.fails:
            raise DomainError(Fault.TOO_COMPLEX, "The query took longer than its time budget.")
        return super().series(scope, entity)


async def test_nobody_waits_for_the_newest_register_of_a_large_city(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        await here.observe([100.0])
        clock = StandingClock()
        registers = Registers(Slow(here.city.broker, clock), clock)
        first = registers.current(SCOPE)
        assert set(first.by_entity) == {BRIDGE}
        await here.observe([50.0], DAM)
        clock.pass_s(2 * READING_SHARE)
        assert registers.current(SCOPE) is first, "it was read again while somebody waited"
        until = time.monotonic() + LIMIT_S
        while set(registers.current(SCOPE).by_entity) != {BRIDGE, DAM}:
            assert time.monotonic() < until, "the newest register never came"
            await asyncio.sleep(0.01)
            clock.pass_s(READING_SHARE)


async def test_a_register_that_cannot_be_read_leaves_the_old_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(tmp_path) as here:
        await here.observe([100.0])
        clock = StandingClock()
        broker = Slow(here.city.broker, clock)
        registers = Registers(broker, clock)
        first = registers.current(SCOPE)
        broker.fails = True
        await here.observe([50.0], DAM)
        until = time.monotonic() + LIMIT_S
        while "cannot be read" not in caplog.text:
            clock.pass_s(2 * READING_SHARE)
            assert registers.current(SCOPE) is first
            assert time.monotonic() < until, "nobody tried"
            await asyncio.sleep(0.01)


def test_patience_is_shorter_than_people_notice() -> None:
    assert PATIENCE_S <= 0.1
