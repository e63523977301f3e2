"""Where measurements come from: the real sources, or a twin's; and how a city finds out that it needs the twin."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mmap
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvloop

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock, SystemClock
from talwerk.privacy.devices import DeviceKeys
from talwerk.processes.directory import directory_of, prepare
from talwerk.processes.main_process import known_as_main, main_process
from talwerk.processes.supervisor import Ready
from talwerk.services.sources.state import SourceState
from talwerk.services.territory import FOLDER
from talwerk.settings import Settings

if TYPE_CHECKING:
    from talwerk.twin.sending import Sending
    from talwerk.twin.twin import Twin

ADDRESS = "twin.address"
"""File in the twin's directory that says where the twin can be steered."""
ANSWER_S = 5.0
"""For the first answer of a source; a city that has none then, and never had one, goes over to the twin."""
FIRST_ASKED_S = 1.0
LOOK_S = 0.1

logger = logging.getLogger(__name__)


def settled(settings: Settings) -> Settings:
    """The settings as a command means them: ``auto`` is the twin where the running city has gone over to it."""
    if settings.feeds != "auto":
        return settings
    key = cities.load(settings.city).city.key
    real, twin = (main_process(directory_of(settings.data, key, twin=twin)) for twin in (False, True))
    gone_over = twin is not None and real in {None, twin}
    return msgspec.structs.replace(settings, feeds="twin") if gone_over else settings


def refuse_second(settings: Settings) -> None:
    """Make sure that the city does not run already; whoever starts it again would else hear of a port that is taken.

    Raises:
        DomainError: Busy when it does.
    """
    counted = settled(settings)
    directory = directory_of(settings.data, cities.load(settings.city).city.key, twin=counted.feeds == "twin")
    running = main_process(directory)
    if running is not None:
        raise DomainError(Fault.BUSY, f"The city on {directory} runs already, as process {running}.")


def twin_address(data: Path, city: str) -> str | None:
    """Where the twin of a running city answers, None when there is none."""
    try:
        return (directory_of(data, city, twin=True) / ADDRESS).read_text(encoding="ascii").strip() or None
    except OSError:
        return None


