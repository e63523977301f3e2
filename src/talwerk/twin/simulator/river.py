"""A river: rain runs off through linear reservoirs, travels down the axis, and becomes a level at each gauge.

Of a reservoir cascade under even rain the answer is known in closed form (the S-curve of Nash, 1957), so that any
instant can be computed by itself, and what flows off is exactly the share of the rain that does not stay.
"""

from __future__ import annotations

import math

import msgspec

from talwerk.core.instants import DAY, HOUR

from .storms import Block, Storm

FAST_H = 2.2
SLOW_H = 60.0
FAST_SHARE = 0.7
FAST_MEMORY = 4 * DAY
MEMORY = 20 * DAY
"""Older rain no longer matters: of its slow part less than half a per cent is left."""
YIELD_M3S_KM2 = 0.022
"""Mean flow of a square kilometre, assumed for wet hill country."""
RATING = 0.4
"""Exponent of the level over the flow."""


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """A gauge, as the simulation sees it.

    Attributes:
        area_km2: what drains to it.
        delay_h: hours that water needs from the middle of the catchment.
        normal_cm: level at mean flow.
    """

    area_km2: float
    delay_h: float
    normal_cm: float

    @property
    def mean_m3s(self) -> float:
        """Mean flow, m3/s."""
        return self.area_km2 * YIELD_M3S_KM2

    def level_cm(self, flow_m3s: float) -> float:
        """The level that a flow has there."""
        return self.normal_cm * math.pow(max(flow_m3s, 0.0) / self.mean_m3s, RATING)


def runoff_share(depth_mm: float) -> float:
    """The share of a storm that runs off: of a small one the ground keeps nearly all."""
    return 0.08 + 0.30 * min(depth_mm / 120.0, 1.0)


def answer_m3s(storm: Storm, at: int, gauge: Gauge) -> float:
    """What a storm makes flow past a gauge at an instant, m3/s."""
    begin = storm.blocks[0].start + gauge.delay_h * HOUR
    if at <= begin or at - begin > MEMORY:
        return 0.0
    depth_mm = storm.depth_mm
    m3 = gauge.area_km2 * 1_000.0 * runoff_share(depth_mm)
    whole = Block(storm.blocks[0].start, storm.blocks[-1].end, depth_mm)
    flow = m3 * (1.0 - FAST_SHARE) * _block_per_s(whole, at - gauge.delay_h * HOUR, SLOW_H, 1)
    if at - begin < FAST_MEMORY:
        fast = sum(_block_per_s(block, at - gauge.delay_h * HOUR, FAST_H, 3) for block in storm.blocks)
        flow += m3 * FAST_SHARE * fast
    return flow


def _block_per_s(block: Block, at: float, store_h: float, stores: int) -> float:
    """What of a block's depth (mm) leaves a cascade in a second, at an instant."""
    length_h = (block.end - block.start) / HOUR
    since_h = (at - block.start) / HOUR
    left = _s_curve(since_h / store_h, stores) - _s_curve((since_h - length_h) / store_h, stores)
    return block.depth_mm / (length_h * 3_600.0) * left


def _s_curve(x: float, stores: int) -> float:
    """The share of even inflow since time 0 that leaves a cascade of equal stores at time x (in store times)."""
    if x <= 0.0:
        return 0.0
    return 1.0 - math.exp(-x) * (1.0 if stores == 1 else 1.0 + x + x * x / 2.0)
