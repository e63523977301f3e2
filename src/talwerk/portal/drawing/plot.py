"""The chart as data: what the script needs to let people read it value by value.

It stands in the page itself, as JSON that no browser executes, so that the picture that moves shows exactly what the
drawn one and the table show.
"""

import math
from typing import Any

from talwerk.portal.drawing.chart import shown_values, value_window
from talwerk.portal.drawing.curve import bucket_runs, drawable, runs, usable
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.views import FLAG_FAILED, FLAG_MISSING, FLAG_SUSPECT, Bucket, ChartView, Form, Gauge, Reading

_KINDS = {FLAG_SUSPECT: "suspect", FLAG_FAILED: "failed"}
SECOND_US = 1_000_000
_LOCALES = {"en": "en-GB"}
"""Dates and numbers of English pages are written as in Europe, with the day first."""
_MORE_DIGITS = 2
"""A line is drawn more exactly than its numbers are written, and no more than that."""


def plot_data(chart: ChartView, gauge: Gauge, now_us: int, p: Phrasebook) -> dict[str, Any]:
    """Return a window of one series as columns of numbers.

    Args:
        chart: The window and its values.
        gauge: The series, for its levels and the way its numbers are written.
        now_us: Instant for which the page is true.
        p: Language and zone.

    Returns:
        ``t`` in seconds UTC, ascending; ``v`` with None where the line is broken; ``low`` and ``high`` beside it for
        aggregates; ``marks`` as triples of index, kind and value; edges, levels, and how to write all of it.
    """
    low, high = value_window(shown_values(chart), gauge, chart.form)
    digits = gauge.measure.decimals + _MORE_DIGITS
    columns = _of_buckets(chart, digits) if chart.buckets else _of_points(chart, digits, p)
    return {
        **columns,
        "form": chart.form.value,
        "step": chart.step_s,
        "start": _seconds(chart.start_us),
        "end": _seconds(chart.end_us),
        "now": _seconds(now_us) if chart.start_us < now_us <= chart.end_us else None,
        "floor": low,
        "top": high,
        "levels": [
            {"stage": stage, "value": level, "label": _label(stage, level, gauge, p)}
            for stage, level in enumerate(gauge.levels[:3], 1)
            if low <= level <= high
        ],
        "unit": gauge.measure.unit,
        "decimals": gauge.measure.decimals,
        "locale": _LOCALES.get(p.locale, p.locale),
        "zone": str(p.zone),
        "words": {
            "now": p.text("time.now"),
            "clock": p.text("time.clock", hour="{hour}", minute="{minute}"),
            "padded": p.text("time.clock", hour="1", minute="00").startswith("0"),
            "hour": p.text("time.hour", hour="{hour}"),
            "span": p.text("plot.span", low="{low}", high="{high}"),
        },
    }


def _of_points(chart: ChartView, digits: int, p: Phrasebook) -> dict[str, Any]:
    """Single values; those that failed are no part of the line and stand among the marks."""
    shown = [point for point in chart.points if point.flag != FLAG_MISSING and drawable(point.value)]
    broken = {id(part[0]) for part in runs(usable(chart.points), chart.gap_us)[1:]}
    at: list[float] = []
    values: list[float | None] = []
    marks: list[tuple[int, str, float]] = []
    quality: list[str] = []
    for point in shown:
        if id(point) in broken:
            at.append(_between(at[-1], point))
            values.append(None)
            quality.append("")
        if point.flag in _KINDS:
            marks.append((len(at), _KINDS[point.flag], point.value))
        at.append(_seconds(point.at_us))
        values.append(round(point.value, digits))
        quality.append(p.text(f"quality.{point.flag}"))
    words = list(dict.fromkeys(quality))
    return {"t": at, "v": values, "marks": marks, "quality": words, "q": [words.index(word) for word in quality]}


def _between(before: float, point: Reading) -> float:
    """An instant in the gap before a value."""
    return math.nextafter(_seconds(point.at_us), before) if before < _seconds(point.at_us) else before


def _of_buckets(chart: ChartView, digits: int) -> dict[str, Any]:
    """Aggregates: a line at the middle of each with its extremes, or bars at their beginnings."""
    at: list[float] = []
    columns: tuple[list[float | None], ...] = ([], [], [])
    for index, part in enumerate(bucket_runs(chart.buckets, chart.gap_us)):
        if index and chart.form is Form.LINE:
            at.append(_place(part[0], chart) - 1)
            for column in columns:
                column.append(None)
        for bucket in part:
            at.append(_place(bucket, chart))
            for column, value in zip(columns, (bucket.value, bucket.low, bucket.high), strict=True):
                column.append(round(value, digits))
    values, low, high = columns
    return {"t": at, "v": values} if chart.form is Form.BARS else {"t": at, "v": values, "low": low, "high": high}


def _place(bucket: Bucket, chart: ChartView) -> float:
    at_us = bucket.start_us if chart.form is Form.BARS else (bucket.start_us + bucket.end_us) // 2
    return _seconds(at_us)


def _seconds(at_us: int) -> float:
    """Seconds, whole where they are: a page names few instants more exactly."""
    seconds = at_us / SECOND_US
    return int(seconds) if seconds == int(seconds) else seconds


def _label(stage: int, level: float, gauge: Gauge, p: Phrasebook) -> str:
    decimals = 0 if level == round(level) else gauge.measure.decimals
    return p.text("chart.level", stage=stage, level=p.number(level, decimals))
