"""Hourly sums, computed the long way."""

from __future__ import annotations

import math
from collections.abc import Iterable

from talwerk.core.instants import HOUR
from talwerk.core.quality import is_good
from talwerk.core.series import Bucket

Sums = tuple[int, float, float, float | None, float | None, int]


def recomputed(values: Iterable[tuple[int, object, int]]) -> dict[int, Sums]:
    """The hourly sums that values (time, value, quality) should give."""
    hours: dict[int, list[tuple[object, int]]] = {}
    for at, value, quality in values:
        hours.setdefault(at // HOUR * HOUR, []).append((value, quality))
    sums = {}
    for start, rows in hours.items():
        good = [v for v, quality in rows if is_good(quality) and isinstance(v, int | float) and not isinstance(v, bool)]
        bad = sum(not is_good(quality) for _, quality in rows)
        if good or bad:
            squares = math.fsum(value * value for value in good)
            sums[start] = (len(good), math.fsum(good), squares, min(good, default=None), max(good, default=None), bad)
    return sums


def same_sums(bucket: Bucket, sums: Sums) -> bool:
    """Whether a bucket holds these sums; the floating ones up to rounding."""
    n, total, squares, low, high, bad = sums
    return (bucket.n, bucket.minimum, bucket.maximum, bucket.bad) == (n, low, high, bad) and (
        math.isclose(bucket.sum, total, rel_tol=1e-9, abs_tol=1e-6)
        and math.isclose(bucket.sumsq, squares, rel_tol=1e-9, abs_tol=1e-6)
    )