class Feeds:
    """Which feeds a running city polls, known to the process that was started and to the engine.

    Args:
        settings: of the start.
        listens: address and port on which the city listens.
    """

    def __init__(self, settings: Settings, listens: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._settings = settings
        self._listens = listens
        self._city = cities.load(settings.city)
        self._home = os.getpid()
        self._told = mmap.mmap(-1, 1)
        self._stack = contextlib.ExitStack()
        self._doors: list[socket.socket] = []
        self.addresses: dict[str, str] = {}

    @contextlib.contextmanager
    def known(self) -> Iterator[None]:
        """Let commands find the city while the context lasts."""
        with self._stack:
            if self._settings.feeds == "twin":
                self._open_twin()
            else:
                prepare(self._directory(twin=False), self._city.city.key)
                self._stack.enter_context(known_as_main(self._directory(twin=False)))
            yield

    @property
    def twin(self) -> bool:
        """Whether a twin answers instead of the real sources."""
        return bool(self._doors)

    def settings(self, settings: Settings) -> Settings:
        """The settings that count now."""
        return msgspec.structs.replace(settings, feeds="twin") if self.twin else settings

    def ask_over(self) -> None:
        """Ask the process that was started to go over to the twin; in the engine."""
        self._told[0] = 1
        alone = os.getpid() == self._home
        if alone or os.getppid() == self._home:
            os.kill(self._home, signal.SIGTERM if alone else signal.SIGHUP)

    def go_over(self) -> bool:
        """Go over to the twin if the engine asked for it; whether that happened now."""
        if not self._told[0] or self.twin:
            return False
        self._open_twin()
        return True

    def serve_twin(self, ready: Ready) -> None:
        """Be the twin, in a process of its own, until a signal asks to stop."""
        from talwerk.twin.run import run

        clock = SystemClock()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            twin = self._made_twin(clock)
            runner.run(run(twin, self._doors, clock, ready, self._sending(twin, clock)))

    @contextlib.asynccontextmanager
    async def twin_beside(self, clock: Clock) -> AsyncIterator[None]:
        """Be the twin in this process while the context lasts; nothing when there is none."""
        if not self.twin:
            yield
            return
        from talwerk.twin.sending import sent_beside
        from talwerk.twin.server import serving

        twin, doors = self._made_twin(clock), [door.dup() for door in self._doors]
        async with serving(twin.answer, doors, clock), sent_beside(self._sending(twin, clock)):
            yield

    def _made_twin(self, clock: Clock) -> Twin:
        from talwerk.twin.addresses import lay_out
        from talwerk.twin.pace import Pace
        from talwerk.twin.twin import Twin

        twin = Twin(self._settings.city, Pace(clock))
        lay_out(twin.land, self._directory(twin=True) / FOLDER)
        return twin

    def _sending(self, twin: Twin, clock: Clock) -> Sending:
        """What the twin's devices send with, and where to."""
        from talwerk.twin.sending import Sending, Target

        host, port = self._listens
        target = Target(
            # Whoever listens everywhere is reached on this machine.
            host={"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host),  # noqa: S104 - compared, not listened on
            port=port,
            certificate=self._settings.tls_certificate,
        )
        return Sending(twin, target, DeviceKeys(self._directory(twin=True)), clock)

    def _directory(self, *, twin: bool) -> Path:
        return directory_of(self._settings.data, self._city.city.key, twin=twin)

    def _open_twin(self) -> None:
        """Open a door for each source, as each has a server of its own in the world, and one for steering."""
        from talwerk.twin.server import address, listening

        directory = self._directory(twin=True)
        prepare(directory, self._city.city.key, twin=True)
        steering = listening()
        self._doors = [steering]
        for source in self._city.sources:
            if not source.address:
                continue
            self._doors.append(door := listening())
            self.addresses[source.key] = f"{address(door)}/{source.key}"
        self._stack.enter_context(known_as_main(directory))
        self._stack.callback((directory / ADDRESS).unlink, missing_ok=True)
        (directory / ADDRESS).write_text(f"{address(steering)}\n", encoding="ascii")


class Probe:
    """Finds out whether any source answers; a duty of an engine whose city may go over to the twin.

    Args:
        states: how each source is.
        held_live: whether anything came to the city by itself; somebody may write while nothing answers.
        go_over: called when none answered in time.
    """

    name = "probe"

    def __init__(
        self,
        states: Callable[[], tuple[SourceState, ...]],
        held_live: Callable[[], bool],
        go_over: Callable[[], None],
    ) -> None:
        self._states = states
        self._held_live = held_live
        self._go_over = go_over

    async def run(self) -> None:
        """Look until one answers, or until the time is over."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + FIRST_ASKED_S + ANSWER_S
        while loop.time() < until_s:
            if any(state.answered is not None for state in self._states()):
                return
            await asyncio.sleep(LOOK_S)
        if self._held_live():
            return
        logger.warning(
            "No source answered within %g s, and nothing ever came to this city: it goes over to simulated values",
            ANSWER_S,
        )
        self._go_over()


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine has to know of its feeds.

    Attributes:
        addresses: where a twin answers instead of each source; None for the real ones.
        go_over: asks for the twin; None where that is out of the question.
    """

    addresses: Mapping[str, str] | None = None
    go_over: Callable[[], None] | None = None


def course(feeds: Feeds, settings: Settings) -> Course:
    """What the engine of a city has to know, with the settings that count now."""
    if feeds.twin:
        return Course(addresses=feeds.addresses)
    # Who reaches a city from elsewhere takes its values for measured ones, and writes what must not be lost.
    may_go_over = settings.feeds == "auto" and not settings.exposed
    return Course(go_over=feeds.ask_over if may_go_over else None)
