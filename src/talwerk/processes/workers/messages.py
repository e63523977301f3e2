"""What a pool and its workers say to each other: frames of a four-byte length and MessagePack."""

from __future__ import annotations

import msgspec

from talwerk.core.errors import Fault

LENGTH_BYTES = 4
FRAME_BYTES_MAX = 128 << 20
"""A feed's largest payload (80 MiB) and what becomes of it fit."""


class Task(msgspec.Struct, frozen=True):
    """One thing to do.

    Attributes:
        function: ``module:name`` of a function from bytes to bytes.
        payload: what it gets.
    """

    function: str
    payload: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a task.

    Attributes:
        result: what the function returned, None when it failed.
        fault: why it failed.
        detail: one sentence about it.
        where: the place in the payload, if there is one.
        trace: of a failure that nobody expected, for the log.
        spent: whether the worker ends after this answer, because it ran out of memory.
    """

    result: bytes | None = None
    fault: Fault | None = None
    detail: str = ""
    where: str | None = None
    trace: str = ""
    spent: bool = False


def framed(message: Task | Answer) -> bytes:
    """The message as it travels."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
