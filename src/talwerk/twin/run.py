"""The twin as a process: serves until it is asked to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence

from talwerk.core.instants import Clock

from .sending import Sending, sent_beside
from .server import serving
from .twin import Twin


async def run(
    twin: Twin,
    doors: Sequence[socket.socket],
    clock: Clock,
    ready: Callable[[], None],
    sending: Sending | None = None,
) -> None:
    """Serve until a signal asks to stop.

    Args:
        twin: what answers.
        doors: sockets that listen.
        clock: the source of time.
        ready: called when the first request would be answered.
        sending: what sends to a city meanwhile, None for nothing.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(twin.answer, doors, clock), sent_beside(sending):
        ready()
        await stop.wait()
