"""How often a key may send: a bucket for each, filled evenly; emptied at once after a pause."""

from __future__ import annotations

import math

from talwerk.core.instants import Clock


class Pace:
    """Counts for one process; only its event loop touches it.

    Args:
        clock: the source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, name: str, per_minute: int, at_once: int) -> int:
        """Count a request; whole seconds until the next one is allowed when this one is not, 0 when it is.

        Args:
            name: who sends; only names that have a key come here, so that there are few.
            per_minute: requests that are allowed in the long run.
            at_once: requests that are allowed at once after a pause.
        """
        now_s = self._clock.monotonic_s()
        left, seen_s = self._buckets.get(name, (float(at_once), now_s))
        left = min(float(at_once), left + (now_s - seen_s) * per_minute / 60)
        allowed = left >= 1
        self._buckets[name] = (left - allowed, now_s)
        return 0 if allowed else math.ceil((1 - left) * 60 / per_minute)
