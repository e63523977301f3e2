"""Simulated time: the real one, or one that begins elsewhere and runs faster."""

from __future__ import annotations

from talwerk.core.instants import Clock, Instant


class Pace:
    """A time that may run at any speed.

    Args:
        clock: the source of time.
        start: when it begins, None for now.
        speed: simulated seconds in a second.
    """

    def __init__(self, clock: Clock, start: Instant | None = None, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed
        self._began_s = clock.monotonic_s()
        self._live = start is None and speed == 1.0
        self.start = clock.now() if start is None else start

    def wait_s(self, until: Instant) -> float:
        """Seconds until a simulated instant, as everybody counts them; 0 for one that has passed."""
        return max(0.0, (until - self.now()) / 1_000_000 / self._speed)

    def now(self) -> Instant:
        """The simulated present; at real speed it follows the clock, also when that is put right."""
        if self._live:
            return self._clock.now()
        passed_s = self._clock.monotonic_s() - self._began_s
        return Instant(self.start + round(passed_s * self._speed * 1_000_000))
