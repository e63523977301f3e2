"""The supervisor: starts the parts of a city as processes, restarts what dies, renews them, ends them in order.

Parts are forked from a process that has imported everything and started nothing, so that they share most of their
memory and are running again a few milliseconds after they died.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import mmap
import os
import signal
import sys
from collections.abc import Callable, Sequence

import msgspec

from talwerk.core.instants import Clock

from .notify import notify

logger = logging.getLogger(__name__)

STABLE_S = 2.0
"""A part that lived this long is restarted at once; one that dies sooner has to wait."""
PAUSE_LEAST_S, PAUSE_MOST_S = 0.05, 5.0
GRACE_S = 12.0
"""For a part that was asked to stop; then it is killed."""
RENEWAL_S = 20.0
"""For a part to be ready with new settings; then the old ones come back."""
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_SI_KERNEL = 0x80
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP)

Ready = Callable[[], None]


class Part(msgspec.Struct, frozen=True, eq=False):
    """One process of the city.

    Attributes:
        name: for the log.
        run: what it does; it calls what it is given when it is ready and returns when a SIGTERM asked it to.
        alone: there are never two of it: the old one ends before a new one starts, and the others end before it.
    """

    name: str
    run: Callable[[Ready], None]
    alone: bool = False


class _Life(msgspec.Struct, eq=False):
    """A part's present process and its past."""

    part: Part
    pid: int = 0
    started_s: float = 0.0
    due_s: float = 0.0
    pause_s: float = PAUSE_LEAST_S
    told: mmap.mmap | None = None
    """A byte shared with the process, which sets it when it is ready."""
    leaves_at_s: float | None = None
    """When it is killed, of a part that was asked to stop for good."""

    @property
    def ready(self) -> bool:
        return bool(self.pid and self.told and self.told[0])


