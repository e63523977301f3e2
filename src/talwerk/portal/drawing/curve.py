"""Path data of a series: lines that break at gaps, bands between extremes, bars."""

import math
from collections.abc import Sequence

from talwerk.portal.drawing.scale import LinearScale
from talwerk.portal.frame.coordinate import coordinate
from talwerk.portal.frame.views import FLAG_FAILED, FLAG_MISSING, Bucket, Reading

LARGEST = 1e100
"""A number beyond this is no measurement, and differences of such numbers leave what can be drawn."""


def drawable(value: float) -> bool:
    """Tell whether a number has a place on a drawing."""
    return math.isfinite(value) and abs(value) <= LARGEST


def usable(points: Sequence[Reading]) -> list[Reading]:
    """Return the values that a line may run through: drawable, neither failed nor missing."""
    return [point for point in points if point.flag not in {FLAG_FAILED, FLAG_MISSING} and drawable(point.value)]


def runs(points: Sequence[Reading], gap_us: int) -> list[list[Reading]]:
    """Split values where the distance in time exceeds `gap_us`; 0 never splits."""
    parts: list[list[Reading]] = []
    for point in points:
        if parts and (gap_us <= 0 or point.at_us - parts[-1][-1].at_us <= gap_us):
            parts[-1].append(point)
        else:
            parts.append([point])
    return parts


def bucket_runs(buckets: Sequence[Bucket], gap_us: int) -> list[list[Bucket]]:
    """Split aggregates where the empty time between two of them reaches `gap_us`."""
    parts: list[list[Bucket]] = []
    for bucket in buckets:
        if not all(map(drawable, (bucket.low, bucket.value, bucket.high))):
            continue
        if parts and (gap_us <= 0 or bucket.start_us - parts[-1][-1].end_us < gap_us):
            parts[-1].append(bucket)
        else:
            parts.append([bucket])
    return parts


def middle_us(bucket: Bucket) -> int:
    """Return the instant at which an aggregate is drawn."""
    return (bucket.start_us + bucket.end_us) // 2


def line_path(parts: Sequence[Sequence[tuple[float, float]]]) -> str:
    """Return path data of several runs of places; a run of one becomes a dot of the line's width."""
    pieces = []
    for part in parts:
        shown = [f"{coordinate(x)} {coordinate(y)}" for x, y in part]
        kept = [place for index, place in enumerate(shown) if index == 0 or place != shown[index - 1]]
        pieces.append("M" + "L".join(kept) + ("h0" if len(kept) == 1 else ""))
    return "".join(pieces)


def band_path(parts: Sequence[Sequence[Bucket]], x: LinearScale, y: LinearScale) -> str:
    """Return path data of the area between lowest and highest values, one piece per run."""
    pieces = []
    for part in parts:
        forth = [(x.place(middle_us(bucket)), y.place(bucket.high)) for bucket in part]
        back = [(x.place(middle_us(bucket)), y.place(bucket.low)) for bucket in reversed(part)]
        pieces.append(line_path([forth + back]).removesuffix("h0") + "Z")
    return "".join(pieces)


def bars_path(buckets: Sequence[Bucket], x: LinearScale, y: LinearScale) -> str:
    """Return path data of one bar per total above zero, at least one pixel wide, on the zero line."""
    pieces = []
    ground = y.place(max(y.low, 0.0))
    for bucket in buckets:
        if not drawable(bucket.value) or bucket.value <= 0:
            continue
        left, right = x.place(bucket.start_us), x.place(bucket.end_us)
        inset = 1.0 if right - left > 6 else 0.0
        width = max(right - left - inset, 1.0)
        top = y.place(bucket.value)
        pieces.append(
            f"M{coordinate(left)} {coordinate(ground)}V{coordinate(top)}h{coordinate(width)}V{coordinate(ground)}Z"
        )
    return "".join(pieces)
