"""The simulated city: what every source could measure at any instant, asked in any order."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from talwerk.core.instants import DAY, HOUR, MINUTE
from talwerk.twin.scenario import Alert, Played, SourceFault

from .air import Air, air
from .chance import smooth
from .daytime import activity, season
from .energy import Electricity, electricity
from .river import MEMORY, Gauge, answer_m3s
from .storms import LONGEST, Block, Place, Storm, rain_mm, storms
from .weather import Sky, Spot, Wish, sky

RAMP = 3 * HOUR
"""Within this time a scenario's weather comes and goes."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular about a simulated city.

    Attributes:
        zone: IANA name, for working hours.
        middle: of the city and of its catchment.
        gauges: by key of the measuring point.
    """

    zone: str
    middle: Spot
    gauges: dict[str, Gauge]


class SimulatedCity:
    """A city day. Every answer follows from seed, scenario and instant, whatever was asked before.

    Args:
        figure: what is particular about it.
        seed: another one gives another year.
        played: a scenario, None for the city's own course.
    """

    def __init__(self, figure: Figure, seed: int = 1, played: Played | None = None) -> None:
        self.figure = figure
        self.seed = seed
        self.played = played
        self._later = played.later if played is not None else 0
        self._shift = played.days_later if played is not None else 0
        self._own_storms = self._scenario_storms()
        self._flow = lru_cache(maxsize=100_000)(self._computed_flow)

    def sky(self, at: int, spot: Spot | None = None) -> Sky:
        """The weather at an instant and place."""
        spot = spot or self.figure.middle
        rain_mmh = self.rain_mm(at - 5 * MINUTE, at + 5 * MINUTE, spot) * 6.0
        return sky(self.seed, at - self._shift, spot, rain_mmh, self._wish(at))

    def rain_mm(self, start: int, end: int, spot: Spot | None = None) -> float:
        """What rains between two times at a place, mm (the same as l/m2)."""
        place = self._place(spot or self.figure.middle)
        near = 2 * HOUR
        return sum(rain_mm(storm, start, end, place) for storm in self._storms(start - near, end + near))

    def flow_m3s(self, gauge: Gauge, at: int) -> float:
        """What flows past a gauge at an instant."""
        return self._flow(gauge, at)

    def level_cm(self, gauge: Gauge, at: int) -> float:
        """The level at a gauge; waves and the float make it tremble by a few millimetres."""
        tremble = 0.25 * smooth(self.seed, f"float {gauge.normal_cm}", at, 20 * MINUTE)
        return max(gauge.level_cm(self.flow_m3s(gauge, at)) + tremble, 0.0)

    def air(self, place: str, at: int, spot: Spot | None = None) -> Air:
        """The air at a place that any text names."""
        return air(self.seed, at - self._shift, place, self.sky(at, spot), self.traffic(at))

    def electricity(self, at: int) -> Electricity:
        """The country's electricity."""
        return electricity(self.seed, at - self._shift, self.figure.zone, self.sky(at))

    def traffic(self, at: int) -> float:
        """How busy roads are, 0 to 1."""
        return activity(at - self._shift, self.figure.zone)

    def silent(self, point: str, at: int) -> bool:
        """Whether a scenario lets a measuring point fail at an instant."""
        return self.played is not None and any(
            silence.point == point for silence in self.played.under_way(self.played.scenario.silence, at)
        )

    def alerts(self, at: int) -> list[Alert]:
        """Weather warnings of the scenario that are in force."""
        return self.played.under_way(self.played.scenario.alert, at) if self.played is not None else []

    def faults(self, at: int) -> list[SourceFault]:
        """Faults of sources that the scenario wants at an instant."""
        return self.played.under_way(self.played.scenario.fault, at) if self.played is not None else []

    def _computed_flow(self, gauge: Gauge, at: int) -> float:
        base = 0.78 - 0.16 * season(at - self._shift) + 0.05 * smooth(self.seed, "springs", at - self._shift, 9 * DAY)
        fallen = self._storms(at - MEMORY - LONGEST, at)
        flow = base * gauge.mean_m3s + sum(answer_m3s(storm, at, gauge) for storm in fallen)
        return flow + self._released_m3s(gauge, at)

    def _released_m3s(self, gauge: Gauge, at: int) -> float:
        """Reservoirs open and close slowly, and their water travels like all other."""
        if self.played is None:
            return 0.0
        own = at - self.played.later - gauge.delay_h * HOUR
        return sum(each.flow_m3s * _ramp(own, each.start, each.end) for each in self.played.scenario.release)

    def _storms(self, start: int, end: int) -> list[Storm]:
        """Storms as they fall in the time of those who look; own ones only where no scenario wants it dry."""
        moved = [_later(storm, self._shift) for storm in storms(self.seed, start - self._shift, end - self._shift)]
        own = [storm for storm in moved if not self._dry(storm.blocks[0].start)]
        return own + [storm for storm in self._own_storms if storm.blocks[0].start < end]

    def _dry(self, at: int) -> bool:
        played = self.played
        return played is not None and any(each.dry for each in played.under_way(played.scenario.weather, at))

    def _scenario_storms(self) -> list[Storm]:
        """All rain of a scenario is one storm: how much of it runs off depends on the whole."""
        if self.played is None or not self.played.scenario.rain:
            return []
        blocks = [Block(rain.start, rain.end, rain.depth_mm) for rain in self.played.scenario.rain]
        return [_later(Storm(tuple(sorted(blocks, key=lambda block: block.start)), 0.0), self.played.later)]

    def _wish(self, at: int) -> Wish:
        wish = Wish()
        for each in self.played.scenario.weather if self.played is not None else ():
            share = _ramp(at - self._later, each.start, each.end)
            wish = Wish(
                warmer_c=wish.warmer_c + share * each.warmer_c,
                cloud=wish.cloud if each.cloud is None or not share else (each.cloud, share),
                wind_kmh=wish.wind_kmh if each.wind_kmh is None or not share else (each.wind_kmh, share),
            )
        return wish

    def _place(self, spot: Spot) -> Place:
        middle = self.figure.middle
        return Place((spot.longitude - middle.longitude) * 70.0, (spot.latitude - middle.latitude) * 111.0)


def _ramp(at: float, start: int, end: int) -> float:
    """0 outside, 1 inside, and in between on the way."""
    ramp = min(RAMP, (end - start) / 2)
    return max(0.0, min((at - start) / ramp, (end - at) / ramp, 1.0))


def _later(storm: Storm, by: int) -> Storm:
    if not by:
        return storm
    blocks = tuple(Block(block.start + by, block.end + by, block.depth_mm) for block in storm.blocks)
    return Storm(blocks, storm.heading)
