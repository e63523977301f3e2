"""What the workers of the tests are asked to do."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from talwerk.core.errors import bad_data


def reverse(payload: bytes) -> bytes:
    return bytes(payload[::-1])


def pid(payload: bytes) -> bytes:
    return str(os.getpid()).encode()


def niceness(payload: bytes) -> bytes:
    return str(os.nice(0)).encode()


def pause(payload: bytes) -> bytes:
    time.sleep(float(payload))
    return b"rested"


def spin(payload: bytes) -> bytes:
    """Hang in a way that no signal handler in Python interrupts."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        pass


def swallow(payload: bytes) -> bytes:
    return bytes(bytearray(int(payload) << 20)[:1])


def crash(payload: bytes) -> bytes:
    os.kill(os.getpid(), int(payload))
    return b"alive"


def leave(payload: bytes) -> bytes:
    os._exit(3)


def blame(payload: bytes) -> bytes:
    raise bad_data("The payload is to blame.", "/0")


def stumble(payload: bytes) -> bytes:
    raise ZeroDivisionError("on purpose")


def say_pid_and_pause(payload: bytes) -> bytes:
    """Write the process id into a file, then rest for a minute."""
    Path(payload.decode()).write_text(str(os.getpid()))
    time.sleep(60)
    return b""