class Supervisor:
    """Keeps parts running until a signal asks to stop; SIGHUP renews them.

    Args:
        parts: started in this order.
        clock: for pauses between restarts.
        renewed: the parts as they are to be from now on, after a SIGHUP; a part that is the same object goes on. None
            lets everything go on.
        closing: called before the first part is asked to stop.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        clock: Clock,
        renewed: Callable[[], Sequence[Part] | None] = lambda: None,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self._lives = [_Life(part) for part in parts]
        self._clock = clock
        self._renewed = renewed
        self._closing = closing
        self._asked_to_stop = False
        self._asked_to_renew = False

    def run(self) -> None:
        """Start everything; return when a signal asked to stop and everything has ended."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        # What exists now is shared by all parts: the collector must not touch (and so copy) it.
        gc.freeze()
        announced = False
        while not self._asked_to_stop:
            self._turn()
            if not announced and all(life.ready for life in self._lives):
                announced = True
                notify("READY=1")
            if self._asked_to_renew:
                self._asked_to_renew = False
                self._renew()
        notify("STOPPING=1")
        self._closing()
        self._end([life for life in self._lives if not life.part.alone])
        self._end([life for life in self._lives if life.part.alone])

    def _turn(self) -> None:
        """Start what is due, wait for a signal or a moment, and take note of what happened."""
        now_s = self._clock.monotonic_s()
        for life in self._lives:
            if not life.pid and life.due_s <= now_s:
                self._start(life)
        received = signal.sigtimedwait(_SIGNALS, self._pause_s(now_s))
        self._bury()
        if received is None or received.si_signo == signal.SIGCHLD:
            return
        # The kernel's own SIGHUP says that the terminal is gone; anybody else's asks for new settings.
        if received.si_signo == signal.SIGHUP and received.si_code != _SI_KERNEL:
            self._asked_to_renew = True
        else:
            self._asked_to_stop = True

    def _pause_s(self, now_s: float) -> float:
        """Until the next restart is due, at most a second (signals of one kind are not queued), or a part is ready."""
        longest_s = 1.0 if all(life.ready for life in self._lives) else 0.02
        return min([longest_s, *(max(life.due_s - now_s, 0.0) for life in self._lives if not life.pid)])

    def _start(self, life: _Life) -> None:
        parent = os.getpid()
        life.started_s = self._clock.monotonic_s()
        life.told = mmap.mmap(-1, 1)
        life.pid = os.fork()
        if life.pid == 0:
            _become(life.part, parent, life.told)

    def _bury(self) -> None:
        """Take note of every part that ended, and decide when it starts again."""
        now_s = self._clock.monotonic_s()
        for life in [life for life in self._lives if life.pid]:
            pid, status = os.waitpid(life.pid, os.WNOHANG)
            if life.leaves_at_s is not None:
                if pid:
                    self._lives.remove(life)
                elif now_s > life.leaves_at_s:
                    logger.error("%s did not stop and is killed", life.part.name)
                    os.kill(life.pid, signal.SIGKILL)
            elif pid:
                life.pause_s = (
                    PAUSE_LEAST_S if now_s - life.started_s > STABLE_S else min(life.pause_s * 2, PAUSE_MOST_S)
                )
                life.pid, life.due_s = 0, now_s + life.pause_s
                code = os.waitstatus_to_exitcode(status)
                logger.error("%s ended with %d and starts again in %.2f s", life.part.name, code, life.pause_s)

    def _end(self, lives: Sequence[_Life]) -> None:
        """End the processes of these parts together; who does not listen is killed."""
        going = [life for life in lives if life.pid]
        for life in going:
            os.kill(life.pid, signal.SIGTERM)
        until_s = self._clock.monotonic_s() + GRACE_S
        while going := [life for life in going if os.waitpid(life.pid, os.WNOHANG) == (0, 0)]:
            if self._clock.monotonic_s() > until_s:
                for life in going:
                    logger.error("%s did not stop and is killed", life.part.name)
                    os.kill(life.pid, signal.SIGKILL)
                    os.waitpid(life.pid, 0)
                break
            signal.sigtimedwait((signal.SIGCHLD,), 0.05)
        for life in lives:
            life.pid = 0

    def _renew(self) -> None:
        """Put new parts in the place of the old ones, one after the other; all of them or none."""
        notify("RELOADING=1", f"MONOTONIC_USEC={round(self._clock.monotonic_s() * 1_000_000)}")
        parts = self._renewed()
        if parts is not None and not self._replace_all(parts) and not self._asked_to_stop:
            logger.error("The new settings do not work: the city goes on with the old ones")
        notify("READY=1")

    def _replace_all(self, parts: Sequence[Part]) -> bool:
        before = [life for life in self._lives if life.leaves_at_s is None]
        old = {life.part.name: life.part for life in before}
        for part in parts:
            if old.get(part.name) is not part and not self._replace(part):
                for changed in parts[: parts.index(part) + 1]:
                    if changed.name in old and not self._asked_to_stop:
                        self._replace(old[changed.name])
                    elif changed.name not in old:
                        self._dismiss(changed.name)
                return False
        for name in old.keys() - {part.name for part in parts}:
            self._dismiss(name)
        return True

    def _replace(self, part: Part) -> bool:
        """Let the part run instead of the one of its name; whether it got ready."""
        life = self._life(part.name)
        if life is not None and part is life.part and life.ready:
            return True
        if life is not None and part.alone:
            self._end([life])
            self._lives[self._lives.index(life)] = fresh = _Life(part)
            return self._gets_ready(fresh)
        fresh = _Life(part)
        self._lives.append(fresh)
        if self._gets_ready(fresh):
            if life is not None:
                self._dismiss_life(life)
            return True
        self._dismiss_life(fresh)
        return False

    def _gets_ready(self, life: _Life) -> bool:
        until_s = self._clock.monotonic_s() + RENEWAL_S
        while not life.ready:
            # One that died waits for its next start.
            if self._asked_to_stop or life.due_s or self._clock.monotonic_s() > until_s:
                return False
            self._turn()
        return True

    def _life(self, name: str) -> _Life | None:
        return next((life for life in self._lives if life.part.name == name and life.leaves_at_s is None), None)

    def _dismiss(self, name: str) -> None:
        life = self._life(name)
        if life is not None:
            self._dismiss_life(life)

    def _dismiss_life(self, life: _Life) -> None:
        """Ask a part to stop for good, and do not wait for it."""
        if not life.pid:
            self._lives.remove(life)
            return
        life.leaves_at_s = self._clock.monotonic_s() + GRACE_S
        os.kill(life.pid, signal.SIGTERM)


def _become(part: Part, parent: int, told: mmap.mmap) -> None:
    """Be the part, in the forked process; never returns."""
    code = 1

    def ready() -> None:
        told[0] = 1

    try:
        # Nobody may go on without the supervisor: a killed one takes its parts with it.
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # The operator sees in ps and top which process is which.
        libc.prctl(_PR_SET_NAME, f"tw {part.name}".encode())
        # The terminal tells all processes at once; what it means for the city, the supervisor decides.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if os.getppid() == parent:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            part.run(ready)
            code = 0
    except BaseException:
        logger.exception("%s failed", part.name)
    finally:
        sys.stdout.flush()
        os._exit(code)
