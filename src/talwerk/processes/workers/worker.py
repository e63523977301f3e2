"""One worker: does one task after the other until its pool hangs up.

Started as ``python -m talwerk.processes.workers.worker MEMORY_MB PARENT`` with its line to the pool as standard input.
It imports little by itself; a task's module is imported with the first task that needs it.
"""

from __future__ import annotations

import ctypes
import os
import pkgutil
import resource
import signal
import socket
import sys
import traceback

import msgspec

from talwerk.core.errors import DomainError, Fault

from .messages import FRAME_BYTES_MAX, LENGTH_BYTES, Answer, Task, framed

NICE = 5
"""Whoever serves and whoever writes goes first when the processors are few."""
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


def main(memory_mb: int, parent: int) -> None:
    """Work until the line ends.

    Args:
        memory_mb: megabytes that the process may take.
        parent: process id of the pool; without it there is nothing to do.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(_PR_SET_NAME, b"tw worker")
    if os.getppid() != parent:
        return
    os.nice(NICE)
    # What can be written to, not what is mapped: libraries and shared pages cost the machine nothing.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    # A core would lay the payload on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tasks = msgspec.msgpack.Decoder(Task)
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as line:
        spent = False
        while not spent and (frame := _received(line)) is not None:
            answer = _performed(tasks, frame, memory_mb)
            del frame
            spent = answer.spent
            line.sendall(framed(answer))


def _received(line: socket.socket) -> bytearray | None:
    """The next frame, None at the end."""
    head = line.recv(LENGTH_BYTES, socket.MSG_WAITALL)
    if len(head) < LENGTH_BYTES:
        return None
    frame = bytearray(int.from_bytes(head, "big"))
    view = memoryview(frame)
    while view:
        count = line.recv_into(view)
        if not count:
            return None
        view = view[count:]
    return frame


def _performed(tasks: msgspec.msgpack.Decoder[Task], frame: bytearray, memory_mb: int) -> Answer:
    try:
        task = tasks.decode(frame)
        result: bytes = pkgutil.resolve_name(task.function)(task.payload)
    except DomainError as error:
        return Answer(fault=error.fault, detail=error.detail, where=error.where)
    except MemoryError:
        detail = f"It needs more than the {memory_mb} MB that a worker may take."
        return Answer(fault=Fault.TOO_LARGE, detail=detail, spent=True)
    except Exception:  # noqa: BLE001 - the pool logs it; the next task is none the worse
        return Answer(fault=Fault.INTERNAL, detail="The task failed.", trace=traceback.format_exc())
    if len(result) > FRAME_BYTES_MAX - (1 << 10):
        return Answer(fault=Fault.TOO_LARGE, detail=f"The result has {len(result)} bytes.")
    return Answer(result=result)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
