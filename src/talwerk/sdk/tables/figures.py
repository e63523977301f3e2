"""Numbers as they are written in tables. What could be read in two ways is not read at all."""

from __future__ import annotations

import math
import re
from typing import Literal

from .findings import Kind

# Neither nan nor inf, no underscores, no digits of other scripts: float() would take them all.
_POINT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_COMMA = re.compile(r"[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
LENGTH_MAX = 400


class Figures:
    """Reads numbers with one decimal sign.

    Args:
        decimal: the decimal sign of the file.
    """

    def __init__(self, decimal: Literal[".", ","]) -> None:
        self._shape = _COMMA if decimal == "," else _POINT
        self._comma = decimal == ","

    def read(self, text: str) -> float | Kind:
        """The number that a text without surrounding blanks writes, or what is wrong with it."""
        if len(text) > LENGTH_MAX or self._shape.fullmatch(text) is None:
            return Kind.NUMBER
        value = float(text.replace(",", ".") if self._comma else text)
        return value if math.isfinite(value) else Kind.NUMBER_RANGE

    def hint(self, text: str) -> str:
        """What could be meant by a text that is no number, for the message only."""
        if len(text) > LENGTH_MAX or self._shape.fullmatch(text):
            return ""
        other = _POINT if self._comma else _COMMA
        if other.fullmatch(text):
            return f"the mapping says decimal = {',' if self._comma else '.'!r}"
        if re.fullmatch(r"[+-]?\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+(?:[.,]\d+)?", text):
            return "a thousands separator can be mistaken for a decimal sign"
        return ""
