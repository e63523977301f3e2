"""Bytes and spans of time as people read them."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(number: int) -> str:
    """Bytes with a fitting decimal unit: ``12.3 GB``."""
    amount, unit = float(number), 0
    while abs(amount) >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1_000, unit + 1
    return f"{number} B" if unit == 0 else f"{amount:.{1 if amount < 99.95 else 0}f} {_UNITS[unit]}"


def span(seconds: float) -> str:
    """A span of time in its largest fitting unit: ``40 s``, ``12 min``, ``5 h``, ``9 days``."""
    if seconds < 0:
        return f"-{span(-seconds)}"
    for length, limit, name in ((1, 100, "s"), (60, 100, "min"), (3_600, 48, "h")):
        if round(seconds / length) < limit:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"
