"""The id of the request that is being answered: it ties an answer to the log lines of every process that had a part."""

from __future__ import annotations

import itertools
import re
import secrets
from contextvars import ContextVar

HEADER = b"x-request-id"
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Empty where no request is being answered."""

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._:+/=-]{1,64}")


class RequestIds:
    """Gives each request an id: the caller's own when it is short and harmless, otherwise a new one."""

    def __init__(self) -> None:
        self._prefix = ""
        self._numbers = itertools.count(1)

    def of(self, given: bytes | None) -> str:
        """The id of a request whose ``X-Request-Id`` this is; None when it has none."""
        if given is not None and _WELL_FORMED.fullmatch(given):
            return given.decode("ascii")
        # Drawn at the first request: processes that are forked from one another would share an earlier one.
        self._prefix = self._prefix or secrets.token_hex(4)
        return f"{self._prefix}-{next(self._numbers):x}"
