"""Scales and value ticks: from numbers to places on a drawing."""

import itertools
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinearScale:
    """Maps `low..high` of a quantity to `start..end` of a drawing, both directions allowed."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where a value stands; values outside the domain land outside the range."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def nice_step(span: float, most: int) -> float:
    """Return the smallest step of 1, 2 or 5 times a power of ten that needs at most `most` steps."""
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 5.0):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def value_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return round values inside `low..high`, at most `most + 1` of them, ascending."""
    step = nice_step(high - low, most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(min(max(number * step, low), high) for number in range(first, last + 1))


def step_decimals(ticks: tuple[float, ...]) -> int:
    """Return how many decimals tell neighbouring ticks apart."""
    if len(ticks) < 2:
        return 0
    step = min(later - earlier for earlier, later in itertools.pairwise(ticks))
    return max(0, -math.floor(math.log10(step) + 1e-9))


def spread(wanted: list[float], distance: float, low: float, high: float) -> list[float]:
    """Move places apart until neighbours keep a distance, as little as needed, inside `low..high`.

    Args:
        wanted: Places in ascending order.
        distance: Smallest distance between neighbours; shrinks if the room is too small for it.
        low: First allowed place.
        high: Last allowed place.

    Returns:
        Places in the same order.
    """
    if len(wanted) > 1:
        distance = min(distance, (high - low) / (len(wanted) - 1))
    placed: list[float] = []
    for place in wanted:
        floor = placed[-1] + distance if placed else low
        placed.append(max(place, floor))
    ceiling = high
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - distance
    return placed
