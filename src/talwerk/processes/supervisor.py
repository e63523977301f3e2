"""The supervisor: starts the parts of a city as processes, restarts what dies, ends them in order.

Parts are forked from a process that has imported everything and started nothing, so that they share most of their
memory and are running again a few milliseconds after they died.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

import msgspec

from talwerk.core.instants import Clock

logger = logging.getLogger(__name__)

STABLE_S = 2.0
"""A part that lived this long is restarted at once; one that dies sooner has to wait."""
PAUSE_LEAST_S, PAUSE_MOST_S = 0.05, 5.0
GRACE_S = 12.0
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Part(msgspec.Struct, frozen=True):
    """One process of the city.

    Attributes:
        name: for the log.
        run: what it does; returns when a SIGTERM asked it to.
    """

    name: str
    run: Callable[[], None]


class _Life(msgspec.Struct):
    """A part's present process and its past."""

    part: Part
    pid: int = 0
    started_s: float = 0.0
    due_s: float = 0.0
    pause_s: float = PAUSE_LEAST_S


class Supervisor:
    """Keeps parts running until a signal asks to stop.

    Args:
        parts: started in this order, ended in the reverse one.
        clock: for pauses between restarts.
    """

    def __init__(self, parts: Sequence[Part], clock: Clock) -> None:
        self._lives = [_Life(part) for part in parts]
        self._clock = clock

    def run(self) -> None:
        """Start everything; return when a signal asked to stop and everything has ended."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        # What exists now is shared by all parts: the collector must not touch (and so copy) it.
        gc.freeze()
        while True:
            now_s = self._clock.monotonic_s()
            for life in self._lives:
                if not life.pid and life.due_s <= now_s:
                    self._start(life)
            received = signal.sigtimedwait(_SIGNALS, self._pause_s(now_s))
            self._bury()
            if received is not None and received.si_signo != signal.SIGCHLD:
                break
        self._stop()

    def _pause_s(self, now_s: float) -> float:
        """Until the next restart is due, at most a second: signals of the same kind are not queued."""
        return min([1.0, *(max(life.due_s - now_s, 0.0) for life in self._lives if not life.pid)])

    def _start(self, life: _Life) -> None:
        parent = os.getpid()
        life.started_s = self._clock.monotonic_s()
        life.pid = os.fork()
        if life.pid == 0:
            _become(life.part, parent)

    def _bury(self) -> None:
        """Take note of every part that ended, and decide when it starts again."""
        for life in self._lives:
            if not life.pid:
                continue
            pid, status = os.waitpid(life.pid, os.WNOHANG)
            if pid:
                now_s = self._clock.monotonic_s()
                life.pause_s = (
                    PAUSE_LEAST_S if now_s - life.started_s > STABLE_S else min(life.pause_s * 2, PAUSE_MOST_S)
                )
                life.pid, life.due_s = 0, now_s + life.pause_s
                code = os.waitstatus_to_exitcode(status)
                logger.error("%s ended with %d and starts again in %.2f s", life.part.name, code, life.pause_s)

    def _stop(self) -> None:
        """End the parts one after the other, last started first; who does not listen is killed."""
        for life in reversed(self._lives):
            if not life.pid:
                continue
            os.kill(life.pid, signal.SIGTERM)
            until_s = self._clock.monotonic_s() + GRACE_S
            while os.waitpid(life.pid, os.WNOHANG) == (0, 0):
                if self._clock.monotonic_s() > until_s:
                    logger.error("%s did not stop and is killed", life.part.name)
                    os.kill(life.pid, signal.SIGKILL)
                    os.waitpid(life.pid, 0)
                    break
                signal.sigtimedwait((signal.SIGCHLD,), 0.05)


def _become(part: Part, parent: int) -> None:
    """Be the part, in the forked process; never returns."""
    code = 1
    try:
        # Nobody may go on without the supervisor: a killed one takes its parts with it.
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # The operator sees in ps and top which process is which.
        libc.prctl(_PR_SET_NAME, f"tw {part.name}".encode())
        if os.getppid() == parent:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            part.run()
            code = 0
    except BaseException:
        logger.exception("%s failed", part.name)
    finally:
        sys.stdout.flush()
        os._exit(code)
