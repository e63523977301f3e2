"""Rain: storms that come, move over the catchment, and go; every one of them follows from its slot in time alone."""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec

from talwerk.core.instants import DAY, HOUR, SECOND

from .chance import exponential, smooth, uniform
from .daytime import season

SLOT = 6 * HOUR
LONGEST = 14 * HOUR
PARTS = 4
FRONT_KMH = 35.0


class Block(msgspec.Struct, frozen=True):
    """Rain that falls evenly from one time to another: its depth in mm."""

    start: int
    end: int
    depth_mm: float


class Storm(msgspec.Struct, frozen=True):
    """One rain.

    Attributes:
        blocks: one after the other.
        heading: where it moves to, radians counterclockwise from the east.
    """

    blocks: tuple[Block, ...]
    heading: float

    @property
    def depth_mm(self) -> float:
        """All of its rain."""
        return sum(block.depth_mm for block in self.blocks)


class Place(msgspec.Struct, frozen=True):
    """A place in the catchment, in kilometres east and north of its middle."""

    east_km: float = 0.0
    north_km: float = 0.0


def wetness(seed: int, at: int) -> float:
    """From -1 (a dry spell) to 1 (front after front)."""
    return 0.75 * smooth(seed, "wetness", at, 5 * DAY) + 0.25 * smooth(seed, "wetness by day", at, DAY)


@lru_cache(maxsize=20_000)
def storm_of_slot(seed: int, slot: int) -> Storm | None:
    """The storm that begins within a slot of six hours, None when none does."""
    begins = slot * SLOT + round(uniform(seed, "begins", slot) * SLOT)
    warm = season(begins)
    if uniform(seed, "storm", slot) > 0.27 * (1.0 + 0.95 * wetness(seed, begins)):
        return None
    # In summer afternoons short and heavy, otherwise fronts.
    afternoon = 11 <= (begins // HOUR) % 24 <= 18
    if afternoon and uniform(seed, "shower", slot) < 0.25 + 0.4 * warm:
        length = round((0.4 + 1.2 * uniform(seed, "length", slot)) * HOUR)
        depth_mm = min(0.5 + exponential(seed, "depth", slot, 4.2), 45.0)
    else:
        length = round((2.0 + 9.0 * uniform(seed, "length", slot)) * HOUR)
        depth_mm = min(0.3 + exponential(seed, "depth", slot, 2.5), 28.0)
    weights = [0.25 + uniform(seed, f"part {part}", slot) for part in range(PARTS)]
    step = length // PARTS
    blocks = tuple(
        Block(begins + part * step, begins + (part + 1) * step, depth_mm * weights[part] / sum(weights))
        for part in range(PARTS)
    )
    # Mostly from the west and southwest.
    return Storm(blocks, math.radians(60.0 * (uniform(seed, "heading", slot) - 0.35)))


def storms(seed: int, start: int, end: int) -> list[Storm]:
    """The storms that may rain between two times."""
    slots = range((start - LONGEST) // SLOT, end // SLOT + 1)
    return [storm for storm in (storm_of_slot(seed, slot) for slot in slots) if storm is not None]


def delay(storm: Storm, place: Place) -> int:
    """How much later than in the middle of the catchment it rains at a place, microseconds; negative for earlier."""
    along_km = place.east_km * math.cos(storm.heading) + place.north_km * math.sin(storm.heading)
    return round(along_km / FRONT_KMH * 3_600 * SECOND)


def rain_mm(storm: Storm, start: int, end: int, place: Place) -> float:
    """What a storm brings to a place between two times, mm."""
    later = delay(storm, place)
    total = 0.0
    for block in storm.blocks:
        common = min(block.end + later, end) - max(block.start + later, start)
        if common > 0:
            total += block.depth_mm * common / (block.end - block.start)
    return total
