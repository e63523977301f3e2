"""The windows of a measuring point: how far back a page looks, and from where."""

from collections.abc import Callable
from enum import StrEnum

from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Link
from talwerk.portal.frame.states import SECOND_US
from talwerk.portal.frame.views import Gauge

DAY_US = 86_400 * 1_000_000


class Window(StrEnum):
    """How far back a page looks; the value stands in its address."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    ALL = "all"


_SPANS = {Window.DAY: DAY_US, Window.WEEK: 7 * DAY_US, Window.MONTH: 30 * DAY_US}


def window_edges(window: Window, gauge: Gauge, first_us: int, now_us: int) -> tuple[int, int]:
    """Return the first and last instant of a window.

    It ends now; only a series that no longer sends ends with its last value, else an old recording would show
    nothing. A series without a rhythm counts as such after a day.

    Args:
        window: How far back to look.
        gauge: The series with its newest value.
        first_us: Instant of the series' oldest value.
        now_us: Instant for which the page is true.
    """
    last_us = max(gauge.latest.at_us if gauge.latest else first_us, gauge.failed_us or first_us)
    quiet_us = gauge.stale_after_s * SECOND_US or DAY_US
    end_us = last_us if now_us - last_us > quiet_us else now_us
    span_us = _SPANS.get(window)
    start_us = min(first_us, end_us - DAY_US) if span_us is None else end_us - span_us
    return start_us, end_us


def window_links(current: Window, href: Callable[[Window], str], p: Phrasebook) -> tuple[Link, ...]:
    """Return the choice of windows with the shown one marked."""
    return tuple(Link(p.text(f"point.range_{window.value}"), href(window), window is current) for window in Window)
