"""Regular expressions of strangers: an engine that takes linear time whatever the pattern and the text.

A pattern matches when it is found anywhere in the text; ``^`` and ``$`` anchor it.
"""

from __future__ import annotations

from functools import lru_cache

import re2

from .errors import invalid
from .values import is_text

LENGTH_MAX = 1_000
_MEMORY_BYTES_MAX = 1 << 20


class Expression:
    """A compiled pattern.

    Args:
        pattern: in the syntax of RE2.

    Raises:
        DomainError: InvalidRequest when it is malformed, too long or would need too much memory.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LENGTH_MAX:
            raise invalid(f"The pattern has {len(pattern)} characters; {LENGTH_MAX} is the most.")
        if not is_text(pattern):
            raise invalid("The pattern holds U+0000 or a lone surrogate.")
        options = re2.Options()
        options.max_mem = _MEMORY_BYTES_MAX
        options.log_errors = False
        try:
            self._found_in = re2.compile(pattern, options).search
        except re2.error as error:
            raise invalid(f"The pattern {pattern[:80]!r} is malformed or too large: {_reason(error)}.") from error

    def found_in(self, text: str) -> bool:
        """Whether the pattern matches somewhere in a text."""
        return self._found_in(text) is not None


@lru_cache(maxsize=512)
def expression(pattern: str) -> Expression:
    """The compiled form of a pattern.

    Raises:
        DomainError: InvalidRequest when it is malformed, too long or would need too much memory.
    """
    return Expression(pattern)


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)
