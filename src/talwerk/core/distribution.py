"""How often something took how long: counts between fixed bounds, small enough to keep one for everything."""

from __future__ import annotations

from bisect import bisect_left

import msgspec


class Distribution(msgspec.Struct):
    """Counts of durations between bounds.

    Attributes:
        bounds_s: upper bounds in seconds, ascending; a duration that is equal to one lies below it.
        counts: durations between the bounds, one more than there are bounds.
        sum_s: all durations together.
    """

    bounds_s: tuple[float, ...]
    counts: list[int]
    sum_s: float = 0.0

    @classmethod
    def empty(cls, bounds_s: tuple[float, ...]) -> Distribution:
        """Nothing counted yet."""
        return cls(bounds_s, [0] * (len(bounds_s) + 1))

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.sum_s += seconds

    @property
    def total(self) -> int:
        """How many durations were counted."""
        return sum(self.counts)

    def bound_of(self, share: float) -> float | None:
        """The bound below which a share of all durations lies; None when there are none or it lies above all bounds.

        Args:
            share: between 0 and 1, for example 0.99.
        """
        wanted = share * self.total
        seen = 0
        for bound, count in zip(self.bounds_s, self.counts, strict=False):
            seen += count
            if count and seen >= wanted:
                return bound
        return None
