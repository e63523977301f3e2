"""Made-up addresses, for a city that has not loaded its own: streets in each quarter, with names that say so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from talwerk.services.places.register import FILE, House, Register

from .landscape import METRES_PER_DEGREE, Landscape
from .simulator.chance import uniform
from .simulator.weather import Spot

STREETS = ("Musterallee", "Mustergasse", "Musterhof", "Musterstraße", "Musterufer", "Musterweg")
HOUSES = 40
"""Of each street, on both sides."""
GAP_M = 24.0
"""Between two houses of one side."""
WIDTH_M = 18.0


def lay_out(land: Landscape, folder: Path) -> None:
    """Write the register of made-up addresses into a folder, if it is not there yet.

    Args:
        land: where quarters are.
        folder: of the twin; it is made where it is not there.
    """
    if (folder / FILE).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    Register.build(houses(land), simulated=True).save(folder / FILE)


def houses(land: Landscape) -> Iterator[House]:
    """All of them."""
    for name, spot, reach_m in land.quarters:
        for number, street in enumerate(STREETS):
            yield from _street(f"{street} {name}", spot, reach_m, number)


def _street(name: str, centre: Spot, reach_m: float, number: int) -> Iterator[House]:
    """Houses along a straight line through a quarter, even numbers on one side."""
    east = METRES_PER_DEGREE * math.cos(math.radians(centre.latitude))
    bearing = math.pi * (number + uniform(0, f"bearing {name}", 0)) / len(STREETS)
    away_m = 0.6 * reach_m * (2 * uniform(0, f"away {name}", 0) - 1)
    for house in range(1, HOUSES + 1):
        along_m = (house // 2 - HOUSES / 4) * GAP_M
        across_m = away_m + (WIDTH_M if house % 2 else -WIDTH_M) / 2
        x_m = along_m * math.cos(bearing) - across_m * math.sin(bearing)
        y_m = along_m * math.sin(bearing) + across_m * math.cos(bearing)
        yield House(
            street=name,
            number=house,
            suffix="",
            postcode="",
            longitude=round(centre.longitude + x_m / east, 7),
            latitude=round(centre.latitude + y_m / METRES_PER_DEGREE, 7),
        )
