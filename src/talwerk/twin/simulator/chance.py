"""Chance without memory: the same seed, name and place always give the same numbers."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache


@lru_cache(maxsize=200_000)
def uniform(seed: int, name: str, place: int) -> float:
    """A number from 0 to below 1, evenly spread over places."""
    digest = hashlib.blake2b(f"{seed}/{name}/{place}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def exponential(seed: int, name: str, place: int, mean: float) -> float:
    """A positive number, mostly small and seldom large."""
    return -mean * math.log(1.0 - uniform(seed, name, place))


def smooth(seed: int, name: str, at: float, period: float) -> float:
    """A course without jumps from -1 to 1 that forgets itself within about a period; same units as ``at``."""
    node = math.floor(at / period)
    share = at / period - node
    weight = share * share * (3.0 - 2.0 * share)
    before, after = uniform(seed, name, node), uniform(seed, name, node + 1)
    return 2.0 * (before + (after - before) * weight) - 1.0


def clamp(value: float, least: float, most: float) -> float:
    """The value, or the limit that it passes."""
    return min(max(value, least), most)
