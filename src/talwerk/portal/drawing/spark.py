"""A small line: the course of one number over time, drawn without axes, with its first and last value in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from talwerk.portal.drawing.curve import line_path, usable
from talwerk.portal.drawing.scale import LinearScale
from talwerk.portal.frame.views import Reading

WIDTH_PX, HEIGHT_PX = 240, 56
_EDGE_PX = 5
LEAST = 2
"""Fewer values than this are no course."""


@dataclass(frozen=True, slots=True)
class Spark:
    """A drawn course.

    Attributes:
        line: Path data.
        last: Place of the newest value.
        floor: Height of zero where it lies within the picture, otherwise of its lower edge.
        low: Smallest value.
        high: Largest value.
        start_us: Time of the first value.
        end_us: Time of the last one.
        values: How many there are.
    """

    line: str
    last: tuple[float, float]
    floor: float
    low: float
    high: float
    start_us: int
    end_us: int
    values: int
    width: int = WIDTH_PX
    height: int = HEIGHT_PX


def spark(course: Sequence[Reading], decimals: int) -> Spark | None:
    """Draw a course, or nothing where there are too few values for one.

    Args:
        course: Values in the order of time.
        decimals: Digits after the comma: a number that never changes as it is written is a level line.
    """
    points = usable(course)
    if len(points) < LEAST or points[0].at_us == points[-1].at_us:
        return None
    values = [point.value for point in points]
    low, high = min(values), max(values)
    room = max(high - low, 4 * 10.0**-decimals)
    middle = (low + high) / 2
    x = LinearScale(points[0].at_us, points[-1].at_us, _EDGE_PX, WIDTH_PX - _EDGE_PX)
    y = LinearScale(middle - room / 2, middle + room / 2, HEIGHT_PX - _EDGE_PX, _EDGE_PX)
    places = [(x.place(point.at_us), y.place(point.value)) for point in points]
    floor = y.place(0.0) if y.low <= 0.0 <= y.high else HEIGHT_PX - 1.0
    return Spark(line_path([places]), places[-1], floor, low, high, points[0].at_us, points[-1].at_us, len(points))
