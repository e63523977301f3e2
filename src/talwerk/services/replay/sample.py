"""An example file of measurements: a season of an invented river, with the faults that real files have.

It is drawn from the profile's own measuring points, so that every city has one; or along a stream that is invented as
well, so that it stands beside the values of a city that has its own. The same profile, stream, seed, days and end give
the same bytes.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass

from talwerk.core.errors import bad_data
from talwerk.core.instants import DAY, HOUR, MINUTE, format_instant
from talwerk.sdk.profile import EXAMPLE_SOURCE, MeasuringPoint, Profile
from talwerk.services.places.question import folded

STEP = 15 * MINUTE
POINTS_MAX = 12
MARKER = "# Written by `talwerk sample`: invented values, nobody measured them."
MISSING = "---"
REACHES = ("Oberlauf", "Mitte", "Mündung")
"""Where the gauges of an invented stream are."""

_TRAVEL = 2 * HOUR
_PEAK_BEFORE_END = 4 * DAY


@dataclass(frozen=True, slots=True)
class Sample:
    """An example.

    Attributes:
        table: the CSV text.
        mapping: the TOML text that describes it.
        rows: rows below the header.
        points: keys of the measuring points, in the order of the columns.
    """

    table: str
    mapping: str
    rows: int
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wave:
    """One rise and fall: the time of its peak at the first point, its height as a share of the great flood."""

    peak: int
    share: float


def make_sample(profile: Profile, end: int, *, days: int = 60, seed: int = 1, stream: str = "") -> Sample:
    """Make an example for a city.

    Args:
        profile: whose measuring points; those of the axis, or all when it has none.
        end: no stamp is later, microseconds UTC; cut to the full quarter of an hour.
        days: how many days the table covers.
        seed: another one gives another season.
        stream: name of an invented stream with gauges of its own; empty for the profile's measuring points.

    Raises:
        DomainError: BadRequestData when the profile has no measuring point, or the stream's name no letter.
    """
    points = _gauges(stream) if stream else (profile.axis.points if profile.axis else ()) or profile.points
    points = points[:POINTS_MAX]
    if not points:
        raise bad_data(f"The profile {profile.city.key!r} has no measuring point to make an example for.")
    last = end // STEP * STEP
    stamps = range(last - days * DAY + STEP, last + 1, STEP)
    chance = random.Random(f"{profile.city.key}/{seed}")  # noqa: S311 - a landscape, not a secret
    waves = _waves(chance, stamps)
    columns = [_column(chance, point, index, stamps, waves) for index, point in enumerate(points)]
    _spoil(chance, columns, points)
    # A few hours without any row, as after a power cut.
    gap = chance.randrange(len(stamps) // 4, len(stamps) // 2)
    kept = [index for index in range(len(stamps)) if not gap <= index < gap + 18]
    lines = [";".join(("time", *(point.key for point in points)))]
    lines += [";".join((format_instant(stamps[i]), *(column[i] for column in columns))) for i in kept]
    keys = tuple(point.key for point in points)
    return Sample("\n".join(lines) + "\n", _mapping(points, invented=bool(stream)), len(kept), keys)


def _gauges(stream: str) -> tuple[MeasuringPoint, ...]:
    """Gauges along an invented stream."""
    key = folded(stream)
    if not key[:1].isalpha():
        raise bad_data(f"The name of the stream {stream!r} does not begin with a letter.")
    return tuple(
        MeasuringPoint(
            key=f"{key}-{folded(reach)}",
            name=f"{stream} {reach}",
            quantity="level",
            type="WaterObserved",
            attribute="height",
            unit="CMT",
        )
        for reach in REACHES
    )


def _waves(chance: random.Random, stamps: range) -> list[_Wave]:
    """A flood some days before the end, and smaller rises before it."""
    waves = [_Wave(stamps[-1] - _PEAK_BEFORE_END, 1.0)]
    peak = waves[0].peak
    while peak > stamps[0]:
        peak -= round(chance.uniform(4, 11) * DAY)
        waves.append(_Wave(peak, chance.uniform(0.05, 0.3)))
    return waves


def _column(chance: random.Random, point: MeasuringPoint, index: int, stamps: range, waves: list[_Wave]) -> list[str]:
    """The cells of one point: calm water, waves that travel down the axis, and the noise of a gauge."""
    low, high = _extent(chance, point)
    noise = 0.0
    cells = []
    for at in stamps:
        flow = sum(wave.share * _shape(at - wave.peak - index * _TRAVEL) for wave in waves)
        noise = 0.97 * noise + chance.gauss(0, 0.003)
        daily = 0.004 * math.sin(2 * math.pi * (at % DAY) / DAY)
        cells.append(f"{max(0.0, low + (high - low) * (flow + noise + daily)):.1f}")
    return cells


def _extent(chance: random.Random, point: MeasuringPoint) -> tuple[float, float]:
    """Calm water and the peak of the flood, in the point's unit; the flood lies between stages 1 and 2."""
    if point.levels:
        first, second, _ = point.levels.values
        return 0.25 * first, first + 0.5 * (second - first)
    low = chance.uniform(20, 45) if point.quantity == "level" else chance.uniform(2, 4)
    return low, low * chance.uniform(3, 4.5)


def _shape(since_peak: int) -> float:
    """A wave, 1 at its peak: it rises within half a day and falls over days."""
    hours = since_peak / HOUR
    return math.exp(-((hours / 7) ** 2)) if hours < 0 else math.exp(-hours / 30)


def _spoil(chance: random.Random, columns: list[list[str]], points: tuple[MeasuringPoint, ...]) -> None:
    """Some hours without a value at one point, and one value that cannot be at another."""
    rows = len(columns[0])
    silent = columns[chance.randrange(len(points))]
    begin = chance.randrange(rows // 2, rows * 3 // 4)
    silent[begin : begin + 10] = [MISSING] * 10
    spike = chance.randrange(rows // 2, rows * 3 // 4)
    columns[chance.randrange(len(points))][spike] = "9999.0"


def _mapping(points: tuple[MeasuringPoint, ...], *, invented: bool) -> str:
    parts = [
        MARKER,
        'delimiter = ";"\ndecimal = "."\nencoding = "utf-8"',
        f'[source]\nkey = "{EXAMPLE_SOURCE}"\nlicence = "CC0-1.0"\n'
        'attribution = "Talwerk, erfundene Beispielwerte"\nsimulated = true',
        '[time]\ncolumn = "time"\nformat = "iso" # every stamp carries its offset (Z)\n'
        'stamp = "end" # a stamp is the end of the quarter of an hour that it stands for',
    ]
    for point in points:
        key, kind, name, unit = (json.dumps(text) for text in (point.key, point.type, point.attribute, point.unit))
        shown = json.dumps(point.name, ensure_ascii=False)
        target = f"{shown} # the name that is shown" if invented else f"{key} # measuring point of the profile"
        parts.append(
            f"[[channel]]\ncolumn = {key}\ntarget = {target}\nentity = {key}\n"
            f'type = {kind}\nattribute = {name}\nunit = {unit}\nmethod = "erfunden"\n'
            f'cadence_s = {STEP // 1_000_000}\nmissing = "{MISSING}"\nvalid_min = 0\nvalid_max = 2000'
        )
    return "\n\n".join(parts) + "\n"
